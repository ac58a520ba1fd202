package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/member"
)

// everyRow is all that the bank's and the directory's tables say, as text: where
// a name would have to show if it were still anywhere.
func (h *house) everyRow() string {
	h.t.Helper()
	var tables []string
	err := h.db.Owner.NewRaw(`select n.nspname || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and n.nspname in ('public', 'ledger', 'directory', 'job')`).Scan(h.t.Context(), &tables)
	if err != nil {
		h.t.Fatal(err)
	}
	var out strings.Builder
	for _, name := range tables {
		var rows []string
		if err := h.db.Owner.NewRaw("select t::text from "+name+" t").Scan(h.t.Context(), &rows); err != nil {
			h.t.Fatal(name, err)
		}
		out.WriteString(strings.Join(rows, "\n"))
	}
	return out.String()
}

// A member rests and comes back, settles what is open, gives the hours away and
// leaves: nothing says who it was, the plans are off, the ledger still adds up.
func TestPauseComeBackLeave(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	m, b, s := h.signIn("maria@example.org"), h.signIn("bill@example.org"), h.signIn("sam@example.org")
	mine, his := hilltop+"/members/"+maria.ID.String(), hilltop+"/members/"+bill.ID.String()
	x := m.do("POST", hilltop+"/help-given", map[string]any{"helper_id": maria.ID, "helped_id": bill.ID, "kind": "out.lift", "minutes": 90}, http.StatusCreated).str("id")

	m.do("POST", mine+"/pause", map[string]any{}, http.StatusNoContent)
	m.refused("POST", mine+"/pause", map[string]any{}, http.StatusConflict, "pause-state")
	m.refused("POST", hilltop+"/requests", map[string]any{"kind": "out.lift"}, http.StatusConflict, "not-active")
	b.refused("POST", mine+"/come-back", map[string]any{}, http.StatusNotFound, "no-such-member")
	s.refused("POST", mine+"/come-back", map[string]any{}, http.StatusUnprocessableEntity, "say-how-they-agreed")
	s.do("POST", mine+"/come-back", map[string]any{"consent": "phone"}, http.StatusNoContent)

	m.do("PUT", mine+"/details", map[string]any{"name": "Maria Santos-Vela", "called": "Mari", "phone": "07700 900 123", "area": "Northgate", "reach_by": "email",
		"reach_note": "Rings twice", "needs": "Speaks softly", "free_slots": 5}, http.StatusNoContent)
	m.refused("PUT", mine+"/details", map[string]any{"name": "", "called": "", "phone": "12", "area": "", "reach_by": "phone", "reach_note": "", "needs": "", "free_slots": 0}, http.StatusUnprocessableEntity, "check-answers")
	if d := m.do("GET", mine+"/details", nil, http.StatusOK); d.str("called") != "Mari" || d.str("phone") != "+447700900123" || d.str("email") != "maria@example.org" {
		t.Errorf("details: %v", d)
	}
	if me := m.do("GET", "/me", nil, http.StatusOK); me.str("called") != "Mari" {
		t.Errorf("me: %v", me)
	}

	m.refused("POST", mine+"/leave", map[string]any{"hours": "pot"}, http.StatusConflict, "hours-unsettled")
	if l := m.do("GET", mine+"/leaving", nil, http.StatusOK); len(l["unsettled"].([]any)) != 1 || l["staff"] != false {
		t.Errorf("leaving: %v", l)
	}
	b.do("POST", hilltop+"/exchanges/"+x+"/confirm", map[string]any{}, http.StatusOK)
	ask := b.do("POST", hilltop+"/requests", map[string]any{"kind": "out.shop", "note": "for Bill"}, http.StatusCreated).str("id")
	plan := m.do("POST", hilltop+"/exchanges", map[string]any{"listing_id": ask, "starts_at": h.clock.Now().Add(48 * time.Hour), "place": "Santos corner"}, http.StatusCreated).str("id")
	b.do("POST", hilltop+"/exchanges/"+plan+"/agree", map[string]any{}, http.StatusOK)
	offer := m.do("POST", hilltop+"/offers", map[string]any{"kind": "food.cook", "note": "Santos paella"}, http.StatusCreated).str("id")

	m.refused("POST", mine+"/leave", map[string]any{}, http.StatusUnprocessableEntity, "say-where-hours-go")
	m.refused("POST", mine+"/leave", map[string]any{"hours": "neighbour", "neighbour_id": maria.ID}, http.StatusUnprocessableEntity, "neighbour")
	b.refused("POST", mine+"/leave", map[string]any{"hours": "pot"}, http.StatusNotFound, "no-such-member")
	_, err := h.db.Owner.Exec(`insert into directory.push_device (id, session_id, person_id, endpoint, p256dh, auth, created_at)
		select gen_random_uuid(), id, person_id, 'https://push.example/her-phone', 'k', 'a', now() from directory.session where person_id = ? limit 1`, maria.PersonID)
	h.must(err)
	m.do("POST", mine+"/leave", map[string]any{"hours": "neighbour", "neighbour_id": bill.ID}, http.StatusNoContent)
	if n := h.count("directory.push_device"); n != 0 {
		t.Errorf("%d devices of somebody who has left would still show messages", n)
	}

	m.refused("GET", "/me", nil, http.StatusUnauthorized, "sign-in")
	if b.do("GET", his+"/statement", nil, http.StatusOK).num("balance") != 0 {
		t.Error("the hours did not go to Bill")
	}
	if e := b.do("GET", hilltop+"/exchanges/"+plan, nil, http.StatusOK); e.str("state") != "cancelled" || e.sub("helper").str("called") != identity.Former {
		t.Errorf("the plan: %v", e)
	}
	s.refused("GET", hilltop+"/listings/"+offer+"x", nil, http.StatusUnprocessableEntity, "check-answers")
	if l := s.do("GET", hilltop+"/listings/"+ask, nil, http.StatusOK); l.str("state") != "open" {
		t.Errorf("Bill's request: %v", l)
	}
	s.refused("POST", mine+"/pause", map[string]any{"consent": "phone"}, http.StatusGone, "has-left")
	all := h.everyRow()
	for _, gone := range []string{"Maria", "Santos", "maria@example.org", "7700900123", "paella", "Rings twice", "softly"} {
		if n := strings.Index(all, gone); n >= 0 {
			t.Errorf("%q still stands somewhere: …%s…", gone, all[max(0, n-60):min(len(all), n+60)])
		}
	}
	h.verified()
	// The address is free: the same neighbour may come again, as somebody new.
	h.joins(h.bank, "Maria Santos", "maria@example.org")
}

