package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"timebank/app"
	"timebank/app/identity"
	"timebank/app/rights"
)

// Every table is either in a section of what a person may read about themselves,
// or known to hold nothing about anybody. A new table fails until somebody has
// decided which.
func TestEveryTableIsHeldOrHoldsNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	var tables []string
	err := h.db.Owner.NewRaw(`select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and n.nspname in ('public', 'ledger', 'directory') order by 1`).Scan(t.Context(), &tables)
	if err != nil || len(tables) < 25 {
		t.Fatalf("tables: %v, %v", tables, err)
	}
	known := append(app.Holding(), rights.Journal().Tables...)
	for name := range app.HoldNothing {
		if slices.Contains(known, name) {
			t.Errorf("%s both holds and holds nothing", name)
		}
		known = append(known, name)
	}
	for _, name := range tables {
		if !slices.Contains(known, name) {
			t.Errorf("%s is in no section of what is held about a person, and not among those that hold nothing", name)
		}
	}
	for _, name := range known {
		if !slices.Contains(tables, name) {
			t.Errorf("%s is no table", name)
		}
	}
}

// reasonOver is when a reason to look has lasted long enough.
const reasonOver = 10 * time.Minute

// raw reads an answer that is no JSON.
func (b *browser) raw(path string) (http.Header, string) {
	b.h.t.Helper()
	r, err := http.NewRequestWithContext(b.h.t.Context(), http.MethodGet, b.h.web.URL+"/api"+path, nil)
	if err != nil {
		b.h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.token)
	if b.lang != "" {
		r.AddCookie(&http.Cookie{Name: "lang", Value: b.lang})
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.h.t.Fatalf("%s: %d %s %v", path, res.StatusCode, body, err)
	}
	return res.Header, string(body)
}

