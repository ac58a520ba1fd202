package ledger

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Refusals. Each is a value type for errors.As and carries what a person needs to
// be told. After any of them nothing has been written by the ledger.

// ErrInsufficient: the account would fall below its hard floor. Available is what
// it could still give away.
type ErrInsufficient struct {
	Account uuid.UUID
	Balance Minutes
	Held    Minutes // promised away by open holds
	Needed  Minutes // what this transfer takes, above zero
	Floor   Minutes
}

// Available is what the account may still give, never below zero.
func (e ErrInsufficient) Available() Minutes { return max(0, e.Balance-e.Held-e.Floor) }

func (e ErrInsufficient) Error() string {
	return fmt.Sprintf("ledger: account %s has %d minutes (%d held, floor %d), this needs %d", e.Account, e.Balance, e.Held, e.Floor, e.Needed)
}

// ErrCeiling: the account would rise above its ceiling. Room is what it could
// still receive.
type ErrCeiling struct {
	Account uuid.UUID
	Balance Minutes
	Held    Minutes // on its way in by open holds
	Added   Minutes
	Ceiling Minutes
}

// Room is what the account may still receive, never below zero.
func (e ErrCeiling) Room() Minutes { return max(0, e.Ceiling-e.Balance-e.Held) }

func (e ErrCeiling) Error() string {
	return fmt.Sprintf("ledger: account %s has %d minutes (%d on their way), its ceiling is %d, this adds %d", e.Account, e.Balance, e.Held, e.Ceiling, e.Added)
}

// ErrNoAccount: this bank has no such account. Another bank's account is no
// account either.
type ErrNoAccount struct{ Account uuid.UUID }

func (e ErrNoAccount) Error() string { return fmt.Sprintf("ledger: no account %s", e.Account) }

// ErrClosed: the account is closed and neither gives nor receives.
type ErrClosed struct{ Account uuid.UUID }

func (e ErrClosed) Error() string { return fmt.Sprintf("ledger: account %s is closed", e.Account) }

// ErrNotClosed: an account that is open cannot be reopened.
type ErrNotClosed struct{ Account uuid.UUID }

func (e ErrNotClosed) Error() string { return fmt.Sprintf("ledger: account %s is open", e.Account) }

// ErrAccountExists: the bank has an account with this id already.
type ErrAccountExists struct{ Account uuid.UUID }

func (e ErrAccountExists) Error() string { return fmt.Sprintf("ledger: account %s exists", e.Account) }

// ErrNotEmpty: an account closes with nothing in it and nothing held.
type ErrNotEmpty struct {
	Account                  uuid.UUID
	Balance, HeldOut, HeldIn Minutes
}

func (e ErrNotEmpty) Error() string {
	return fmt.Sprintf("ledger: account %s still has %d minutes (%d held out, %d held in)", e.Account, e.Balance, e.HeldOut, e.HeldIn)
}

// ErrWrongAccount: an account of this kind may not take this side in a transfer
// of that kind, or, with a nil Account, a kind of account that the transfer
// needs is not among its legs.
type ErrWrongAccount struct {
	Account uuid.UUID
	Kind    Kind
}

func (e ErrWrongAccount) Error() string {
	if e.Account == uuid.Nil {
		return fmt.Sprintf("ledger: an account that every transfer of kind %s needs is missing", e.Kind)
	}
	return fmt.Sprintf("ledger: account %s may not stand on this side of a transfer of kind %s", e.Account, e.Kind)
}

// ErrKeyReused: the key has posted another transfer, from other input.
type ErrKeyReused struct {
	Key   string
	First uuid.UUID // the transfer that the key posted
}

func (e ErrKeyReused) Error() string {
	return fmt.Sprintf("ledger: the key has already posted transfer %s from other input", e.First)
}

// ErrUnbalanced: the legs do not sum to zero, or are fewer than two or more than
// MaxLegs.
type ErrUnbalanced struct {
	Sum  Minutes
	Legs int
}

func (e ErrUnbalanced) Error() string {
	return fmt.Sprintf("ledger: %d legs that sum to %d are not a transfer", e.Legs, e.Sum)
}

