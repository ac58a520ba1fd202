package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"pgregory.net/rapid"

	"timebank/ledger"
)

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
