package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/job"
	"timebank/app/referral"
	"timebank/ledger"
)

const hilltop = "/banks/hilltop"

// The main job, over the API, as a story: a neighbour asks, the broker finds
// somebody, they meet, and ninety minutes move.
func TestStoryAskMatchHelpConfirm(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.joins(h.bank, "Paul Quiet", "paul@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	m, b, s := h.signIn("maria@example.org"), h.signIn("bill@example.org"), h.signIn("sam@example.org")

	b.do("POST", hilltop+"/offers", map[string]any{"kind": "out.lift"}, http.StatusCreated)
	ask := m.do("POST", hilltop+"/requests", map[string]any{"kind": "out.lift", "timing": "this-week"}, http.StatusCreated).str("id")

	desk := s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks")
	if len(desk) != 1 || desk[0].str("kind") != "find-helper" || desk[0].str("who") != "Maria" || !strings.Contains(desk[0].str("what"), "A lift") {
		t.Fatalf("desk: %v", desk)
	}
	found := s.do("GET", hilltop+"/requests/"+ask+"/candidates", nil, http.StatusOK).list("candidates")
	if len(found) != 1 || found[0].str("called") != "Bill" || len(found[0]["for"].([]any)) < 2 {
		t.Fatalf("candidates: %v", found)
	}
	starts := h.clock.Now().Add(24 * time.Hour)
	plan := map[string]any{"listing_id": ask, "helper_id": bill.ID, "starts_at": starts, "place": "Maria's home"}
	key := uuid.NewString()
	x := s.do("POST", hilltop+"/exchanges", plan, http.StatusCreated, key).str("id")
	if again := s.do("POST", hilltop+"/exchanges", plan, http.StatusCreated, key).str("id"); again != x {
		t.Fatalf("the same key made %s and %s", x, again)
	}
	home := b.do("GET", hilltop+"/members/"+bill.ID.String()+"/home", nil, http.StatusOK)
	if a := home.list("answers"); len(a) != 1 || a[0].str("side") != "helper" {
		t.Fatalf("Bill's home asks nothing: %v", home)
	}
	b.do("POST", hilltop+"/exchanges/"+x+"/agree", map[string]any{}, http.StatusOK)
	if status, p, _ := b.try("POST", hilltop+"/exchanges/"+x+"/agree", map[string]any{}); status != http.StatusConflict || p.str("code") != "not-now" {
		t.Errorf("agreeing twice: %d %v", status, p)
	}
	h.clock.Advance(26 * time.Hour)
	m, b = h.signIn("maria@example.org"), h.signIn("bill@example.org")
	b.do("POST", hilltop+"/exchanges/"+x+"/done", map[string]any{"minutes": 90}, http.StatusOK)
	if status, p, _ := b.try("POST", hilltop+"/exchanges/"+x+"/confirm", map[string]any{}); status != http.StatusConflict || p.str("code") != "not-your-turn" {
		t.Errorf("Bill confirms his own word: %d %v", status, p)
	}
	done := m.do("POST", hilltop+"/exchanges/"+x+"/confirm", map[string]any{}, http.StatusOK)
	if done.str("state") != "settled" {
		t.Fatalf("state %q", done.str("state"))
	}
	for who, want := range map[*browser]struct {
		id   uuid.UUID
		move int64
		with string
	}{b: {bill.ID, 90, "Maria"}, m: {maria.ID, -90, "Bill"}} {
		st := who.do("GET", hilltop+"/members/"+want.id.String()+"/statement", nil, http.StatusOK)
		lines := st.list("lines")
		if st.num("balance") != want.move || len(lines) != 1 || lines[0].num("minutes") != want.move || lines[0].str("with") != want.with {
			t.Errorf("statement: %v", st)
		}
	}
	h.verified()
}

// verified proves the ledger from its rows alone.
func (h *house) verified() {
	h.t.Helper()
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error {
		r, err := ledger.Verify(ctx, tx, h.bank.ID, nil)
		for _, f := range r.Faults {
			h.t.Error(f)
		}
		return err
	})
}