// ErrSameAccount: an account is named twice, as in paying oneself.
type ErrSameAccount struct{ Account uuid.UUID }

func (e ErrSameAccount) Error() string {
	return fmt.Sprintf("ledger: account %s is named twice", e.Account)
}

// ErrZero: a leg of no minutes, or an amount to move that is not above zero.
type ErrZero struct {
	Account uuid.UUID
	Minutes Minutes
}

func (e ErrZero) Error() string {
	return fmt.Sprintf("ledger: %d minutes cannot be moved", e.Minutes)
}

// ErrOverflow: an amount or the balance it would lead to is beyond MaxMinutes.
type ErrOverflow struct {
	Account          uuid.UUID
	Balance, Minutes Minutes
}

func (e ErrOverflow) Error() string {
	return fmt.Sprintf("ledger: %d minutes more on a balance of %d are more than can be kept", e.Minutes, e.Balance)
}

// ErrNoTransfer: this bank has no such transfer.
type ErrNoTransfer struct{ ID uuid.UUID }

func (e ErrNoTransfer) Error() string { return fmt.Sprintf("ledger: no transfer %s", e.ID) }

// ErrAlreadyReversed: the original has been taken back before, under another key.
type ErrAlreadyReversed struct{ Original, Reversal uuid.UUID }

func (e ErrAlreadyReversed) Error() string {
	return fmt.Sprintf("ledger: transfer %s was taken back by %s", e.Original, e.Reversal)
}

// ErrReversalOfReversal: a reversal is final; post the transfer again instead.
type ErrReversalOfReversal struct{ ID uuid.UUID }

func (e ErrReversalOfReversal) Error() string {
	return fmt.Sprintf("ledger: transfer %s is a reversal and cannot be taken back", e.ID)
}

// ErrNoHold: this bank has no such hold.
type ErrNoHold struct{ ID uuid.UUID }

func (e ErrNoHold) Error() string { return fmt.Sprintf("ledger: no hold %s", e.ID) }

// ErrHoldEnded: the hold was settled, released or has expired before.
type ErrHoldEnded struct {
	Hold     uuid.UUID
	How      string // Settled, Released or Expired
	At       time.Time
	Transfer uuid.UUID // that settled it
}

func (e ErrHoldEnded) Error() string {
	return fmt.Sprintf("ledger: hold %s: %s at %s", e.Hold, e.How, e.At.Format(time.RFC3339))
}

// ErrMoreThanHeld: a hold settles with at most what it holds, in its direction.
type ErrMoreThanHeld struct {
	Hold, Account uuid.UUID
	Held, Asked   Minutes // zero held: the account is not in the hold
}

func (e ErrMoreThanHeld) Error() string {
	return fmt.Sprintf("ledger: hold %s has %d minutes for account %s, this asks for %d", e.Hold, e.Held, e.Account, e.Asked)
}

// ErrFuture: the transfer would take effect on a day that has begun nowhere on
// earth at the time of posting.
type ErrFuture struct {
	EffectiveOn Date
	At          time.Time
}

func (e ErrFuture) Error() string {
	return fmt.Sprintf("ledger: %s is in the future of %s", e.EffectiveOn, e.At.UTC().Format(time.RFC3339))
}

// ErrBooksClosed: the account's books are closed for the day on which the
// transfer would take effect.
type ErrBooksClosed struct {
	Account     uuid.UUID
	EffectiveOn Date
}

func (e ErrBooksClosed) Error() string {
	return fmt.Sprintf("ledger: the books of account %s are closed for %s", e.Account, e.EffectiveOn)
}

// ErrLimits: the limits contradict each other: floor ≤ soft floor ≤ ceiling, and
// all within MaxMinutes.
type ErrLimits struct{ Limits Limits }

func (e ErrLimits) Error() string { return "ledger: the limits contradict each other" }

// ErrInvalid: a field is missing, too long or not text. It never repeats the
// value, which may be personal.
type ErrInvalid struct{ Field, Why string }

func (e ErrInvalid) Error() string { return "ledger: " + e.Field + " " + e.Why }
