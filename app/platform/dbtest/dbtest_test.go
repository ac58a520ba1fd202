package dbtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"timebank/app/platform/db"
)

func TestMain(m *testing.M) { Main(m) }

func TestDatabasesAreApart(t *testing.T) {
	for n := range 4 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			d := New(t)
			if _, err := d.Owner.ExecContext(t.Context(), "create table mine (n int)"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestRoles(t *testing.T) {
	d := New(t)
	for _, c := range []struct {
		pool   *bun.DB
		bypass bool
		name   string
	}{{d.Bun, false, db.AppRole}, {d.Owner, true, ""}} {
		var name string
		var bypass bool
		err := c.pool.QueryRowContext(t.Context(), "select rolname, rolsuper or rolbypassrls from pg_roles where rolname = current_user").Scan(&name, &bypass)
		if err != nil || bypass != c.bypass || c.name != "" && name != c.name {
			t.Errorf("role %q, passes by row-level security: %v, %v", name, bypass, err)
		}
	}
	if !strings.Contains(d.OwnerURL, d.Name) {
		t.Errorf("the owner's address is of another database")
	}
}

func TestEmptyIsEmpty(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var tables int
	err = conn.QueryRow(t.Context(), "select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')").Scan(&tables)
	if err != nil || tables != 0 {
		t.Errorf("%d tables, %v", tables, err)
	}
}

// failing is a test that has failed, with an end that can be brought about.
type failing struct {
	testing.TB
	failed bool
	ends   []func()
	said   []string
}

func (f *failing) Failed() bool       { return f.failed }
func (f *failing) Cleanup(end func()) { f.ends = append(f.ends, end) }
func (f *failing) Logf(format string, args ...any) {
	f.said = append(f.said, fmt.Sprintf(format, args...))
}

func (f *failing) end() {
	for i := len(f.ends) - 1; i >= 0; i-- {
		f.ends[i]()
	}
}

func exists(t *testing.T, s *server, name string) (there bool) {
	t.Helper()
	s.drops.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admin.QueryRow(t.Context(), "select exists (select from pg_database where datname = $1)", name).Scan(&there); err != nil {
		t.Fatal(err)
	}
	return there
}

func TestOnlyAFailedTestLeavesItsDatabase(t *testing.T) {
	s := need(t)
	for _, failed := range []bool{false, true} {
		f := &failing{TB: t, failed: failed}
		name := New(f).Name
		f.end()
		if exists(t, s, name) != failed {
			t.Errorf("failed: %v, but the database is there: %v", failed, !failed)
		}
		if failed {
			if !strings.Contains(strings.Join(f.said, "\n"), name) {
				t.Errorf("the name of the database was not said: %q", f.said)
			}
			s.drop(name, " with (force)")
		}
	}
}

func TestSlotsBoundTheConnections(t *testing.T) {
	s := need(t)
	if s.lease != nil && s.slots*(appConns+ownerConns) > 200-spareConns {
		t.Errorf("%d slots are too many", s.slots)
	}
	one := &server{base: s.base, admin: s.admin, held: []int{}, slots: 1}
	first, err := one.trySlot()
	if err != nil {
		t.Fatal(err)
	}
	if first == 0 {
		t.Skip("another test process has the only slot")
	}
	if second, err := one.trySlot(); err != nil || second != 0 {
		t.Errorf("one slot was given twice: %d, %v", second, err)
	}
	one.freeSlot(first)
	var left int
	err = s.admin.QueryRow(t.Context(), "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()").Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d locks are left of a freed slot, %v", left, err)
	}
	if again, err := one.trySlot(); err != nil || again != 0 && again != first {
		t.Errorf("the freed slot was not given on: %d, %v", again, err)
	}
	one.freeSlot(first)
}

func TestNoGoroutineStays(t *testing.T) {
	s := need(t)
	f := &failing{TB: t}
	d := New(f)
	if err := d.Bun.PingContext(t.Context()); err != nil {
		t.Error(err)
	}
	f.end()
	s.drops.Wait()
	goleak.VerifyNone(t)
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		f := &failing{TB: b} // ends with each round: slots are few
		New(f)
		f.end()
	}
}
