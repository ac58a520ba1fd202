package gift

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/once"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Service is the use cases of gifts and of the pot.
type Service struct {
	Pool    *bun.DB
	Clock   clock.Clock
	Message *message.Service
	URL     string
}

// Giving is a gift to be made.
type Giving struct {
	To      *uuid.UUID // nil: the pot
	Minutes int64
	Words   string
	identity.OnBehalf
}

// Give gives hours to the pot, or offers them to a neighbour, once for a key.
// Refuses with ErrMinutes, ErrWho, ErrTooFew and member.ErrNotActive.
func (s *Service) Give(ctx context.Context, a identity.Actor, key uuid.UUID, in Giving) (uuid.UUID, error) {
	from, behalf, err := a.Subject(in.OnBehalf, identity.SayHours)
	if err != nil {
		return uuid.Nil, err
	}
	if err := checkMinutes(in.Minutes); err != nil {
		return uuid.Nil, err
	}
	if in.Words, err = clean(in.Words, "/words", 200); err != nil {
		return uuid.Nil, err
	}
	now := s.Clock.Now()
	var out uuid.UUID
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "give-hours", Input: in, Now: now}, func(id uuid.UUID) error {
			if err := s.give(ctx, tx, a, id, from, behalf, in, now); err != nil {
				return err
			}
			return s.audit(ctx, tx, a, "give-hours", "gift", id, in.OnBehalf)
		})
		return err
	})
	return out, err
}

func (s *Service) give(ctx context.Context, tx bun.IDB, a identity.Actor, id, from uuid.UUID, behalf *uuid.UUID, in Giving, now time.Time) error {
	giver, err := member.ByID(ctx, tx, a.Bank.ID, from)
	if err != nil {
		return err
	}
	bal, err := ledger.BalanceOf(ctx, tx, a.Bank.ID, giver.AccountID)
	if err != nil {
		return err
	}
	if have := int64(max(0, bal.Posted-bal.HeldOut)); have < in.Minutes {
		return ErrTooFew.With("have", words.Minutes(have)).At("/minutes")
	}
	g := Gift{BankID: a.Bank.ID, ID: id, FromID: from, ToID: in.To, Minutes: in.Minutes, Words: in.Words, State: Offered, CreatedAt: now}
	ref := ledger.Reference{Kind: "gift", ID: id}
	var onBehalf uuid.UUID
	if behalf != nil {
		onBehalf = *behalf
	}
	if in.To == nil {
		legs, err := ledger.Move(giver.AccountID, a.Bank.PotAccount, ledger.Minutes(in.Minutes))
		if err != nil {
			return err
		}
		r, err := ledger.Post(ctx, tx, ledger.Transfer{Bank: a.Bank.ID, Kind: ledger.Donation, Key: "gift/" + id.String(), Actor: a.Person, OnBehalfOf: onBehalf,
			Reference: ref, EffectiveOn: ledger.DateOf(a.Bank.Today(now)), Legs: legs, At: now})
		if err != nil {
			return tooFew(err)
		}
		g.State, g.TransferID, g.EndedAt = Accepted, &r.ID, &now
		return insert(ctx, tx, &g)
	}
	if *in.To == from {
		return ErrWho.At("/to_id")
	}
	to, err := member.ByID(ctx, tx, a.Bank.ID, *in.To)
	if fault.As(err) != nil || err == nil && to.Status == member.Left {
		return ErrWho.At("/to_id")
	}
	if err != nil {
		return err
	}
	legs, err := ledger.Move(giver.AccountID, to.AccountID, ledger.Minutes(in.Minutes))
	if err != nil {
		return err
	}
	held, err := ledger.PlaceHold(ctx, tx, ledger.Hold{Bank: a.Bank.ID, Kind: ledger.Gift, Key: "gift/" + id.String(), Actor: a.Person, OnBehalfOf: onBehalf, Reference: ref, Legs: legs, At: now})
	if err != nil {
		return tooFew(err)
	}
	by := a.Bank.Today(now).AddDate(0, 0, answerDays)
	g.HoldID, g.AnswerBy = &held.ID, &by
	if err := insert(ctx, tx, &g); err != nil {
		return err
	}
	return s.tell(ctx, tx, a.Bank, *in.To, TellGift, id)
}

func insert(ctx context.Context, tx bun.IDB, row any) error {
	if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
		return fmt.Errorf("write gift: %w", err)
	}
	return nil
}

// tooFew is a refusal of the ledger that lost a race with our own look.
func tooFew(err error) error {
	if e, ok := errors.AsType[ledger.ErrInsufficient](err); ok {
		return ErrTooFew.With("have", words.Minutes(e.Available())).At("/minutes")
	}
	return err
}

func (s *Service) tell(ctx context.Context, tx bun.IDB, b bank.Bank, who uuid.UUID, template string, subject uuid.UUID) error {
	return s.Message.Write(ctx, tx, message.To{Bank: b, Member: who, Template: template, Subject: subject, Key: "1", CallBy: b.AfterWorkingDays(s.Clock.Now(), 1)})
}

func (s *Service) audit(ctx context.Context, tx bun.IDB, a identity.Actor, action, kind string, id uuid.UUID, by identity.OnBehalf) error {
	e := audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, Action: action, ObjectKind: kind, ObjectID: id}
	if by.For != nil && *by.For != a.Member {
		agreed := a.Agreed(by, identity.SayHours)
		e.OnBehalfOf, e.Consent = by.For, &agreed
	}
	return audit.Record(ctx, tx, e)
}

// Answers a gift can get.
const (
	Yes      = "accept-gift"
	No       = "decline-gift"
	Withdraw = "take-back-gift"
)

