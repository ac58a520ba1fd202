package ledger_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// T5: one of several fails, is swallowed, and success is shown: a transfer of many
// legs is written whole or not at all, and says which.
func TestT5NoPartialSuccess(t *testing.T) {
	b := newBook(t)
	host, guest, full := b.member(), b.member(), b.open(ledger.Member, ledger.Limits{Ceiling: hours(0)})
	x := b.transfer(host, guest, 30)
	x.Legs = []ledger.Leg{{Account: host, Minutes: -60}, {Account: guest, Minutes: 30}, {Account: full, Minutes: 30}}
	if _, err := b.try(x); err != (ledger.ErrCeiling{Account: full, Added: 30}) {
		t.Error(err)
	}
	b.want(host, 0)
	b.want(guest, 0)
}

// K4: one payer without hours blocks every later one of the run.
func TestK4OneRefusalBlocksNoOther(t *testing.T) {
	b := newBook(t)
	helper, poor := b.member(), b.open(ledger.Member, ledger.Limits{Floor: hours(0)})
	paid := 0
	b.must(func(ctx context.Context, tx bun.IDB) error {
		for _, payer := range []uuid.UUID{poor, b.member(), poor, b.member()} {
			_, err := ledger.Post(ctx, tx, b.transfer(payer, helper, 60))
			switch {
			case err == nil:
				paid++
			case !errors.As(err, &ledger.ErrInsufficient{}):
				return err
			}
		}
		return nil
	})
	b.want(helper, 120)
	if paid != 2 {
		t.Errorf("%d paid", paid)
	}
	b.clean()
}

// K1: after one failure an account's sequence was out of step and it could never
// pay again. Here refusals and broken transactions leave no trace in the numbers.
func TestK1AFailureLeavesTheAccountAbleToPay(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(-1)}), b.member()
	broken := errors.New("the use case failed after posting")
	for range 3 {
		if _, err := b.try(b.transfer(a, c, 600)); !errors.As(err, &ledger.ErrInsufficient{}) {
			t.Fatal(err)
		}
		if err := b.in(func(ctx context.Context, tx bun.IDB) error {
			if _, err := ledger.Post(ctx, tx, b.transfer(a, c, 10)); err != nil {
				return err
			}
			return broken
		}); !errors.Is(err, broken) {
			t.Fatal(err)
		}
	}
	for n := range int64(3) {
		if r := b.post(b.transfer(a, c, 10)); r.Legs[0].N != n+1 || r.Legs[1].N != n+1 {
			t.Errorf("numbered %d and %d, wanted %d", r.Legs[0].N, r.Legs[1].N, n+1)
		}
	}
	b.clean()
}

// K3: saved as submitted, then posted, then marked: a crash in between left it
// without a way out. Here a lost answer is asked for again with the same key.
func TestK3ALostAnswerIsAskedForAgain(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	lost := b.transfer(a, c, 45)
	ctx, cut := context.WithCancel(t.Context())
	tx, err := b.Bun.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, "select set_config('timebank.bank', ?, true)", b.bank.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Post(ctx, tx, lost); err != nil {
		t.Fatal(err)
	}
	cut() // the connection is gone before the commit
	_ = tx.Rollback()
	if r := b.post(lost); r.Replayed {
		t.Error("what was never committed was taken for posted")
	}
	if r := b.post(lost); !r.Replayed {
		t.Error("posted twice")
	}
	b.want(c, 45)
	b.clean()
}

// K5: only the successes of a batch came back, and the caller had to guess the
// rest. Here each has a result in its own place.
func TestK5EveryRowOfABatchHasItsAnswer(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(-1)}), b.member()
	batch := []ledger.Transfer{b.transfer(a, c, 30), b.transfer(a, c, 90), b.transfer(a, uuid.Must(uuid.NewV7()), 5), b.transfer(a, c, 30)}
	b.must(func(ctx context.Context, tx bun.IDB) error {
		results, err := ledger.PostMany(ctx, tx, batch)
		if err != nil {
			return err
		}
		if len(results) != len(batch) || results[0].Err != nil || results[3].Err != nil {
			t.Errorf("%+v", results)
		}
		if !errors.As(results[1].Err, &ledger.ErrInsufficient{}) || !errors.As(results[2].Err, &ledger.ErrNoAccount{}) {
			t.Error(results[1].Err, results[2].Err)
		}
		return nil
	})
	b.want(c, 60)
	b.clean()
}

// N9: a member who moved took the balance along and lost the history, and nothing
// could reconcile the two. Here both books keep every line, and agree.
func TestN9AMoveBetweenBanksKeepsTheHistory(t *testing.T) {
	here, there, c := between(t)
	out, err := c.Out()
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.In()
	if err != nil {
		t.Fatal(err)
	}
	here.post(out)
	there.post(in)
	if n := len(here.statement(c.From.Account)); n != 2 {
		t.Errorf("%d lines stay at the old bank", n)
	}
	if lines := there.statement(c.To.Account); len(lines) != 1 || lines[0].Record.Reference.ID != c.ID || lines[0].Record.Kind != ledger.BetweenBanks {
		t.Errorf("%+v", lines)
	}
	here.clean()
	there.clean()
}
