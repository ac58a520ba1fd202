package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// holding is a hold of an exchange in which from will be helped and to will help.
func (b *book) holding(from, to uuid.UUID, m ledger.Minutes) ledger.Hold {
	at := b.now()
	return ledger.Hold{Bank: b.bank, Kind: ledger.Exchange, Key: fmt.Sprintf("hold-%d", b.keys.Add(1)), Actor: b.actor, Category: "garden",
		Legs: []ledger.Leg{{Account: from, Minutes: -m}, {Account: to, Minutes: m}}, ExpiresAt: at.Add(24 * time.Hour), At: at}
}

func (b *book) tryPlace(h ledger.Hold) (p ledger.Placed, err error) {
	err = b.in(func(ctx context.Context, tx bun.IDB) error {
		p, err = ledger.PlaceHold(ctx, tx, h)
		return err
	})
	return p, err
}

func (b *book) place(h ledger.Hold) uuid.UUID {
	b.t.Helper()
	p, err := b.tryPlace(h)
	if err != nil {
		b.t.Fatal(err)
	}
	return p.ID
}

func (b *book) settling(hold uuid.UUID, legs ...ledger.Leg) ledger.Settling {
	at := b.now()
	return ledger.Settling{Bank: b.bank, Hold: hold, Key: fmt.Sprintf("key-%d", b.keys.Add(1)), Actor: b.actor, Legs: legs,
		EffectiveOn: ledger.DateOf(at), At: at}
}

func (b *book) settle(s ledger.Settling) (r ledger.Receipt, err error) {
	err = b.in(func(ctx context.Context, tx bun.IDB) error {
		r, err = ledger.SettleHold(ctx, tx, s)
		return err
	})
	return r, err
}

func (b *book) release(hold uuid.UUID, reason string) error {
	return b.in(func(ctx context.Context, tx bun.IDB) error {
		return ledger.ReleaseHold(ctx, tx, ledger.Releasing{Bank: b.bank, Hold: hold, Actor: b.actor, Reason: reason, At: b.now()})
	})
}

func (b *book) expire(at time.Time, limit int) (ended []uuid.UUID) {
	b.t.Helper()
	b.must(func(ctx context.Context, tx bun.IDB) (err error) {
		ended, err = ledger.ExpireDue(ctx, tx, b.bank, b.actor, at, limit)
		return err
	})
	return ended
}

func (b *book) hold(id uuid.UUID) (h ledger.HoldRecord) {
	b.t.Helper()
	b.must(func(ctx context.Context, tx bun.IDB) (err error) {
		h, err = ledger.FindHold(ctx, tx, b.bank, id)
		return err
	})
	return h
}

// held fails unless the account has promised out and expects in.
func (b *book) held(account uuid.UUID, out, in ledger.Minutes) {
	b.t.Helper()
	b.must(func(ctx context.Context, tx bun.IDB) error {
		x, err := ledger.BalanceOf(ctx, tx, b.bank, account)
		if x.HeldOut != out || x.HeldIn != in {
			b.t.Errorf("held %d out and %d in, want %d and %d", x.HeldOut, x.HeldIn, out, in)
		}
		return err
	})
}

func TestAHoldCountsAtOnceAndSettles(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(-1)}), b.open(ledger.Member, ledger.Limits{Ceiling: hours(1)})
	h := b.holding(a, c, 40)
	h.Reference = ledger.Reference{Kind: "exchange", ID: uuid.Must(uuid.NewV7())}
	id := b.place(h)
	b.held(a, 40, 0)
	b.held(c, 0, 40)
	b.want(a, 0)
	for _, x := range []struct {
		h    ledger.Hold
		want error
	}{
		{b.holding(a, b.member(), 21), ledger.ErrInsufficient{Account: a, Held: 40, Needed: 21, Floor: -60}},
		{b.holding(b.member(), c, 21), ledger.ErrCeiling{Account: c, Held: 40, Added: 21, Ceiling: 60}},
	} {
		if _, err := b.tryPlace(x.h); err != x.want {
			t.Errorf("%v, want %v", err, x.want)
		}
	}
	s := b.settling(id)
	r, err := b.settle(s)
	if err != nil {
		t.Fatal(err)
	}
	b.want(a, -40)
	b.want(c, 40)
	b.held(a, 0, 0)
	b.held(c, 0, 0)
	if again, err := b.settle(s); err != nil || !again.Replayed || again.ID != r.ID || again.Legs[0] != r.Legs[0] {
		t.Errorf("%+v %v", again, err)
	}
	if rec := b.statement(a)[0].Record; rec.Hold != id || rec.Reference != h.Reference || rec.Category != "garden" {
		t.Errorf("%+v", rec)
	}
	if x := b.hold(id); x.How != ledger.Settled || x.Transfer != r.ID || !x.EndedAt.Equal(r.PostedAt) {
		t.Errorf("%+v", x)
	}
	if _, err := b.settle(b.settling(id)); err != (ledger.ErrHoldEnded{Hold: id, How: ledger.Settled, At: r.PostedAt, Transfer: r.ID}) {
		t.Error(err)
	}
	b.clean()
}

