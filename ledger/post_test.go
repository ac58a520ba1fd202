package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

func TestPostAnswersWhatItDid(t *testing.T) {
	b := newBook(t)
	helped, helper := b.open(ledger.Member, ledger.Limits{SoftFloor: hours(-1)}), b.member()
	x := b.transfer(helped, helper, 90)
	r := b.post(x)
	want := ledger.Receipt{ID: r.ID, PostedAt: x.At, Legs: []ledger.Posted{
		{Leg: ledger.Leg{Account: helped, Minutes: -90}, Balance: -90, N: 1, SoftFloor: hours(-1)},
		{Leg: ledger.Leg{Account: helper, Minutes: 90}, Balance: 90, N: 1},
	}}
	if d := cmp.Diff(want, r); d != "" {
		t.Error(d)
	}
	if p, _ := r.Of(helped); !p.CrossedSoft() {
		t.Error("the soft floor was crossed unnoticed")
	}
	again := b.post(b.transfer(helped, helper, 30))
	if p, _ := again.Of(helped); p.CrossedSoft() || !p.BelowSoft() {
		t.Error("a soft floor is crossed once")
	}
	b.want(helped, -120)
	b.want(helper, 120)
	b.clean()
}

func TestRefusalsCarryTheNumbersAndWriteNothing(t *testing.T) {
	b := newBook(t)
	rich, poor := b.open(ledger.Member, ledger.Limits{Ceiling: hours(10)}), b.open(ledger.Member, ledger.Limits{Floor: hours(-1)})
	pot, closed, full := b.open(ledger.Pot, ledger.Limits{}), b.member(), b.member()
	issue := b.open(ledger.Issuance, ledger.Limits{})
	b.post(b.transfer(pot, rich, 590))
	b.post(b.transfer(poor, pot, 30))
	b.post(b.transfer(b.member(), full, ledger.MaxMinutes-600))
	b.must(func(ctx context.Context, tx bun.IDB) error {
		return ledger.CloseAccount(ctx, tx, ledger.Change{Bank: b.bank, Account: closed, Actor: b.actor, At: b.now()})
	})
	used := b.transfer(rich, pot, 5)
	first := b.post(used)
	nobody := uuid.Must(uuid.NewV7())
	entries := b.count("select count(*) from ledger.entry")
	for _, c := range []struct {
		name string
		t    ledger.Transfer
		want error
	}{
		{"too little", b.transfer(poor, pot, 31), ledger.ErrInsufficient{Account: poor, Balance: -30, Needed: 31, Floor: -60}},
		{"too much", b.transfer(pot, rich, 16), ledger.ErrCeiling{Account: rich, Balance: 585, Added: 16, Ceiling: 600}},
		{"unknown", b.transfer(pot, nobody, 1), ledger.ErrNoAccount{Account: nobody}},
		{"closed, receiving", b.transfer(pot, closed, 1), ledger.ErrClosed{Account: closed}},
		{"closed, giving", b.transfer(closed, pot, 1), ledger.ErrClosed{Account: closed}},
		{"minting by exchange", b.transfer(issue, poor, 60), ledger.ErrWrongAccount{Account: issue, Kind: ledger.Exchange}},
		{"more than can be kept", b.transfer(pot, full, 1000), ledger.ErrOverflow{Account: full, Balance: ledger.MaxMinutes - 600, Minutes: 1000}},
		{"reused key", with(b.transfer(rich, pot, 6), used.Key), ledger.ErrKeyReused{Key: used.Key, First: first.ID}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := b.try(c.t); err != c.want {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	if n := b.count("select count(*) from ledger.entry"); n != entries {
		t.Errorf("%d entries came of refusals", n-entries)
	}
	if e := (ledger.ErrInsufficient{Balance: -30, Floor: -60, Needed: 31}); e.Available() != 30 {
		t.Error(e.Available())
	}
	b.clean()
}

func with(t ledger.Transfer, key string) ledger.Transfer {
	t.Key = key
	return t
}

// What was done before a refusal in the same transaction, and after it, stands.
func TestARefusalLeavesTheTransactionUsable(t *testing.T) {
	b := newBook(t)
	poor, helper := b.open(ledger.Member, ledger.Limits{Floor: hours(0)}), b.member()
	b.must(func(ctx context.Context, tx bun.IDB) error {
		if _, err := ledger.Post(ctx, tx, b.transfer(helper, poor, 60)); err != nil {
			return err
		}
		if _, err := ledger.Post(ctx, tx, b.transfer(poor, helper, 61)); !errors.As(err, &ledger.ErrInsufficient{}) {
			t.Errorf("%v", err)
		}
		_, err := ledger.Post(ctx, tx, b.transfer(poor, helper, 15))
		return err
	})
	b.want(poor, 45)
	b.clean()
}

func TestReplayAnswersTheSame(t *testing.T) {
	b := newBook(t)
	helped, helper := b.open(ledger.Member, ledger.Limits{SoftFloor: hours(-2), Floor: hours(-2)}), b.member()
	x := b.transfer(helped, helper, 120)
	x.OnBehalfOf, x.Reference = uuid.Must(uuid.NewV7()), ledger.Reference{Kind: "exchange", ID: uuid.Must(uuid.NewV7())}
	want := b.post(x)
	// Since then the world has moved on: other entries, other limits, and no hours left.
	b.post(b.transfer(helper, helped, 5))
	b.must(func(ctx context.Context, tx bun.IDB) error {
		return ledger.SetLimits(ctx, tx, ledger.Change{Bank: b.bank, Account: helped, Actor: b.actor, At: b.now()}, ledger.Limits{Floor: hours(0)})
	})
	want.Replayed = true
	later := x
	later.At = b.now()
	later.Legs = []ledger.Leg{x.Legs[1], x.Legs[0]}
	if d := cmp.Diff(want, b.post(later)); d != "" {
		t.Error(d)
	}
	if n := b.count("select count(*) from ledger.transfer where key = ?", x.Key); n != 1 {
		t.Errorf("%d transfers", n)
	}
	b.want(helped, -115)
	b.clean()
}

// A retry after an unclear commit must itself write, so that its own commit
// waits for the standby; a bare read could report what a failover then loses.
func TestReplayWrites(t *testing.T) {
	b := newBook(t)
	x := b.transfer(b.member(), b.member(), 60)
	b.post(x)
	b.must(func(ctx context.Context, tx bun.IDB) error {
		r, err := ledger.Post(ctx, tx, x)
		if err != nil {
			return err
		}
		var wrote bool
		if err := tx.NewRaw("select pg_current_xact_id_if_assigned() is not null").Scan(ctx, &wrote); err != nil {
			return err
		}
		if !r.Replayed || !wrote {
			t.Errorf("replayed %v, wrote %v", r.Replayed, wrote)
		}
		return nil
	})
}

func TestReverseTakesBackOnce(t *testing.T) {
	b := newBook(t)
	helped, helper := b.member(), b.member()
	x := b.transfer(helped, helper, 90)
	x.Reference = ledger.Reference{Kind: "exchange", ID: uuid.Must(uuid.NewV7())}
	r := b.post(x)
	v := b.reversing(r.ID)
	back, err := b.reverse(v)
	if err != nil {
		t.Fatal(err)
	}
	b.want(helped, 0)
	b.want(helper, 0)
	if again, err := b.reverse(v); err != nil || !again.Replayed || again.ID != back.ID {
		t.Errorf("replay: %+v %v", again, err)
	}
	if _, err := b.reverse(b.reversing(r.ID)); err != (ledger.ErrAlreadyReversed{Original: r.ID, Reversal: back.ID}) {
		t.Error(err)
	}
	if _, err := b.reverse(b.reversing(back.ID)); err != (ledger.ErrReversalOfReversal{ID: back.ID}) {
		t.Error(err)
	}
	nothing := uuid.Must(uuid.NewV7())
	if _, err := b.reverse(b.reversing(nothing)); err != (ledger.ErrNoTransfer{ID: nothing}) {
		t.Error(err)
	}
	other := b.reversing(r.ID)
	other.Key, other.Reason = v.Key, "another reason"
	if _, err := b.reverse(other); !errors.As(err, &ledger.ErrKeyReused{}) {
		t.Error(err)
	}
	unsaid := b.reversing(r.ID)
	unsaid.Reason = ""
	if _, err := b.reverse(unsaid); err != (ledger.ErrInvalid{Field: "reason", Why: "is missing"}) {
		t.Error(err)
	}
	lines := b.statement(helper)
	if lines[0].Record.ReversalOf != r.ID || lines[1].Record.ReversedBy != back.ID || lines[0].Record.Reference != x.Reference ||
		lines[0].Record.Category != x.Category {
		t.Errorf("%+v", lines)
	}
	b.clean()
}

// Hours that have been spent cannot be taken back below a hard floor.
func TestReverseKeepsToLimits(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(0)}), b.member()
	r := b.post(b.transfer(c, a, 60))
	b.post(b.transfer(a, c, 45))
	if _, err := b.reverse(b.reversing(r.ID)); err != (ledger.ErrInsufficient{Account: a, Balance: 15, Needed: 60, Floor: 0}) {
		t.Error(err)
	}
	b.want(a, 15)
	b.clean()
}

// Another machine's clock may be ahead: entries still ascend, and both legs of a
// transfer bear one instant.
func TestOrderOutlivesCrookedClocks(t *testing.T) {
	b := newBook(t)
	a, c, d := b.member(), b.member(), b.member()
	ahead := b.transfer(a, c, 10)
	ahead.At = ahead.At.Add(30 * time.Second)
	b.post(ahead)
	behind := b.transfer(c, d, 5)
	behind.At = ahead.At.Add(-20 * time.Second)
	r := b.post(behind)
	if want := ahead.At.Add(time.Microsecond); !r.PostedAt.Equal(want) {
		t.Errorf("posted at %s, want %s", r.PostedAt, want)
	}
	if l := b.statement(d); !l[0].Record.PostedAt.Equal(r.PostedAt) {
		t.Error(l[0].Record.PostedAt)
	}
	b.clean()
}

func TestManyLegs(t *testing.T) {
	b := newBook(t)
	x := b.transfer(uuid.Nil, uuid.Nil, 1)
	x.Kind, x.Legs = ledger.Gathering, nil
	var all []uuid.UUID
	for i := range 12 {
		all = append(all, b.member())
		x.Legs = append(x.Legs, ledger.Leg{Account: all[i], Minutes: ledger.Minutes(i + 1)})
	}
	host := b.open(ledger.Pot, ledger.Limits{})
	x.Legs = append(x.Legs, ledger.Leg{Account: host, Minutes: -78})
	r := b.post(x)
	if len(r.Legs) != 13 {
		t.Errorf("%d legs", len(r.Legs))
	}
	for i, id := range all {
		b.want(id, ledger.Minutes(i+1))
	}
	x.At = b.now()
	if again := b.post(x); !again.Replayed {
		t.Error("posted twice")
	}
	if _, err := b.reverse(b.reversing(r.ID)); err != nil {
		t.Error(err)
	}
	b.want(host, 0)
	b.clean()
}

// Minutes that open holds have promised away are not there to give, and those on
// their way in take up room.
func TestHeldMinutesCount(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(0)}), b.open(ledger.Member, ledger.Limits{Ceiling: hours(2)})
	b.post(b.transfer(b.member(), a, 60))
	b.place(b.holding(a, c, 40))
	if _, err := b.try(b.transfer(a, b.member(), 21)); err != (ledger.ErrInsufficient{Account: a, Balance: 60, Held: 40, Needed: 21}) {
		t.Error(err)
	}
	if _, err := b.try(b.transfer(b.member(), c, 81)); err != (ledger.ErrCeiling{Account: c, Held: 40, Added: 81, Ceiling: 120}) {
		t.Error(err)
	}
	b.post(b.transfer(a, c, 20))
	b.must(func(ctx context.Context, tx bun.IDB) error {
		bal, err := ledger.BalanceOf(ctx, tx, b.bank, a)
		if err != nil || *bal.Spendable() != 0 || bal.HeldOut != 40 || bal.N != 2 {
			t.Errorf("%+v %v", bal, err)
		}
		return err
	})
	b.clean()
}
