package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"pgregory.net/rapid"

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

// twin is two banks with the same accounts: one posts one by one, the other in
// batches.
type twin struct {
	single, many *book
	accounts     []uuid.UUID
	kinds        []ledger.AccountKind
	drawn        []ledger.Transfer
}

func (w *twin) both(fn func(*book)) {
	fn(w.single)
	fn(w.many)
}

func newTwin(t *rapid.T, b *book) *twin {
	w := &twin{}
	for _, p := range []**book{&w.single, &w.many} {
		*p = &book{DB: b.DB, t: b.t, bank: uuid.Must(uuid.NewV7()), actor: b.actor}
	}
	limit := rapid.Ptr(rapid.Map(rapid.Int64Range(0, 120), func(m int64) ledger.Minutes { return ledger.Minutes(m) }), true)
	for i, kind := range []ledger.AccountKind{ledger.Member, ledger.Member, ledger.Organisation, ledger.Pot, ledger.Issuance, ledger.Adjustment, ledger.Member} {
		var l ledger.Limits
		if floor := limit.Draw(t, "floor"); floor != nil {
			l.Floor = new(-*floor)
			l.SoftFloor = new(-*floor / 2)
		}
		l.Ceiling = limit.Draw(t, "ceiling")
		id := uuid.Must(uuid.NewV7())
		w.accounts, w.kinds = append(w.accounts, id), append(w.kinds, kind)
		w.both(func(b *book) {
			b.must(func(ctx context.Context, tx bun.IDB) error {
				err := ledger.OpenAccount(ctx, tx, ledger.Account{Bank: b.bank, ID: id, Kind: kind, Limits: l, Actor: b.actor, At: epoch})
				if err == nil && i == 6 {
					err = ledger.CloseAccount(ctx, tx, ledger.Change{Bank: b.bank, Account: id, Actor: b.actor, At: epoch})
				}
				return err
			})
		})
	}
	return w
}

// draw is any transfer at all: most are sound, many are not.
func (w *twin) draw(t *rapid.T) (x ledger.Transfer) {
	at := epoch.Add(time.Duration(rapid.Int64Range(1, 50).Draw(t, "minute")) * time.Minute)
	x = ledger.Transfer{Key: fmt.Sprintf(`k"\,%d`, rapid.IntRange(1, 40).Draw(t, "key")), Actor: w.single.actor, EffectiveOn: ledger.DateOf(epoch), At: at,
		Kind: rapid.SampledFrom([]ledger.Kind{ledger.Exchange, ledger.Exchange, ledger.Exchange, ledger.Gathering, ledger.Gift, ledger.Donation, ledger.Grant, ledger.Starting, ledger.Correction, ledger.BetweenBanks, "x"}).Draw(t, "kind")}
	x.Category = rapid.SampledFrom([]string{"garden", "kitchen, 'and' \"more\" \\ {x}", "NULL"}).Draw(t, "category")
	x.Reason = rapid.SampledFrom([]string{"", "because\nof é"}).Draw(t, "reason")
	if rapid.Bool().Draw(t, "more") {
		x.OnBehalfOf, x.Reference = w.accounts[0], ledger.Reference{Kind: "exchange", ID: w.accounts[1]}
	}
	if len(w.drawn) > 0 && rapid.IntRange(0, 5).Draw(t, "again") == 0 {
		again := rapid.SampledFrom(w.drawn).Draw(t, "which")
		again.At = at
		return again
	}
	defer func() { w.drawn = append(w.drawn, x) }()
	if rapid.IntRange(0, 3).Draw(t, "plain") > 0 {
		who := rapid.Permutation(w.accounts[:4]).Draw(t, "who")
		m := ledger.Minutes(rapid.Int64Range(1, 40).Draw(t, "minutes"))
		x.Kind, x.Legs = ledger.Exchange, []ledger.Leg{{Account: who[0], Minutes: -m}, {Account: who[1], Minutes: m}}
		x.Key = fmt.Sprintf("plain %d", len(w.drawn))
		return x
	}
	n := rapid.SampledFrom([]int{2, 2, 2, 3, 4}).Draw(t, "legs")
	var sum ledger.Minutes
	for i := range n {
		m := ledger.Minutes(rapid.Int64Range(-60, 60).Draw(t, "minutes"))
		if i == n-1 {
			m = -sum
		}
		sum += m
		x.Legs = append(x.Legs, ledger.Leg{Account: rapid.SampledFrom(w.accounts).Draw(t, "account"), Minutes: m})
	}
	if rapid.IntRange(0, 30).Draw(t, "stranger") == 0 {
		x.Legs[0].Account = w.single.actor
	}
	return x
}

