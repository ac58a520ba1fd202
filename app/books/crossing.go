package books

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/once"
	"timebank/ledger"
)

// The states of a crossing.
const (
	OnItsWay = "on-its-way"
	Arrived  = "arrived"
	Returned = "returned" // the other bank could not take them
)

// Crossing is hours of a member on their way to their account in another bank.
type Crossing struct {
	bun.BaseModel `bun:"table:crossing"`

	BankID      uuid.UUID  `bun:"bank_id"`
	ID          uuid.UUID  `bun:"id"`
	ToBankID    uuid.UUID  `bun:"to_bank_id"`
	MemberID    uuid.UUID  `bun:"member_id"`
	FromAccount uuid.UUID  `bun:"from_account"`
	ToAccount   uuid.UUID  `bun:"to_account"`
	Minutes     int64      `bun:"minutes"`
	ActorID     uuid.UUID  `bun:"actor_id"`
	Reason      string     `bun:"reason"`
	Day         time.Time  `bun:"day"` // in the giving bank's zone
	TransferID  uuid.UUID  `bun:"transfer_id"`
	State       string     `bun:"state"`
	At          time.Time  `bun:"at"`
	EndedAt     *time.Time `bun:"ended_at"`
}

// of is the ledger's side of it.
func (c Crossing) of(now time.Time) ledger.Crossing {
	return ledger.Crossing{ID: c.ID, From: ledger.End{Bank: c.BankID, Account: c.FromAccount}, To: ledger.End{Bank: c.ToBankID, Account: c.ToAccount},
		Minutes: ledger.Minutes(c.Minutes), Actor: c.ActorID, OnBehalfOf: c.MemberID, EffectiveOn: ledger.DateOf(c.Day), Reason: c.Reason, At: now}
}

// Move is a request to take hours along to another bank.
type Move struct {
	ToBank  string // its address
	Minutes int64
	Consent string // how the member agreed
}

var (
	// ErrSameBank refuses hours that would stay where they are.
	ErrSameBank = fault.New(fault.Invalid, "same-bank", "They are in this time bank already. Choose the other one.")
	// ErrNotThere refuses hours for somebody who has no account to receive them.
	ErrNotThere = fault.New(fault.Conflict, "not-a-member-there", "They are not a member of that time bank yet. They join there first; then their hours can follow.")
	// ErrMinutes refuses an amount that is no time.
	ErrMinutes = fault.New(fault.Invalid, "minutes", "Say how many minutes, 1 or more.")
	// ErrHours refuses more than there is.
	ErrHours = fault.New(fault.Conflict, "insufficient-hours", "They have {have} minutes to take along. Choose that or less.")
)

// MoveHours takes a member's hours to their account in another time bank. They
// leave at once and arrive by a job; where the other bank cannot take them they
// come back. For the coordinator. Refuses with ErrSameBank, ErrNotThere,
// ErrMinutes, ErrHours, bank.ErrNoBank, member.ErrNoMember and
// identity.ErrConsent.
func (s *Service) MoveHours(ctx context.Context, a identity.Actor, key, memberID uuid.UUID, m Move) (uuid.UUID, error) {
	switch {
	case m.Minutes < 1:
		return uuid.Nil, ErrMinutes.At("/minutes")
	case m.Consent == "":
		return uuid.Nil, identity.ErrConsent.At("/consent")
	}
	now := s.Clock.Now()
	to, person, err := s.destination(ctx, a, memberID, strings.TrimSpace(m.ToBank))
	if err != nil {
		return uuid.Nil, err
	}
	arrival, err := s.receiver(ctx, to.ID, person, a.Bank.ID, now)
	if err != nil {
		return uuid.Nil, err
	}
	var out uuid.UUID
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		claim := once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "move-hours", Input: []any{memberID, m}, Now: now}
		out, err = once.Do(ctx, tx, claim, func(id uuid.UUID) error {
			mine, err := member.ByID(ctx, tx, a.Bank.ID, memberID)
			if err != nil {
				return err
			}
			c := Crossing{BankID: a.Bank.ID, ID: id, ToBankID: to.ID, MemberID: memberID, FromAccount: mine.AccountID, ToAccount: arrival,
				Minutes: m.Minutes, ActorID: a.Person, Reason: "moved to another time bank", Day: a.Bank.Today(now), State: OnItsWay, At: now}
			if err := s.leave(ctx, tx, &c); err != nil {
				return err
			}
			return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, OnBehalfOf: &memberID, Consent: &m.Consent,
				Action: "move-hours", ObjectKind: "member", ObjectID: memberID})
		})
		return err
	})
	return out, err
}

