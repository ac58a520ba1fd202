package ledger

import (
	"bytes"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Leg is one account's part in a transfer: below zero it gave the minutes away,
// above zero it received them.
type Leg struct {
	Account uuid.UUID
	Minutes Minutes
}

// Reference points at what the transfer is about. The ledger keeps it and never
// follows it. The zero Reference is none.
type Reference struct {
	Kind string
	ID   uuid.UUID
}

// Transfer is a request to move minutes.
type Transfer struct {
	Bank uuid.UUID
	Kind Kind
	// Key makes the request one request however often it is sent: 1 to 200
	// characters, unique in the bank. Everything below except At is its input.
	Key        string
	Actor      uuid.UUID // who does it
	OnBehalfOf uuid.UUID // for whom, when that is someone else
	Category   string    // of help; required for exchanges and gatherings
	Reference  Reference
	// EffectiveOn is the day the help took place, in the bank's own zone.
	EffectiveOn Date
	Reason      string // required for adjustments
	Legs        []Leg  // in any order
	// At is the time of posting. Where an account has a later entry already,
	// because another machine's clock is ahead, the transfer is posted just after it.
	At time.Time
}

// Move is the legs by which one account gives minutes and another receives them:
// for help, from is the person helped and to is the helper. It refuses, with
// ErrZero, an amount that is not above zero, so that a sign can never turn the
// direction around.
func Move(from, to uuid.UUID, minutes Minutes) ([]Leg, error) {
	if minutes <= 0 {
		return nil, ErrZero{Account: from, Minutes: minutes}
	}
	return []Leg{{from, -minutes}, {to, minutes}}, nil
}

// Split shares total among n so that the shares sum to exactly total and differ
// by at most one minute; the first ones get the odd minutes. Nil when n < 1.
func Split(total Minutes, n int) []Minutes {
	if n < 1 {
		return nil
	}
	shares := make([]Minutes, n)
	each, odd := total/Minutes(n), total%Minutes(n)
	for i := range shares {
		shares[i] = each
		if Minutes(i) < odd {
			shares[i]++
		} else if Minutes(i) < -odd {
			shares[i]--
		}
	}
	return shares
}

// Receipt is the answer to a posting. A replay has the same as the first answer,
// but for Replayed.
type Receipt struct {
	ID       uuid.UUID
	PostedAt time.Time
	Replayed bool
	Legs     []Posted // in ascending account id
}

// Posted is what a transfer did to one account.
type Posted struct {
	Leg
	Balance Minutes // afterwards
	N       int64   // number of the entry
	// SoftFloor is the one in force at the time; nil for none.
	SoftFloor *Minutes
}

// BelowSoft reports whether the account is below its soft floor.
func (p Posted) BelowSoft() bool { return p.SoftFloor != nil && p.Balance < *p.SoftFloor }

// CrossedSoft reports whether this very transfer took the account below its soft
// floor: the moment to tell somebody, once.
func (p Posted) CrossedSoft() bool { return p.BelowSoft() && p.Balance-p.Minutes >= *p.SoftFloor }

// Of is what the transfer did to the given account.
func (r Receipt) Of(account uuid.UUID) (Posted, bool) {
	for _, p := range r.Legs {
		if p.Account == account {
			return p, true
		}
	}
	return Posted{}, false
}

// check refuses what no database needs to be asked about, and answers the legs
// in ascending account id, which is the order of locks and of storage.
func (t Transfer) check() ([]Leg, error) {
	r, ok := rules[t.Kind]
	if !ok {
		return nil, ErrInvalid{"kind", "is not one that can be posted"}
	}
	if err := (request{t.Bank, t.Key, t.Actor, t.EffectiveOn, t.At}).check(); err != nil {
		return nil, err
	}
	if err := first(text("category", t.Category, 100, r.category), text("reason", t.Reason, 1000, r.reason),
		text("reference", t.Reference.Kind, 50, t.Reference.ID != uuid.Nil)); err != nil {
		return nil, err
	}
	return checkLegs(t.Legs)
}

// request is what posting and reversing have in common.
type request struct {
	bank        uuid.UUID
	key         string
	actor       uuid.UUID
	effectiveOn Date
	at          time.Time
}

func (r request) check() error {
	switch {
	case r.bank == uuid.Nil:
		return ErrInvalid{"bank", "is missing"}
	case r.actor == uuid.Nil:
		return ErrInvalid{"actor", "is missing"}
	case !r.effectiveOn.valid():
		return ErrInvalid{"effective date", "is not a day"}
	}
	if err := first(text("key", r.key, 200, true), instant("time of posting", r.at)); err != nil {
		return err
	}
	// The first place where a day begins is 14 hours ahead of UTC.
	if r.effectiveOn.time().After(r.at.UTC().Add(14 * time.Hour)) {
		return ErrFuture{r.effectiveOn, r.at}
	}
	return nil
}

func checkLegs(given []Leg) ([]Leg, error) {
	legs := slices.Clone(given)
	slices.SortFunc(legs, func(a, b Leg) int { return bytes.Compare(a.Account[:], b.Account[:]) })
	var sum Minutes
	for i, l := range legs {
		switch {
		case i >= MaxLegs:
			return nil, ErrUnbalanced{Sum: sum, Legs: len(legs)}
		case l.Account == uuid.Nil:
			return nil, ErrNoAccount{}
		case i > 0 && l.Account == legs[i-1].Account:
			return nil, ErrSameAccount{l.Account}
		case l.Minutes == 0:
			return nil, ErrZero{Account: l.Account}
		case l.Minutes > MaxMinutes || l.Minutes < -MaxMinutes:
			return nil, ErrOverflow{Account: l.Account, Minutes: l.Minutes}
		}
		sum += l.Minutes
	}
	if sum != 0 || len(legs) < 2 {
		return nil, ErrUnbalanced{Sum: sum, Legs: len(legs)}
	}
	return legs, nil
}

func text(field, s string, most int, required bool) error {
	switch {
	case s == "" && required:
		return ErrInvalid{field, "is missing"}
	case utf8.RuneCountInString(s) > most:
		return ErrInvalid{field, "is too long"}
	case !utf8.ValidString(s) || bytes.IndexByte([]byte(s), 0) >= 0:
		return ErrInvalid{field, "is not text"}
	}
	return nil
}

// instant refuses times that Postgres or a reader would not give back.
func instant(field string, t time.Time) error {
	if y := t.UTC().Year(); y < 1900 || y > 9999 {
		return ErrInvalid{field, "is missing or out of range"}
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
