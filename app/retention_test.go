package app_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
)

// What is over is counted before it is forgotten, forgotten once, and only that.
func TestRetentionIsReadBeforeItRuns(t *testing.T) {
	t.Parallel()
	h := open(t)
	other := h.openBank("elsewhere", "Elsewhere Time Bank")
	maria := h.joins(h.bank, "Maria Santos", "maria@example.org")
	stan := h.joins(other, "Stan Ger", "stan@example.org")
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	h.asks(identity.Actor{Person: uuid.New(), Bank: h.bank, Roles: []identity.Role{identity.Broker}}, maria.ID, "out.lift")
	h.asks(identity.Actor{Person: uuid.New(), Bank: other, Roles: []identity.Role{identity.Broker}}, stan.ID, "out.lift")
	(&browser{h: h}).do("POST", hilltop+"/applications", map[string]any{"name": "Joan", "email": "joan@example.org"}, http.StatusAccepted)
	c := h.signIn("cora@example.org")
	app := c.do("GET", hilltop+"/applications", nil, http.StatusOK).list("applications")[0].str("id")
	c.do("POST", hilltop+"/applications/"+app+"/decline", map[string]any{}, http.StatusNoContent)
	due := func(c *browser) map[string]int64 {
		out := map[string]int64{}
		for _, k := range c.do("GET", hilltop+"/retention", nil, http.StatusOK).list("kept") {
			out[k.str("name")] = k.num("due")
		}
		return out
	}
	rows := func(b uuid.UUID, table string) (n int) {
		h.in(b, func(ctx context.Context, tx bun.IDB) error {
			return tx.NewRaw("select count(*) from ? where bank_id = ?", bun.Ident(table), b).Scan(ctx, &n)
		})
		return n
	}
	night := func() map[string]int64 {
		done, err := h.app.Rights.ForgetOld(t.Context(), h.bank.ID)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	for name, n := range due(c) {
		if n != 0 {
			t.Errorf("%s: %d are over on the first day", name, n)
		}
	}
	c.refused("PUT", hilltop+"/retention/journal", map[string]any{"days": 30}, http.StatusUnprocessableEntity, "days")
	c.refused("PUT", hilltop+"/retention/hours", map[string]any{"days": 400}, http.StatusNotFound, "no-such-rule")
	c.do("PUT", hilltop+"/retention/applications", map[string]any{"days": 60}, http.StatusNoContent)
	c.do("PUT", hilltop+"/retention/journal", map[string]any{"days": 365}, http.StatusNoContent)

	h.clock.Advance(61 * 24 * time.Hour)
	c = h.signIn("cora@example.org")
	if d := due(c); d["applications"] != 1 || d["journal"] != 0 {
		t.Errorf("after two months: %v", d)
	}
	if rows(h.bank.ID, "application") != 1 {
		t.Error("looking has forgotten")
	}
	if done := night(); done["applications"] != 1 || rows(h.bank.ID, "application") != 0 {
		t.Errorf("the night forgot %v", done)
	}
	if done := night(); done["applications"] != 0 {
		t.Errorf("twice: %v", done)
	}

	h.clock.Advance(320 * 24 * time.Hour)
	c = h.signIn("cora@example.org")
	over, theirs := due(c)["journal"], rows(other.ID, "audit")
	if done := night(); over == 0 || done["journal"] != over || rows(other.ID, "audit") != theirs {
		t.Errorf("journal: %d over, forgot %v, theirs %d", over, done, theirs)
	}
	if n := rows(h.bank.ID, "task"); n != 2 { // one waits, one is done less than two years ago
		t.Errorf("%d tasks", n)
	}
	// The function is no way around the second wall, and deletes nothing else.
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error {
		for _, try := range []struct {
			bank uuid.UUID
			what string
		}{{other.ID, "journal"}, {h.bank.ID, "member"}, {h.bank.ID, "exchange_event"}} {
			if _, err := tx.ExecContext(ctx, "savepoint a"); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "select forget_old(?, ?, now() + interval '9 years', 100)", try.bank, try.what); err == nil {
				t.Errorf("%s of another bank can be deleted", try.what)
			}
			if _, err := tx.ExecContext(ctx, "rollback to savepoint a"); err != nil {
				return err
			}
		}
		return nil
	})
}
