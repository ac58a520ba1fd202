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

func (b *book) change(account uuid.UUID, fn func(context.Context, bun.IDB, ledger.Change) error) error {
	return b.in(func(ctx context.Context, tx bun.IDB) error {
		return fn(ctx, tx, ledger.Change{Bank: b.bank, Account: account, Actor: b.actor, Reason: "asked", At: b.now()})
	})
}

func (b *book) limit(account uuid.UUID, l ledger.Limits) error {
	return b.change(account, func(ctx context.Context, tx bun.IDB, c ledger.Change) error { return ledger.SetLimits(ctx, tx, c, l) })
}

func TestAnAccountOpensOnce(t *testing.T) {
	b := newBook(t)
	id := b.member()
	again := ledger.Account{Bank: b.bank, ID: id, Kind: ledger.Pot, Actor: b.actor, At: epoch}
	err := b.in(func(ctx context.Context, tx bun.IDB) error { return ledger.OpenAccount(ctx, tx, again) })
	if err != (ledger.ErrAccountExists{Account: id}) {
		t.Error(err)
	}
	again.ID, again.Kind = uuid.Must(uuid.NewV7()), "piggy bank"
	err = b.in(func(ctx context.Context, tx bun.IDB) error { return ledger.OpenAccount(ctx, tx, again) })
	if err != (ledger.ErrInvalid{Field: "account kind", Why: "is unknown"}) {
		t.Error(err)
	}
	b.clean()
}

func TestLimitsAreKeptWithWhoAndWhy(t *testing.T) {
	b := newBook(t)
	a := b.open(ledger.Member, ledger.Limits{Floor: hours(-12), SoftFloor: hours(-5)})
	if err := b.limit(a, ledger.Limits{Floor: hours(-20), Ceiling: hours(40)}); err != nil {
		t.Fatal(err)
	}
	if err := b.limit(a, ledger.Limits{Floor: hours(1), Ceiling: hours(0)}); !errors.As(err, &ledger.ErrLimits{}) {
		t.Error(err)
	}
	var terms []ledger.Term
	b.must(func(ctx context.Context, tx bun.IDB) (err error) {
		terms, err = ledger.Terms(ctx, tx, b.bank, a)
		return err
	})
	want := []ledger.Term{
		{N: 1, What: "opened", Limits: ledger.Limits{Floor: hours(-12), SoftFloor: hours(-5)}, Actor: b.actor, At: epoch},
		{N: 2, What: "limits", Limits: ledger.Limits{Floor: hours(-20), Ceiling: hours(40)}, Actor: b.actor, Reason: "asked", At: epoch.Add(time.Minute)},
	}
	if d := cmp.Diff(want, terms); d != "" {
		t.Error(d)
	}
	b.clean()
}

// An account beyond a new limit keeps its hours and may move back only, step by
// step: Postgres itself follows it.
func TestBeyondANewLimitOnlyBack(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	b.post(b.transfer(a, c, 300))
	if err := b.limit(a, ledger.Limits{Floor: hours(-2)}); err != nil {
		t.Fatal(err)
	}
	if err := b.limit(c, ledger.Limits{Ceiling: hours(2)}); err != nil {
		t.Fatal(err)
	}
	b.clean()
	if _, err := b.try(b.transfer(a, c, 1)); !errors.As(err, &ledger.ErrInsufficient{}) {
		t.Error(err)
	}
	other := b.member()
	if _, err := b.try(b.transfer(other, c, 1)); err != (ledger.ErrCeiling{Account: c, Balance: 300, Added: 1, Ceiling: 300}) {
		t.Error(err)
	}
	b.post(b.transfer(c, a, 100)) // both move back
	b.want(a, -200)
	if _, err := b.try(b.transfer(a, c, 1)); !errors.As(err, &ledger.ErrInsufficient{}) {
		t.Error("moved out again:", err)
	}
	b.clean()
	b.post(b.transfer(c, a, 150)) // and inside
	b.want(a, -50)
	b.post(b.transfer(a, c, 70)) // from where the limits are the limits again
	if _, err := b.try(b.transfer(a, other, 1)); err != (ledger.ErrInsufficient{Account: a, Balance: -120, Needed: 1, Floor: -120}) {
		t.Error(err)
	}
	b.clean()
}

