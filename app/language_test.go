package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/platform/job"
	"timebank/app/platform/words"
)

// chooses follows a language's link in a browser.
func (b *browser) chooses(l words.Language) {
	b.h.t.Helper()
	r, err := http.NewRequestWithContext(b.h.t.Context(), http.MethodGet, "/?lang="+string(l), nil)
	b.h.must(err)
	r.AddCookie(&http.Cookie{Name: "timebank", Value: b.token})
	b.h.must(b.h.app.Identity.Choose(r.Context(), r, l))
	b.lang = string(l)
}

// A member chooses Welsh while signed in: e-mails, refusals and the statement are in
// Welsh. A broker notes Urdu for her: what is held about her says so, and it goes
// when she leaves.
func TestAMemberReadsTheirOwnLanguage(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	m, s := h.signIn("maria@example.org"), h.signIn("sam@example.org")
	mine := hilltop + "/members/" + maria.ID.String()
	h.clock.Advance(time.Hour) // her token has run out; a link renews none
	m.chooses("cy")
	m, s = h.renewed(m), h.renewed(s)
	m.lang = "cy"

	h.met(bill, maria)
	h.said(bill, maria, 90)
	letter := h.mailTo("maria@example.org", "A yw 1 awr 30 munud yn iawn?")
	for _, want := range []string{"Helo Maria,", "Mae Bill yn dweud iddynt eich helpu am 1 awr 30 munud (lifft).", "erbyn dydd Llun 30 Tachwedd"} {
		if !strings.Contains(letter, want) {
			t.Errorf("the letter lacks %q: %s", want, letter)
		}
	}
	for _, x := range h.sink.Messages() {
		if x.To == "maria@example.org" && x.Subject == "A yw 1 awr 30 munud yn iawn?" && x.Language != "cy" {
			t.Errorf("the header says %q", x.Language)
		}
	}
	h.meeting(h.broker(), maria.ID, bill.ID, h.clock.Now().Add(24*time.Hour))
	h.must(h.app.EnqueueForEachBank(t.Context(), func(b uuid.UUID) job.Args { return exchange.Remind{BankID: b} }))
	if letter := h.mailTo("maria@example.org", "Yfory: Bill"); !strings.Contains(letter, "mae Bill yn eich helpu chi: lifft, dydd Mawrth 24 Tachwedd am 11yb.") {
		t.Errorf("the reminder: %s", letter)
	}
	status, out, _ := m.try("POST", hilltop+"/requests", map[string]any{"kind": "out.lift", "note": strings.Repeat("x", 5000)})
	if status != http.StatusUnprocessableEntity || out.str("detail") != "Mae angen edrych ar rywbeth eto. Ni chollwyd dim." || !strings.HasPrefix(out.list("errors")[0].str("message"), "Ysgrifennwch ") {
		t.Errorf("refused with %d %v", status, out)
	}

	path := mine + "/statement"
	if _, page := m.raw(path + "/page"); !strings.Contains(page, `lang="cy" dir="ltr"`) || !strings.Contains(page, "Fe wnaeth Bill eich helpu chi: lifft") || strings.Contains(page, "Hours") {
		t.Errorf("the page in Welsh: %s", page)
	}
	if _, csv := m.raw(path + "/csv"); !strings.Contains(csv, "Diwrnod,Beth,Math o help") {
		t.Errorf("the table in Welsh: %s", csv)
	}
	m.lang = "ur"
	if _, page := m.raw(path + "/page"); !strings.Contains(page, `lang="ur" dir="rtl"`) || !strings.Contains(page, "Bill نے آپ کی مدد کی: گاڑی کا سفر") || !strings.Contains(page, "یہ صفحہ چھاپیں") {
		t.Errorf("the page in Urdu: %s", page)
	}
	if _, pdf := m.raw(path + "/pdf"); !strings.Contains(pdf, "/Lang (en-GB)") {
		t.Error("a PDF in a script that it cannot write")
	}

	d := s.do("GET", mine+"/details", nil, http.StatusOK)
	if d.str("language") != "cy" {
		t.Errorf("the broker reads %v", d)
	}
	delete(d, "email")
	delete(d, "status")
	d["language"], d["consent"] = "ur", "phone"
	s.do("PUT", mine+"/details", d, http.StatusNoContent)
	if _, data := m.raw(hilltop + "/my-data/page"); !strings.Contains(data, "اردو") || !strings.Contains(data, "ہمارے پیغاموں کی زبان") {
		t.Errorf("what is held does not say the language: %s", data)
	}
	if n := h.count("directory.person where language = 'ur'"); n != 1 {
		t.Errorf("%d read Urdu", n)
	}
}

// Who has chosen a language on the device before signing in reads it in the code's
// e-mail, and keeps it from then on; who leaves takes it along.
func TestLanguageChosenBeforeSigningIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria Santos", "maria@example.org")
	b := &browser{h: h, lang: "cy"}
	b.do("POST", "/session/code", map[string]any{"contact": "maria@example.org"}, http.StatusAccepted)
	letter := h.mailTo("maria@example.org", "Eich cod mewngofnodi")
	code := digits.FindStringSubmatch(letter)
	if code == nil || !strings.Contains(letter, "Mae’n gweithio am ddeng munud.") {
		t.Fatalf("the letter: %s", letter)
	}
	b.token = b.do("POST", "/session", map[string]any{"contact": "maria@example.org", "code": code[1] + code[2]}, http.StatusOK).str("access")
	if n := h.count("directory.person where language = 'cy'"); n != 1 {
		t.Errorf("%d read Welsh", n)
	}
	b.do("POST", hilltop+"/members/"+maria.ID.String()+"/leave", map[string]any{}, http.StatusNoContent)
	if n := h.count("directory.person where language <> ''"); n != 0 {
		t.Errorf("the language of %d who left stays", n)
	}
}
