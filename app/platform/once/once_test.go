package once_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/once"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

type tries struct {
	t    *testing.T
	pool *bun.DB
	ran  atomic.Int64
	fail error
}

func (x *tries) do(c once.Claim) (out uuid.UUID, err error) {
	err = db.InTx(x.t.Context(), x.pool, c.Bank, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, c, func(uuid.UUID) error { x.ran.Add(1); return x.fail })
		return err
	})
	return out, err
}

func claim() once.Claim {
	return once.Claim{Bank: uuid.New(), Actor: uuid.New(), Key: uuid.New(), Operation: "ask", Input: map[string]int{"minutes": 60}, Now: time.Now()}
}

func TestSameKeyAtTheSameTimeRunsOnce(t *testing.T) {
	t.Parallel()
	x := &tries{t: t, pool: dbtest.New(t).Bun}
	c := claim()
	ids := make([]uuid.UUID, 5)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			var err error
			if ids[i], err = x.do(c); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == uuid.Nil {
			t.Errorf("answers differ: %v", ids)
		}
	}
	if n := x.ran.Load(); n != 1 {
		t.Errorf("it ran %d times", n)
	}
}

func TestKeyBelongsToWhoSentItAndWhat(t *testing.T) {
	t.Parallel()
	x := &tries{t: t, pool: dbtest.New(t).Bun}
	first := claim()
	if _, err := x.do(first); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*once.Claim)
		err    error
	}{
		"other words":         {func(c *once.Claim) { c.Input = map[string]int{"minutes": 90} }, once.ErrReused},
		"another operation":   {func(c *once.Claim) { c.Operation = "offer" }, once.ErrReused},
		"somebody else's key": {func(c *once.Claim) { c.Actor = uuid.New() }, nil},
		"another bank's key":  {func(c *once.Claim) { c.Bank = uuid.New() }, nil},
	} {
		next := first
		c.change(&next)
		before := x.ran.Load()
		_, err := x.do(next)
		if !errors.Is(err, c.err) || x.ran.Load()-before != map[bool]int64{true: 1, false: 0}[c.err == nil] {
			t.Errorf("%s: %v, ran %d times", name, err, x.ran.Load()-before)
		}
	}
}

func TestErrorUndoesTheClaim(t *testing.T) {
	t.Parallel()
	x := &tries{t: t, pool: dbtest.New(t).Bun, fail: errors.New("no")}
	c := claim()
	if _, err := x.do(c); !errors.Is(err, x.fail) {
		t.Fatal(err)
	}
	x.fail = nil
	if id, err := x.do(c); err != nil || id == uuid.Nil || x.ran.Load() != 2 {
		t.Errorf("after an error: %v, ran %d times", err, x.ran.Load())
	}
}

func TestWithoutAKeyEveryRequestIsNew(t *testing.T) {
	t.Parallel()
	x := &tries{t: t, pool: dbtest.New(t).Bun}
	c := claim()
	c.Key = uuid.Nil
	a, err := x.do(c)
	b, err2 := x.do(c)
	if err != nil || err2 != nil || a == b || x.ran.Load() != 2 {
		t.Errorf("%v %v %v %v", a, b, err, err2)
	}
}