// Somebody without any device: all by the broker, with both names kept.
func TestStoryWithoutAnyDevice(t *testing.T) {
	t.Parallel()
	h := open(t)
	edna, joan := h.joins(h.bank, "Edna Marsh", ""), h.joins(h.bank, "Joan Pike", "")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	s := h.signIn("sam@example.org")
	for1 := func(id uuid.UUID) map[string]any { return map[string]any{"for_member": id, "consent": "phone"} }
	with := func(a map[string]any, b map[string]any) map[string]any {
		for k, v := range b {
			a[k] = v
		}
		return a
	}
	if status, p, _ := s.try("POST", hilltop+"/requests", map[string]any{"kind": "out.shop", "for_member": edna.ID}); status != 422 || p.str("code") != "say-how-they-agreed" {
		t.Errorf("without consent: %d %v", status, p)
	}
	ask := s.do("POST", hilltop+"/requests", with(map[string]any{"kind": "out.shop"}, for1(edna.ID)), http.StatusCreated).str("id")
	x := s.do("POST", hilltop+"/exchanges", map[string]any{"listing_id": ask, "helper_id": joan.ID}, http.StatusCreated).str("id")
	if d := s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks"); len(d) != 1 || d[0].str("kind") != "ring-to-ask" || d[0].str("who") != "Joan" {
		t.Fatalf("nobody rings Joan: %v", d)
	}
	s.do("POST", hilltop+"/exchanges/"+x+"/agree", for1(joan.ID), http.StatusOK)
	s.do("POST", hilltop+"/exchanges/"+x+"/done", with(map[string]any{"minutes": 60}, for1(joan.ID)), http.StatusOK)
	if d := s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks"); len(d) != 1 || d[0].str("kind") != "ring-to-confirm" || d[0].str("who") != "Edna" {
		t.Fatalf("nobody rings Edna: %v", d)
	}
	s.do("POST", hilltop+"/exchanges/"+x+"/confirm", for1(edna.ID), http.StatusOK)
	if d := s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks"); len(d) != 0 {
		t.Errorf("tasks left: %v", d)
	}
	var kept int
	err := h.db.Owner.NewRaw("select count(*) from audit where on_behalf_of is not null and consent = 'phone' and actor_id <> on_behalf_of").Scan(t.Context(), &kept)
	if err != nil || kept != 4 {
		t.Errorf("%d acts keep both names, want 4 (%v)", kept, err)
	}
	code := s.do("POST", hilltop+"/members/"+edna.ID.String()+"/sign-in-code", nil, http.StatusCreated).str("code")
	e := &browser{h: h}
	e.token = e.do("POST", "/session", map[string]any{"contact": "01632 960021", "code": code}, http.StatusOK).str("access")
	if home := e.do("GET", hilltop+"/members/"+edna.ID.String()+"/home", nil, http.StatusOK); home.num("balance") != -60 {
		t.Errorf("Edna's home: %v", home)
	}
	h.verified()
}

