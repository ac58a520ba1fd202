package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// ErrPosterClosed: the Poster was closed; the transfer has not been posted.
var ErrPosterClosed = errors.New("ledger: the poster is closed")

// Poster posts single transfers, each as a transaction of its own, and lets those
// that come at the same time share one commit: whatever queued up while the bank's
// previous batch was committing goes together. There is no timer, so a transfer
// that comes alone waits for nobody.
type Poster struct {
	pool *bun.DB

	mu     sync.Mutex
	closed bool
	lanes  map[uuid.UUID]*lane
	done   sync.WaitGroup
}

const (
	// Batches of one bank under way at once: while one waits for the disk another
	// is decided.
	lanesPerBank = 2
	batchMost    = 256
	// A batch outlives its callers' patience but not a dead server.
	batchTime  = time.Minute
	batchTries = 5
)

// lane is one bank's queue.
type lane struct {
	waiting []*waiter
	running int
}

type waiter struct {
	t    Transfer
	done chan Result
}

// NewPoster returns a Poster on pool, whose connections are bound by row-level
// security like everybody's.
func NewPoster(pool *bun.DB) *Poster {
	return &Poster{pool: pool, lanes: map[uuid.UUID]*lane{}}
}

// Post posts t and answers when it is committed. Receipts and refusals are those
// of the function Post. Any other error, also the end of ctx, leaves it open
// whether t was posted: send it again with its key to find out.
func (p *Poster) Post(ctx context.Context, t Transfer) (Receipt, error) {
	if _, err := t.check(); err != nil {
		return Receipt{}, err
	}
	if err := ctx.Err(); err != nil {
		return Receipt{}, err
	}
	w := &waiter{t: t, done: make(chan Result, 1)}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return Receipt{}, ErrPosterClosed
	}
	l := p.lanes[t.Bank]
	if l == nil {
		l = &lane{}
		p.lanes[t.Bank] = l
	}
	l.waiting = append(l.waiting, w)
	if l.running < lanesPerBank {
		l.running++
		p.done.Go(func() { p.run(t.Bank, l) })
	}
	p.mu.Unlock()
	select {
	case r := <-w.done:
		return r.Receipt, r.Err
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
}

// Close takes no more transfers and returns when those taken are answered.
func (p *Poster) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.done.Wait()
}

// run commits batches until nobody waits.
func (p *Poster) run(bank uuid.UUID, l *lane) {
	for {
		p.mu.Lock()
		batch := l.waiting[:min(len(l.waiting), batchMost)]
		l.waiting = l.waiting[len(batch):]
		if len(batch) == 0 {
			l.running--
			if l.running == 0 {
				delete(p.lanes, bank)
			}
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		p.commit(bank, batch)
	}
}

// commit posts a batch in one transaction and tells each who waits. Where the
// database refuses the transaction for something in it, each goes alone, so that
// none suffers for another.
func (p *Poster) commit(bank uuid.UUID, batch []*waiter) {
	ctx, stop := context.WithTimeout(context.Background(), batchTime)
	defer stop()
	results, err := p.try(ctx, bank, batch)
	if err != nil && len(batch) > 1 && class(err, "22", "23") {
		for _, w := range batch {
			p.commit(bank, []*waiter{w})
		}
		return
	}
	for i, w := range batch {
		if err != nil {
			w.done <- Result{Err: err}
			continue
		}
		w.done <- results[i]
	}
}

// try runs the batch's transaction, again where Postgres asks for it.
func (p *Poster) try(ctx context.Context, bank uuid.UUID, batch []*waiter) (results []Result, err error) {
	for range batchTries {
		err = p.pool.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.ExecContext(ctx, "select set_config('timebank.bank', ?, true)", bank.String()); err != nil {
				return fmt.Errorf("ledger: set bank: %w", err)
			}
			results, err = postBatch(ctx, tx, batch)
			return err
		})
		if !class(err, "40") {
			return results, err
		}
	}
	return results, err
}

func postBatch(ctx context.Context, tx bun.IDB, batch []*waiter) ([]Result, error) {
	if len(batch) == 1 { // one round trip less
		r, err := Post(ctx, tx, batch[0].t)
		if err != nil && !Refused(err) {
			return nil, err
		}
		return []Result{{r, err}}, nil
	}
	transfers := make([]Transfer, len(batch))
	for i, w := range batch {
		transfers[i] = w.t
	}
	return PostMany(ctx, tx, transfers)
}

// Refused tells a refusal of the ledger's, after which nothing has been written
// and asking again will not help, from trouble with the database.
func Refused(err error) bool {
	switch err.(type) {
	case ErrInsufficient, ErrCeiling, ErrNoAccount, ErrClosed, ErrWrongAccount, ErrKeyReused, ErrUnbalanced, ErrSameAccount, ErrZero,
		ErrOverflow, ErrFuture, ErrBooksClosed, ErrInvalid:
		return true
	}
	return false
}

// class tells whether err is a Postgres error of one of the classes, the first
// two characters of its SQLSTATE.
func class(err error, classes ...string) bool {
	e, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok || len(e.SQLState()) != 5 {
		return false
	}
	for _, c := range classes {
		if e.SQLState()[:2] == c {
			return true
		}
	}
	return false
}
