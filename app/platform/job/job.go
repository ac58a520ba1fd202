// Package job is the outbox and the queue: work that must happen because a
// transaction committed, and may not happen if it did not.
//
// A use case enqueues in its own transaction. Workers run each job at least
// once, again after a failure with growing pauses, so a handler must bear being
// run twice. Arguments hold ids only, never what a row says about somebody.
package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"
)

// Schema holds the queue's tables; migrations make them.
const Schema = "job"

// Args names a kind of work by its Kind method and carries the ids it is about.
type Args = river.JobArgs

// Queue takes work in and runs it.
type Queue struct {
	pool    *sql.DB
	log     *slog.Logger
	workers *river.Workers
	in      *river.Client[*sql.Tx]
	out     *river.Client[*sql.Tx]
}

// New returns a queue on pool that can take work; Start runs it.
func New(pool *bun.DB, log *slog.Logger) (*Queue, error) {
	log = slog.New(quiet{log.Handler()})
	in, err := river.NewClient(riverdatabasesql.New(pool.DB), &river.Config{Schema: Schema, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	return &Queue{pool: pool.DB, log: log, workers: river.NewWorkers(), in: in}, nil
}

// quiet drops the library's notes about itself; what goes wrong still shows.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

type worker[T Args] struct {
	river.WorkerDefaults[T]
	work func(context.Context, T) error
	time time.Duration // 0: jobTime
}

func (w *worker[T]) Timeout(*river.Job[T]) time.Duration { return w.time }

func (w *worker[T]) Work(ctx context.Context, j *river.Job[T]) error { return w.work(ctx, j.Args) }

// Handle says what to do with jobs of T's kind. All kinds are named before Start.
func Handle[T Args](q *Queue, work func(ctx context.Context, args T) error) {
	river.AddWorker(q.workers, &worker[T]{work: work})
}

// longTime is how long a job of HandleLong may take.
const longTime = 30 * time.Minute

// HandleLong is Handle for work that reads a whole bank: it may take half an hour.
func HandleLong[T Args](q *Queue, work func(ctx context.Context, args T) error) {
	river.AddWorker(q.workers, &worker[T]{work: work, time: longTime})
}

// Enqueue adds work to the caller's transaction.
func (q *Queue) Enqueue(ctx context.Context, tx bun.IDB, args Args) error {
	t, ok := tx.(bun.Tx)
	if !ok {
		return errors.New("job: enqueue outside a transaction")
	}
	if _, err := q.in.InsertTx(ctx, t.Tx, args, nil); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}

// jobTime is how long one job may take.
const jobTime = time.Minute

// Start runs jobs, a few at a time, until Stop. It polls once in pause: the
// database may sit behind a pooler that has no LISTEN.
func (q *Queue) Start(ctx context.Context, pause time.Duration) error {
	out, err := river.NewClient(riverdatabasesql.New(q.pool), &river.Config{
		Schema: Schema, Logger: q.log, Workers: q.workers, PollOnly: true,
		FetchPollInterval: pause, FetchCooldown: min(pause, 100*time.Millisecond),
		// What a killed process was doing is taken up again after minutes, not the
		// library's hour: a reminder may be among it.
		JobTimeout: jobTime, RescueStuckJobsAfter: 3 * jobTime,
		Queues:       map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}},
		ErrorHandler: errorLog{q.log},
	})
	if err != nil {
		return fmt.Errorf("start workers: %w", err)
	}
	q.out = out
	return out.Start(ctx)
}

// Stop lets running jobs end, as long as ctx allows.
func (q *Queue) Stop(ctx context.Context) error {
	if q.out == nil {
		return nil
	}
	return q.out.Stop(ctx)
}

// Done reports each job that ended well, by kind, until the returned function is
// called: what a test waits on in place of sleeping.
func (q *Queue) Done() (<-chan string, func()) {
	events, stop := q.out.Subscribe(river.EventKindJobCompleted)
	kinds := make(chan string, 1000)
	go func() {
		defer close(kinds)
		for e := range events {
			kinds <- e.Job.Kind
		}
	}()
	return kinds, stop
}

type errorLog struct{ log *slog.Logger }

func (l errorLog) HandleError(ctx context.Context, j *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	level := slog.LevelWarn
	if j.Attempt >= j.MaxAttempts {
		level = slog.LevelError
	}
	l.log.Log(ctx, level, "job failed", "kind", j.Kind, "job", j.ID, "attempt", j.Attempt, "error", err)
	return nil
}

func (l errorLog) HandlePanic(ctx context.Context, j *rivertype.JobRow, what any, trace string) *river.ErrorHandlerResult {
	l.log.ErrorContext(ctx, "job panicked", "kind", j.Kind, "job", j.ID, "panic", fmt.Sprint(what), "trace", trace)
	return nil
}
