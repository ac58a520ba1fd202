package member

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/once"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Service is the use cases of membership, for brokers.
type Service struct {
	Pool  *bun.DB
	Clock clock.Clock
	// ReadOut makes a sign-in code to be read to a member.
	ReadOut func(ctx context.Context, tx bun.IDB, a identity.Actor, person uuid.UUID) (string, time.Time, error)
	// Tell tells a member something by their own route, once for its subject.
	Tell func(ctx context.Context, tx bun.IDB, a identity.Actor, member uuid.UUID, template string, subject uuid.UUID) error
}

// Record is a member with their hours.
type Record struct {
	Member
	Balance  ledger.Balance
	Email    string
	Language words.Language // of messages; empty: not chosen
}

// Add makes somebody a member, once for a key.
func (s *Service) Add(ctx context.Context, a identity.Actor, key uuid.UUID, j Joining) (uuid.UUID, error) {
	now := s.Clock.Now()
	var out uuid.UUID
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "add-member", Input: j, Now: now},
			func(id uuid.UUID) error {
				if _, err := Join(ctx, tx, a, id, j, now); err != nil {
					return err
				}
				return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: "add-member", ObjectKind: "member", ObjectID: id})
			})
		return err
	})
	return out, err
}

// See reads a member's record, and notes who looked. Refuses with ErrNoMember.
func (s *Service) See(ctx context.Context, a identity.Actor, id uuid.UUID) (Record, error) {
	var out Record
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		if out.Member, err = ByID(ctx, tx, a.Bank.ID, id); err != nil {
			return err
		}
		if out.Balance, err = ledger.BalanceOf(ctx, tx, a.Bank.ID, out.AccountID); err != nil {
			return err
		}
		p, err := identity.PersonByID(ctx, tx, out.PersonID)
		if err != nil {
			return err
		}
		out.Email, out.Language = "", p.Language
		if p.Email != nil {
			out.Email = *p.Email
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, Action: "see-member", ObjectKind: "member", ObjectID: id})
	})
	return out, err
}

// Search finds members by words, a page at a time; after is the last one seen.
// more tells whether another page follows.
func (s *Service) Search(ctx context.Context, a identity.Actor, words string, after uuid.UUID) (found []Member, more bool, err error) {
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var last *Member
		if after != uuid.Nil {
			m, err := ByID(ctx, tx, a.Bank.ID, after)
			if err != nil {
				return err
			}
			last = &m
		}
		var err error
		found, err = search(ctx, tx, a.Bank.ID, words, last)
		return err
	})
	if len(found) > pageSize {
		found, more = found[:pageSize], true
	}
	return found, more, err
}

// ReadOutCode makes a code that a broker reads to a member, who types it in with
// their phone number or e-mail. Refuses with ErrNoMember.
func (s *Service) ReadOutCode(ctx context.Context, a identity.Actor, member uuid.UUID) (digits string, until time.Time, err error) {
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		m, err := ByID(ctx, tx, a.Bank.ID, member)
		if err != nil {
			return err
		}
		if digits, until, err = s.ReadOut(ctx, tx, a, m.PersonID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, Action: "read-out-code", ObjectKind: "member", ObjectID: member})
	})
	return digits, until, err
}

// StatementLine is one line of a member's hours, in words that never say debit.
type StatementLine struct {
	ledger.Line
	With string // the other one: what they are called, "The community pot", the bank's name
}

// Named puts the other side's name to each line of a member's statement.
func Named(ctx context.Context, tx bun.IDB, a identity.Actor, own uuid.UUID, lines []ledger.Line) ([]StatementLine, error) {
	var accounts []uuid.UUID
	for _, l := range lines {
		for _, g := range l.Record.Legs {
			if g.Account != own {
				accounts = append(accounts, g.Account)
			}
		}
	}
	names := map[uuid.UUID]string{a.Bank.PotAccount: "The community pot", a.Bank.IssueAccount: a.Bank.Name}
	if len(accounts) > 0 {
		var rows []Member
		err := tx.NewSelect().Model(&rows).Column("account_id", "called").Where("bank_id = ?", a.Bank.ID).Where("account_id in (?)", bun.List(accounts)).Scan(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range rows {
			names[m.AccountID] = m.Called
		}
	}
	out := make([]StatementLine, len(lines))
	for i, l := range lines {
		out[i] = StatementLine{Line: l}
		for _, g := range l.Record.Legs {
			if g.Account == own {
				continue
			}
			if out[i].With != "" {
				out[i].With = "Several people"
				break
			}
			out[i].With = names[g.Account]
		}
	}
	return out, nil
}
