package app_test

import (
	"net/http"
	"strings"
	"testing"

	"timebank/app/identity"
)

// When the phone is answered is said in the reader's language where the bank has said
// it there, and else in English, which the page is told, so that it is read out right.
func TestTheOfficesHoursAreSaidInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org")
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	other := h.openBank("elsewhere", "Elsewhere")
	m, c := h.signIn("maria@example.org"), h.signIn("cora@example.org")
	office := hilltop + "/office"

	c.do("PUT", office, map[string]any{"phone": " 01632  960 123 ", "hours": "Weekdays, 9 to 5", "hours_in": map[string]string{"cy": "Dyddiau'r wythnos, 9 i 5", "ur": "  "}}, http.StatusNoContent)
	if o := c.do("GET", office, nil, http.StatusOK); o.str("phone") != "01632 960 123" || len(o["hours_in"].(map[string]any)) != 1 {
		t.Errorf("kept: %v", o)
	}
	for _, of := range []struct{ lang, hours, in string }{
		{"en", "Weekdays, 9 to 5", "en"}, {"cy", "Dyddiau'r wythnos, 9 i 5", "cy"}, {"ur", "Weekdays, 9 to 5", "en"},
	} {
		m.lang = of.lang
		for what, b := range map[string]answer{"signed in": m.do("GET", "/me", nil, http.StatusOK).list("banks")[0], "before": m.do("GET", "/banks", nil, http.StatusOK).list("banks")[1]} {
			if b.str("phone") != "01632 960 123" || b.str("phone_hours") != of.hours || b.str("phone_hours_lang") != of.in {
				t.Errorf("%s, %s: %v", of.lang, what, b)
			}
		}
	}

	m.chooses("cy")
	bill := h.joins(h.bank, "Bill", "bill@example.org")
	h.met(bill, maria)
	h.said(bill, maria, 60)
	if letter := h.mailTo("maria@example.org", "A yw 1 awr yn iawn?"); !strings.Contains(letter, "01632 960 123 (Dyddiau'r wythnos, 9 i 5)") {
		t.Errorf("the letter: %s", letter)
	}

	for at, body := range map[string]map[string]any{
		"/phone":       {"phone": "ring us", "hours": "9 to 5"},
		"/hours":       {"phone": "01632 960 100", "hours": " "},
		"/hours_in/cy": {"phone": "01632 960 100", "hours": "9 to 5", "hours_in": map[string]string{"cy": strings.Repeat("x", 81)}},
		"/hours_in":    {"phone": "01632 960 100", "hours": "9 to 5", "hours_in": map[string]string{"xx": "9 to 5"}},
	} {
		status, out, _ := c.try("PUT", office, body)
		if status != http.StatusUnprocessableEntity || out.list("errors")[0].str("pointer") != at {
			t.Errorf("%v: %d %v", body, status, out)
		}
	}
	if _, hers, _ := c.try("PUT", "/banks/elsewhere/office", map[string]any{"phone": "1234", "hours": "9"}); hers.str("code") != "no-such-bank" || other.Phone == "1234" {
		t.Errorf("another bank's: %v", hers)
	}
}