// Somebody who stays in another bank keeps their sign-in there, and this bank
// loses the thread; staff cannot leave as long as they work here.
func TestLeaveOneOfTwoBanks(t *testing.T) {
	t.Parallel()
	h := open(t)
	other := h.openBank("elsewhere", "Elsewhere Time Bank")
	here := h.joins(h.bank, "Stan Ger", "stan@example.org")
	there := h.joins(other, "Stan Ger", "stan@example.org")
	staff := h.joins(h.bank, "Cora Lee", "cora@example.org")
	h.staff(h.bank, "Cora Lee", "cora@example.org", identity.Coordinator, nil)
	h.signIn("cora@example.org").refused("POST", hilltop+"/members/"+staff.ID.String()+"/leave", map[string]any{}, http.StatusConflict, "still-staff")
	h.signIn("stan@example.org").do("POST", hilltop+"/members/"+here.ID.String()+"/leave", map[string]any{}, http.StatusNoContent)
	again := h.signIn("stan@example.org")
	again.refused("GET", hilltop+"/listings?type=offer", nil, http.StatusNotFound, "no-such-bank")
	again.do("GET", "/banks/elsewhere/members/"+there.ID.String()+"/home", nil, http.StatusOK)
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error {
		m, err := member.ByID(ctx, tx, h.bank.ID, here.ID)
		if err == nil && (m.PersonID == here.PersonID || m.Name != identity.Former) {
			t.Errorf("the thread is not cut: %v", m)
		}
		return err
	})
	h.joins(h.bank, "Stan Ger", "stan@example.org") // may come again
}

// What a surgery told is forgotten with the member when the referral is closed,
// by the nightly run when its time is over, and never before.
func TestReferralIsForgotten(t *testing.T) {
	t.Parallel()
	h := open(t)
	org := h.surgery(h.bank, "Millbrook Surgery")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	h.staff(h.bank, "Priya", "priya@example.org", identity.Receptionist, &org)
	p := h.signIn("priya@example.org")
	id := p.do("POST", hilltop+"/referrals", map[string]any{"agreed": "now", "name": "Ada Whitlock", "birth_year": 1951, "reach_by": "call", "reach": "07700 900 461",
		"safe_message": "yes", "wants": []string{"company"}}, http.StatusCreated).sub("referral").str("id")
	p.do("POST", hilltop+"/referrals/mine/"+id+"/withdraw", map[string]any{"outcome": "by-mistake"}, http.StatusOK)
	told := func() string {
		j, _ := json.Marshal(h.signIn("sam@example.org").do("GET", hilltop+"/referrals/"+id, nil, http.StatusOK))
		return string(j)
	}
	night := func() {
		if _, err := h.app.Rights.ForgetOld(t.Context(), h.bank.ID); err != nil {
			t.Fatal(err)
		}
	}
	h.clock.Advance(364 * 24 * time.Hour)
	night()
	if !strings.Contains(told(), "Ada Whitlock") {
		t.Error("forgotten before its time")
	}
	h.clock.Advance(3 * 24 * time.Hour)
	night()
	night()
	if all := told(); strings.Contains(all, "Whitlock") || strings.Contains(all, "900461") || !strings.Contains(all, identity.Former) {
		t.Errorf("after a year: %s", all)
	}
	// The function is no way around the second wall.
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.ExecContext(ctx, "savepoint a"); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "select forget_referral(?, ?, '', '', now())", uuid.New(), id); err == nil {
			t.Error("another bank's referral can be forgotten")
		}
		_, err := tx.ExecContext(ctx, "rollback to savepoint a")
		return err
	})
}