func TestAHoldSettlesWithLess(t *testing.T) {
	b := newBook(t)
	a, c, d := b.open(ledger.Member, ledger.Limits{Floor: hours(-1)}), b.member(), b.member()
	h := b.holding(a, c, 30)
	h.Legs = []ledger.Leg{{Account: a, Minutes: -60}, {Account: c, Minutes: 40}, {Account: d, Minutes: 20}}
	id := b.place(h)
	for _, x := range []struct {
		legs []ledger.Leg
		want error
	}{
		{[]ledger.Leg{{Account: a, Minutes: -61}, {Account: c, Minutes: 61}}, ledger.ErrMoreThanHeld{Hold: id, Account: a, Held: -60, Asked: -61}},
		{[]ledger.Leg{{Account: c, Minutes: -5}, {Account: d, Minutes: 5}}, ledger.ErrMoreThanHeld{Hold: id, Account: c, Held: 40, Asked: -5}},
		{[]ledger.Leg{{Account: a, Minutes: -5}, {Account: b.actor, Minutes: 5}}, ledger.ErrMoreThanHeld{Hold: id, Account: b.actor, Asked: 5}},
		{[]ledger.Leg{{Account: a, Minutes: -5}, {Account: c, Minutes: 4}}, ledger.ErrUnbalanced{Sum: -1, Legs: 2}},
	} {
		if _, err := b.settle(b.settling(id, x.legs...)); err != x.want && !(errors.As(err, &ledger.ErrMoreThanHeld{}) && errors.As(x.want, &ledger.ErrMoreThanHeld{})) {
			t.Errorf("%v, want %v", err, x.want)
		}
	}
	r, err := b.settle(b.settling(id, ledger.Leg{Account: a, Minutes: -35}, ledger.Leg{Account: c, Minutes: 35}))
	if err != nil || len(r.Legs) != 2 {
		t.Fatal(r, err)
	}
	b.want(a, -35)
	b.want(c, 35)
	b.want(d, 0)
	for _, x := range []uuid.UUID{a, c, d} {
		b.held(x, 0, 0)
	}
	b.post(b.transfer(a, d, 25)) // what was not moved is free again
	if _, err := b.reverse(b.reversing(r.ID)); err != nil {
		t.Error(err)
	}
	b.clean()
}

func TestAHoldIsReleasedOnce(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(-1)}), b.member()
	h := b.holding(a, c, 60)
	h.ExpiresAt = time.Time{}
	id := b.place(h)
	b.must(func(ctx context.Context, tx bun.IDB) error {
		open, err := ledger.OpenHolds(ctx, tx, b.bank, a)
		if len(open) != 1 || open[0].ID != id || !open[0].ExpiresAt.IsZero() {
			t.Errorf("%+v", open)
		}
		return err
	})
	if err := b.change(a, ledger.CloseAccount); err != (ledger.ErrNotEmpty{Account: a, HeldOut: 60}) {
		t.Error(err)
	}
	for range 2 {
		if err := b.release(id, "called off"); err != nil {
			t.Error(err)
		}
	}
	b.held(a, 0, 0)
	if err := b.release(id, "another reason"); !errors.As(err, &ledger.ErrHoldEnded{}) {
		t.Error(err)
	}
	if _, err := b.settle(b.settling(id)); !errors.As(err, &ledger.ErrHoldEnded{}) {
		t.Error(err)
	}
	nothing := uuid.Must(uuid.NewV7())
	if err := b.release(nothing, ""); err != (ledger.ErrNoHold{ID: nothing}) {
		t.Error(err)
	}
	if _, err := b.settle(b.settling(nothing)); err != (ledger.ErrNoHold{ID: nothing}) {
		t.Error(err)
	}
	again, err := b.tryPlace(h)
	if err != nil || !again.Replayed || again.ID != id {
		t.Errorf("%+v %v", again, err)
	}
	h.Category = "other"
	if _, err := b.tryPlace(h); err != (ledger.ErrKeyReused{Key: h.Key, First: id}) {
		t.Error(err)
	}
	b.clean()
}

func TestHoldsExpireWhenDue(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(-2)}), b.member()
	var ids []uuid.UUID
	start := b.now()
	for i := range 4 {
		h := b.holding(a, c, 20)
		h.ExpiresAt = start.Add(time.Duration(i+1) * time.Hour)
		ids = append(ids, b.place(h))
	}
	if got := b.expire(start.Add(59*time.Minute), 0); got != nil {
		t.Error(got)
	}
	if got := b.expire(start.Add(3*time.Hour), 2); len(got) != 2 || got[0] != ids[0] || got[1] != ids[1] {
		t.Error(got)
	}
	late := b.settling(ids[2])
	late.At = start.Add(3 * time.Hour)
	if _, err := b.settle(late); err != (ledger.ErrHoldEnded{Hold: ids[2], How: ledger.Expired, At: late.At}) {
		t.Error(err)
	}
	b.held(a, 40, 0)
	if got := b.expire(start.Add(3*time.Hour), 0); len(got) != 1 || got[0] != ids[2] {
		t.Error(got)
	}
	b.held(a, 20, 0)
	if x := b.hold(ids[0]); x.How != ledger.Expired || x.EndedBy != b.actor || x.Transfer != uuid.Nil {
		t.Errorf("%+v", x)
	}
	b.clean()
}