// Answer ends a gift: the neighbour says yes or no, or the giver takes it back
// before. A repeat of the same answer is fine. consent is how the member agreed when
// a broker says it for them. Refuses with ErrNoGift and ErrAnswered.
func (s *Service) Answer(ctx context.Context, a identity.Actor, id uuid.UUID, how, consent string) error {
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		g, err := lock(ctx, tx, a.Bank.ID, id)
		if err != nil {
			return err
		}
		if g.ToID == nil {
			return ErrNoGift
		}
		who := *g.ToID
		if how == Withdraw {
			who = g.FromID
		}
		if !a.Can(who, identity.SayHours) {
			return ErrNoGift
		}
		by := identity.OnBehalf{For: &who, Consent: consent}
		if _, _, err := a.Subject(by, identity.SayHours); err != nil {
			return err
		}
		state := map[string]string{Yes: Accepted, No: Declined, Withdraw: TakenBack}[how]
		if g.State == state {
			return nil
		}
		if g.State != Offered {
			return ErrAnswered
		}
		if err := s.end(ctx, tx, a, g, state); err != nil {
			return err
		}
		return s.audit(ctx, tx, a, how, "gift", id, by)
	})
}

func lock(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Gift, error) {
	var g Gift
	err := tx.NewSelect().Model(&g).Where("bank_id = ?", bank).Where("id = ?", id).For("update").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return g, ErrNoGift
	}
	if err != nil {
		return g, fmt.Errorf("find gift: %w", err)
	}
	return g, nil
}

// end settles or releases the hold of a locked gift and tells the giver.
func (s *Service) end(ctx context.Context, tx bun.IDB, a identity.Actor, g Gift, state string) error {
	now := s.Clock.Now()
	if state == Accepted {
		r, err := ledger.SettleHold(ctx, tx, ledger.Settling{Bank: g.BankID, Hold: *g.HoldID, Key: "gift/" + g.ID.String(), Actor: a.Person, EffectiveOn: ledger.DateOf(a.Bank.Today(now)), At: now})
		if err != nil {
			return err
		}
		g.TransferID = &r.ID
	} else if err := ledger.ReleaseHold(ctx, tx, ledger.Releasing{Bank: g.BankID, Hold: *g.HoldID, Actor: a.Person, Reason: state, At: now}); err != nil {
		return err
	}
	g.State, g.EndedAt = state, &now
	if _, err := tx.NewUpdate().Model(&g).Column("state", "transfer_id", "ended_at").Where("bank_id = ?", g.BankID).Where("id = ?", g.ID).Exec(ctx); err != nil {
		return fmt.Errorf("end gift: %w", err)
	}
	if err := desk.Finish(ctx, tx, g.BankID, g.ID, a.Person, now, desk.RingToTell); err != nil {
		return err
	}
	if state == TakenBack {
		return nil
	}
	return s.tell(ctx, tx, a.Bank, g.FromID, TellGiver, g.ID)
}

// Expire gives back every gift that nobody has answered in time.
func (s *Service) Expire(ctx context.Context, bankID uuid.UUID) error {
	return db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		b, err := bank.ByID(ctx, tx, bankID)
		if err != nil {
			return err
		}
		var due []Gift
		err = tx.NewSelect().Model(&due).Where("bank_id = ?", bankID).Where("state = ?", Offered).Where("answer_by < ?", b.Today(s.Clock.Now())).
			Order("answer_by", "id").Limit(200).For("update").Scan(ctx)
		if err != nil {
			return fmt.Errorf("list gifts: %w", err)
		}
		for _, g := range due {
			if err := s.end(ctx, tx, identity.System(b), g, Expired); err != nil {
				return err
			}
		}
		return nil
	})
}

// Leaves gives back what is offered by or to a member who leaves, takes back what
// they asked the pot for, and forgets the words.
func (s *Service) Leaves(ctx context.Context, tx bun.IDB, a identity.Actor, who uuid.UUID) error {
	now := s.Clock.Now()
	var open []Gift
	err := tx.NewSelect().Model(&open).Where("bank_id = ?", a.Bank.ID).Where("from_id = ? or to_id = ?", who, who).Where("state = ?", Offered).Order("id").For("update").Scan(ctx)
	if err != nil {
		return fmt.Errorf("find gifts: %w", err)
	}
	for _, g := range open {
		state := Declined
		if g.FromID == who {
			state = TakenBack
		}
		if err := s.end(ctx, tx, a, g, state); err != nil {
			return err
		}
	}
	if _, err := tx.NewUpdate().Model((*Gift)(nil)).Set("words = ''").Where("bank_id = ?", a.Bank.ID).Where("from_id = ?", who).Exec(ctx); err != nil {
		return fmt.Errorf("forget words: %w", err)
	}
	var asks []uuid.UUID
	err = tx.NewUpdate().Model((*Ask)(nil)).Set("state = ?", TakenBack).Set("decided_at = ?", now).Set("decided_by = ?", a.Person).
		Where("bank_id = ?", a.Bank.ID).Where("member_id = ?", who).Where("state = ?", Waiting).Returning("id").Scan(ctx, &asks)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("take asks back: %w", err)
	}
	for _, id := range asks {
		if err := desk.Finish(ctx, tx, a.Bank.ID, id, a.Person, now, desk.AnswerPotAsk); err != nil {
			return err
		}
	}
	if _, err := tx.NewUpdate().Model((*Ask)(nil)).Set("reason = ''").Where("bank_id = ?", a.Bank.ID).Where("member_id = ?", who).Exec(ctx); err != nil {
		return fmt.Errorf("forget reasons: %w", err)
	}
	return nil
}
