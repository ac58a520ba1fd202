package app_test

import (
	"net/http"
	"strings"
	"testing"

	"timebank/app/identity"
)

// Fifteen applications of one person are one; a member's address is answered like
// any other; a broker accepts or declines, and what was written is forgotten.
func TestApplyingAndInvitations(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	s, anon := h.signIn("sam@example.org"), &browser{h: h}
	const apply = hilltop + "/applications"
	anon.refused("POST", apply, map[string]any{"name": "Nobody"}, http.StatusUnprocessableEntity, "no-way-to-answer")
	anon.refused("POST", "/banks/nowhere/applications", map[string]any{"name": "Joan", "email": "joan@example.org"}, http.StatusNotFound, "no-such-bank")
	next := map[string]bool{}
	for _, body := range []map[string]any{
		{"name": "Joan Pike", "email": "joan@example.org", "words": "zz-first-zz"},
		{"name": "Joan Pike", "email": "JOAN@example.org ", "phone": "07700 900 111"},
		{"name": "joan pike", "phone": "+44 7700 900111", "words": "I bake"},
		{"name": "Jim Pike", "phone": "07700 900 111"}, // the same household
		{"name": "Maria Santos", "email": "maria@example.org"},
	} {
		next[anon.do("POST", apply, body, http.StatusAccepted).str("next")] = true
	}
	if len(next) != 1 {
		t.Errorf("the answers tell who is a member: %v", next)
	}
	list := s.do("GET", apply, nil, http.StatusOK).list("applications")
	if len(list) != 3 || list[0].num("times") != 3 || list[0].str("words") != "I bake" || list[1].str("called") != "Jim" || list[2]["already"] != true {
		t.Fatalf("applications: %v", list)
	}
	if d := s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks"); len(d) != 3 || d[0].str("kind") != "answer-application" {
		t.Errorf("desk: %v", d)
	}
	if all := h.everyRow(); strings.Contains(all, "Pike") || strings.Contains(all, "7700900111") {
		t.Error("an application stands in the open")
	}
	s.do("POST", apply+"/"+list[1].str("id")+"/accept", nil, http.StatusOK)
	s.refused("POST", apply+"/"+list[1].str("id")+"/decline", nil, http.StatusConflict, "already-decided")
	s.do("POST", apply+"/"+list[0].str("id")+"/decline", nil, http.StatusNoContent)
	s.refused("POST", apply+"/"+list[2].str("id")+"/accept", nil, http.StatusConflict, "already-member")
	if found := s.do("GET", hilltop+"/members?words=jim", nil, http.StatusOK).list("members"); len(found) != 1 {
		t.Errorf("Jim is no member: %v", found)
	}

	code := s.do("POST", hilltop+"/invitations", map[string]any{"uses": 1}, http.StatusCreated).str("code")
	anon.refused("POST", apply, map[string]any{"name": "Edna", "email": "edna@example.org", "invitation": "J-0000-000"}, http.StatusUnprocessableEntity, "wrong-invitation")
	anon.do("POST", apply, map[string]any{"name": "Edna Marsh", "email": "edna@example.org", "invitation": strings.ToLower(code)}, http.StatusAccepted)
	h.signIn("edna@example.org").do("GET", hilltop+"/listings?type=offer", nil, http.StatusOK)
	anon.refused("POST", apply, map[string]any{"name": "Fred", "email": "fred@example.org", "invitation": code}, http.StatusUnprocessableEntity, "wrong-invitation")
	for range 12 {
		anon.try("POST", apply, map[string]any{"name": "Many", "email": "many@example.org"})
	}
	anon.refused("POST", apply, map[string]any{"name": "Many", "email": "many@example.org"}, http.StatusTooManyRequests, "too-many-tries")
}