// A limit that is tightened while minutes are held binds what comes after, not
// what was promised before.
func TestLimitsTightenedUnderAHold(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(-2)}), b.member()
	kept, dropped := b.place(b.holding(a, c, 60)), b.place(b.holding(a, c, 30))
	if err := b.limit(a, ledger.Limits{Floor: hours(0)}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.try(b.transfer(a, c, 1)); !errors.As(err, &ledger.ErrInsufficient{}) {
		t.Error(err)
	}
	if err := b.release(dropped, ""); err != nil {
		t.Fatal(err)
	}
	b.clean()
	if _, err := b.try(b.transfer(a, c, 1)); !errors.As(err, &ledger.ErrInsufficient{}) {
		t.Error("the released minutes were given away:", err)
	}
	if _, err := b.settle(b.settling(kept)); err != nil {
		t.Fatal(err)
	}
	b.want(a, -60)
	b.clean()
}

func TestHoldsThatCannotBe(t *testing.T) {
	b := newBook(t)
	a, c, issue := b.member(), b.member(), b.open(ledger.Issuance, ledger.Limits{})
	for name, x := range map[string]struct {
		change func(*ledger.Hold)
		want   error
	}{
		"starting":   {func(h *ledger.Hold) { h.Kind = ledger.Starting }, ledger.ErrInvalid{Field: "kind", Why: "is not one that can be held"}},
		"reversal":   {func(h *ledger.Hold) { h.Kind = ledger.Reversal }, ledger.ErrInvalid{Field: "kind", Why: "is not one that can be held"}},
		"no key":     {func(h *ledger.Hold) { h.Key = "" }, ledger.ErrInvalid{Field: "key", Why: "is missing"}},
		"over":       {func(h *ledger.Hold) { h.ExpiresAt = h.At }, ledger.ErrInvalid{Field: "expiry", Why: "is not after the time of placing"}},
		"zero":       {func(h *ledger.Hold) { h.Legs[0].Minutes = 0 }, ledger.ErrZero{Account: a}},
		"oneself":    {func(h *ledger.Hold) { h.Legs[1].Account = a }, ledger.ErrSameAccount{Account: a}},
		"unknown":    {func(h *ledger.Hold) { h.Legs[1].Account = b.actor }, ledger.ErrNoAccount{Account: b.actor}},
		"from issue": {func(h *ledger.Hold) { h.Legs[0].Account = issue }, ledger.ErrWrongAccount{Account: issue, Kind: ledger.Exchange}},
		"too much": {func(h *ledger.Hold) { h.Legs[0].Minutes, h.Legs[1].Minutes = -ledger.MaxMinutes, ledger.MaxMinutes },
			ledger.ErrOverflow{Account: a, Minutes: -ledger.MaxMinutes}},
	} {
		if name == "too much" {
			b.place(b.holding(a, c, 1))
		}
		h := b.holding(a, c, 5)
		x.change(&h)
		if _, err := b.tryPlace(h); err != x.want && name != "too much" || err == nil {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	b.clean()
}

// Settle, release, expire and posting at once: each hold ends once, and nothing
// is counted twice or lost.
func TestEndsOfAHoldRace(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(-10)}), b.member()
	var settled atomic.Int64
	for range 6 {
		h := b.holding(a, c, 10)
		h.ExpiresAt = b.now().Add(10 * time.Hour)
		id := b.place(h)
		over := h.ExpiresAt.Add(time.Minute)
		var ends atomic.Int64
		together(8, func(i int) {
			var err error
			switch i % 4 {
			case 0:
				if _, err = b.settle(b.settling(id)); err == nil {
					settled.Add(1)
				}
			case 1:
				err = b.release(id, fmt.Sprint("by ", i))
			case 2:
				if len(b.expire(over, 0)) == 0 {
					return
				}
			case 3:
				if _, err := b.try(b.transfer(c, a, 1)); err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				ends.Add(1)
			} else if !errors.As(err, &ledger.ErrHoldEnded{}) {
				t.Error(err)
			}
		})
		if ends.Load() != 1 {
			t.Errorf("ended %d times", ends.Load())
		}
		b.held(a, 0, 0)
		b.held(c, 0, 0)
	}
	b.want(a, ledger.Minutes(12-10*settled.Load()))
	b.clean()
}
