package gift

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/once"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// AskPot asks the pot for hours; a broker has it on the desk. One question at a
// time. Refuses with ErrMinutes, ErrWords and ErrAsking.
func (s *Service) AskPot(ctx context.Context, a identity.Actor, key uuid.UUID, minutes int64, reason string, by identity.OnBehalf) (uuid.UUID, error) {
	who, _, err := a.Subject(by, identity.SayHours)
	if err != nil {
		return uuid.Nil, err
	}
	if err := checkMinutes(minutes); err != nil {
		return uuid.Nil, err
	}
	if reason, err = clean(reason, "/reason", 300); err != nil {
		return uuid.Nil, err
	}
	now := s.Clock.Now()
	var out uuid.UUID
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "ask-pot", Input: []any{who, minutes, reason}, Now: now}, func(id uuid.UUID) error {
			if _, err := member.Lock(ctx, tx, a.Bank.ID, who); err != nil { // two questions at once wait for each other
				return err
			}
			n, err := tx.NewSelect().Model((*Ask)(nil)).Where("bank_id = ?", a.Bank.ID).Where("member_id = ?", who).Where("state = ?", Waiting).Count(ctx)
			if err != nil {
				return fmt.Errorf("count asks: %w", err)
			}
			if n > 0 {
				return ErrAsking
			}
			if err := insert(ctx, tx, &Ask{BankID: a.Bank.ID, ID: id, MemberID: who, Minutes: minutes, Reason: reason, State: Waiting, CreatedAt: now}); err != nil {
				return err
			}
			if err := desk.Raise(ctx, tx, desk.Task{BankID: a.Bank.ID, Kind: desk.AnswerPotAsk, SubjectKind: desk.OfPotAsk, SubjectID: id, DueAt: a.Bank.AfterWorkingDays(now, 2), CreatedAt: now}); err != nil {
				return err
			}
			return s.audit(ctx, tx, a, "ask-pot", "pot-ask", id, by)
		})
		return err
	})
	return out, err
}

// Decide answers who asked the pot: minutes above zero grant them, zero declines, in
// which case words are needed. A repeat is fine. Refuses with ErrNoAsk, ErrDecided,
// ErrWords, ErrMinutes and ErrPotShort.
func (s *Service) Decide(ctx context.Context, a identity.Actor, id uuid.UUID, minutes int64, words string) error {
	words, err := clean(words, "/words", 300)
	if err != nil {
		return err
	}
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var k Ask
		err := tx.NewSelect().Model(&k).Where("bank_id = ?", a.Bank.ID).Where("id = ?", id).For("update").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNoAsk
		}
		if err != nil {
			return fmt.Errorf("find ask: %w", err)
		}
		if k.State == Declined && minutes == 0 || k.State == Granted && k.Granted != nil && *k.Granted == minutes {
			return nil
		}
		if k.State != Waiting {
			return ErrDecided
		}
		now := s.Clock.Now()
		k.State, k.Answer, k.DecidedBy, k.DecidedAt = Declined, words, &a.Person, &now
		if minutes == 0 && words == "" {
			return ErrWords.At("/words")
		}
		if minutes > 0 {
			if err := checkMinutes(minutes); err != nil {
				return err
			}
			transfer, err := s.grant(ctx, tx, a, k, minutes, now)
			if err != nil {
				return err
			}
			k.State, k.Granted, k.TransferID = Granted, &minutes, &transfer
		}
		_, err = tx.NewUpdate().Model(&k).Column("state", "granted", "answer", "decided_by", "decided_at", "transfer_id").Where("bank_id = ?", k.BankID).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("answer ask: %w", err)
		}
		if err := desk.Finish(ctx, tx, a.Bank.ID, id, a.Person, now, desk.AnswerPotAsk); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, a.Bank, k.MemberID, TellAsker, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: "answer-pot-ask", ObjectKind: "member", ObjectID: k.MemberID})
	})
}

func (s *Service) grant(ctx context.Context, tx bun.IDB, a identity.Actor, k Ask, minutes int64, now time.Time) (uuid.UUID, error) {
	m, err := member.ByID(ctx, tx, a.Bank.ID, k.MemberID)
	if err != nil {
		return uuid.Nil, err
	}
	legs, err := ledger.Move(a.Bank.PotAccount, m.AccountID, ledger.Minutes(minutes))
	if err != nil {
		return uuid.Nil, err
	}
	r, err := ledger.Post(ctx, tx, ledger.Transfer{Bank: a.Bank.ID, Kind: ledger.Grant, Key: "pot-ask/" + k.ID.String(), Actor: a.Person,
		Reference: ledger.Reference{Kind: "pot-ask", ID: k.ID}, EffectiveOn: ledger.DateOf(a.Bank.Today(now)), Legs: legs, At: now})
	if e, short := errors.AsType[ledger.ErrInsufficient](err); short {
		return uuid.Nil, ErrPotShort.With("have", words.Minutes(e.Available())).At("/minutes")
	}
	return r.ID, err
}
