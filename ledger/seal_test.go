package ledger_test

import (
	"context"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

func (b *book) seal() (block ledger.Block, done bool) {
	b.t.Helper()
	b.must(func(ctx context.Context, tx bun.IDB) (err error) {
		block, done, err = ledger.Seal(ctx, tx, b.bank, b.now())
		return err
	})
	return block, done
}

func (b *book) closing(through ledger.Date) ledger.Closing {
	return ledger.Closing{Bank: b.bank, Through: through, Actor: b.actor, Reason: "quarter's end", At: b.now()}
}

func (b *book) closeBooks(c ledger.Closing) error {
	return b.in(func(ctx context.Context, tx bun.IDB) error { return ledger.CloseBooks(ctx, tx, c) })
}

func TestBlocksLinkAndCoverWhatIsNew(t *testing.T) {
	b := newBook(t)
	if head, done := b.seal(); done || head.Height != 0 {
		t.Errorf("%+v", head)
	}
	a, c := b.member(), b.member()
	b.post(b.transfer(a, c, 30))
	one, done := b.seal()
	if !done || one.Height != 1 || one.Entries != 2 || one.Previous != [32]byte{} {
		t.Errorf("%+v", one)
	}
	if again, done := b.seal(); done || again.Hash != one.Hash {
		t.Errorf("%+v", again)
	}
	b.place(b.holding(a, c, 5))
	d := b.member()
	for range 3 {
		b.post(b.transfer(a, d, 1))
	}
	if err := b.closeBooks(b.closing(ledger.DateOf(epoch.AddDate(0, 0, -30)))); err != nil {
		t.Fatal(err)
	}
	two, _ := b.seal()
	if two.Height != 2 || two.Entries != 6 || two.Previous != one.Hash || two.Hash == one.Hash {
		t.Errorf("%+v", two)
	}
	if err := b.closeBooks(b.closing(ledger.DateOf(epoch.AddDate(0, 0, -10)))); err != nil {
		t.Fatal(err)
	}
	three, done := b.seal()
	if !done || three.Entries != 0 {
		t.Error("a closing alone is not sealed")
	}
	b.must(func(ctx context.Context, tx bun.IDB) error {
		head, err := ledger.Head(ctx, tx, b.bank)
		if err != nil || head.String() != three.String() {
			t.Errorf("%v, want %v (%v)", head, three, err)
		}
		copied, err := ledger.BlockAt(ctx, tx, b.bank, 1)
		if err != nil || copied.Hash != one.Hash {
			t.Errorf("%v %v", copied, err)
		}
		if none, err := ledger.BlockAt(ctx, tx, b.bank, 9); err != nil || none.Height != 0 {
			t.Errorf("%v %v", none, err)
		}
		return nil
	})
	if r := b.verify(); !r.OK() || r.Head.Hash != three.Hash {
		t.Error(r)
	}
}

// Many accounts make trees of every shape, and verify builds the same roots by
// other means.
func TestRootsOfEverySize(t *testing.T) {
	b := newBook(t)
	for range 19 {
		b.member()
		b.seal()
	}
	for range 11 {
		b.member()
	}
	b.seal()
	b.clean()
}

// Sealers race each other and postings: no block covers less than it says, none
// is lost or doubled.
func TestSealingRacesPosting(t *testing.T) {
	b := newBook(t)
	accounts := []uuid.UUID{b.member(), b.member(), b.member()}
	var blocks atomic.Int64
	together(5, func(i int) {
		for k := range 12 {
			if i < 2 {
				if _, done := b.seal(); done {
					blocks.Add(1)
				}
				continue
			}
			if _, err := b.try(b.transfer(accounts[k%3], accounts[(k+1)%3], 1)); err != nil {
				t.Error(err)
			}
		}
	})
	b.seal()
	if n := b.count("select count(*) from ledger.block"); n < int(blocks.Load()) {
		t.Errorf("%d blocks, %d were answered", n, blocks.Load())
	}
	if n := b.count("select sum(entries) from ledger.block"); n != 72 {
		t.Errorf("%d entries sealed", n)
	}
	b.clean()
}

// The bytes below the hash of a block are in people's hands: a change here is a
// new version, never an edit.
func TestABlockIsForEver(t *testing.T) {
	b := newBook(t)
	b.bank, b.actor = nth(1), nth(2)
	a, c := nth(3), nth(4)
	b.must(func(ctx context.Context, tx bun.IDB) error {
		for _, id := range []uuid.UUID{a, c} {
			err := ledger.OpenAccount(ctx, tx, ledger.Account{Bank: b.bank, ID: id, Kind: ledger.Member, Limits: ledger.Limits{Floor: hours(-1)}, Actor: b.actor, Reason: "joined", At: epoch})
			if err != nil {
				return err
			}
		}
		return nil
	})
	block, _ := b.seal()
	if got := hex.EncodeToString(block.Hash[:]); got != "554cab9f837c39a0bd442fb5ec0f9ca2919c1cc0e7fa143b0558d561c7474fb4" {
		t.Error(got)
	}
}

func TestClosingTheBooks(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	on := func(day int, m ledger.Minutes) ledger.Transfer {
		x := b.transfer(a, c, m)
		x.EffectiveOn = ledger.Date{Year: 2026, Month: 2, Day: day}
		return x
	}
	early := b.post(on(10, 10))
	b.post(on(20, 7))
	through := ledger.Date{Year: 2026, Month: 2, Day: 15}
	end := b.closing(through)
	for range 2 {
		if err := b.closeBooks(end); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct {
		c    ledger.Closing
		want error
	}{
		{b.closing(ledger.Date{Year: 2026, Month: 2, Day: 14}), ledger.ErrNotAfter{Asked: ledger.Date{Year: 2026, Month: 2, Day: 14}, Through: through}},
		{b.closing(ledger.Date{}), ledger.ErrInvalid{Field: "last day", Why: "is not a day"}},
	} {
		if err := b.closeBooks(x.c); err != x.want {
			t.Errorf("%v, want %v", err, x.want)
		}
	}
	if err := b.closeBooks(b.closing(ledger.DateOf(epoch))); !errors.As(err, &ledger.ErrFuture{}) {
		t.Error(err)
	}
	if _, err := b.try(on(15, 1)); err != (ledger.ErrBooksClosed{Account: a, EffectiveOn: through}) {
		t.Error(err)
	}
	if got := b.postMany([]ledger.Transfer{on(15, 1), on(16, 1)}); got[0].Err != (ledger.ErrBooksClosed{Account: a, EffectiveOn: through}) || got[1].Err != nil {
		t.Error(got)
	}
	late := b.settling(b.place(b.holding(a, c, 3)))
	late.EffectiveOn = through
	if _, err := b.settle(late); err != (ledger.ErrBooksClosed{Account: a, EffectiveOn: through}) {
		t.Error(err)
	}
	if _, err := b.reverse(b.reversing(early.ID)); err != nil {
		t.Error("a mistake in a closed period is reversed in an open one:", err)
	}
	newcomer := b.member()
	x := b.transfer(newcomer, a, 1)
	x.EffectiveOn = through
	if _, err := b.try(x); err != (ledger.ErrBooksClosed{Account: newcomer, EffectiveOn: through}) && err != (ledger.ErrBooksClosed{Account: a, EffectiveOn: through}) {
		t.Error(err)
	}
	b.must(func(ctx context.Context, tx bun.IDB) error {
		got, err := ledger.ClosingBalances(ctx, tx, b.bank, through)
		if d := cmp.Diff(map[uuid.UUID]ledger.Minutes{a: -10, c: 10}, got); d != "" {
			t.Error(d)
		}
		all, err2 := ledger.Closings(ctx, tx, b.bank)
		if len(all) != 1 || all[0] != end {
			t.Errorf("%+v", all)
		}
		return errors.Join(err, err2)
	})
	b.clean()
}

// Posting, opening and closing at once: what is closed stays as it was written
// down.
func TestClosingRacesPostingAndOpening(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	together(6, func(i int) {
		for k := range 8 {
			switch {
			case i == 0:
				if err := b.closeBooks(b.closing(ledger.DateOf(epoch.AddDate(0, 0, k-20)))); err != nil {
					t.Error(err)
				}
			case i == 1:
				b.member()
			default:
				x := b.transfer(a, c, 1)
				x.EffectiveOn = ledger.DateOf(epoch.AddDate(0, 0, k-20))
				x.At = epoch.Add(time.Duration(i*8+k) * time.Second)
				if _, err := b.try(x); err != nil && !errors.As(err, &ledger.ErrBooksClosed{}) {
					t.Error(err)
				}
			}
		}
	})
	b.clean()
}
