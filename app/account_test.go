package app_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"timebank/app/identity"
)

func (b *browser) refused(method, path string, body any, status int, code string) {
	b.h.t.Helper()
	got, p, raw := b.try(method, path, body)
	if got != status || p.str("code") != code {
		b.h.t.Errorf("%s %s: %d %s; want %d %s", method, path, got, raw, status, code)
	}
}

// Somebody left a tablet at the library: they see it, end it, and it is out at
// once; then everything but the device in their hand.
func TestMyDevices(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.joins(h.bank, "Bill Okafor", "bill@example.org")
	tablet, phone, laptop, bill := h.signIn("maria@example.org"), h.signIn("maria@example.org"), h.signIn("maria@example.org"), h.signIn("bill@example.org")
	list := phone.do("GET", "/me/devices", nil, http.StatusOK).list("devices")
	if len(list) != 3 {
		t.Fatalf("%d devices, want 3", len(list))
	}
	var tabletID string
	for _, d := range tablet.do("GET", "/me/devices", nil, http.StatusOK).list("devices") {
		if d["this"] == true {
			tabletID = d.str("id")
		}
	}
	bill.refused("DELETE", "/me/devices/"+tabletID, nil, http.StatusNotFound, "no-such-device")
	phone.do("DELETE", "/me/devices/"+tabletID, nil, http.StatusNoContent)
	phone.refused("DELETE", "/me/devices/"+tabletID, nil, http.StatusNotFound, "no-such-device")
	tablet.refused("GET", "/me", nil, http.StatusUnauthorized, "sign-in")
	phone.do("DELETE", "/me/devices", nil, http.StatusNoContent)
	laptop.refused("GET", "/me", nil, http.StatusUnauthorized, "sign-in")
	phone.do("GET", "/me", nil, http.StatusOK)
	bill.do("GET", "/me", nil, http.StatusOK)
}

// Whoever runs the platform signs somebody out whose phone was stolen, or everybody,
// and takes the platform from an operator: all at once.
func TestOperatorSignsPeopleOut(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.must(h.app.AddOperator(t.Context(), "Op Erator", "op@example.org"))
	maria, bill, op := h.signIn("maria@example.org"), h.signIn("bill@example.org"), h.twoSteps(h.signIn("op@example.org"))
	if n, err := h.app.Identity.SignOutPeople(t.Context(), " MARIA@example.org"); err != nil || n != 1 {
		t.Fatalf("%d people: %v", n, err)
	}
	maria.refused("GET", "/me", nil, http.StatusUnauthorized, "sign-in")
	maria.refused("POST", "/session/renew", nil, http.StatusUnauthorized, "sign-in")
	bill.do("GET", "/me", nil, http.StatusOK)
	for _, nobody := range []string{"nobody@example.org", "01632 960 999", "x"} {
		if _, err := h.app.Identity.SignOutPeople(t.Context(), nobody); err == nil {
			t.Errorf("%s was signed out", nobody)
		}
	}
	op.do("GET", "/platform/banks", nil, http.StatusOK)
	h.must(h.app.Identity.EndOperator(t.Context(), "op@example.org"))
	op.refused("GET", "/platform/banks", nil, http.StatusUnauthorized, "sign-in")
	if err := h.app.Identity.EndOperator(t.Context(), "op@example.org"); !errors.Is(err, identity.ErrNoPerson) {
		t.Errorf("ended twice: %v", err)
	}
	maria = h.signIn("maria@example.org")
	if n, err := h.app.Identity.SignOutEverybody(t.Context()); err != nil || n != 2 {
		t.Errorf("%d sessions ended: %v", n, err)
	}
	for _, b := range []*browser{maria, bill} {
		b.refused("GET", "/me", nil, http.StatusUnauthorized, "sign-in")
	}
	h.signInAt(maria, "maria@example.org").do("GET", "/me", nil, http.StatusOK)
}

// A role that comes by the command line ends what was open before, like one that a
// coordinator gives: a session of a year that was opened with a code read out must not
// become one of staff.
func TestSessionThatBeganAsAMemberDoesNotBecomeStaff(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	for _, gives := range []func(){
		func() { h.staff(h.bank, "Maria Santos", "maria@example.org", identity.Broker, nil) },
		func() { h.must(h.app.AddOperator(t.Context(), "Maria Santos", "maria@example.org")) },
	} {
		m := h.signIn("maria@example.org")
		m.do("GET", "/me", nil, http.StatusOK)
		gives()
		m.refused("GET", "/me", nil, http.StatusUnauthorized, "sign-in")
	}
}

