package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"timebank/app/platform/pgembed"
	"timebank/migrations"
)

const (
	testPrefix     = "timebank_test_"
	templatePrefix = "timebank_template_"

	// Keys of advisory locks, which are per database: everybody takes them in
	// the database postgres.
	templateKey = 0x74656d70 // builds the template, or sweeps
	slotKey     = 0x736c6f74 // with a number: the right to one test database

	spareConns = 45 // for the test processes' own connections and leaving backends
	slotWait   = time.Minute
)

// server is this process's hold on the shared server.
type server struct {
	base     url.URL         // the superuser's address of the database postgres
	lease    *pgembed.Server // nil if the server is somebody else's
	template string

	mu    sync.Mutex // guards admin and held
	admin *pgx.Conn  // creates databases and holds the slots
	held  []int
	slots int

	dropping sync.Mutex // guards dropper
	dropper  *pgx.Conn
	drops    sync.WaitGroup
}

func startServer(ctx context.Context) (_ *server, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	s := &server{held: []int{}} // not nil, which SQL takes for unknown
	address := os.Getenv("TEST_DATABASE_URL")
	if address == "" {
		if s.lease, err = lease(ctx); err != nil {
			return nil, err
		}
		address = s.lease.URL
	}
	defer func() {
		if err != nil {
			s.leave()
		}
	}()
	base, err := url.Parse(address)
	if err != nil || base.Scheme == "" {
		return nil, errors.New("TEST_DATABASE_URL is not an address: write it as postgres://user:password@host:5432/postgres")
	}
	s.base = *base
	if s.admin, err = pgx.Connect(ctx, s.dsn("postgres")); err != nil {
		return nil, fmt.Errorf("connect to the test server: %w", err)
	}
	if s.dropper, err = pgx.Connect(ctx, s.dsn("postgres")); err != nil {
		return nil, fmt.Errorf("connect to the test server: %w", err)
	}
	if err := s.countSlots(ctx); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// lease starts or adopts the shared server.
func lease(ctx context.Context) (*pgembed.Server, error) {
	grace := 10 * time.Second
	if text := os.Getenv("TEST_DATABASE_GRACE"); text != "" {
		var err error
		if grace, err = time.ParseDuration(text); err != nil {
			return nil, errors.New("TEST_DATABASE_GRACE is not a duration: write it as 30m")
		}
	}
	root, err := root()
	if err != nil {
		return nil, err
	}
	return pgembed.Start(ctx, pgembed.Config{Root: root, Database: "postgres", Grace: grace, Progress: func(line string) {
		fmt.Fprintln(os.Stderr, "test database:", line)
	}})
}

// root is a directory in memory if at least a gigabyte is free there: creating
// databases is fifteen times faster than on a disk. Servers of other binaries
// have directories of their own.
func root() (string, error) {
	name := fmt.Sprintf("timebank-test-%d", os.Geteuid())
	if choice := os.Getenv("TIMEBANK_PG_SOURCE") + os.Getenv("TIMEBANK_PG_BIN"); choice != "" {
		sum := sha256.Sum256([]byte(choice))
		name += "-" + hex.EncodeToString(sum[:4])
	}
	dir := filepath.Join("/dev/shm", name)
	var st syscall.Statfs_t
	if _, err := os.Lstat(dir); err != nil && (syscall.Statfs("/dev/shm", &st) != nil || uint64(st.Bavail)*uint64(st.Bsize) < 1<<30) {
		dir = filepath.Join(os.TempDir(), name)
	}
	// Others may write beside it: what is there must be ours.
	info, err := os.Lstat(dir)
	if err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(owner.Uid) != os.Geteuid() {
			return "", fmt.Errorf("%s, where the test database belongs, is somebody else's: remove it", dir)
		}
	}
	return dir, nil
}

func (s *server) dsn(database string) string {
	u := s.base
	u.Path = "/" + database
	return u.String()
}

// leave waits for the drops and gives up what this process holds.
func (s *server) leave() {
	s.drops.Wait()
	for _, c := range []*pgx.Conn{s.admin, s.dropper} {
		if c != nil {
			_ = c.Close(context.Background()) // the process is about to end
		}
	}
	if s.lease != nil {
		s.lease.Release()
	}
}