// A surgery hands somebody over; the words they see are the broker's acts.
func TestStoryReferral(t *testing.T) {
	t.Parallel()
	h := open(t)
	org := h.surgery(h.bank, "Millbrook Surgery")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	h.staff(h.bank, "Priya", "priya@example.org", identity.Receptionist, &org)
	p, s := h.signIn("priya@example.org"), h.signIn("sam@example.org")
	form := map[string]any{"agreed": "now", "name": "Ada Whitlock", "birth_day": 27, "birth_month": 3, "birth_year": 1951, "reach_by": "call",
		"reach": "07700 900 461", "safe_message": "yes", "wants": []string{"company"}}
	status, bad, raw := p.try("POST", hilltop+"/referrals", map[string]any{"name": "Ada Whitlock"})
	if status != 422 || len(bad.list("errors")) < 5 || strings.Contains(raw, "Whitlock") {
		t.Errorf("an empty form: %d %s", status, raw)
	}
	sent := p.do("POST", hilltop+"/referrals", form, http.StatusCreated)
	id := sent.sub("referral").str("id")
	words := func() string {
		return p.do("GET", hilltop+"/referrals/mine/"+id, nil, http.StatusOK).str("words")
	}
	if words() != "Received" {
		t.Errorf("surgery reads %q", words())
	}
	detail := s.do("GET", hilltop+"/referrals/"+id, nil, http.StatusOK)
	act := func(path string, body map[string]any) {
		t.Helper()
		body["version"] = detail.sub("referral").num("version")
		detail = s.do("POST", hilltop+"/referrals/"+id+path, body, http.StatusOK)
	}
	act("/acknowledge", map[string]any{})
	act("/accept", map[string]any{})
	if words() != "Getting in touch" {
		t.Errorf("surgery reads %q", words())
	}
	act("/attempt", map[string]any{"channel": "phone", "result": "spoke", "note": "Lovely chat, likes baking"})
	act("/hold", map[string]any{"tell_joined": true, "tell_progress": false, "how": "phone"})
	act("/join", map[string]any{"consent": "phone"})
	if words() != "Joined" {
		t.Errorf("surgery reads %q", words())
	}
	found := s.do("GET", hilltop+"/members?words=whitlock", nil, http.StatusOK).list("members")
	if len(found) != 1 {
		t.Fatalf("Ada is no member: %v", found)
	}
	for _, hidden := range []string{"Ada", "Whitlock", "07700", "baking"} {
		if strings.Contains(h.log.String(), hidden) {
			t.Errorf("the log names %q", hidden)
		}
	}
	other := h.surgery(h.bank, "Elsewhere Surgery")
	h.staff(h.bank, "Jo", "jo@example.org", identity.Receptionist, &other)
	if status, _, _ := h.signIn("jo@example.org").try("GET", hilltop+"/referrals/mine/"+id, nil); status != http.StatusNotFound {
		t.Errorf("another surgery gets %d", status)
	}
}

// Tomorrow's reminder: the clock moves by a day, the tick comes twice, two
// workers are at it, and one message arrives for each side.
func TestReminderIsSentOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	broker := identity.Actor{Person: uuid.New(), Bank: h.bank, Roles: []identity.Role{identity.Broker}}
	starts := monday.Add(48 * time.Hour) // Wednesday 10am
	h.meeting(broker, maria.ID, bill.ID, starts)
	tick := func() {
		for range 2 {
			err := h.app.EnqueueForEachBank(t.Context(), func(b uuid.UUID) job.Args { return exchange.Remind{BankID: b} })
			if err != nil {
				t.Fatal(err)
			}
		}
		h.wait("remind-of-tomorrow")
		h.wait("remind-of-tomorrow")
	}
	reminders := func() (n int) {
		for _, m := range h.sink.Messages() {
			if strings.HasPrefix(m.Subject, "Tomorrow") {
				n++
			}
		}
		return n
	}
	tick()
	if n := reminders(); n != 0 {
		t.Fatalf("%d reminders two days before", n)
	}
	h.clock.Advance(24 * time.Hour)
	tick()
	h.wait("send-message")
	h.wait("send-message")
	tick()
	if n := reminders(); n != 2 {
		t.Errorf("%d reminders arrived, want one for each side", n)
	}
	for _, m := range h.sink.Messages() {
		if strings.HasPrefix(m.Subject, "Tomorrow") && !strings.Contains(m.Text, "Wednesday 25 November at 10am") {
			t.Errorf("words: %s", m.Text)
		}
	}
}

// meeting agrees on help, by the broker on everybody's behalf.
func (h *house) meeting(broker identity.Actor, helped, helper uuid.UUID, starts time.Time) uuid.UUID {
	h.t.Helper()
	ask := h.asks(broker, helped, "out.lift")
	x, err := h.app.Exchange.Propose(h.t.Context(), broker, uuid.Nil, exchange.Plan{Listing: ask, Helper: helper, StartsAt: &starts})
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.app.Exchange.Agree(h.t.Context(), broker, uuid.Nil, x, identity.OnBehalf{For: &helper, Consent: "phone"}); err != nil {
		h.t.Fatal(err)
	}
	return x
}

