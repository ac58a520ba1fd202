package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Limits bound an account's balance; nil is no limit. Floor and Ceiling are hard:
// Postgres refuses what would break them. SoftFloor blocks nothing, receipts
// report it.
type Limits struct {
	SoftFloor, Floor, Ceiling *Minutes
}

func (l Limits) check() error {
	for _, m := range []*Minutes{l.SoftFloor, l.Floor, l.Ceiling} {
		if m != nil && (*m > MaxMinutes || *m < -MaxMinutes) {
			return ErrLimits{l}
		}
	}
	if above(l.Floor, l.Ceiling) || above(l.Floor, l.SoftFloor) || above(l.SoftFloor, l.Ceiling) {
		return ErrLimits{l}
	}
	return nil
}

func above(a, b *Minutes) bool { return a != nil && b != nil && *a > *b }

// Account is a request to open an account.
type Account struct {
	Bank   uuid.UUID
	ID     uuid.UUID // the caller's, unique in the bank, best a UUIDv7
	Kind   AccountKind
	Limits Limits
	Actor  uuid.UUID // who opens it
	Reason string
	At     time.Time
}

// OpenAccount opens an account with nothing in it. Refusals: ErrInvalid,
// ErrLimits, ErrAccountExists.
func OpenAccount(ctx context.Context, db bun.IDB, a Account) error {
	if !a.Kind.valid() {
		return ErrInvalid{"account kind", "is unknown"}
	}
	if err := first(checkChange(a.Bank, a.ID, a.Actor, a.Reason, a.At), a.Limits.check()); err != nil {
		return err
	}
	var outcome string
	err := db.NewRaw("select ledger.open_account(?, ?, ?, ?, ?, ?, ?, ?, ?)", a.Bank, a.ID, string(a.Kind),
		a.Limits.SoftFloor, a.Limits.Floor, a.Limits.Ceiling, a.Actor, a.Reason, stamp(a.At)).Scan(ctx, &outcome)
	if err != nil {
		return fmt.Errorf("ledger: open account: %w", err)
	}
	if outcome == "exists" {
		return ErrAccountExists{a.ID}
	}
	return nil
}

// Change says who changes an account's terms, why and when.
type Change struct {
	Bank, Account uuid.UUID
	Actor         uuid.UUID
	Reason        string
	At            time.Time
}

// SetLimits puts new limits in force; the old ones stay on record. An account
// that is already beyond them keeps its balance, and from then on may only move
// back towards them. Refusals: ErrInvalid, ErrLimits, ErrNoAccount, ErrClosed.
func SetLimits(ctx context.Context, db bun.IDB, c Change, l Limits) error {
	if err := l.check(); err != nil {
		return err
	}
	return changeTerms(ctx, db, c, "limits", l)
}

// CloseAccount closes an empty account: nothing is posted to it any more, and
// Postgres keeps it at zero. Refusals: ErrInvalid, ErrNoAccount, ErrClosed,
// ErrNotEmpty.
func CloseAccount(ctx context.Context, db bun.IDB, c Change) error {
	return changeTerms(ctx, db, c, "closed", Limits{})
}

// ReopenAccount opens a closed account again, with the limits it had. Refusals:
// ErrInvalid, ErrNoAccount, ErrNotClosed.
func ReopenAccount(ctx context.Context, db bun.IDB, c Change) error {
	return changeTerms(ctx, db, c, "reopened", Limits{})
}

func changeTerms(ctx context.Context, db bun.IDB, c Change, what string, l Limits) error {
	if err := checkChange(c.Bank, c.Account, c.Actor, c.Reason, c.At); err != nil {
		return err
	}
	var outcome string
	var figures sql.NullString
	err := db.NewRaw("select outcome, figures::text from ledger.change_terms(?, ?, ?, ?, ?, ?, ?, ?, ?)", c.Bank, c.Account,
		what, l.SoftFloor, l.Floor, l.Ceiling, c.Actor, c.Reason, stamp(c.At)).Scan(ctx, &outcome, &figures)
	if err != nil {
		return fmt.Errorf("ledger: change account: %w", err)
	}
	switch outcome {
	case "changed":
		return nil
	case "no-account":
		return ErrNoAccount{c.Account}
	case "closed":
		return ErrClosed{c.Account}
	case "not-closed":
		return ErrNotClosed{c.Account}
	case "not-empty", "held":
		f, err := parseMinutes(figures.String)
		if err != nil || len(f) != 3 {
			return fmt.Errorf("ledger: change account: figures %q: %w", figures.String, err)
		}
		return ErrNotEmpty{Account: c.Account, Balance: *f[0], HeldOut: *f[1], HeldIn: *f[2]}
	}
	return fmt.Errorf("ledger: unknown outcome %q", outcome)
}

func checkChange(bank, account, actor uuid.UUID, reason string, at time.Time) error {
	switch uuid.Nil {
	case bank:
		return ErrInvalid{"bank", "is missing"}
	case account:
		return ErrInvalid{"account", "is missing"}
	case actor:
		return ErrInvalid{"actor", "is missing"}
	}
	return first(text("reason", reason, 1000, false), instant("time of change", at))
}
