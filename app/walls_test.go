package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/web"
)

// anybody lists every operation that needs no sign-in. A new one that is not here
// fails the test: being open to the world is decided, never forgotten.
var anybody = []string{"apply-to-join", "ask-sign-in-code", "banks", "begin-passkey-sign-in", "confirm-by-link", "join-page", "kinds-of-help", "look-at-link", "program-token", "renew-session", "sign-in", "sign-in-with-passkey", "sign-out"}

var everyRole = []string{"member", "stand-in", "broker", "coordinator", "safeguarding-lead", "co-chair", "receptionist", "practice-manager", "operator", "stranger"}

// may is what each role may call, by the permission an operation names.
var may = map[string][]string{
	identity.TakePart:     {"member", "stand-in", "broker", "coordinator"},
	identity.SeeFigures:   {"broker", "coordinator", "co-chair"},
	identity.SeeConcerns:  {"coordinator", "safeguarding-lead"},
	identity.RunPlatform:  {"operator"},
	identity.WorkDesk:     {"broker", "coordinator"},
	identity.SetPolicy:    {"coordinator"},
	identity.Refer:        {"receptionist", "practice-manager"},
	identity.HalfSignedIn: everyRole,
	web.SignedIn:          everyRole,
}

// Every operation as every role: what the permission does not carry is refused
// before anything is read, and another bank answers as if it did not exist.
func TestEveryOperationAsEveryRole(t *testing.T) {
	t.Parallel()
	h := open(t)
	org := h.surgery(h.bank, "Millbrook Surgery")
	other := h.openBank("elsewhere", "Elsewhere Time Bank")
	maria := h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.joins(other, "Stan Ger", "stranger@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	h.staff(h.bank, "Priya", "priya@example.org", identity.Receptionist, &org)
	h.staff(h.bank, "Petra", "petra@example.org", identity.PracticeManager, &org)
	h.narrow(maria)
	as := map[string]*browser{
		"nobody": {h: h}, "member": h.signIn("maria@example.org"), "broker": h.signIn("sam@example.org"), "coordinator": h.signIn("cora@example.org"),
		"receptionist": h.signIn("priya@example.org"), "practice-manager": h.signIn("petra@example.org"), "stranger": h.signIn("stranger@example.org"),
		"stand-in": h.signIn("kit@example.org"), "safeguarding-lead": h.signIn("lee@example.org"), "co-chair": h.signIn("chi@example.org"), "operator": h.twoSteps(h.signIn("op@example.org")),
	}
	var open []string
	for _, op := range h.app.Web.Ops() {
		if op.Who == web.Anyone {
			open = append(open, op.ID)
			continue
		}
		roles, known := may[op.Who]
		if !known {
			t.Errorf("%s needs %q, a permission that the table does not know", op.ID, op.Who)
		}
		path := fill(op.Path, func(string) string { return uuid.NewString() })
		for role, b := range as {
			status, p, raw := b.try(op.Method, path, map[string]any{})
			switch {
			case status >= 500:
				t.Errorf("%s as %s: %d %s", op.ID, role, status, raw)
			case role == "nobody" && status != http.StatusUnauthorized:
				t.Errorf("%s without sign-in: %d", op.ID, status)
			case outside(role, op) && p.str("code") != "no-such-bank":
				t.Errorf("%s of another bank as %s: %d %s", op.ID, role, status, raw)
			case role != "nobody" && role != "stranger" && !outside(role, op) && !slices.Contains(roles, role) && p.str("code") != "not-allowed":
				t.Errorf("%s as %s: %d %s", op.ID, role, status, raw)
			case slices.Contains(roles, role) && role != "stranger" && (p.str("code") == "not-allowed" && op.Method == http.MethodGet):
				t.Errorf("%s as %s is refused: %s", op.ID, role, raw)
			}
		}
	}
	slices.Sort(open)
	if !slices.Equal(open, anybody) {
		t.Errorf("open to the world: %v; the table has %v", open, anybody)
	}
}

// outside tells whether an operation is in a bank that the role is no part of.
func outside(role string, op web.Op) bool {
	return (role == "stranger" || role == "operator") && strings.Contains(op.Path, "{bank}")
}

// narrow makes the people with little to see: somebody who stands in for a member,
// as far as a carer may, a safeguarding lead, a co-chair, the platform's operator.
func (h *house) narrow(m member.Member) {
	h.t.Helper()
	self := identity.Actor{Person: m.PersonID, Bank: h.bank, Member: m.ID, Roles: []identity.Role{identity.Member}}
	if _, err := h.app.Member.Appoint(h.t.Context(), self, uuid.Nil, m.ID, member.StandInWish{Name: "Kit Marsh", Email: "kit@example.org", May: identity.CarerMay}); err != nil {
		h.t.Fatal(err)
	}
	h.staff(h.bank, "Lee", "lee@example.org", identity.SafeguardingLead, nil)
	h.staff(h.bank, "Chi", "chi@example.org", identity.CoChair, nil)
	if err := h.app.AddOperator(h.t.Context(), "Op Erator", "op@example.org"); err != nil {
		h.t.Fatal(err)
	}
}

// Hostile and broken input on every operation gets a problem, never a 500, and
// never repeats what was sent.
func TestBadInputIsAnsweredPlainly(t *testing.T) {
	t.Parallel()
	h := open(t)
	org := h.surgery(h.bank, "Millbrook Surgery")
	maria := h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	h.staff(h.bank, "Priya", "priya@example.org", identity.Receptionist, &org)
	as := map[string]*browser{identity.TakePart: h.signIn("maria@example.org"), identity.WorkDesk: h.signIn("sam@example.org"), identity.SetPolicy: h.signIn("cora@example.org"), identity.Refer: h.signIn("priya@example.org"), web.Anyone: {h: h}}
	h.narrow(maria)
	as[web.SignedIn] = as[identity.TakePart]
	as[identity.SeeConcerns], as[identity.SeeFigures], as[identity.RunPlatform] = h.signIn("lee@example.org"), h.signIn("chi@example.org"), h.twoSteps(h.signIn("op@example.org"))
	as[identity.HalfSignedIn] = as[identity.TakePart]
	const canary = "zz-canary-zz"
	bodies := []any{
		nil, "text", []int{1}, 42,
		map[string]any{"contact": canary, "code": strings.Repeat("9", 25), "kind": canary, "note": "a\x00b" + canary},
		map[string]any{"minutes": -90, "reason": strings.Repeat("x", 5000), "name": "\u202e" + canary, "extra": canary},
		map[string]any{"minutes": 1e300, "listing_id": canary, "helper_id": 7, "starts_at": canary, "version": "x"},
		map[string]any{"minutes": 15, "happened_on": "2999-02-30", "for_member": uuid.New(), "consent": canary},
		map[string]any{"kind": "'; drop table member; --", "helper_id": maria.ID, "helped_id": maria.ID, "minutes": 15, "version": 1 << 40},
		map[string]any{"minutes": 15, "place": "a\x00" + canary, "reason": "a\x00b", "kind": "out.lift", "name": "a\x00b", "question": "\x00", "version": 1},
		map[string]any{"minutes": 15, "place": strings.Repeat("🙂", 500), "reason": "\u202e\ufffe" + strings.Repeat("Z̸͗", 100), "kind": "out.lift", "version": 1},
		map[string]any{"name": strings.Repeat("ñ", 300), "email": "x@y\r\nBcc: z@z", "phone": canary, "birth_year": 99999, "wants": []string{canary}},
	}
	for _, op := range h.app.Web.Ops() {
		for _, id := range []string{uuid.NewString(), canary, maria.ID.String()} {
			path := fill(op.Path, func(string) string { return id })
			for i, body := range bodies {
				if op.Method == http.MethodGet && i > 1 {
					break // nothing reads the body of a question
				}
				status, p, raw := as[op.Who].try(op.Method, path, body, []string{"not-a-uuid", uuid.NewString()}[i%2])
				if status >= 500 {
					t.Errorf("%s with body %d: %d %s", op.ID, i, status, raw)
				}
				if status >= 400 && (p.str("code") == "" || p.str("detail") == "" || strings.Contains(raw, canary)) {
					t.Errorf("%s with body %d: %d %s", op.ID, i, status, raw)
				}
			}
		}
	}
}
