package db_test

import (
	"context"
	"database/sql"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
)

func kept(t *testing.T, d *dbtest.DB, bank uuid.UUID) (n int) {
	t.Helper()
	if err := d.Owner.NewRaw("select count(*) from once where bank_id = ?", bank).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestStatementMarkedLaterGoesBeforeTheNextAndWithTheCommit(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	bank := uuid.New()
	err := db.InTx(t.Context(), d.Bun, bank, func(ctx context.Context, tx bun.IDB) error {
		if err := add(db.Later(ctx), tx, bank); err != nil {
			return err
		}
		var n int
		if err := tx.NewRaw("select count(*) from once -- with a comment").Scan(ctx, &n); err != nil || n != 1 {
			t.Errorf("the next statement sees %d: %v", n, err)
		}
		return add(db.Later(ctx), tx, bank)
	})
	if n := kept(t, d, bank); err != nil || n != 2 {
		t.Errorf("%d kept: %v", n, err)
	}
}

func TestStatementMarkedLaterUndoesAllWhenItFails(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	d.Bun.SetMaxOpenConns(1) // so that the next transaction gets the same connection
	bank := uuid.New()
	twice := func(then string) error {
		return db.InTx(t.Context(), d.Bun, bank, func(ctx context.Context, tx bun.IDB) error {
			key := uuid.New()
			for range 2 {
				if _, err := tx.ExecContext(db.Later(ctx), addOnce, bank, bank, key, key); err != nil {
					return err
				}
			}
			if then != "" {
				_, err := tx.ExecContext(ctx, then)
				return err
			}
			return nil
		})
	}
	for _, then := range []string{"", "select 1"} {
		if err := twice(then); db.State(err) != "23505" {
			t.Errorf("then %q: %v", then, err)
		}
	}
	if n := kept(t, d, bank); n != 0 {
		t.Errorf("%d kept", n)
	}
	if err := db.InTx(t.Context(), d.Bun, bank, func(ctx context.Context, tx bun.IDB) error { return add(ctx, tx, bank) }); err != nil || kept(t, d, bank) != 1 {
		t.Errorf("the connection afterwards: %v", err)
	}
}

func TestLastReadEndsTheTransaction(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	d.Bun.SetMaxOpenConns(1)
	bank := uuid.New()
	var seen uuid.NullUUID
	err := db.InTx(t.Context(), d.Bun, bank, func(ctx context.Context, tx bun.IDB) error {
		if err := add(db.Later(ctx), tx, bank); err != nil {
			return err
		}
		if err := tx.NewRaw("select current_bank()").Scan(db.Last(ctx), &seen); err != nil {
			return err
		}
		if err := add(ctx, tx, bank); err == nil || !strings.Contains(err.Error(), "after the last") {
			t.Errorf("a statement after the last: %v", err)
		}
		return nil
	})
	if n := kept(t, d, bank); err != nil || seen.UUID != bank || n != 1 {
		t.Errorf("saw %v, %d kept: %v", seen, n, err)
	}
	err = db.InTx(t.Context(), d.Bun, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		return tx.NewRaw("select current_bank()").Scan(ctx, &seen)
	})
	if err != nil || seen.Valid {
		t.Errorf("the bank stayed: %v %v", seen, err)
	}
}

func TestLastReadThatFailsKeepsNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	bank := uuid.New()
	err := db.InTx(t.Context(), d.Bun, bank, func(ctx context.Context, tx bun.IDB) error {
		if err := add(ctx, tx, bank); err != nil {
			return err
		}
		var n int
		return tx.NewRaw("select 1 / 0").Scan(db.Last(ctx), &n)
	})
	if n := kept(t, d, bank); db.State(err) != "22012" || n != 0 {
		t.Errorf("%d kept: %v", n, err)
	}
}

func TestNothingRunsOutsideATransactionThatDidNotBegin(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	bank := uuid.New()
	err := db.InTx(t.Context(), d.Bun, bank, func(ctx context.Context, tx bun.IDB) error {
		late, stop := context.WithDeadline(ctx, time.Now().Add(-time.Second))
		defer stop()
		if err := add(late, tx, bank); err == nil {
			t.Error("sent after its time")
		}
		return add(db.Later(ctx), tx, bank) // as if nothing had been
	})
	if n := kept(t, d, bank); n != 0 && err != nil {
		t.Errorf("%d kept and told %v", n, err)
	}
}

// A statement without parameters goes as a simple query, of which every value comes
// as text; whoever reads it must not notice.
func TestValuesAreReadTheSameWithAndWithoutParameters(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	const values = `select true, 1::int2, -2::int4, 9007199254740993::int8, 1.5::float4, -2.25::float8, 'ÉÑ'::text, ''::text, null::text, '\x00ff'::bytea, ''::bytea,
		'{"a": [1]}'::jsonb, '{"a": 1}'::json, '2026-11-26'::date, '2026-11-26 00:30:00.123456+05'::timestamptz, '2026-11-26 00:30:00'::timestamp,
		'01a2151b-35e8-7787-91d2-6a5885b96b60'::uuid, '{1,2}'::int[], 12.50::numeric, interval '1 day', 17::oid`
	read := func(query string, args ...any) []any {
		rows, err := d.Bun.DB.QueryContext(t.Context(), query, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		names, _ := rows.Columns()
		out, into := make([]any, len(names)), make([]any, len(names))
		for i := range out {
			into[i] = &out[i]
		}
		if !rows.Next() || rows.Scan(into...) != nil || rows.Next() || rows.Err() != nil {
			t.Fatalf("%s: %v", query, rows.Err())
		}
		return out
	}
	with, without := read(values+", $1::text", "x"), read(values+", 'x'::text")
	for i := range with {
		if !reflect.DeepEqual(with[i], without[i]) && !sameInstant(with[i], without[i]) {
			t.Errorf("column %d: %T %v with, %T %v without", i, with[i], with[i], without[i], without[i])
		}
	}
	var n int
	if err := d.Bun.QueryRow("select 1 where false").Scan(&n); err != sql.ErrNoRows {
		t.Error(err)
	}
}

func sameInstant(a, b any) bool {
	x, ok := a.(time.Time)
	y, also := b.(time.Time)
	return ok && also && x.Equal(y)
}