// Silence settles after the bank's days, each on its own; one who cannot be
// settled stops no other and becomes a task.
func TestSilenceSettles(t *testing.T) {
	t.Parallel()
	h := open(t)
	people := map[string]uuid.UUID{}
	for _, n := range []string{"Ann", "Ben", "Cat"} {
		people[n] = h.joins(h.bank, n, strings.ToLower(n)+"@example.org").ID
	}
	broker := identity.Actor{Person: uuid.New(), Bank: h.bank, Roles: []identity.Role{identity.Broker}}
	say := func(helper, helped string, minutes int64) {
		id := people[helper]
		_, err := h.app.Exchange.Record(t.Context(), broker, uuid.Nil, exchange.Past{Helper: id, Helped: people[helped], Kind: "out.lift",
			Word: exchange.Word{Minutes: minutes, OnBehalf: identity.OnBehalf{For: &id, Consent: "phone"}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, two := range [][2]string{{"Ann", "Ben"}, {"Ben", "Ann"}, {"Cat", "Ben"}, {"Ben", "Cat"}, {"Cat", "Ann"}, {"Ann", "Cat"}} {
		h.met(member.Member{ID: people[two[0]]}, member.Member{ID: people[two[1]]}) // silence counts between people who have met
	}
	before := h.count("exchange where state = 'settled'")
	say("Ann", "Ben", 720) // takes Ben to his floor
	say("Cat", "Ben", 15)  // and this is too much
	say("Cat", "Ann", 60)
	settle := func() {
		if err := h.app.Exchange.SettleSilent(t.Context(), h.bank.ID); err != nil {
			t.Fatal(err)
		}
	}
	count := func(state string) (n int) {
		if err := h.db.Owner.NewRaw("select count(*) from exchange where state = ?", state).Scan(t.Context(), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	h.clock.Advance(6 * 24 * time.Hour)
	settle()
	if n := count("settled") - before; n != 0 {
		t.Fatalf("%d settled a day early", n)
	}
	h.clock.Advance(24 * time.Hour)
	settle()
	settle()
	if s, d := count("settled")-before, count("done"); s != 2 || d != 1 {
		t.Errorf("%d settled, %d wait; want 2 and 1", s, d)
	}
	var tasks int
	if err := h.db.Owner.NewRaw("select count(*) from task where kind = 'ring-to-confirm' and done_at is null").Scan(t.Context(), &tasks); err != nil || tasks != 1 {
		t.Errorf("%d tasks for the one that cannot settle (%v)", tasks, err)
	}
	h.verified()
}

// asks puts a request on the list for a member.
func (h *house) asks(broker identity.Actor, who uuid.UUID, kind string) uuid.UUID {
	h.t.Helper()
	id, err := h.app.Listing.Add(h.t.Context(), broker, uuid.Nil, wantRequest(who, kind))
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// A referral's clock runs out over a weekend only in working days, escalates
// once, and closes nothing.
func TestReferralClockEscalatesOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.clock.Set(time.Date(2026, 11, 27, 16, 0, 0, 0, time.UTC)) // Friday afternoon
	org := h.surgery(h.bank, "Millbrook Surgery")
	surgery := identity.Actor{Person: uuid.New(), Bank: h.bank, Roles: []identity.Role{identity.Receptionist}, Organisation: org}
	_, _, err := h.app.Referral.Refer(t.Context(), surgery, referral.Form{Agreed: "now", Name: "Ada Whitlock", BirthYear: 1951, ReachBy: "call",
		Reach: "07700 900 461", SafeMessage: "yes", Wants: []string{"company"}}, uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	overdue := func() (n int) {
		for range 2 {
			if err := h.app.EnqueueForEachBank(t.Context(), func(b uuid.UUID) job.Args { return referral.Tick{BankID: b} }); err != nil {
				t.Fatal(err)
			}
		}
		h.wait("referral-clocks")
		h.wait("referral-clocks")
		if err := h.db.Owner.NewRaw("select count(*) from referral_event where kind = 'escalation'").Scan(t.Context(), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	h.clock.Advance(2 * 24 * time.Hour) // Sunday
	if n := overdue(); n != 0 {
		t.Errorf("escalated on a Sunday: %d", n)
	}
	h.clock.Advance(25 * time.Hour) // Monday 5pm
	if n := overdue(); n != 1 {
		t.Errorf("%d escalations on Monday, want 1", n)
	}
	var open int
	if err := h.db.Owner.NewRaw("select count(*) from referral where closed_at is null and state = 'submitted'").Scan(t.Context(), &open); err != nil || open != 1 {
		t.Errorf("%d open (%v): something closed by itself", open, err)
	}
}