// migrate makes the template unless it is there: one process does, the others
// wait. A template nobody can connect to can always be cloned.
func (s *server) migrate(ctx context.Context) (err error) {
	s.template = templatePrefix + migrations.Hash()
	name := pgx.Identifier{s.template}.Sanitize()
	if _, err := s.admin.Exec(ctx, "select pg_advisory_lock($1)", templateKey); err != nil {
		return fmt.Errorf("wait for the template: %w", err)
	}
	defer func() {
		_, unlocked := s.admin.Exec(ctx, "select pg_advisory_unlock($1)", templateKey)
		err = errors.Join(err, unlocked)
	}()
	if err := s.sweep(ctx); err != nil {
		return err
	}
	var ready bool
	err = s.admin.QueryRow(ctx, "select exists (select from pg_database where datname = $1 and datistemplate)", s.template).Scan(&ready)
	if err != nil || ready {
		return err
	}
	for _, sql := range []string{"drop database if exists " + name + " with (force)", "create database " + name + " template template0"} {
		if _, err := s.admin.Exec(ctx, sql); err != nil {
			return fmt.Errorf("make the template: %w", err)
		}
	}
	if err := migrations.Up(ctx, s.dsn(s.template), nil); err != nil {
		return fmt.Errorf("migrate the template: %w", err)
	}
	_, err = s.admin.Exec(ctx, "alter database "+name+" with is_template true allow_connections false")
	return err
}

// sweep drops what earlier runs left: databases of failed or killed tests after
// an hour, templates of other migrations after a day. Whatever is in use stays.
func (s *server) sweep(ctx context.Context) error {
	rows, err := s.admin.Query(ctx, `
		select datname from pg_database,
			lateral (select now() - (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification as age) made
		where datname <> $1 and case
			when starts_with(datname, $2) then age > interval '1 hour'
			when starts_with(datname, $3) then age > interval '1 day' end
		order by 1`, s.template, testPrefix, templatePrefix)
	if err != nil {
		return fmt.Errorf("look for old test databases: %w", err)
	}
	old, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for old test databases: %w", err)
	}
	for _, name := range old {
		s.drop(name, "")
	}
	return nil
}

// drop drops a database beside the tests: the server takes a tenth of a second
// for one that was in use a moment ago.
func (s *server) drop(name, how string) {
	s.drops.Go(func() {
		s.dropping.Lock()
		defer s.dropping.Unlock()
		id := pgx.Identifier{name}.Sanitize()
		_, err := s.dropper.Exec(context.Background(), "alter database "+id+" with is_template false")
		if err == nil {
			_, err = s.dropper.Exec(context.Background(), "drop database "+id+how)
		}
		if err != nil && how != "" {
			fmt.Fprintf(os.Stderr, "test database: %s was not dropped: %v\n", name, err)
		}
	})
}

// create clones the template for a test.
func (s *server) create(t testing.TB, template string) string {
	t.Helper()
	slot, err := s.takeSlot()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.freeSlot(slot) })
	var r [6]byte
	rand.Read(r[:])
	name := testPrefix + hex.EncodeToString(r[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = s.admin.Exec(context.Background(), fmt.Sprintf("create database %s template %s strategy file_copy", name, template))
	if err != nil {
		t.Fatalf("make the test's database: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the database %s stays for an hour: %s", name, s.dsn(name))
			return
		}
		s.drop(name, " with (force)")
	})
	return name
}

// countSlots shares the server's connections out: each slot is the right to one
// test database and its pools, across all test processes.
func (s *server) countSlots(ctx context.Context) error {
	var most int
	err := s.admin.QueryRow(ctx, "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int").Scan(&most)
	if err != nil {
		return fmt.Errorf("ask the test server how many connections it takes: %w", err)
	}
	s.slots = max(1, (most-spareConns)/(appConns+ownerConns))
	return nil
}

// takeSlot waits for a free slot. The lock is the admin connection's, so that a
// test process that is killed frees its slots.
func (s *server) takeSlot() (int, error) {
	for end := time.Now().Add(slotWait); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if slot, err := s.trySlot(); err != nil || slot != 0 {
			return slot, err
		}
	}
	return 0, fmt.Errorf("all %d test databases stayed in use for %s: run fewer tests at once (go test -parallel)", s.slots, slotWait)
}

func (s *server) trySlot() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var slot int
	// A session may lock twice what it has, so the slots held here are left out;
	// only a case makes sure that this is looked at before the lock is taken.
	err := s.admin.QueryRow(context.Background(), `
		select n from generate_series(1, $1::int) n
		where case when n = any ($2::int[]) then false else pg_try_advisory_lock($3::int, n) end limit 1`, s.slots, s.held, slotKey).Scan(&slot)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ask for a test database: %w", err)
	}
	s.held = append(s.held, slot)
	return slot, nil
}

func (s *server) freeSlot(slot int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = slices.DeleteFunc(s.held, func(n int) bool { return n == slot })
	_, _ = s.admin.Exec(context.Background(), "select pg_advisory_unlock($1::int, $2::int)", slotKey, slot) // or it ends with the connection
}