// PostMany is Post for each in turn: the same receipts, refusals, replays and
// rows, whatever stands in the batch.
func TestPostManyIsPost(t *testing.T) {
	b := newBook(t)
	var posted, refused, replayed int
	rapid.Check(t, func(t *rapid.T) {
		defer ledger.OutrightFrom(rapid.SampledFrom([]int{1, 100}).Draw(t, "outright from"))()
		w := newTwin(t, b)
		for range rapid.IntRange(1, 2).Draw(t, "batches") {
			var one, many []ledger.Transfer
			for range rapid.IntRange(1, 25).Draw(t, "rows") {
				x := w.draw(t)
				x.Bank = w.single.bank
				one = append(one, x)
				x.Bank = w.many.bank
				many = append(many, x)
			}
			want := make([]ledger.Result, len(one))
			w.single.must(func(ctx context.Context, tx bun.IDB) error {
				for i, x := range one {
					want[i].Receipt, want[i].Err = ledger.Post(ctx, tx, x)
				}
				return nil
			})
			got := w.many.postMany(many)
			for i := range want {
				g, x := got[i], want[i]
				if a, ok := g.Err.(ledger.ErrKeyReused); ok {
					a.First = uuid.Nil
					g.Err = a
				}
				if a, ok := x.Err.(ledger.ErrKeyReused); ok {
					a.First = uuid.Nil
					x.Err = a
				}
				if g.Err != x.Err {
					t.Fatalf("row %d: %v, alone %v", i, g.Err, x.Err)
				}
				g.Receipt.ID, x.Receipt.ID = uuid.Nil, uuid.Nil
				if d := cmp.Diff(x.Receipt, g.Receipt); d != "" {
					t.Fatalf("row %d: %s", i, d)
				}
				switch {
				case g.Err != nil:
					refused++
				case g.Receipt.Replayed:
					replayed++
				default:
					posted++
				}
			}
			w.between(t)
		}
		if r := w.many.verify(); !r.OK() {
			t.Fatal(r.Faults)
		}
		w.sameRows(t)
	})
	if posted < 30 || refused < 30 || replayed < 1 {
		t.Errorf("%d posted, %d refused, %d replayed: not worth much", posted, refused, replayed)
	}
}

// between changes limits, or holds minutes, in both banks alike.
func (w *twin) between(t *rapid.T) {
	i := rapid.IntRange(0, 3).Draw(t, "whose")
	w.both(func(b *book) { b.clock.Store(100) })
	if rapid.Bool().Draw(t, "hold") {
		m := ledger.Minutes(rapid.Int64Range(1, 30).Draw(t, "held"))
		var errs []error
		w.both(func(b *book) {
			_, err := b.tryPlace(b.holding(w.accounts[i], w.accounts[(i+1)%4], m))
			errs = append(errs, err)
		})
		if errs[0] != errs[1] {
			t.Fatal(errs)
		}
		return
	}
	floor := ledger.Minutes(rapid.Int64Range(-60, 0).Draw(t, "floor"))
	ceiling := ledger.Minutes(rapid.Int64Range(0, 60).Draw(t, "ceiling"))
	w.both(func(b *book) {
		if err := b.limit(w.accounts[i], ledger.Limits{Floor: &floor, Ceiling: &ceiling}); err != nil {
			t.Fatal(err)
		}
	})
}

// sameRows compares what stands in the tables, but for the ids and hashes that a
// bank's own id goes into.
func (w *twin) sameRows(t *rapid.T) {
	for _, q := range []string{
		`select coalesce(jsonb_agg(to_jsonb(a) - 'bank_id' order by id), '[]')::text from ledger.account a where bank_id = ?`,
		`select coalesce(jsonb_agg(to_jsonb(t) - 'bank_id' - 'id' - 'hash' order by key), '[]')::text from ledger.transfer t where bank_id = ?`,
		`select coalesce(jsonb_agg(to_jsonb(e) - 'bank_id' - 'transfer_id' order by account_id, n), '[]')::text from ledger.entry e where bank_id = ?`,
	} {
		var rows [2]string
		for i, b := range []*book{w.single, w.many} {
			if err := b.Owner.NewRaw(q, b.bank).Scan(context.Background(), &rows[i]); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(rows[0], rows[1]); d != "" {
			t.Fatal(d)
		}
	}
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

// A big batch without a fault is posted in one call, whatever kinds and numbers of
// legs it has, and with the receipts of single posts; accounts that somebody else
// moved meanwhile do not matter.
func TestABigBatchGoesOutright(t *testing.T) {
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
