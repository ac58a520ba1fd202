package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestTransactionIsRunAgainOnlyWherePostgresAsksForIt(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	for _, c := range []struct {
		name  string
		fails int // how often, before it succeeds
		err   error
		runs  int
		works bool
	}{
		{"nothing fails", 0, nil, 1, true},
		{"serialization failure", 2, &pgconn.PgError{Code: "40001"}, 3, true},
		{"deadlock, told in other words", 1, fmt.Errorf("save: %w", &pgconn.PgError{Code: "40P01"}), 2, true},
		{"at most three times", 9, &pgconn.PgError{Code: "40001"}, 3, false},
		{"unique violation", 9, &pgconn.PgError{Code: "23505"}, 1, false},
		{"an error of ours", 9, errors.New("no"), 1, false},
	} {
		runs := 0
		err := db.InTx(t.Context(), d.Bun, db.NoBank, func(context.Context, bun.IDB) error {
			if runs++; runs <= c.fails {
				return c.err
			}
			return nil
		})
		if runs != c.runs || (err == nil) != c.works {
			t.Errorf("%s: %d runs, %v; want %d, works %v", c.name, runs, err, c.runs, c.works)
		}
	}
}

func TestDeadlockOfTwoTransactionsEndsWell(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	var both sync.WaitGroup
	both.Add(2)
	errs := make(chan error, 2)
	lock := func(ctx context.Context, tx bun.IDB, key int) error {
		_, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock(?)", key)
		return err
	}
	for _, keys := range [][2]int{{1, 2}, {2, 1}} {
		first := true
		go func() {
			errs <- db.InTx(t.Context(), d.Bun, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
				if err := lock(ctx, tx, keys[0]); err != nil {
					return err
				}
				if first { // both hold one before either asks for the other
					first = false
					both.Done()
					both.Wait()
				}
				return lock(ctx, tx, keys[1])
			})
		}()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestTransactionsDoNotNest(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	err := db.InTx(t.Context(), d.Bun, db.NoBank, func(ctx context.Context, _ bun.IDB) error {
		return db.InTx(ctx, d.Bun, db.NoBank, func(context.Context, bun.IDB) error { return nil })
	})
	if !errors.Is(err, db.ErrNested) {
		t.Errorf("a transaction inside another: %v", err)
	}
}

const addOnce = `insert into once (bank_id, actor_id, key, operation, input_hash, result_id, at) values (?, ?, ?, 'x', '', ?, now())`

func add(ctx context.Context, tx bun.IDB, bank uuid.UUID) error {
	_, err := tx.ExecContext(ctx, addOnce, bank, uuid.New(), uuid.New(), uuid.New())
	return err
}

func TestErrorAndPanicLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	bank := uuid.New()
	_ = db.InTx(t.Context(), d.Bun, bank, func(ctx context.Context, tx bun.IDB) error {
		return errors.Join(add(ctx, tx, bank), errors.New("no"))
	})
	func() {
		defer func() { _ = recover() }()
		_ = db.InTx(t.Context(), d.Bun, bank, func(ctx context.Context, tx bun.IDB) error {
			if err := add(ctx, tx, bank); err != nil {
				t.Error(err)
			}
			panic("no")
		})
	}()
	var n, open int
	err := d.Owner.NewRaw(`select (select count(*) from once), (select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%')`).Scan(t.Context(), &n, &open)
	if err != nil || n != 0 || open != 0 {
		t.Errorf("%d rows, %d transactions left open: %v", n, open, err)
	}
}

func TestBankIsSeenInsideAndGoneAfter(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	d.Bun.SetMaxOpenConns(1) // so that the next transaction gets the same connection
	bank := uuid.New()
	current := func(as uuid.UUID) (id uuid.NullUUID) {
		err := db.InTx(t.Context(), d.Bun, as, func(ctx context.Context, tx bun.IDB) error {
			return tx.NewRaw("select current_bank()").Scan(ctx, &id)
		})
		if err != nil {
			t.Error(err)
		}
		return id
	}
	if got := current(bank); got.UUID != bank {
		t.Errorf("inside: %v", got)
	}
	if got := current(db.NoBank); got.Valid {
		t.Errorf("the bank stayed: %v", got)
	}
}

func TestAnotherBanksRowsCannotBeWrittenNorSeen(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	ours, theirs := uuid.New(), uuid.New()
	if err := db.InTx(t.Context(), d.Bun, theirs, func(ctx context.Context, tx bun.IDB) error { return add(ctx, tx, theirs) }); err != nil {
		t.Fatal(err)
	}
	for _, as := range []uuid.UUID{ours, db.NoBank} {
		err := db.InTx(t.Context(), d.Bun, as, func(ctx context.Context, tx bun.IDB) error { return add(ctx, tx, theirs) })
		if db.State(err) != "42501" {
			t.Errorf("written as %s: %v", as, err)
		}
		var n int
		err = db.InTx(t.Context(), d.Bun, as, func(ctx context.Context, tx bun.IDB) error {
			return tx.NewRaw("select count(*) from once").Scan(ctx, &n)
		})
		if err != nil || n != 0 {
			t.Errorf("%d rows seen as %s: %v", n, as, err)
		}
	}
}

func TestServersThatCouldLoseOrMixAreRefused(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if err := db.Check(t.Context(), d.Bun, false); err != nil {
		t.Errorf("the test server, its durability forgiven: %v", err)
	}
	for name, c := range map[string]struct {
		pool    *bun.DB
		durable bool
		want    string
	}{
		"fsync off":   {d.Bun, true, "could lose hours"},
		"a superuser": {d.Owner, false, "row-level security"},
	} {
		if err := db.Check(t.Context(), c.pool, c.durable); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDatabaseThatKnowsNoAccentsIsRefused(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	name := d.Name + "_c"
	if _, err := d.Owner.Exec("create database " + name + " template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C' locale_provider libc"); err != nil {
		t.Fatal(err)
	}
	pool, err := db.Open(t.Context(), strings.Replace(d.OwnerURL, d.Name, name, 1), db.Options{AppRole: true, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = pool.Close()
		if _, err := d.Owner.ExecContext(context.Background(), "drop database "+name+" with (force)"); err != nil {
			t.Error(err)
		}
	})
	if err := db.Check(t.Context(), pool, false); err == nil || !strings.Contains(err.Error(), "accented words") {
		t.Errorf("Check: %v", err)
	}
}

func TestAddressThatCannotBeReadIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://u:secret@h:port/x", "://secret", "host=secret port=x"} {
		if _, err := db.Open(t.Context(), url, db.Options{}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open: %v", err)
		}
	}
}
