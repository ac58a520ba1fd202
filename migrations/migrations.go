// Package migrations brings a database to the schema this binary was built for.
//
// Files run in the order of their sources and, within one, of their names; each
// once, in a transaction of its own, forward only. A file that has run may never
// change: its hash is kept and compared. The queue's tables come from River.
package migrations

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"timebank/ledger"
)

//go:embed foundation/*.sql bank/*.sql
var files embed.FS

// JobSchema is the Postgres schema that holds the queue's tables.
const JobSchema = "job"

const lock = 0x74696d6562616e6b // "timebank": one process migrates, the others wait

type step struct{ name, sql, hash string }

// steps lists every file in the order it runs: roles and global tables, the
// ledger's own schema, then the tables of the banks.
func steps() ([]step, error) {
	var out []step
	for _, src := range []struct {
		fs   fs.FS
		name string
		glob string
	}{{files, "foundation", "foundation/*.sql"}, {ledger.Migrations, "ledger", "schema/*.sql"}, {files, "bank", "bank/*.sql"}} {
		names, err := fs.Glob(src.fs, src.glob)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", src.name, err)
		}
		slices.Sort(names)
		for _, n := range names {
			b, err := fs.ReadFile(src.fs, n)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", n, err)
			}
			sum := sha256.Sum256(b)
			out = append(out, step{src.name + "/" + path.Base(n), string(b), hex.EncodeToString(sum[:])})
		}
	}
	return out, nil
}

// Hash names the schema: equal when every file is.
func Hash() string {
	all, err := steps()
	if err != nil {
		panic(err) // the files are in the binary
	}
	h := sha256.New()
	for _, s := range all {
		h.Write([]byte(s.name + s.hash))
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// Up runs what has not run yet, as the owner of the schema. Several processes
// may call it at once: one does the work. It refuses a database that a newer
// program has migrated, and one whose past files differ from this program's.
// progress is told the name of each file before it runs; nil is allowed.
func Up(ctx context.Context, ownerURL string, progress func(string)) error {
	all, err := steps()
	if err != nil {
		return err
	}
	cfg, err := pgx.ParseConfig(ownerURL)
	if err != nil {
		return errors.New("the database address cannot be read; write it as postgres://user:password@host:5432/name")
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return unreached(ctx, cfg, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", int64(lock)); err != nil {
		return fmt.Errorf("wait for other migrations: %w", err)
	}
	done, err := applied(ctx, conn)
	if err != nil {
		return err
	}
	if err := compatible(all, done); err != nil {
		return err
	}
	for _, s := range all {
		if _, ok := done[s.name]; ok {
			continue
		}
		if progress != nil {
			progress(s.name)
		}
		if err := run(ctx, conn, s); err != nil {
			return err
		}
	}
	return queueTables(ctx, *cfg, conn)
}

func applied(ctx context.Context, conn *pgx.Conn) (map[string]string, error) {
	if _, err := conn.Exec(ctx, `create schema if not exists directory;
		create table if not exists directory.migration (
			name text primary key, hash text not null, ran_at timestamptz not null default now())`); err != nil {
		return nil, fmt.Errorf("prepare migrations: %w", err)
	}
	rows, err := conn.Query(ctx, "select name, hash from directory.migration")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	done := map[string]string{}
	var name, hash string
	_, err = pgx.ForEachRow(rows, []any{&name, &hash}, func() error { done[name] = hash; return nil })
	return done, err
}

func compatible(all []step, done map[string]string) error {
	known := map[string]string{}
	for _, s := range all {
		known[s.name] = s.hash
	}
	for name, hash := range done {
		switch known[name] {
		case hash:
		case "":
			return fmt.Errorf("the database was migrated by a newer timebank (%s); run that version or a later one", name)
		default:
			return fmt.Errorf("migration %s is not the one that made this database; run the version that did, or restore the file", name)
		}
	}
	return nil
}

// unreached says in one sentence why there is no connection: the driver's error
// has a line for each address it tried.
func unreached(ctx context.Context, cfg *pgx.ConnConfig, err error) error {
	where := net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("the database at %s refuses the connection: %s (%s)", where, e.Message, e.Code)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("the database cannot be reached at %s; is it running there, and is DATABASE_URL right?", where)
}

func run(ctx context.Context, conn *pgx.Conn, s step) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("migrate %s: %w", s.name, err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, s.sql); err != nil {
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Position > 0 {
			from := max(0, int(e.Position)-80)
			return fmt.Errorf("migrate %s near %q: %w", s.name, s.sql[from:min(len(s.sql), int(e.Position)+40)], err)
		}
		return fmt.Errorf("migrate %s: %w", s.name, err)
	}
	if _, err := tx.Exec(ctx, "insert into directory.migration (name, hash) values ($1, $2)", s.name, s.hash); err != nil {
		return fmt.Errorf("note %s: %w", s.name, err)
	}
	return tx.Commit(ctx)
}

// queueTables runs River's own migrations and lets the application's role use
// what they made.
func queueTables(ctx context.Context, cfg pgx.ConnConfig, conn *pgx.Conn) error {
	pool := stdlib.OpenDB(cfg)
	defer func() { _ = pool.Close() }()
	m, err := rivermigrate.New(riverdatabasesql.New(pool), &rivermigrate.Config{Schema: JobSchema})
	if err != nil {
		return fmt.Errorf("queue tables: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("queue tables: %w", err)
	}
	_, err = conn.Exec(ctx, `grant usage on schema job to timebank_app;
		grant select, insert, update, delete on all tables in schema job to timebank_app;
		grant usage on all sequences in schema job to timebank_app`)
	if err != nil {
		return fmt.Errorf("queue tables: %w", err)
	}
	return nil
}
