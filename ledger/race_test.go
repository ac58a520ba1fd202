package ledger_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"timebank/ledger"
)

// Two sides of one limit that spans no single row would be write skew; here each
// limit is a row's own, under any interleaving of gives, takes and limit changes.
func TestAnyInterleavingKeepsTheBooks(t *testing.T) {
	b := newBook(t)
	accounts := make([]uuid.UUID, 5)
	for i := range accounts {
		accounts[i] = b.open(ledger.Member, ledger.Limits{Floor: hours(-2), Ceiling: hours(2)})
	}
	var posted atomic.Int64
	together(8, func(i int) {
		r := rand.New(rand.NewPCG(uint64(i), 1))
		for range 25 {
			p := r.Perm(len(accounts))
			x := b.transfer(accounts[p[0]], accounts[p[1]], ledger.Minutes(1+r.IntN(90)))
			if r.IntN(3) == 0 { // three legs, in any order
				m := x.Legs[1].Minutes
				x.Legs = append(x.Legs, ledger.Leg{Account: accounts[p[2]], Minutes: m})
				x.Legs[0].Minutes -= m
			}
			rec, err := b.try(x)
			switch {
			case err == nil:
				posted.Add(1)
				if r.IntN(4) == 0 {
					if _, err := b.reverse(b.reversing(rec.ID)); err != nil && !refusal(err) {
						t.Error(err)
					}
				}
			case !refusal(err):
				t.Error(err)
			}
			if r.IntN(10) == 0 {
				if err := b.limit(accounts[p[0]], ledger.Limits{Floor: hours(-1 - r.Float64()), Ceiling: hours(1 + r.Float64())}); err != nil {
					t.Error(err)
				}
			}
		}
	})
	if posted.Load() < 20 {
		t.Errorf("only %d posted", posted.Load())
	}
	b.clean()
}

func refusal(err error) bool {
	return errors.As(err, &ledger.ErrInsufficient{}) || errors.As(err, &ledger.ErrCeiling{})
}

// One key, many hands: one transfer, and everybody hears of the same one.
func TestReplaysRaceToOneTransfer(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(-1)}), b.member()
	x := b.transfer(a, c, 60) // the second would be refused
	var ids sync.Map
	var first atomic.Int64
	together(10, func(int) {
		r, err := b.try(x)
		if err != nil {
			t.Error(err)
			return
		}
		ids.Store(r.ID, true)
		if !r.Replayed {
			first.Add(1)
		}
	})
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if n != 1 || first.Load() != 1 {
		t.Errorf("%d transfers, %d first answers", n, first.Load())
	}
	b.want(c, 60)
	b.clean()
}

// One key, two requests on accounts that share nothing, so that no account lock
// keeps them apart: one posts, the others are told of it.
func TestOneKeyForManyRequests(t *testing.T) {
	b := newBook(t)
	pairs := make([][2]uuid.UUID, 8)
	for i := range pairs {
		pairs[i] = [2]uuid.UUID{b.member(), b.member()}
	}
	var posted atomic.Int64
	together(len(pairs), func(i int) {
		_, err := b.try(with(b.transfer(pairs[i][0], pairs[i][1], 60), "the same"))
		if err == nil {
			posted.Add(1)
		} else if !errors.As(err, &ledger.ErrKeyReused{}) {
			t.Error(err)
		}
	})
	if n := b.count("select count(*) from ledger.entry"); posted.Load() != 1 || n != 2 {
		t.Errorf("%d posted, %d entries", posted.Load(), n)
	}
	b.clean()
}

// Many reverse one transfer at once, each with a key of its own.
func TestReversedOnceUnderARace(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	r := b.post(b.transfer(a, c, 60))
	var done atomic.Int64
	together(10, func(int) {
		_, err := b.reverse(b.reversing(r.ID))
		if err == nil {
			done.Add(1)
		} else if !errors.As(err, &ledger.ErrAlreadyReversed{}) {
			t.Error(err)
		}
	})
	if done.Load() != 1 {
		t.Errorf("reversed %d times", done.Load())
	}
	b.want(c, 0)
	b.clean()
}

// An account closes while others post to it: it ends closed and empty, or open.
func TestClosingRacesPosting(t *testing.T) {
	b := newBook(t)
	for range 5 {
		a, c := b.member(), b.member()
		together(4, func(i int) {
			if i == 0 {
				if err := b.change(a, ledger.CloseAccount); err != nil && !errors.As(err, &ledger.ErrNotEmpty{}) {
					t.Error(err)
				}
				return
			}
			if _, err := b.try(b.transfer(a, c, 5)); err != nil && !errors.As(err, &ledger.ErrClosed{}) {
				t.Error(err)
			}
		})
	}
	b.clean()
}
