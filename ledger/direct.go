package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/uptrace/bun"
)

// one asks for a single value by the driver's own handle behind one of bun's. Bun
// writes values into the text of a statement, which the server then reads letter
// by letter; here they travel beside it in binary, which for a batch is a third of
// the work. The description of a statement is kept per connection, no statement
// is, so that it also works behind PgBouncer in transaction mode.
func one(ctx context.Context, db bun.IDB, to any, query string, args ...any) error {
	var h interface {
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}
	switch b := db.(type) {
	case bun.Tx:
		h = b.Tx
	case *bun.Tx:
		h = b.Tx
	case bun.Conn:
		h = b.Conn
	case *bun.DB:
		h = b.DB
	default:
		return fmt.Errorf("ledger: no handle of bun's: %T", db)
	}
	return h.QueryRowContext(ctx, query, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...).Scan(to)
}

func pgID(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != uuid.Nil} }

func pgDate(d Date) pgtype.Date {
	return pgtype.Date{Time: time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC), Valid: true}
}

func pgInt[N ~int | ~int64](n N) pgtype.Int8 { return pgtype.Int8{Int64: int64(n), Valid: true} }

func pgTime(t time.Time) pgtype.Timestamptz { return pgtype.Timestamptz{Time: t, Valid: true} }

func pgText[S ~string](s S) pgtype.Text { return pgtype.Text{String: string(s), Valid: true} }

// column is an array beside a statement. Its elements are handed to the driver by
// pointer, so that none is copied to the heap.
type column[T any] []T

func (c column[T]) Dimensions() []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(len(c)), LowerBound: 1}}
}

func (c column[T]) Index(i int) any { return &c[i] }

func (c column[T]) IndexType() any { return new(T) }

// sum is a digest in a column.
type sum []byte

func (s sum) BytesValue() ([]byte, error) { return s, nil }
