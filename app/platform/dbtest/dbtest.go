// Package dbtest gives each test a database of its own on a real PostgreSQL.
//
// One throw-away server is shared by every test process of a user. The schema
// is migrated once into a template named by the hash of the migrations, and a
// test gets a clone of it, which costs some twenty milliseconds in memory.
// Databases are dropped while the next tests run.
//
// TEST_DATABASE_URL, a superuser's address, names a server to use instead.
// The database of a failed test stays for an hour to look at; the server stops
// ten seconds after the last test process, or after TEST_DATABASE_GRACE (such
// as 30m), and the next test run starts it again with what was left on it.
//
// A package whose tests use it has
//
//	func TestMain(m *testing.M) { dbtest.Main(m) }
package dbtest

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/pgembed"
)

// A test's pools stay small: the server's connections are shared by everybody's
// tests, and a test that needs more would hide what production does to it.
const (
	appConns   = 5
	ownerConns = 2
)

// DB is a migrated database that belongs to one test.
type DB struct {
	// Name of the database.
	Name string
	// OwnerURL logs in as the owner, who is not bound by row-level security.
	OwnerURL string
	// Bun is the application's pool: its connections run as the application's
	// role, and row-level security applies.
	Bun *bun.DB
	// Owner is a pool for looking and tampering: it sees every row.
	Owner *bun.DB
}

// start runs once in a test process; its error is every test's.
var start = sync.OnceValues(func() (*server, error) { return startServer(context.Background()) })

// used tells Main that there is a server to leave.
var used atomic.Bool

// Main runs the tests, waits until their databases are dropped, and leaves the
// server to the packages that come after.
func Main(m *testing.M) {
	code := m.Run()
	if used.Load() {
		if s, err := start(); err == nil {
			s.leave()
		}
	}
	os.Exit(code)
}

// New returns a migrated database. The test's end closes its pools and drops
// it, unless the test failed.
func New(t testing.TB) *DB {
	t.Helper()
	s := need(t)
	d := &DB{Name: s.create(t, s.template)}
	d.OwnerURL = s.dsn(d.Name)
	d.Bun = open(t, d.OwnerURL, db.Options{AppRole: true, MaxConns: appConns})
	d.Owner = open(t, d.OwnerURL, db.Options{MaxConns: ownerConns})
	return d
}

// Empty returns the owner's address of a database with nothing in it, for tests
// of the migrations themselves.
func Empty(t testing.TB) (ownerURL string) {
	t.Helper()
	s := need(t)
	return s.dsn(s.create(t, "template0"))
}

// need returns the server. Without any PostgreSQL the test is skipped, but not
// in continuous integration, where nobody would notice.
func need(t testing.TB) *server {
	t.Helper()
	used.Store(true)
	s, err := start()
	if err != nil {
		if os.Getenv("CI") == "" && (errors.Is(err, pgembed.ErrNoPostgres) || errors.Is(err, pgembed.ErrFetch)) {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	return s
}

func open(t testing.TB, url string, o db.Options) *bun.DB {
	t.Helper()
	pool, err := db.Open(context.Background(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Errorf("close the test's database: %v", err)
		}
	})
	return pool
}
