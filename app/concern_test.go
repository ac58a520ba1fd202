package app_test

import (
	"net/http"
	"strings"
	"testing"

	"timebank/app/identity"
)

// Anybody signed in raises a concern; only the lead and the coordinator know of
// it, each reading is in the journal, the words stand sealed, and it closes only
// with what was done.
func TestConcernIsReadByTheLeadOnly(t *testing.T) {
	t.Parallel()
	h := open(t)
	org := h.surgery(h.bank, "Millbrook Surgery")
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	h.staff(h.bank, "Lee", "lee@example.org", identity.SafeguardingLead, nil)
	h.staff(h.bank, "Priya", "priya@example.org", identity.Receptionist, &org)
	m, s, l, p := h.signIn("maria@example.org"), h.signIn("sam@example.org"), h.signIn("lee@example.org"), h.signIn("priya@example.org")
	const all = hilltop + "/concerns"
	m.refused("POST", all, map[string]any{"about": "", "what": "?"}, http.StatusUnprocessableEntity, "check-answers")
	key := "0f6a3c1e-0000-4000-8000-000000000001"
	told := map[string]any{"about": "Zelda at number 9", "what": "Zz-bruises-zz on both arms", "urgent": true}
	ref := m.do("POST", all, told, http.StatusCreated, key).str("reference")
	if again := m.do("POST", all, told, http.StatusCreated, key).str("reference"); again != ref || ref == "" {
		t.Errorf("raised twice: %s, %s", ref, again)
	}
	h.wait("tell-of-concern")
	p.do("POST", all, map[string]any{"about": "A patient", "what": "Seemed afraid"}, http.StatusCreated)
	if n, text := h.mailsTo("lee@example.org", "Something waits"); n != 1 || strings.Contains(text, "Zelda") || strings.Contains(text, "bruises") {
		t.Errorf("Lee was told %d times: %s", n, text)
	}
	s.refused("GET", all, nil, http.StatusForbidden, "not-allowed")
	if d := s.do("GET", hilltop+"/desk", nil, http.StatusOK); len(d.list("tasks")) != 0 {
		t.Errorf("the desk knows: %v", d)
	}
	list := l.do("GET", all, nil, http.StatusOK).list("concerns")
	if len(list) != 2 || list[0].str("reference") != ref || list[0].str("about") != "" {
		t.Fatalf("concerns: %v", list)
	}
	one := all + "/" + list[0].str("id")
	l.refused("POST", one+"/close", map[string]any{"words": " "}, http.StatusUnprocessableEntity, "say-what-was-done")
	if c := l.do("GET", one, nil, http.StatusOK); c.str("what") != "Zz-bruises-zz on both arms" || c.str("by") != "Maria" || c["urgent"] != true {
		t.Errorf("concern: %v", c)
	}
	l.do("POST", one+"/notes", map[string]any{"words": "Rang the council"}, http.StatusNoContent)
	l.do("POST", one+"/close", map[string]any{"words": "The council has taken it on"}, http.StatusNoContent)
	l.refused("POST", one+"/notes", map[string]any{"words": "More"}, http.StatusConflict, "concern-closed")
	if c := l.do("GET", one, nil, http.StatusOK); c.str("state") != "closed" || len(c.list("notes")) != 2 || c.list("notes")[1]["close"] != true {
		t.Errorf("closed: %v", c)
	}
	rows := h.everyRow()
	for _, secret := range []string{"Zelda", "bruises", "council"} {
		if strings.Contains(rows, secret) || strings.Contains(h.log.String(), secret) {
			t.Errorf("%q stands in the open", secret)
		}
	}
	if n := strings.Count(rows, "see-concern"); n != 2 {
		t.Errorf("%d readings in the journal", n)
	}
}
