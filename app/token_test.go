package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"timebank/app"
	"timebank/app/identity"
)

// replica is a second program on the same database, with keys of its own reading.
func (h *house) replica() *app.App {
	h.t.Helper()
	a, err := app.New(h.t.Context(), h.app.Deps)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// A key is rotated on one replica: the other takes its tokens without a restart,
// old tokens work until they die, and retired keys are refused afterwards.
func TestKeysRotateWhileServing(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	other := h.replica()
	old := h.signIn("maria@example.org")
	if err := other.RotateKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	old.do("GET", "/me", nil, http.StatusOK)
	person, session, err := h.app.Identity.Keys.Check(old.token)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := other.Identity.Keys.Sign(person, session) // by a key that the first replica has never seen
	if err != nil {
		t.Fatal(err)
	}
	(&browser{h: h, token: fresh}).do("GET", "/me", nil, http.StatusOK)
	h.clock.Advance(9 * time.Minute)
	old.do("GET", "/me", nil, http.StatusOK)
	if err := h.app.Identity.Keys.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if next, err := h.app.Identity.Keys.Sign(person, session); err != nil || strings.Split(next, ".")[0] != strings.Split(fresh, ".")[0] {
		t.Errorf("the first replica signs with the old key still (%v)", err)
	}
	h.clock.Advance(2 * time.Hour)
	old.refused("GET", "/me", nil, http.StatusUnauthorized, "sign-in")
}

// A program acts in its own bank, within its permissions, until it is ended; who
// it looked at can read its name.
func TestPrograms(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.openBank("elsewhere", "Elsewhere Time Bank")
	maria := h.joins(h.bank, "Maria Santos", "maria@example.org")
	record := hilltop + "/members/" + maria.ID.String()
	if _, _, err := h.app.Identity.AddProgram(t.Context(), h.bank, "Too much", []string{identity.Refer}); err == nil {
		t.Error("a program may refer people")
	}
	p, secret, err := h.app.Identity.AddProgram(t.Context(), h.bank, "Letter printer", []string{identity.WorkDesk})
	if err != nil {
		t.Fatal(err)
	}
	anon := &browser{h: h}
	anon.refused("POST", "/token", map[string]any{"client_id": p.ID, "client_secret": secret + "x"}, http.StatusUnauthorized, "no-such-program")
	anon.refused("POST", "/token", map[string]any{"client_id": maria.PersonID, "client_secret": secret}, http.StatusUnauthorized, "no-such-program")
	answer := anon.do("POST", "/token", map[string]any{"client_id": p.ID, "client_secret": secret}, http.StatusOK)
	prog := &browser{h: h, token: answer.str("access_token")}
	prog.do("GET", record, nil, http.StatusOK)
	prog.refused("GET", hilltop+"/staff", nil, http.StatusForbidden, "not-allowed")
	prog.refused("GET", record+"/home", nil, http.StatusForbidden, "not-allowed")
	prog.refused("GET", "/me", nil, http.StatusForbidden, "not-allowed")
	prog.refused("GET", "/banks/elsewhere/members", nil, http.StatusNotFound, "no-such-bank")
	looks := h.signIn("maria@example.org").do("GET", record+"/looks", nil, http.StatusOK).list("looks")
	if len(looks) == 0 || looks[0].str("who") != "Letter printer" {
		t.Errorf("looks: %v", looks)
	}
	h.clock.Advance(11 * time.Minute)
	prog.refused("GET", record, nil, http.StatusUnauthorized, "sign-in")

	o, token, err := h.app.Identity.OperatorToken(t.Context(), h.bank, "Operator", []string{identity.SetPolicy}, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	op := &browser{h: h, token: token}
	op.do("GET", hilltop+"/staff", nil, http.StatusOK)
	op.refused("GET", record, nil, http.StatusForbidden, "not-allowed")
	if err := h.app.Identity.EndProgram(t.Context(), o.ID); err != nil {
		t.Fatal(err)
	}
	op.refused("GET", hilltop+"/staff", nil, http.StatusUnauthorized, "no-such-program")
}

// A new address counts when its code comes back, the old one is told, and an
// address that is somebody else's gets nothing.
func TestChangeMyEmail(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.joins(h.bank, "Bill Okafor", "bill@example.org")
	m := h.signIn("maria@example.org")
	mailTo := func(to, subject string) string {
		for _, x := range h.sink.Messages() {
			if x.To == to && x.Subject == subject {
				return x.Text
			}
		}
		return ""
	}
	const code, told = "Your code for this e-mail address", "Your e-mail address was changed"
	m.refused("POST", "/me/email", map[string]any{"email": "x@y\r\nBcc: z@z"}, http.StatusUnprocessableEntity, "email")
	m.do("POST", "/me/email", map[string]any{"email": "bill@example.org"}, http.StatusAccepted)
	h.wait("send-email-code")
	if mailTo("bill@example.org", code) != "" {
		t.Error("Bill got a code for his own address")
	}
	m.do("POST", "/me/email", map[string]any{"email": "Maria.New@example.org"}, http.StatusAccepted)
	h.wait("send-email-code")
	d := digits.FindStringSubmatch(mailTo("maria.new@example.org", code))
	if d == nil {
		t.Fatal("no code came")
	}
	m.refused("POST", "/me/email/confirm", map[string]any{"code": "000000"}, http.StatusUnprocessableEntity, "wrong-code")
	h.signIn("bill@example.org").refused("POST", "/me/email/confirm", map[string]any{"code": d[1] + d[2]}, http.StatusUnprocessableEntity, "wrong-code")
	m.do("POST", "/me/email/confirm", map[string]any{"code": d[1] + d[2]}, http.StatusNoContent)
	m.refused("POST", "/me/email/confirm", map[string]any{"code": d[1] + d[2]}, http.StatusUnprocessableEntity, "wrong-code")
	h.wait("tell-old-email")
	if mailTo("maria@example.org", told) == "" {
		t.Error("the old address was not told")
	}
	h.signIn("maria.new@example.org")
}
