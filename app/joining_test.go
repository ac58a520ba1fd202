package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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
	s.refused("POST", apply+"/"+list[1].str("id")+"/decline", map[string]any{}, http.StatusConflict, "already-decided")
	s.do("POST", apply+"/"+list[0].str("id")+"/decline", map[string]any{"words": "We have no room just now.\nPlease ring us in May."}, http.StatusNoContent)
	h.wait("answer-application")
	if n, text := h.mailsTo("joan@example.org", "Your wish to join Hilltop Time Bank"); n != 1 || !strings.Contains(text, "no room just now") {
		t.Errorf("the no: %d, %s", n, text)
	}
	if all := h.everyRow(); strings.Contains(all, "joan@") {
		t.Error("who was declined is still known")
	}
	s.refused("POST", apply+"/"+list[2].str("id")+"/accept", nil, http.StatusConflict, "already-member")
	if found := s.do("GET", hilltop+"/members?words=jim", nil, http.StatusOK).list("members"); len(found) != 1 {
		t.Errorf("Jim is no member: %v", found)
	}

	code := s.do("POST", hilltop+"/invitations", map[string]any{"uses": 1}, http.StatusCreated).str("code")
	anon.refused("POST", apply, map[string]any{"name": "Edna", "email": "edna@example.org", "invitation": "J-0000-000"}, http.StatusUnprocessableEntity, "wrong-invitation")
	anon.do("POST", apply, map[string]any{"name": "Edna Marsh", "email": "edna@example.org", "invitation": strings.ToLower(code)}, http.StatusAccepted)
	h.signIn("edna@example.org").do("GET", hilltop+"/listings?type=offer", nil, http.StatusOK)
	anon.refused("POST", apply, map[string]any{"name": "Fred", "email": "fred@example.org", "invitation": code}, http.StatusUnprocessableEntity, "wrong-invitation")
	for range 15 {
		h.clock.Advance(5 * time.Minute)
		anon.do("POST", apply, map[string]any{"name": "Many", "email": "many@example.org"}, http.StatusAccepted)
	}
	again := h.renewed(s).do("GET", apply, nil, http.StatusOK).list("applications")
	if n := len(again); again[n-1].str("name") != "Many" || again[n-1].num("times") != 15 || n > 1 && again[n-2].str("name") == "Many" {
		t.Errorf("fifteen times the same person: %v", again)
	}
	for range 12 {
		anon.try("POST", apply, map[string]any{"name": "Many", "email": "many@example.org"})
	}
	anon.refused("POST", apply, map[string]any{"name": "Many", "email": "many@example.org"}, http.StatusTooManyRequests, "too-many-tries")
}

// A bank asks its own questions; what is needed is asked for by field, and a form
// opened before the questions changed can still be sent. Whoever is accepted hears
// so by their own route.
func TestJoiningWithTheBanksOwnQuestions(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	c, anon := h.signIn("cora@example.org"), &browser{h: h}
	const join, apply = hilltop + "/join", hilltop + "/applications"
	c.refused("PUT", join, map[string]any{"questions": []map[string]any{{"ask": " ", "kind": "words"}}}, http.StatusUnprocessableEntity, "check-answers")
	c.do("PUT", join, map[string]any{"questions": []map[string]any{{"ask": "What do you enjoy doing?", "kind": "words", "needed": true}, {"ask": "Are you 18 or over?", "kind": "yes-no", "needed": true}}}, http.StatusNoContent)
	asked := anon.do("GET", join, nil, http.StatusOK).list("questions")
	if len(asked) != 2 || asked[1].str("kind") != "yes-no" {
		t.Fatalf("questions: %v", asked)
	}
	enjoy, adult := asked[0].str("id"), asked[1].str("id")
	_, p, _ := anon.try("POST", apply, map[string]any{"name": "Edna Marsh", "phone": "01632 960 021", "answers": []map[string]any{{"question_id": adult, "said": "maybe"}}})
	var at []string
	for _, e := range p.list("errors") {
		at = append(at, e.str("pointer"))
	}
	if !slices.Equal(at, []string{"/answers/" + adult, "/answers/" + enjoy}) {
		t.Errorf("refused at %v", at)
	}
	c.do("PUT", join, map[string]any{"questions": []map[string]any{{"ask": "Who told you about us?", "kind": "words", "needed": true}}}, http.StatusNoContent)
	anon.do("POST", apply, map[string]any{"name": "Edna Marsh", "phone": "01632 960 021", "answers": []map[string]any{{"question_id": enjoy, "said": " Whittling "}, {"question_id": adult, "said": "yes"}}}, http.StatusAccepted)
	list := c.do("GET", apply, nil, http.StatusOK).list("applications")
	if len(list) != 1 || list[0].list("answers")[0].str("said") != "Whittling" || list[0].list("answers")[1].str("ask") != "Are you 18 or over?" {
		t.Fatalf("applications: %v", list)
	}
	if strings.Contains(h.everyRow(), "Whittling") {
		t.Error("an answer stands in the open")
	}
	c.do("POST", apply+"/"+list[0].str("id")+"/accept", nil, http.StatusOK)
	if d := c.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks"); len(d) != 1 || d[0].str("kind") != "ring-to-tell" || d[0].str("who") != "Edna" {
		t.Errorf("nobody rings Edna: %v", d)
	}
	code := c.do("POST", hilltop+"/invitations", map[string]any{"uses": 1}, http.StatusCreated)
	if !strings.HasSuffix(code.str("link"), "/join?bank=hilltop&code="+code.str("code")) {
		t.Errorf("link: %v", code)
	}
	who := c.do("GET", hilltop+"/join", nil, http.StatusOK).list("questions")[0].str("id")
	anon.do("POST", apply, map[string]any{"name": "Rose Hill", "email": "rose@example.org", "invitation": code.str("code"), "answers": []map[string]any{{"question_id": who, "said": "Edna"}}}, http.StatusAccepted)
	h.wait("send-message")
	if n, _ := h.mailsTo("rose@example.org", "Welcome to Hilltop Time Bank"); n != 1 {
		t.Errorf("Rose was welcomed %d times", n)
	}
}