// Somebody who was referred reads who looked, and everything that is held: the
// surgery's words, what they allow, their hours; not a broker's private note, and
// nobody else's number.
func TestWhoLookedAndMyData(t *testing.T) {
	t.Parallel()
	h := open(t)
	org := h.surgery(h.bank, "Millbrook Surgery")
	h.joins(h.bank, "Bill Secretname", "bill@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	h.staff(h.bank, "Priya", "priya@example.org", identity.Receptionist, &org)
	p, s := h.signIn("priya@example.org"), h.signIn("sam@example.org")
	form := map[string]any{"agreed": "now", "name": "Ada Whitlock", "birth_day": 27, "birth_month": 3, "birth_year": 1951, "reach_by": "email",
		"reach": "ada@example.org", "safe_message": "yes", "wants": []string{"company"}, "good_at": "Baking <b>bread</b>"}
	ref := p.do("POST", hilltop+"/referrals", form, http.StatusCreated).sub("referral").str("id")
	detail := s.do("GET", hilltop+"/referrals/"+ref, nil, http.StatusOK)
	act := func(path string, body map[string]any) {
		body["version"] = detail.sub("referral").num("version")
		detail = s.do("POST", hilltop+"/referrals/"+ref+path, body, http.StatusOK)
	}
	act("/acknowledge", map[string]any{})
	act("/accept", map[string]any{})
	act("/attempt", map[string]any{"channel": "phone", "result": "spoke", "note": "Her neighbour zz-private-zz drinks"})
	act("/hold", map[string]any{"tell_joined": true, "tell_progress": false, "how": "phone"})
	act("/join", map[string]any{"consent": "phone"})
	ada := s.do("GET", hilltop+"/members?words=whitlock", nil, http.StatusOK).list("members")[0].str("id")
	s.do("GET", hilltop+"/members/"+ada, nil, http.StatusOK)
	s.do("POST", hilltop+"/requests", map[string]any{"kind": "out.lift", "for_member": ada, "consent": "phone"}, http.StatusCreated)

	a := h.signIn("ada@example.org")
	looks := a.do("GET", hilltop+"/members/"+ada+"/looks", nil, http.StatusOK).list("looks")
	if len(looks) < 6 || looks[0].str("who") != "Sam" || looks[0].str("as") != "broker" || looks[0].str("what") != "asked for help for you" || looks[0]["for_you"] != true || looks[0].str("how") != "phone" {
		t.Fatalf("looks: %v", looks)
	}
	if looks[1].str("what") != "opened your record" {
		t.Errorf("second look: %v", looks[1])
	}
	if n := slices.IndexFunc(looks, func(l answer) bool { return l.str("what") == "opened what your surgery told us" }); n < 0 {
		t.Errorf("nobody looked at the referral: %v", looks)
	}
	h.signIn("bill@example.org").refused("GET", hilltop+"/members/"+ada+"/looks", nil, http.StatusNotFound, "no-such-member")

	bundle := a.do("GET", hilltop+"/my-data", nil, http.StatusOK)
	j, _ := json.Marshal(bundle)
	head, page := a.raw(hilltop + "/my-data/page")
	for name, text := range map[string]string{"JSON": string(j), "page": page} {
		for _, want := range []string{"Ada Whitlock", "1951-03-27", "ada@example.org", "Millbrook Surgery", "company", "tell-joined", "A lift", "staff wrote a note", "see-member"[:3], "You said"} {
			if !strings.Contains(text, want) {
				t.Errorf("the %s lacks %q", name, want)
			}
		}
		for _, hidden := range []string{"zz-private-zz", "Secretname", "bill@example.org", "refresh", "key_hash"} {
			if strings.Contains(text, hidden) {
				t.Errorf("the %s has %q", name, hidden)
			}
		}
	}
	// Times are compared by programs, and said to people.
	if !strings.Contains(string(j), `"value":"2026-11-23 `) || !strings.Contains(page, "23 November 2026 at 1") || strings.Contains(page, "2026-11-23 ") {
		t.Error("the page says times as programs compare them")
	}
	if strings.Contains(page, "<b>bread") || strings.Contains(page, "<script") || !strings.Contains(page, "&lt;b&gt;bread") {
		t.Error("the page does not escape what people wrote")
	}
	if csp := head.Get("Content-Security-Policy"); csp != rights.PagePolicy || len(head.Values("Content-Security-Policy")) != 1 || !strings.HasPrefix(head.Get("Content-Type"), "text/html") {
		t.Errorf("headers of the page: %v", head)
	}
	a.do("POST", hilltop+"/my-data/notes", nil, http.StatusAccepted)
	tasks := s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks")
	if n := slices.IndexFunc(tasks, func(x answer) bool {
		return x.str("kind") == "give-notes" && x["by_hand"] == true && x.str("who") == "Ada"
	}); n < 0 {
		t.Errorf("nobody goes through the notes with Ada: %v", tasks)
	}
	// A broker prints it for somebody without a device, says why, and Ada can read that.
	s.refused("GET", hilltop+"/members/"+ada+"/data/page", nil, http.StatusUnprocessableEntity, "say-why-you-look")
	s.refused("POST", hilltop+"/members/"+ada+"/data", map[string]any{"purpose": " x "}, http.StatusUnprocessableEntity, "say-why-you-look")
	s.do("POST", hilltop+"/members/"+ada+"/data", map[string]any{"purpose": "Ada asked by phone"}, http.StatusNoContent)
	if _, page := s.raw(hilltop + "/members/" + ada + "/data/page"); !strings.Contains(page, "Ada Whitlock") {
		t.Errorf("what Sam prints: %s", page)
	}
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	h.signIn("cora@example.org").refused("GET", hilltop+"/members/"+ada+"/data/page", nil, http.StatusUnprocessableEntity, "say-why-you-look") // Sam's reason is not hers
	looks = a.do("GET", hilltop+"/members/"+ada+"/looks", nil, http.StatusOK).list("looks")
	if looks[0].str("purpose") != "Ada asked by phone" {
		t.Errorf("looks: %v", looks[0])
	}
	h.clock.Advance(reasonOver)
	s = h.renewed(s)
	s.refused("GET", hilltop+"/members/"+ada+"/data/page", nil, http.StatusUnprocessableEntity, "say-why-you-look")
	// Staff who are no members read what is held about them, too.
	if b := s.do("GET", hilltop+"/my-data", nil, http.StatusOK); b.str("for") != "Sam" || len(b.list("sections")) < 10 {
		t.Errorf("Sam's data: %v", b)
	}
}
