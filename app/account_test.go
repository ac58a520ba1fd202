package app_test

import (
	"net/http"
	"testing"

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
