package app_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"timebank/app/listing"
)

// What is asked for certain days is asked of those who are free then, ends with the
// last of them, and comes back as asked for any day.
func TestHelpOnCertainDays(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria", "maria@example.org")
	tue, fri, silent := h.joins(h.bank, "Tess", ""), h.joins(h.bank, "Fred", ""), h.joins(h.bank, "Sue", "")
	for who, slots := range map[uuid.UUID]int{tue.ID: 7 << 3, fri.ID: 7 << 12} {
		_, err := h.db.Owner.Exec("update member set free_slots = ? where id = ?", slots, who)
		h.must(err)
	}
	h.publishes(tue, "out.lift", "")
	h.publishes(fri, "out.lift", "")
	h.publishes(silent, "out.lift", "")
	m := h.signIn("maria@example.org")
	for _, days := range [][]string{{"2026-11-22"}, {"2027-12-01"}, {"soon"}, {""}, {"2026-12-01", "2026-12-02", "2026-12-03", "2026-12-04", "2026-12-05", "2026-12-06", "2026-12-07", "2026-12-08"}} {
		if _, p, _ := m.try("POST", hilltop+"/requests", map[string]any{"kind": "out.lift", "days": days}); len(p.list("errors")) == 0 || p.list("errors")[0].str("pointer") != "/days" {
			t.Errorf("%v: %v", days, p)
		}
	}
	// A Friday and a Tuesday in the week after, in no order and one twice.
	ask := m.do("POST", hilltop+"/requests", map[string]any{"kind": "out.lift", "place": "online", "days": []string{"2026-12-08", "2026-11-27", "2026-11-27"}}, http.StatusCreated).str("id")
	l := m.do("GET", hilltop+"/listings/"+ask, nil, http.StatusOK)
	if days, _ := l["days"].([]any); !slices.Equal(days, []any{"2026-11-27", "2026-12-08"}) || l.str("timing") != "this-week" || l.str("expires_on") != "2026-12-08" || l.str("place") != "online" {
		t.Errorf("it is %v", l)
	}
	friday := m.do("POST", hilltop+"/requests", map[string]any{"kind": "out.lift", "days": []string{"2026-11-27"}}, http.StatusCreated).str("id")
	if who := h.candidates(uuid.MustParse(friday)); !slices.Equal(who, []string{"Fred", "Sue"}) {
		t.Errorf("asked for a Friday, the desk proposes %v", who)
	}
	h.clock.Advance(5 * 24 * time.Hour)
	h.must(h.app.Listing.Expire(t.Context(), h.bank.ID))
	if n := h.count("message where subject_id = ?", friday); n != 0 {
		t.Errorf("%d messages about a day that is over by itself", n)
	}
	m = h.signIn("maria@example.org")
	if l := m.do("GET", hilltop+"/listings/"+friday, nil, http.StatusOK); l.str("state") != listing.Expired {
		t.Errorf("after its day: %v", l)
	}
	m.do("POST", hilltop+"/listings/"+friday+"/renew", map[string]any{}, http.StatusNoContent)
	if l := m.do("GET", hilltop+"/listings/"+friday, nil, http.StatusOK); l.str("state") != listing.Open || l["days"] != nil || l.str("expires_on") <= "2026-12-08" {
		t.Errorf("put back: %v", l)
	}
}
