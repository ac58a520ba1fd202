package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Hold is a request to promise minutes now and to move them later. From the
// moment it is placed they count against the limits of both sides, so that
// settling it cannot fail for want of hours or of room.
type Hold struct {
	Bank uuid.UUID
	// Kind is that of the transfer to come: exchange, gathering, gift, donation,
	// grant or between.
	Kind       Kind
	Key        string // as in Transfer, among holds
	Actor      uuid.UUID
	OnBehalfOf uuid.UUID
	Category   string
	Reference  Reference
	Legs       []Leg
	// ExpiresAt is when the promise ends unless it was settled; zero is never. It
	// is part of the input: a retry gives the same instant.
	ExpiresAt time.Time
	At        time.Time
}

// Placed is the answer to PlaceHold.
type Placed struct {
	ID       uuid.UUID
	PlacedAt time.Time
	Replayed bool
}

const sqlPlaceHold = `select outcome, id, posted_at, accounts::text, figures::text from ledger.place_hold(
?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// PlaceHold promises minutes, in one round trip inside the caller's transaction.
// The same key with the same input answers the first hold again.
//
// Refusals, with nothing written and the transaction still usable: those of Post
// except ErrFuture and ErrBooksClosed.
func PlaceHold(ctx context.Context, db bun.IDB, h Hold) (Placed, error) {
	legs, err := h.check()
	if err != nil {
		return Placed{}, err
	}
	accounts, minutes := arrays(legs)
	side := sides[h.Kind]
	var expires any
	if !h.ExpiresAt.IsZero() {
		expires = stamp(h.ExpiresAt)
	}
	a, err := ask(ctx, db, sqlPlaceHold, h.Bank, newID(h.At), string(h.Kind), h.Key, digest(h.canonical(legs)), h.Actor,
		orNull(h.OnBehalfOf), h.Category, h.Reference.Kind, orNull(h.Reference.ID), stamp(h.At), expires, accounts, minutes,
		side.givers, side.receivers, side.needs)
	if err != nil {
		return Placed{}, fmt.Errorf("ledger: place hold: %w", err)
	}
	if a.outcome == "held" || a.outcome == "replayed" {
		return Placed{ID: a.id.UUID, PlacedAt: a.postedAt.Time.UTC(), Replayed: a.outcome == "replayed"}, nil
	}
	_, err = a.receipt(Transfer{Kind: h.Kind, Key: h.Key})
	return Placed{}, err
}

func (h Hold) check() ([]Leg, error) {
	r, ok := rules[h.Kind]
	if !ok || h.Kind == Starting || h.Kind == Correction || h.Kind == Opening {
		return nil, ErrInvalid{"kind", "is not one that can be held"}
	}
	// No day takes effect yet; any that has begun will do.
	if err := (request{h.Bank, h.Key, h.Actor, Date{1900, 1, 1}, h.At}).check(); err != nil {
		return nil, err
	}
	if err := first(text("category", h.Category, 100, r.category), text("reference", h.Reference.Kind, 50, h.Reference.ID != uuid.Nil)); err != nil {
		return nil, err
	}
	if !h.ExpiresAt.IsZero() {
		if err := instant("expiry", h.ExpiresAt); err != nil {
			return nil, err
		}
		if !stamp(h.ExpiresAt).After(stamp(h.At)) {
			return nil, ErrInvalid{"expiry", "is not after the time of placing"}
		}
	}
	return checkLegs(h.Legs)
}

// Settling is a request to move what a hold has promised.
type Settling struct {
	Bank       uuid.UUID
	Hold       uuid.UUID
	Key        string // as in Transfer, among transfers
	Actor      uuid.UUID
	OnBehalfOf uuid.UUID
	// Legs is what moves: accounts of the hold, in its directions, each with at
	// most what is held. Nil moves all of it. What is not moved is given back.
	Legs        []Leg
	EffectiveOn Date
	Reason      string
	At          time.Time
}

const sqlSettleHold = `select outcome, id, posted_at, accounts::text, figures::text, how from ledger.settle_hold(
?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// SettleHold posts the transfer that a hold has promised, in full or with less,
// and ends the hold. Kind, category and reference are the hold's. Two round
// trips inside the caller's transaction. Replays are as in Post.
//
// Refusals: ErrInvalid, ErrFuture, ErrZero, ErrUnbalanced, ErrSameAccount,
// ErrNoHold, ErrHoldEnded, ErrMoreThanHeld, ErrBooksClosed, ErrOverflow,
// ErrKeyReused. Of all who settle, release or expire a hold at once, one does.
func SettleHold(ctx context.Context, db bun.IDB, s Settling) (Receipt, error) {
	if err := first((request{s.Bank, s.Key, s.Actor, s.EffectiveOn, s.At}).check(), text("reason", s.Reason, 1000, false)); err != nil {
		return Receipt{}, err
	}
	held, err := FindHold(ctx, db, s.Bank, s.Hold)
	if err != nil {
		return Receipt{}, err
	}
	if s.Legs == nil {
		s.Legs = held.Legs
	}
	legs, err := checkLegs(s.Legs)
	if err != nil {
		return Receipt{}, err
	}
	t := Transfer{Bank: s.Bank, Kind: held.Kind, Key: s.Key, Actor: s.Actor, OnBehalfOf: s.OnBehalfOf, Category: held.Category,
		Reference: held.Reference, EffectiveOn: s.EffectiveOn, Reason: s.Reason, At: s.At}
	accounts, minutes := arrays(legs)
	var how sql.NullString
	a, err := askMore(ctx, db, []any{&how}, sqlSettleHold, s.Bank, s.Hold, newID(s.At), s.Key,
		digest(t.settling(legs, uuid.Nil, s.Hold)), s.Actor, orNull(s.OnBehalfOf), s.EffectiveOn.String(), stamp(s.At), s.Reason, accounts, minutes)
	if err != nil {
		return Receipt{}, fmt.Errorf("ledger: settle hold: %w", err)
	}
	switch a.outcome {
	case "no-hold":
		return Receipt{}, ErrNoHold{s.Hold}
	case "hold-ended":
		return Receipt{}, ErrHoldEnded{Hold: s.Hold, How: how.String, At: a.postedAt.Time.UTC(), Transfer: a.id.UUID}
	case "hold-expired":
		return Receipt{}, ErrHoldEnded{Hold: s.Hold, How: Expired, At: a.postedAt.Time.UTC()}
	case "more-than-held":
		return Receipt{}, moreThanHeld(held, legs)
	}
	return a.receipt(t)
}

// moreThanHeld says which leg goes beyond the hold.
func moreThanHeld(held HoldRecord, legs []Leg) error {
	for _, l := range legs {
		var m Minutes
		for _, h := range held.Legs {
			if h.Account == l.Account {
				m = h.Minutes
			}
		}
		if (l.Minutes < 0) != (m < 0) || max(l.Minutes, -l.Minutes) > max(m, -m) {
			return ErrMoreThanHeld{Hold: held.ID, Account: l.Account, Held: m, Asked: l.Minutes}
		}
	}
	return fmt.Errorf("ledger: hold %s refuses legs that it covers", held.ID)
}

// How a hold ended.
const (
	Settled  = "settled"
	Released = "released"
	Expired  = "expired"
)

// Releasing is a request to give back what a hold has promised.
type Releasing struct {
	Bank   uuid.UUID
	Hold   uuid.UUID
	Actor  uuid.UUID
	Reason string
	At     time.Time
}

// ReleaseHold gives a hold's minutes back to its accounts; nothing has moved. The
// same release again, by actor and reason, answers nil again. Refusals:
// ErrInvalid, ErrNoHold, ErrHoldEnded.
func ReleaseHold(ctx context.Context, db bun.IDB, r Releasing) error {
	if err := checkChange(r.Bank, r.Hold, r.Actor, r.Reason, r.At); err != nil {
		return err
	}
	var outcome string
	var how sql.NullString
	var transfer uuid.NullUUID
	var at sql.NullTime
	err := db.NewRaw("select outcome, how, transfer, ended_at from ledger.end_hold(?, ?, 'released', ?, ?, ?)", r.Bank, r.Hold, r.Actor,
		r.Reason, stamp(r.At)).Scan(ctx, &outcome, &how, &transfer, &at)
	if err != nil {
		return fmt.Errorf("ledger: release hold: %w", err)
	}
	switch outcome {
	case "ended", "replayed":
		return nil
	case "no-hold":
		return ErrNoHold{r.Hold}
	case "hold-ended":
		return ErrHoldEnded{Hold: r.Hold, How: how.String, At: at.Time.UTC(), Transfer: transfer.UUID}
	}
	return fmt.Errorf("ledger: unknown outcome %q", outcome)
}

// ExpireDue ends a bank's holds whose time is over at the given instant, the
// longest overdue first, at most limit of them (0: 100), and answers which. For a
// job: it may be run by many at once and as often as one likes. actor is who the
// record says did it.
func ExpireDue(ctx context.Context, db bun.IDB, bank, actor uuid.UUID, at time.Time, limit int) ([]uuid.UUID, error) {
	if limit <= 0 {
		limit = 100
	}
	if err := checkChange(bank, bank, actor, "", at); err != nil {
		return nil, err
	}
	var ended []uuid.UUID
	err := db.NewRaw("select x from ledger.expire_holds(?, ?, ?, ?) x", bank, actor, stamp(at), limit).Scan(ctx, &ended)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("ledger: expire holds: %w", err)
	}
	return ended, nil
}
