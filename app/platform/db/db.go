// Package db opens the pool and owns the one way to run a transaction.
//
// Nothing outside InTx writes. No struct in the house holds a pool and also has
// query methods: stores are functions that take a bun.IDB, so a write cannot
// slip out of its transaction by using the wrong handle.
package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
)

// AppRole is the Postgres role that requests and jobs run as: it owns nothing,
// cannot bypass row-level security, and may only add to journals.
const AppRole = "timebank_app"

// Options of Open.
type Options struct {
	AppRole  bool // every connection runs as AppRole
	MaxConns int  // 0 means 16
	// Wrap puts something between the pool and its connections: a test that takes
	// conditions out of statements, to see what holds without them.
	Wrap func(driver.Connector) driver.Connector
}

// Open returns a pool. It refuses, in one sentence, a URL that cannot be read;
// it does not connect yet.
func Open(_ context.Context, url string, o Options) (*bun.DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database address cannot be read; write it as postgres://user:password@host:5432/name")
	}
	// For statements with parameters, such as the job queue's: nothing is kept of them.
	// The rest go by tenantConn, which keeps what comes again.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	set := cfg.RuntimeParams
	set["timezone"] = "UTC"
	set["application_name"] = "timebank"
	set["statement_timeout"] = "35s" // longer than a fail-over, so that a cancel is never the first news of one
	set["lock_timeout"] = "10s"
	set["idle_in_transaction_session_timeout"] = "60s"
	if o.AppRole && cfg.User != AppRole {
		set["role"] = AppRole
	}
	var from driver.Connector = connector{stdlib.GetConnector(*cfg), &keeping{}}
	if o.Wrap != nil {
		from = o.Wrap(from)
	}
	pool := sql.OpenDB(from)
	if o.MaxConns == 0 {
		o.MaxConns = 16
	}
	pool.SetMaxOpenConns(o.MaxConns)
	pool.SetMaxIdleConns(o.MaxConns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return bun.NewDB(pool, newDialect()), nil
}

// Check refuses to run on a server that could lose or mix what it is trusted
// with: durability switched off, a role that row-level security does not bind,
// or a character type that breaks search of accented words.
func Check(ctx context.Context, pool *bun.DB, durable bool) error {
	var s struct {
		Fsync, Pages, Commit, Ctype string
		Bypass, Trigram             bool
		Version                     int
	}
	err := pool.QueryRowContext(ctx, `select current_setting('fsync'), current_setting('full_page_writes'),
		current_setting('synchronous_commit'), (select datctype from pg_database where datname = current_database()),
		(select rolsuper or rolbypassrls from pg_roles where rolname = current_user),
		lower('ÉÑ') = 'éñ', current_setting('server_version_num')::int`).
		Scan(&s.Fsync, &s.Pages, &s.Commit, &s.Ctype, &s.Bypass, &s.Trigram, &s.Version)
	switch {
	case err != nil:
		return fmt.Errorf("the database does not answer: %w", err)
	case s.Version < 150000:
		return fmt.Errorf("the database is PostgreSQL %d; 15 or later is needed", s.Version/10000)
	case s.Bypass:
		return errors.New("the database role may pass by row-level security; use one without SUPERUSER and BYPASSRLS")
	case durable && (s.Fsync != "on" || s.Pages != "on" || s.Commit == "off"):
		return errors.New("the database runs with fsync, full_page_writes or synchronous_commit off and could lose hours; switch them on")
	case s.Ctype == "C" || !s.Trigram:
		return errors.New("the database was made with character type C and would not find accented words; make it with LC_CTYPE=C.UTF-8")
	}
	return nil
}
