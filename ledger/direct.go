package ledger

import (
	"context"
	"database/sql"
	"errors"
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
	h, err := handle(db)
	if err != nil {
		return err
	}
	return h.QueryRowContext(ctx, query, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...).Scan(to)
}

// asker is the part that is needed here of a handle of database/sql.
type asker interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// handle is the handle behind one of bun's.
func handle(db bun.IDB) (asker, error) {
	switch b := db.(type) {
	case bun.Tx:
		return b.Tx, nil
	case *bun.Tx:
		return b.Tx, nil
	case bun.Conn:
		return b.Conn, nil
	case *bun.DB:
		return b.DB, nil
	}
	return nil, fmt.Errorf("ledger: no handle of bun's: %T", db)
}

// each hands every row of an answer to take, its values in binary, null as nil.
// They are the driver's own: take may not keep them. $1 in the query is the bank.
// For an answer as long as the books, where database/sql would cost as much again
// as the server.
func each(ctx context.Context, db bun.IDB, query string, bank uuid.UUID, take func([][]byte) error) error {
	h, err := handle(db)
	if err != nil {
		return err
	}
	rows, err := h.QueryContext(ctx, "", &reading{query, bank, take})
	if err != nil {
		return err
	}
	return rows.Close()
}

// reading asks its own question when the driver lets it rewrite another one: that
// is where the driver shows the connection that a transaction is on, which
// database/sql keeps to itself.
type reading struct {
	query string
	bank  uuid.UUID
	take  func([][]byte) error
}

func (r *reading) RewriteQuery(ctx context.Context, c *pgx.Conn, _ string, _ []any) (string, []any, error) {
	rows := c.PgConn().ExecParams(ctx, r.query, [][]byte{r.bank[:]}, []uint32{pgtype.UUIDOID}, []int16{pgx.BinaryFormatCode}, []int16{pgx.BinaryFormatCode})
	var err error
	for err == nil && rows.NextRow() {
		err = r.take(rows.Values())
	}
	_, end := rows.Close()
	return "select", nil, errors.Join(err, end)
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
