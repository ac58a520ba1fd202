package ledger_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"timebank/ledger"
)

// Posts that come together share a commit and still answer as if alone.
func TestPosterAnswersEachAsIfAlone(t *testing.T) {
	b := newBook(t)
	p := ledger.NewPoster(b.Bun)
	pot, poor := b.open(ledger.Pot, ledger.Limits{}), b.open(ledger.Member, ledger.Limits{Floor: hours(-1)})
	var paid, short atomic.Int64
	same := b.transfer(pot, poor, 1)
	var first atomic.Int64
	together(48, func(i int) {
		x := b.transfer(poor, pot, 25)
		if i%3 == 1 {
			x = same
		} else if i%3 == 2 {
			x = b.transfer(pot, uuid.Must(uuid.NewV7()), 1)
		}
		r, err := p.Post(context.Background(), x)
		switch {
		case i%3 == 2:
			if !errors.As(err, &ledger.ErrNoAccount{}) {
				t.Error(err)
			}
		case i%3 == 1:
			if err != nil {
				t.Error(err)
			} else if !r.Replayed {
				first.Add(1)
			}
		case err == nil:
			paid.Add(1)
		case errors.As(err, &ledger.ErrInsufficient{}):
			short.Add(1)
		default:
			t.Error(err)
		}
	})
	if paid.Load() != 2 || short.Load() != 14 || first.Load() != 1 {
		t.Errorf("%d paid, %d short, %d first", paid.Load(), short.Load(), first.Load())
	}
	b.want(poor, -49)
	if _, err := p.Post(context.Background(), b.transfer(pot, pot, 1)); !errors.As(err, &ledger.ErrSameAccount{}) {
		t.Error(err)
	}
	gone, stop := context.WithCancel(context.Background())
	stop()
	if _, err := p.Post(gone, b.transfer(pot, poor, 1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p.Close()
	if _, err := p.Post(context.Background(), b.transfer(pot, poor, 1)); !errors.Is(err, ledger.ErrPosterClosed) {
		t.Error(err)
	}
	b.want(poor, -49)
	b.clean()
}

// One Poster serves many banks, each with transactions of its own.
func TestPosterServesManyBanks(t *testing.T) {
	b := newBook(t)
	p := ledger.NewPoster(b.Bun)
	books := []*book{b}
	for range 3 {
		books = append(books, &book{DB: b.DB, t: t, bank: uuid.Must(uuid.NewV7()), actor: b.actor})
	}
	pairs := make([][2]uuid.UUID, len(books))
	for i, x := range books {
		pairs[i] = [2]uuid.UUID{x.member(), x.member()}
	}
	together(40, func(i int) {
		k := i % len(books)
		if _, err := p.Post(context.Background(), books[k].transfer(pairs[k][0], pairs[k][1], 3)); err != nil {
			t.Error(err)
		}
	})
	p.Close()
	for i, x := range books {
		x.want(pairs[i][1], 30)
		x.clean()
	}
}
