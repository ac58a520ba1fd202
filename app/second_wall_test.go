package app_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/web"
)

// driverConn is what database/sql asks of our driver's connections.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
}

// blind is a connection that takes the first wall out of every statement: where
// the program asks for the rows of one bank, it gets those that the database lets
// it see.
type blind struct {
	driverConn
	off *atomic.Int64 // below zero: not yet; else how many statements lost their wall
}

var firstWall = regexp.MustCompile(`("?\w+"?\.)?"?bank_id"? = \f?'[0-9a-f]{8}-[0-9a-f-]{27}'`)

func (b blind) without(query string) string {
	if b.off.Load() < 0 || strings.Contains(query, "directory.") || strings.Contains(query, `"directory"`) {
		return query // people's roles are no bank's rows, and have no second wall
	}
	out := firstWall.ReplaceAllString(query, "true")
	if out != query {
		b.off.Add(1)
	}
	return out
}

func (b blind) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return b.driverConn.QueryContext(ctx, b.without(query), args)
}

func (b blind) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return b.driverConn.ExecContext(ctx, b.without(query), args)
}

type blindConnector struct {
	driver.Connector
	off *atomic.Int64
}

func (c blindConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return blind{conn.(driverConn), c.off}, nil
}

// blindfold gives the house a pool without the first wall, as the application's
// role like any other, and the switch that takes the wall away.
func blindfold(off *atomic.Int64) func(*house) {
	return func(h *house) {
		pool, err := db.Open(h.t.Context(), h.db.OwnerURL, db.Options{AppRole: true, MaxConns: 5, Wrap: func(c driver.Connector) driver.Connector { return blindConnector{c, off} }})
		if err != nil {
			h.t.Fatal(err)
		}
		h.db.Bun = pool
		h.t.Cleanup(func() { _ = pool.Close() })
	}
}

// With the first wall switched off, the second still holds: every operation, as
// somebody with every role, tried on another bank's objects, reads nothing of
// that bank and changes nothing in it.
func TestSecondWallHoldsAlone(t *testing.T) {
	t.Parallel()
	var off atomic.Int64
	off.Store(-1)
	w := openWalled(t, blindfold(&off))
	h := w.house
	h.joins(h.bank, "Ann All", "all@example.org")
	for _, r := range []identity.Role{identity.Broker, identity.Coordinator, identity.SafeguardingLead, identity.CoChair} {
		h.staff(h.bank, "Ann All", "all@example.org", r, nil)
	}
	w.as["all"] = h.signIn("all@example.org")
	w.devices["all"] = [3]string{w.devices["member"][0], w.devices["member"][1], w.devices["member"][2]}
	var elsewhere uuid.UUID
	if err := h.db.Owner.NewRaw("select id from directory.bank where slug = 'elsewhere'").Scan(t.Context(), &elsewhere); err != nil {
		t.Fatal(err)
	}
	secrets := []string{"Stan Ger", "Fran Away", "Away Surgery"}
	for kind, o := range w.objects {
		if kind != "person" {
			secrets = append(secrets, o[2])
		}
	}
	before := h.rowsOf(elsewhere)
	if len(before) < 10 {
		t.Fatalf("the other bank has rows in %d tables only", len(before))
	}
	off.Store(0)
	// The first wall is off: inside the other bank, a question for our own finds theirs.
	h.in(elsewhere, func(ctx context.Context, tx bun.IDB) error {
		m, err := member.ByID(ctx, tx, h.bank.ID, uuid.MustParse(w.objects["member"][2]))
		if err != nil || m.BankID != elsewhere {
			t.Errorf("the first wall still stands: %v", err)
		}
		return nil
	})
	sample := samples(t)
	tried := 0
	for _, op := range w.app.Web.Ops() {
		if op.Who == web.Anyone || strings.HasPrefix(op.ID, "end-") || !strings.Contains(op.Path, "{bank}") {
			continue
		}
		for _, role := range []string{"all", "surgery"} {

			_, _, raw := w.sends(op, role, 2, sample[op.ID])
			tried++
			for _, s := range secrets {
				sent := fmt.Sprint(w.more(op.ID, role))
				if strings.Contains(raw, s) && !strings.Contains(sent, s) {
					t.Errorf("%s as %s tells %q of another bank: %.300s", op.ID, role, s, raw)
				}
			}
		}
	}
	if n := off.Load(); n < 200 || tried < 100 {
		t.Errorf("%d statements lost their wall in %d calls: too few to prove anything", n, tried)
	}
	for table, rows := range h.rowsOf(elsewhere) {
		if rows != before[table] {
			t.Errorf("%s of the other bank has changed", table)
		}
	}
}

// rowsOf is a digest of a bank's rows, by table.
func (h *house) rowsOf(b uuid.UUID) map[string]string {
	h.t.Helper()
	var tables []string
	err := h.db.Owner.NewRaw(`select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind = 'r' and c.relrowsecurity and n.nspname in ('public', 'ledger') order by 1`).Scan(h.t.Context(), &tables)
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range tables {
		var digest sql.NullString
		err := h.db.Owner.NewRaw("select md5(string_agg(t::text, '|' order by t::text)) from "+name+" t where bank_id = ?", b).Scan(h.t.Context(), &digest)
		if err != nil {
			h.t.Fatal(err)
		}
		if digest.Valid {
			out[name] = digest.String
		}
	}
	return out
}