// What a page in a browser is answered holds no token: a script that got in could read
// it there, and not in the cookie.
func TestPagesGetNoTokenToRead(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	m := h.signIn("maria@example.org")
	for _, header := range []string{"Origin", "Sec-Fetch-Site", ""} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", h.web.URL+"/api/session/renew", nil)
		h.must(err)
		r.AddCookie(&http.Cookie{Name: "timebank-renew", Value: m.refresh})
		if header != "" {
			r.Header.Set(header, map[string]string{"Origin": h.web.URL, "Sec-Fetch-Site": "same-origin"}[header])
		}
		res, err := http.DefaultClient.Do(r)
		h.must(err)
		raw, err := io.ReadAll(res.Body)
		h.must(errors.Join(err, res.Body.Close()))
		for _, c := range res.Cookies() {
			if c.Name == "timebank-renew" {
				m.refresh = c.Value
			}
			if told := strings.Contains(string(raw), c.Value); told != (header == "" && c.Name == "timebank") {
				t.Errorf("with %q the body tells %s: %v", header, c.Name, told)
			}
		}
		if res.StatusCode != http.StatusOK || len(res.Cookies()) != 2 {
			t.Errorf("with %q: %d, %d cookies", header, res.StatusCode, len(res.Cookies()))
		}
	}
}

// Who has no e-mail signs in with a number: a session that somebody finds open does
// not make it theirs. A broker changes it for whoever rings.
func TestNumberOneSignsInWithIsChangedOnlySoonAfterSigningIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	edna, maria := h.joins(h.bank, "Edna Price", ""), h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	digits := h.signIn("sam@example.org").do("POST", hilltop+"/members/"+edna.ID.String()+"/sign-in-code", nil, http.StatusCreated).str("code")
	e := &browser{h: h}
	e.token = e.do("POST", "/session", map[string]any{"contact": "01632 960 021", "code": digits}, http.StatusOK).str("access")
	details := func(name, phone string) map[string]any {
		return map[string]any{"name": name, "called": name, "phone": phone, "area": "Northgate", "reach_by": "phone", "reach_note": "", "needs": "", "free_slots": 0}
	}
	own := hilltop + "/members/" + edna.ID.String() + "/details"
	e.do("PUT", own, details("Edna Price", "01632 960 022"), http.StatusNoContent)
	m := h.signIn("maria@example.org")
	h.clock.Advance(16 * time.Minute)
	e, m = h.renewed(e), h.renewed(m)
	e.refused("PUT", own, details("Edna Price", "07700 900 666"), http.StatusUnauthorized, "sign-in-again")
	e.do("PUT", own, details("Edna Price-Jones", "01632 960 022"), http.StatusNoContent) // the rest is as free as ever
	m.do("PUT", hilltop+"/members/"+maria.ID.String()+"/details", details("Maria Santos", "07700 900 123"), http.StatusNoContent)
	by := details("Edna Price-Jones", "01632 960 023")
	by["consent"] = "phone"
	h.signIn("sam@example.org").do("PUT", own, by, http.StatusNoContent)
}

// A broker who leaves is out with the next request, on every device; the last
// coordinator cannot lock the bank out of itself.
func TestRoleChangesEndSessions(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	cora, m := h.signIn("cora@example.org"), h.signIn("maria@example.org")
	m.refused("GET", hilltop+"/desk", nil, http.StatusForbidden, "not-allowed")
	cora.do("POST", hilltop+"/members/"+maria.ID.String()+"/roles", map[string]any{"role": "broker"}, http.StatusNoContent)
	m.refused("GET", "/me", nil, http.StatusUnauthorized, "sign-in") // what began with less does not grow
	m = h.signIn("maria@example.org")
	m.do("GET", hilltop+"/desk", nil, http.StatusOK)
	m.refused("GET", hilltop+"/staff", nil, http.StatusForbidden, "not-allowed")
	staff := cora.do("GET", hilltop+"/staff", nil, http.StatusOK).list("staff")
	var coordinator string
	for _, x := range staff {
		if x.str("role") == "coordinator" {
			coordinator = x.str("person_id")
		}
	}
	if len(staff) != 2 || coordinator == "" {
		t.Fatalf("staff: %v", staff)
	}
	cora.do("POST", hilltop+"/staff/"+maria.PersonID.String()+"/end", map[string]any{"role": "broker"}, http.StatusNoContent)
	m.refused("GET", hilltop+"/desk", nil, http.StatusUnauthorized, "sign-in")
	m = h.signIn("maria@example.org")
	m.refused("GET", hilltop+"/desk", nil, http.StatusForbidden, "not-allowed")
	m.do("GET", hilltop+"/members/"+maria.ID.String()+"/home", nil, http.StatusOK)
	cora.refused("POST", hilltop+"/staff/"+coordinator+"/end", map[string]any{"role": "coordinator"}, http.StatusConflict, "last-coordinator")
}