func TestAnAccountClosesEmptyAndStaysSo(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(-3)}), b.member()
	b.post(b.transfer(a, c, 60))
	if err := b.change(a, ledger.CloseAccount); err != (ledger.ErrNotEmpty{Account: a, Balance: -60}) {
		t.Error(err)
	}
	b.post(b.transfer(c, a, 60))
	if err := b.change(a, ledger.CloseAccount); err != nil {
		t.Fatal(err)
	}
	if err := b.change(a, ledger.CloseAccount); err != (ledger.ErrClosed{Account: a}) {
		t.Error(err)
	}
	if err := b.limit(a, ledger.Limits{}); err != (ledger.ErrClosed{Account: a}) {
		t.Error(err)
	}
	if _, err := b.try(b.transfer(c, a, 1)); err != (ledger.ErrClosed{Account: a}) {
		t.Error(err)
	}
	// Not even the owner of the database puts an hour in.
	_, err := b.Owner.Exec("update ledger.account set posted = 1 where id = ?", a)
	if state(err) != "23514" {
		t.Error(err)
	}
	b.clean()
	if err := b.change(a, ledger.ReopenAccount); err != nil {
		t.Fatal(err)
	}
	if err := b.change(a, ledger.ReopenAccount); err != (ledger.ErrNotClosed{Account: a}) {
		t.Error(err)
	}
	b.post(b.transfer(a, c, 180))
	if _, err := b.try(b.transfer(a, c, 1)); !errors.As(err, &ledger.ErrInsufficient{}) {
		t.Error("reopened without its limits:", err)
	}
	nobody := uuid.Must(uuid.NewV7())
	if err := b.change(nobody, ledger.CloseAccount); err != (ledger.ErrNoAccount{Account: nobody}) {
		t.Error(err)
	}
	b.clean()
}

func TestBalanceAtAnyInstant(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	var at []time.Time
	for i := range 5 {
		at = append(at, b.post(b.transfer(a, c, ledger.Minutes(i+1))).PostedAt)
	}
	b.must(func(ctx context.Context, tx bun.IDB) error {
		for _, x := range []struct {
			at   time.Time
			want ledger.Minutes
		}{
			{epoch, 0}, {at[0].Add(-time.Microsecond), 0}, {at[0], 1}, {at[0].Add(time.Microsecond), 1},
			{at[2], 6}, {at[3].Add(-time.Microsecond), 6}, {at[4], 15}, {at[4].AddDate(1, 0, 0), 15},
		} {
			m, err := ledger.BalanceAt(ctx, tx, b.bank, c, x.at)
			if o, err2 := ledger.BalanceAt(ctx, tx, b.bank, a, x.at); err != nil || err2 != nil || m != x.want || o != -m {
				t.Errorf("at %s: %d and %d, want %d (%v)", x.at, m, o, x.want, err)
			}
		}
		nobody := uuid.Must(uuid.NewV7())
		if _, err := ledger.BalanceAt(ctx, tx, b.bank, nobody, epoch); err != (ledger.ErrNoAccount{Account: nobody}) {
			t.Error(err)
		}
		return nil
	})
}

func TestStatementPagesByNumber(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	for i := range 7 {
		b.post(b.transfer(a, c, ledger.Minutes(i+1)))
	}
	b.must(func(ctx context.Context, tx bun.IDB) error {
		var got []int64
		page := ledger.Page{Limit: 3}
		for {
			lines, err := ledger.Statement(ctx, tx, b.bank, c, page)
			if err != nil {
				return err
			}
			if len(lines) == 0 {
				break
			}
			for _, l := range lines {
				got = append(got, l.N)
				if l.Balance != ledger.Minutes(l.N*(l.N+1)/2) || l.Minutes != ledger.Minutes(l.N) || l.Record.Legs[0].Account != a {
					t.Errorf("%+v", l)
				}
			}
			page.Before = lines[len(lines)-1].N
		}
		if d := cmp.Diff([]int64{7, 6, 5, 4, 3, 2, 1}, got); d != "" {
			t.Error(d)
		}
		nobody := uuid.Must(uuid.NewV7())
		if _, err := ledger.Statement(ctx, tx, b.bank, nobody, ledger.Page{}); err != (ledger.ErrNoAccount{Account: nobody}) {
			t.Error(err)
		}
		return nil
	})
}

func TestBalancesOfAKind(t *testing.T) {
	b := newBook(t)
	a, c, pot := b.member(), b.member(), b.open(ledger.Pot, ledger.Limits{})
	b.post(b.transfer(a, c, 60))
	b.post(b.transfer(pot, c, 5))
	b.must(func(ctx context.Context, tx bun.IDB) error {
		got, err := ledger.Balances(ctx, tx, b.bank, ledger.Member)
		if d := cmp.Diff(map[uuid.UUID]ledger.Minutes{a: -60, c: 65}, got); d != "" {
			t.Error(d)
		}
		return err
	})
}
