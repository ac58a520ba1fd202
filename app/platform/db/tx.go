package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
)

// NoBank opens a transaction that sees no tenant's rows at all: only the global
// tables (people, sign-in, the list of banks).
var NoBank = uuid.Nil

type inTx struct{}

// ErrNested tells of a use case called inside another's transaction: a mistake
// in the program, since the inner one could commit or retry on its own.
var ErrNested = errors.New("db: transaction inside a transaction")

const attempts = 3

// InTx runs fn in one transaction as the given bank: row-level security shows
// and takes that bank's rows only. The whole of fn is run again, at most three
// times in all, when Postgres asks for it (serialization failure, deadlock) or the
// connection turned out to be gone before the statement was sent, so fn must have no
// effect outside tx. It refuses to nest with ErrNested. The transaction begins at
// the database with fn's first statement, in the same round trip.
func InTx(ctx context.Context, pool *bun.DB, bank uuid.UUID, fn func(ctx context.Context, tx bun.IDB) error) error {
	if ctx.Value(inTx{}) != nil {
		return ErrNested
	}
	ctx = context.WithValue(ctx, inTx{}, true)
	for try := 1; ; try++ {
		err := once(ctx, pool, bank, fn)
		if err == nil || try == attempts || !retryable(err) || ctx.Err() != nil {
			return err
		}
		pause := time.Duration(try)*10*time.Millisecond + rand.N(20*time.Millisecond)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func once(ctx context.Context, pool *bun.DB, bank uuid.UUID, fn func(context.Context, bun.IDB) error) error {
	begin := ctx
	if bank != NoBank {
		begin = context.WithValue(ctx, tenant{}, bank)
	}
	tx, err := pool.BeginTx(begin, &sql.TxOptions{})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	if err := fn(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func retryable(err error) bool {
	code := State(err)
	return code == "40001" || code == "40P01" || forgotten(code) || pgconn.SafeToRetry(err)
}

// State is the SQLSTATE in err's chain, or "".
func State(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// Violated tells whether err is a breach of the named constraint or unique index.
// Refusals are told apart by that name, never by the text of an error.
func Violated(err error, constraint string) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.ConstraintName == constraint
}