// destination finds the other bank and the person behind the member.
func (s *Service) destination(ctx context.Context, a identity.Actor, memberID uuid.UUID, slug string) (to bank.Bank, person uuid.UUID, err error) {
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		if person, err = member.PersonOf(ctx, tx, a.Bank.ID, memberID); err != nil {
			return err
		}
		if to, err = bank.BySlug(ctx, tx, slug); err != nil {
			return err
		}
		if to.ID == a.Bank.ID {
			return ErrSameBank.At("/to_bank")
		}
		return nil
	})
	return to, person, err
}

// receiver finds the person's account in the other bank and makes sure that it
// has a clearing account with ours.
func (s *Service) receiver(ctx context.Context, to, person, from uuid.UUID, now time.Time) (account uuid.UUID, err error) {
	err = db.InTx(ctx, s.Pool, to, func(ctx context.Context, tx bun.IDB) error {
		id, err := member.OfPerson(ctx, tx, to, person)
		if err != nil {
			return err
		}
		if id == uuid.Nil {
			return ErrNotThere.At("/to_bank")
		}
		m, err := member.ByID(ctx, tx, to, id)
		if err != nil {
			return err
		}
		account = m.AccountID
		return ledger.OpenClearing(ctx, tx, to, from, identity.SystemPerson, now)
	})
	return account, err
}

// leave posts the giving half and enqueues the other, in one transaction.
func (s *Service) leave(ctx context.Context, tx bun.IDB, c *Crossing) error {
	if err := ledger.OpenClearing(ctx, tx, c.BankID, c.ToBankID, identity.SystemPerson, c.At); err != nil {
		return err
	}
	t, err := c.of(c.At).Out()
	if err != nil {
		return err
	}
	r, err := ledger.Post(ctx, tx, t)
	if short, ok := errors.AsType[ledger.ErrInsufficient](err); ok {
		return tooMany(short.Balance - short.Held)
	}
	if err != nil {
		return err
	}
	// The floor lets people be helped before they have helped. That is between them
	// and this community, and no hours to take along.
	if left, _ := r.Of(c.FromAccount); left.Balance < 0 {
		return tooMany(left.Balance + t.Legs[1].Minutes)
	}
	c.TransferID = r.ID
	if _, err := tx.NewInsert().Model(c).Exec(ctx); err != nil {
		return fmt.Errorf("note crossing: %w", err)
	}
	return s.Queue.Enqueue(ctx, tx, Arrive{BankID: c.BankID, CrossingID: c.ID})
}

func tooMany(have ledger.Minutes) error {
	return ErrHours.With("have", fmt.Sprint(max(0, int64(have)))).At("/minutes")
}

// Arrive posts the receiving half or, where the other bank refuses it, takes the
// first half back. Run again it changes nothing: each half has its key.
func (s *Service) Arrive(ctx context.Context, bankID, id uuid.UUID) error {
	now := s.Clock.Now()
	var c Crossing
	err := db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		return tx.NewSelect().Model(&c).Where("bank_id = ?", bankID).Where("id = ?", id).Scan(ctx)
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && c.State != OnItsWay {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read crossing: %w", err)
	}
	var refused error
	err = db.InTx(ctx, s.Pool, c.ToBankID, func(ctx context.Context, tx bun.IDB) error {
		refused = nil // the transaction may run twice
		t, err := c.of(now).In()
		if err != nil {
			return err
		}
		if _, err = ledger.Post(ctx, tx, t); ledger.Refused(err) {
			refused, err = err, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		state := Arrived
		if refused != nil {
			state = Returned
			if _, err := ledger.Reverse(ctx, tx, c.of(now).Back(c.TransferID, "the other time bank could not take the hours", now)); err != nil {
				return err
			}
		}
		_, err := tx.NewUpdate().Model((*Crossing)(nil)).Set("state = ?", state).Set("ended_at = ?", now).
			Where("bank_id = ?", bankID).Where("id = ?", id).Where("state = ?", OnItsWay).Exec(ctx)
		if err != nil {
			return fmt.Errorf("end crossing: %w", err)
		}
		return nil
	})
}
