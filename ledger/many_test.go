package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

func (b *book) tryMany(ts []ledger.Transfer) (out []ledger.Result, err error) {
	err = b.in(func(ctx context.Context, tx bun.IDB) error {
		out, err = ledger.PostMany(ctx, tx, ts)
		return err
	})
	return out, err
}

func (b *book) postMany(ts []ledger.Transfer) []ledger.Result {
	b.t.Helper()
	out, err := b.tryMany(ts)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func TestPostManyAcrossBanksAndBounds(t *testing.T) {
	b := newBook(t)
	other := &book{DB: b.DB, t: t, bank: uuid.Must(uuid.NewV7()), actor: b.actor}
	a, c := b.member(), b.member()
	x, y := other.member(), other.member()
	// The tenant of the transaction decides: another bank's accounts are none.
	got := b.postMany([]ledger.Transfer{b.transfer(a, c, 5), other.transfer(x, y, 5), b.transfer(c, a, 2)})
	if got[0].Err != nil || !errors.As(got[1].Err, &ledger.ErrNoAccount{}) || got[2].Err != nil {
		t.Error(got)
	}
	b.want(a, -3)
	other.want(x, 0)
	if r := b.postMany(nil); len(r) != 0 {
		t.Error(r)
	}
	if _, err := b.tryMany(make([]ledger.Transfer, ledger.MaxMany+1)); !errors.As(err, &ledger.ErrInvalid{}) {
		t.Error(err)
	}
	b.clean()
	other.clean()
}

// K4 in a batch: a payer without hours stops nobody, and a thousand go at once.
func TestK4ABatchOfAThousand(t *testing.T) {
	b := newBook(t)
	pot, poor := b.open(ledger.Pot, ledger.Limits{}), b.open(ledger.Member, ledger.Limits{Floor: hours(0)})
	members := make([]uuid.UUID, 20)
	for i := range members {
		members[i] = b.member()
	}
	var ts []ledger.Transfer
	for i := range 1000 {
		from := pot
		if i%10 == 3 {
			from = poor
		}
		ts = append(ts, b.transfer(from, members[i%len(members)], 3))
	}
	posted := 0
	for i, r := range b.postMany(ts) {
		if want := i%10 == 3; want != errors.As(r.Err, &ledger.ErrInsufficient{}) {
			t.Fatalf("row %d: %v", i, r.Err)
		}
		if r.Err == nil {
			posted++
		}
	}
	b.want(pot, ledger.Minutes(-3*posted))
	for i, r := range b.postMany(ts) {
		if i%10 != 3 && !r.Receipt.Replayed {
			t.Fatalf("row %d posted twice", i)
		}
	}
	b.want(pot, ledger.Minutes(-3*posted))
	b.clean()
}

// Which way a batch goes, by the functions of the database that are called: from a
// hundred on it is posted outright, in one call, and only where that was not to be
// is it decided row by row, as small ones are.
func TestWhichWayABatchGoes(t *testing.T) {
	b := newBook(t)
	a, c, poor := b.member(), b.member(), b.open(ledger.Member, ledger.Limits{Floor: hours(0)})
	for _, way := range []struct {
		size    int
		refused bool
		want    map[string]int
	}{
		{99, false, map[string]int{"lock_many": 1, "write_many": 1}},
		{100, false, map[string]int{"post_many": 1}},
		{1000, false, map[string]int{"post_many": 1}},
		{100, true, map[string]int{"post_many": 1, "lock_many": 2, "write_many": 1}}, // decided again once its keys are looked up
	} {
		var ts []ledger.Transfer
		for range way.size {
			ts = append(ts, b.transfer(a, c, 1))
		}
		if way.refused {
			ts[50].Legs[0].Account = poor
		}
		got, called := b.postManyCounting(ts)
		for i, r := range got {
			if (r.Err != nil) != (way.refused && i == 50) {
				t.Errorf("row %d of %d: %v", i, way.size, r.Err)
			}
		}
		if d := cmp.Diff(way.want, called); d != "" {
			t.Errorf("%d rows, one of them refused: %v; calls: %s", way.size, way.refused, d)
		}
	}
	b.clean()
}

// postManyCounting posts a batch as the application and answers how often it has
// called which function of the ledger's that locks or writes.
func (b *book) postManyCounting(ts []ledger.Transfer) (got []ledger.Result, called map[string]int) {
	b.t.Helper()
	called = map[string]int{}
	count := func(ctx context.Context, tx bun.Tx, sign int) error {
		var rows []struct {
			Name  string
			Calls int
		}
		err := tx.NewRaw(`select funcname as name, calls from pg_stat_xact_user_functions
			where schemaname = 'ledger' and funcname in ('post', 'post_many', 'lock_many', 'write_many')`).Scan(ctx, &rows)
		for _, r := range rows {
			if called[r.Name] += sign * r.Calls; called[r.Name] == 0 {
				delete(called, r.Name)
			}
		}
		return err
	}
	err := b.Owner.RunInTx(context.Background(), nil, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, "set local track_functions = 'pl'; set local role timebank_app; select set_config('timebank.bank', ?, true)", b.bank.String())
		if err == nil {
			err = count(ctx, tx, -1) // what this connection has called before
		}
		if err == nil {
			got, err = ledger.PostMany(ctx, tx, ts)
		}
		if err == nil {
			err = count(ctx, tx, 1)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return got, called
}

// A big batch without a fault is posted, whatever kinds and numbers of
// legs it has, and with the receipts of single posts; accounts that somebody else
// moved meanwhile do not matter.
func TestABigBatchOfManyKinds(t *testing.T) {
	b := newBook(t)
	pot, issuance := b.open(ledger.Pot, ledger.Limits{}), b.open(ledger.Issuance, ledger.Limits{})
	members := make([]uuid.UUID, 7)
	for i := range members {
		members[i] = b.open(ledger.Member, ledger.Limits{SoftFloor: hours(-1), Floor: hours(-2), Ceiling: hours(50)})
	}
	b.post(b.transfer(members[0], members[1], 15))
	batch := func() (ts []ledger.Transfer) {
		for i := range 120 {
			x := b.transfer(members[i%7], members[(i+1)%7], ledger.Minutes(1+i%9))
			switch i % 10 {
			case 2:
				x.Kind, x.Category, x.Legs = ledger.Donation, "", []ledger.Leg{{Account: pot, Minutes: 3}, {Account: members[i%7], Minutes: -3}}
			case 5:
				x.Kind, x.Legs = ledger.Gathering, []ledger.Leg{{Account: members[i%7], Minutes: -7}, {Account: members[(i+2)%7], Minutes: 4}, {Account: members[(i+4)%7], Minutes: 3}}
			case 8:
				x.Kind, x.Category, x.Legs = ledger.Starting, "", []ledger.Leg{{Account: issuance, Minutes: -9}, {Account: members[i%7], Minutes: 9}}
			}
			ts = append(ts, x)
		}
		return ts
	}
	for range 2 {
		ts := batch()
		for i, r := range b.postMany(ts) {
			if r.Err != nil || r.Receipt.Replayed || !r.Receipt.PostedAt.Equal(ts[i].At) {
				t.Fatalf("row %d: %+v", i, r)
			}
			for _, l := range r.Receipt.Legs {
				if n := b.count("select count(*) from ledger.entry where bank_id = ? and account_id = ? and n = ? and balance = ? and minutes = ? and transfer_id = ? and posted_at = ?",
					b.bank, l.Account, l.N, l.Balance, l.Minutes, r.Receipt.ID, r.Receipt.PostedAt); n != 1 {
					t.Fatalf("row %d: no entry as in the receipt %+v", i, l)
				}
				if (l.SoftFloor != nil) != slices.Contains(members, l.Account) {
					t.Fatalf("row %d: soft floor %v", i, l.SoftFloor)
				}
			}
		}
	}
	if n := b.count("select count(*) from ledger.transfer where bank_id = ?", b.bank); n != 241 {
		t.Errorf("%d transfers, want 241", n)
	}
	b.clean()
}

// Batches, single posts and shared commits on the same few accounts and keys, in
// every order: no deadlock, and every key posts once.
func TestManyAndSinglesDoNotLockCrosswise(t *testing.T) {
	t.Run("batches decided first", crosswise)
	defer ledger.OutrightFrom(2)()
	t.Run("batches written first", crosswise)
}

func crosswise(t *testing.T) {
	b := newBook(t)
	accounts := make([]uuid.UUID, 6)
	for i := range accounts {
		accounts[i] = b.member()
	}
	poster := ledger.NewPoster(b.Bun)
	defer poster.Close()
	var firsts, deadlocks atomic.Int64
	together(6, func(i int) {
		for round := range 8 {
			var ts []ledger.Transfer
			for k := range 12 {
				// The same request from everybody, in another order each.
				j := (k*(i*2+1) + i) % 12
				from := accounts[j%6]
				to := accounts[(j+1+j/6)%6]
				x := with(b.transfer(from, to, ledger.Minutes(1+j)), fmt.Sprintf("%d/%d", round, j))
				x.EffectiveOn = ledger.DateOf(epoch)
				ts = append(ts, x)
			}
			count := func(r ledger.Receipt, err error) {
				if err != nil {
					t.Error(err)
				} else if !r.Replayed {
					firsts.Add(1)
				}
			}
			switch i % 3 {
			case 0:
				err := b.once(func(ctx context.Context, tx bun.IDB) error {
					got, err := ledger.PostMany(ctx, tx, ts)
					if err == nil {
						for _, r := range got {
							count(r.Receipt, r.Err)
						}
					}
					return err
				})
				if err != nil {
					deadlocks.Add(1)
					t.Error(err)
				}
			case 1:
				for _, x := range ts {
					if err := b.once(func(ctx context.Context, tx bun.IDB) error {
						r, err := ledger.Post(ctx, tx, x)
						count(r, err)
						return err
					}); err != nil {
						deadlocks.Add(1)
					}
				}
			case 2:
				together(len(ts), func(k int) { count(poster.Post(context.Background(), ts[k])) })
			}
		}
	})
	if deadlocks.Load() != 0 || firsts.Load() != 8*12 {
		t.Errorf("%d deadlocks, %d first answers of %d", deadlocks.Load(), firsts.Load(), 8*12)
	}
	b.clean()
}

// once runs fn in a transaction of this bank and does not try again.
func (b *book) once(fn func(ctx context.Context, tx bun.IDB) error) error {
	return b.Bun.RunInTx(context.Background(), nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "select set_config('timebank.bank', ?, true)", b.bank.String()); err != nil {
			return err
		}
		return fn(ctx, tx)
	})
}

// Two batches with one key between accounts that share nothing: only the key keeps
// them apart, and the rest of both batches is posted.
func TestABatchLooksAgainWhenAKeyIsTaken(t *testing.T) {
	b := newBook(t)
	var reused, posted atomic.Int64
	for round := range 6 {
		pairs := make([][2]uuid.UUID, 5)
		for i := range pairs {
			pairs[i] = [2]uuid.UUID{b.member(), b.member()}
		}
		together(len(pairs), func(i int) {
			ts := []ledger.Transfer{b.transfer(pairs[i][0], pairs[i][1], 1), with(b.transfer(pairs[i][0], pairs[i][1], 10), fmt.Sprint("shared ", round)),
				b.transfer(pairs[i][1], pairs[i][0], 2)}
			for k, r := range b.postMany(ts) {
				switch {
				case k == 1 && errors.As(r.Err, &ledger.ErrKeyReused{}):
					reused.Add(1)
				case r.Err != nil:
					t.Error(r.Err)
				case k == 1:
					posted.Add(1)
				}
			}
		})
	}
	if posted.Load() != 6 || reused.Load() != 24 {
		t.Errorf("%d posted, %d reused", posted.Load(), reused.Load())
	}
	b.clean()
}
