package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"timebank/app/identity"
	"timebank/app/platform/web"
)

// anybody lists every operation that needs no sign-in. A new one that is not here
// fails the test: being open to the world is decided, never forgotten.
var anybody = []string{"apply-to-join", "ask-sign-in-code", "banks", "kinds-of-help", "program-token", "renew-session", "sign-in", "sign-out"}

// may is what each role may call, by the permission an operation names.
var may = map[string][]string{
	identity.TakePart:     {"member", "broker", "coordinator"},
	identity.WorkDesk:     {"broker", "coordinator"},
	identity.SetPolicy:    {"coordinator"},
	identity.Refer:        {"receptionist", "practice-manager"},
	identity.HalfSignedIn: {"member", "broker", "coordinator", "receptionist", "practice-manager", "stranger"},
	web.SignedIn:          {"member", "broker", "coordinator", "receptionist", "practice-manager", "stranger"},
}

// Every operation as every role: what the permission does not carry is refused
// before anything is read, and another bank answers as if it did not exist.
func TestEveryOperationAsEveryRole(t *testing.T) {
	t.Parallel()
	h := open(t)
	org := h.surgery(h.bank, "Millbrook Surgery")
	other := h.openBank("elsewhere", "Elsewhere Time Bank")
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.joins(other, "Stan Ger", "stranger@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	h.staff(h.bank, "Priya", "priya@example.org", identity.Receptionist, &org)
	h.staff(h.bank, "Petra", "petra@example.org", identity.PracticeManager, &org)
	as := map[string]*browser{
		"nobody": {h: h}, "member": h.signIn("maria@example.org"), "broker": h.signIn("sam@example.org"), "coordinator": h.signIn("cora@example.org"),
		"receptionist": h.signIn("priya@example.org"), "practice-manager": h.signIn("petra@example.org"), "stranger": h.signIn("stranger@example.org"),
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
			case role == "stranger" && strings.Contains(op.Path, "{bank}") && p.str("code") != "no-such-bank":
				t.Errorf("%s of another bank: %d %s", op.ID, status, raw)
			case role != "nobody" && role != "stranger" && !slices.Contains(roles, role) && p.str("code") != "not-allowed":
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
	as[web.SignedIn] = as[identity.TakePart]
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
