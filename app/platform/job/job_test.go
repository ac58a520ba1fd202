package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/job"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

type ping struct {
	N int `json:"n"`
}

func (ping) Kind() string { return "ping" }

type line struct {
	t    *testing.T
	pool *bun.DB
	q    *job.Queue
	ran  [8]atomic.Int64
	done <-chan string
}

func running(t *testing.T, work func(x *line, n int) error) *line {
	t.Helper()
	x := &line{t: t, pool: dbtest.New(t).Bun}
	var err error
	if x.q, err = job.New(x.pool, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	job.Handle(x.q, func(_ context.Context, p ping) error {
		x.ran[p.N].Add(1)
		return work(x, p.N)
	})
	if err := x.q.Start(context.WithoutCancel(t.Context()), 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	done, stop := x.q.Done()
	x.done = done
	t.Cleanup(func() {
		stop()
		if err := x.q.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return x
}

// enqueue puts jobs in and ends the transaction with the given error.
func (x *line) enqueue(end error, ns ...int) {
	x.t.Helper()
	err := db.InTx(x.t.Context(), x.pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		for _, n := range ns {
			if err := x.q.Enqueue(ctx, tx, ping{N: n}); err != nil {
				return err
			}
		}
		return end
	})
	if !errors.Is(err, end) {
		x.t.Fatal(err)
	}
}

func (x *line) wait(n int) {
	x.t.Helper()
	limit := time.After(20 * time.Second)
	for range n {
		select {
		case <-x.done:
		case <-limit:
			x.t.Fatal("no job ended")
		}
	}
}

func TestJobRunsOnceAfterACommitAndNeverAfterARollback(t *testing.T) {
	t.Parallel()
	x := running(t, func(*line, int) error { return nil })
	x.enqueue(errors.New("no"), 1)
	x.enqueue(nil, 2)
	x.wait(1)
	if undone, once := x.ran[1].Load(), x.ran[2].Load(); undone != 0 || once != 1 {
		t.Errorf("rolled back ran %d times, committed %d times", undone, once)
	}
}

func TestJobsCannotBeEnqueuedOutsideATransaction(t *testing.T) {
	t.Parallel()
	x := running(t, func(*line, int) error { return nil })
	if err := x.q.Enqueue(t.Context(), x.pool, ping{}); err == nil {
		t.Error("work without a transaction was taken")
	}
}

func TestFailingAndPanickingJobsAreTriedAgain(t *testing.T) {
	t.Parallel()
	x := running(t, func(x *line, n int) error {
		switch {
		case x.ran[n].Load() > 1 || n == 3:
			return nil
		case n == 1:
			return errors.New("not yet")
		}
		panic("oh")
	})
	x.enqueue(nil, 1, 2, 3)
	x.wait(3)
	for n, want := range map[int]int64{1: 2, 2: 2, 3: 1} {
		if got := x.ran[n].Load(); got != want {
			t.Errorf("job %d ran %d times, want %d", n, got, want)
		}
	}
}
