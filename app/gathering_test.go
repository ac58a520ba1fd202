package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"timebank/app/gathering"
	"timebank/app/identity"
	"timebank/app/member"
)

// plans makes a gathering, for tomorrow at 10:30 unless day says otherwise.
func (h *house) plans(with func(*gathering.Plan)) uuid.UUID {
	h.t.Helper()
	p := gathering.Plan{Title: "Monday drop-in", Kind: "company.chat", Day: h.bank.Today(h.clock.Now()).AddDate(0, 0, 1), Clock: "10:30", Minutes: 120,
		New: gathering.Venue{Name: "Northgate Hall", Address: "3 Mill Lane", StepFree: "yes"}}
	if with != nil {
		with(&p)
	}
	id, err := h.app.Gathering.Add(h.t.Context(), h.sam(), uuid.New(), p)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// sam is a coordinator who is no member.
func (h *house) sam() identity.Actor {
	return identity.Actor{Person: uuid.MustParse("00000000-0000-0000-0000-00000000005a"), Bank: h.bank, Roles: []identity.Role{identity.Coordinator}}
}

func here(g gathering.Register) (names []string) {
	for _, l := range g.Lines {
		if l.HereAt != nil {
			names = append(names, l.Name)
		}
	}
	return names
}

// What is on, a place for two, the waiting list that moves up by itself and tells
// each by their own route, and a day that is called off.
func TestStoryGatheringSignUpAndWaitingList(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.joins(h.bank, "Bill Okafor", "bill@example.org")
	edna := h.joins(h.bank, "Edna Marsh", "")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	m, b, s := h.signIn("maria@example.org"), h.signIn("bill@example.org"), h.signIn("sam@example.org")
	plan := map[string]any{"title": "Keeping warm, keeping well", "kind": "company.chat", "venue_name": "Northgate Hall", "step_free": "yes", "day": "2026-11-25", "clock": "14:00",
		"minutes": 90, "capacity": 2, "speaker": "Dr Lee, pharmacist", "ground_rules": "What is said here stays here."}
	if _, no, _ := s.try("POST", hilltop+"/gatherings", map[string]any{"title": strings.Repeat("x", 101), "kind": "company.chat", "step_free": "yes", "day": "2026-11-25", "clock": "14:00", "minutes": 90, "capacity": -1}); len(no.list("errors")) != 3 ||
		no.list("errors")[0].str("message") != "Write at most 100 characters." || no.list("errors")[1].str("pointer") != "/venue_name" || no.list("errors")[2].str("pointer") != "/capacity" {
		t.Errorf("a plan with three mistakes: %v", no)
	}
	key := uuid.NewString()
	g := s.do("POST", hilltop+"/gatherings", plan, http.StatusCreated, key).str("id")
	if again := s.do("POST", hilltop+"/gatherings", plan, http.StatusCreated, key).str("id"); again != g {
		t.Fatalf("the same key made %s and %s", g, again)
	}
	on := m.do("GET", hilltop+"/gatherings", nil, http.StatusOK).list("gatherings")
	if len(on) != 1 || on[0].sub("venue").str("step_free") != "yes" || on[0].num("places_left") != 2 || on[0].str("starts_at") != "2026-11-25T14:00:00Z" {
		t.Fatalf("what is on: %v", on)
	}
	one := hilltop + "/gatherings/" + g
	m.refused("POST", one+"/sign-up", map[string]any{}, http.StatusUnprocessableEntity, "read-the-ground-rules")
	yes := map[string]any{"rules_read": true, "guest": "My sister Ana"}
	if x := m.do("POST", one+"/sign-up", yes, http.StatusOK); x.str("mine") != "coming" || x.str("guest") != "My sister Ana" || x.num("places_left") != 0 {
		t.Fatalf("Maria and her sister: %v", x)
	}
	if x := m.do("POST", one+"/sign-up", yes, http.StatusOK); x.num("coming") != 2 {
		t.Errorf("signing up twice: %v", x)
	}
	s.do("POST", one+"/sign-up", map[string]any{"rules_read": true, "for_member": edna.ID, "consent": "phone"}, http.StatusOK)
	if x := b.do("POST", one+"/sign-up", map[string]any{"rules_read": true}, http.StatusOK); x.str("mine") != "waiting" || x.num("ahead") != 1 {
		t.Fatalf("Bill waits behind Edna: %v", x)
	}
	m.refused("GET", one+"/register", nil, http.StatusNotFound, "not-on-the-register")
	first := hilltop + "/members/" + b.me() + "/home"
	if next := b.do("GET", first, nil, http.StatusOK).list("gatherings"); len(next) != 1 || next[0]["waits"] != true {
		t.Errorf("what Bill waits for is not on his first page: %v", next)
	}

	// The sister stays at home: one place, and Edna, who has no e-mail, is rung.
	if x := m.do("POST", one+"/sign-up", map[string]any{"rules_read": true}, http.StatusOK); x.str("guest") != "" || x.num("coming") != 2 || x.num("waiting") != 1 {
		t.Fatalf("the sister stays at home: %v", x)
	}
	tasks := s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks")
	if len(tasks) != 1 || tasks[0].str("kind") != "ring-to-tell" || tasks[0].str("who") != "Edna" || !strings.Contains(tasks[0].str("what"), "Has a place") || tasks[0]["by_hand"] != true {
		t.Fatalf("nobody rings Edna: %v", tasks)
	}
	// Maria can't come: Bill reads that a place is his.
	m.do("POST", one+"/not-coming", map[string]any{}, http.StatusOK)
	h.arrives("bill@example.org", "A place has come free")
	home := b.do("GET", first, nil, http.StatusOK)
	if next := home.list("gatherings"); len(next) != 1 || next[0].str("title") != "Keeping warm, keeping well" || next[0]["waits"] != false {
		t.Errorf("Bill's first page: %v", home)
	}
	// A reminder the day before, once.
	h.clock.Advance(24 * time.Hour)
	for range 2 {
		if err := h.app.Gathering.Remind(t.Context(), h.bank.ID); err != nil {
			t.Fatal(err)
		}
	}
	h.arrives("bill@example.org", "Tomorrow: Keeping warm")
	if n := h.count("message where template = 'gathering-tomorrow'"); n != 2 {
		t.Errorf("%d reminders, want one each for Bill and Edna", n)
	}
	// Called off: everybody with a place hears, whoever gave theirs back does not.
	s = h.signIn("sam@example.org")
	s.do("POST", one+"/cancel", map[string]any{"reason": "The heating is broken."}, http.StatusOK)
	s.do("POST", one+"/cancel", map[string]any{"reason": "The heating is broken."}, http.StatusOK)
	h.arrives("bill@example.org", "Called off: Keeping warm")
	tasks = s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks")
	if len(tasks) != 1 || !strings.Contains(tasks[0].str("what"), "The heating is broken") {
		t.Errorf("Edna is told something else: %v", tasks)
	}
	if n := h.count("message where template = 'gathering-off'"); n != 2 {
		t.Errorf("%d were told that it is off, want 2", n)
	}
	b = h.signIn("bill@example.org")
	b.refused("POST", one+"/sign-up", map[string]any{"rules_read": true}, http.StatusConflict, "gathering-cancelled")
}

// me is the signed-in person's membership.
func (b *browser) me() string {
	for _, x := range b.do("GET", "/me", nil, http.StatusOK).list("banks") {
		if x.str("member_id") != "" {
			return x.str("member_id")
		}
	}
	b.h.t.Fatal("no membership")
	return ""
}

// arrives waits until a message whose subject begins so has come to an address.
func (h *house) arrives(to, subject string) {
	h.t.Helper()
	for range 50 {
		for _, m := range h.sink.Messages() {
			if m.To == to && strings.HasPrefix(m.Subject, subject) {
				return
			}
		}
		h.wait("send-message")
	}
	h.t.Fatalf("nothing about %q came to %s", subject, to)
}

// The register, by staff and by the member who leads it, the same person from two
// phones at once, and the hours of all in one transfer, from two devices at once.
func TestStoryRegisterAndHoursOfManyOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill, edna := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org"), h.joins(h.bank, "Edna Marsh", "")
	joan := h.joins(h.bank, "Joan Pike", "joan@example.org")
	g := h.plans(func(p *gathering.Plan) { p.DropIn, p.Leads = true, []uuid.UUID{bill.ID} })
	ctx, sam := t.Context(), h.sam()
	lead := identity.Actor{Person: bill.PersonID, Member: bill.ID, Bank: h.bank, Roles: []identity.Role{identity.Member}}
	if _, err := h.app.Gathering.SignUp(ctx, identity.Actor{Person: joan.PersonID, Member: joan.ID, Bank: h.bank, Roles: []identity.Role{identity.Member}}, g, gathering.SignUp{}); err == nil {
		t.Error("a drop-in takes names")
	}
	if _, err := h.app.Gathering.WalkIn(ctx, lead, g, &maria.ID, "", gathering.Mark{}); err == nil || !strings.Contains(err.Error(), "not-begun") {
		t.Errorf("the register of tomorrow is open: %v", err)
	}
	h.clock.Advance(26 * time.Hour)

	// Two phones write the same people down at the same moment, over and over.
	var wg sync.WaitGroup
	for _, a := range []identity.Actor{sam, lead, sam, lead} {
		wg.Go(func() {
			for _, m := range []member.Member{maria, edna, joan} {
				if _, err := h.app.Gathering.WalkIn(ctx, a, g, &m.ID, "", gathering.Mark{}); err != nil {
					t.Error(err)
				}
			}
			if _, err := h.app.Gathering.WalkIn(ctx, a, g, nil, "Ana  from next door", gathering.Mark{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	reg, err := h.app.Gathering.Register(ctx, sam, g)
	if err != nil {
		t.Fatal(err)
	}
	if got := here(reg); !slices.Equal(got, []string{"Ana from next door", "Edna Marsh", "Joan Pike", "Maria Santos"}) {
		t.Fatalf("double check-in: %v", got)
	}
	line := func(name string) gathering.Line {
		at := slices.IndexFunc(reg.Lines, func(l gathering.Line) bool { return l.Name == name })
		if at < 0 {
			t.Fatalf("%s is not on the register: %v", name, reg.Lines)
		}
		return reg.Lines[at]
	}
	joans := line("Joan Pike").ID
	// Joan was written down by mistake; Bill led for as long as it lasted, 2 hours.
	if _, err := h.app.Gathering.Mark(ctx, sam, g, joans, gathering.Mark{}); err != nil {
		t.Fatal(err)
	}
	if reg, err = h.app.Gathering.Mark(ctx, lead, g, line("Bill Okafor").ID, gathering.Mark{Here: true}); err != nil || here(reg)[0] != "Ana from next door" || len(here(reg)) != 4 {
		t.Fatalf("register: %v, %v", here(reg), err)
	}
	if strings.Contains(fmt.Sprint(here(reg)), "Marsh") {
		t.Error("who leads reads whole names")
	}
	if _, err := h.app.Gathering.Register(ctx, identity.Actor{Person: maria.PersonID, Member: maria.ID, Bank: h.bank, Roles: []identity.Role{identity.Member}}, g); err == nil {
		t.Error("any member reads the register")
	}

	preview, err := h.app.Gathering.Preview(ctx, sam, g, gathering.Sharing{Rule: gathering.Equal})
	if err != nil || preview.Moved != 120 || preview.Pot != 0 || len(preview.People) != 3 {
		t.Fatalf("preview: %+v, %v", preview, err)
	}
	if _, err := h.app.Gathering.Post(ctx, sam, g, gathering.Sharing{Rule: gathering.Equal, Mark: "something else"}); err == nil || !strings.Contains(err.Error(), "register-changed") {
		t.Errorf("posts what nobody saw: %v", err)
	}
	for range 4 {
		wg.Go(func() {
			out, err := h.app.Gathering.Post(ctx, sam, g, gathering.Sharing{Rule: gathering.Equal, Mark: preview.Mark})
			if err != nil || out.Moved != 120 || len(out.People) != 3 {
				t.Errorf("posted: %+v, %v", out, err)
			}
		})
	}
	wg.Wait()
	if a, b, c := h.balance(bill), h.balance(maria), h.balance(edna); a != 120 || b != -60 || c != -60 {
		t.Errorf("hours: Bill %d, Maria %d, Edna %d", a, b, c)
	}
	if n := h.count("gathering_transfer"); n != 1 {
		t.Errorf("%d transfers", n)
	}
	if _, err := h.app.Gathering.Mark(ctx, sam, g, joans, gathering.Mark{Here: true}); err == nil || !strings.Contains(err.Error(), "hours-posted") {
		t.Errorf("the register is open after the hours: %v", err)
	}
	// What the preview showed is what went into the books.
	posted, err := h.app.Gathering.Posted(ctx, sam, g)
	if err != nil || posted.Moved != preview.Moved || posted.Pot != preview.Pot || len(posted.People) != len(preview.People) {
		t.Errorf("in the books: %+v, %v", posted, err)
	}
	// A coordinator takes them back, once, and the right ones go in.
	for range 2 {
		if err := h.app.Gathering.TakeBack(ctx, sam, g, "Joan was there too"); err != nil {
			t.Fatal(err)
		}
	}
	if h.balance(bill) != 0 || h.balance(edna) != 0 {
		t.Error("the hours are still there")
	}
	if _, err := h.app.Gathering.WalkIn(ctx, sam, g, &joan.ID, "", gathering.Mark{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.app.Gathering.Post(ctx, sam, g, gathering.Sharing{Rule: gathering.Equal}); err != nil || h.balance(joan) != -40 {
		t.Errorf("again: Joan %d, %v", h.balance(joan), err)
	}
	if _, err := h.app.Gathering.Post(ctx, sam, g, gathering.Sharing{Rule: gathering.Set, Each: 30}); err == nil || !strings.Contains(err.Error(), "hours-posted") {
		t.Errorf("by another rule: %v", err)
	}
	h.verified()
}

// An empty pot pays nobody: it is said before, and nothing moves.
func TestGatheringHoursFromAnEmptyPot(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill := h.joins(h.bank, "Bill Okafor", "bill@example.org")
	g := h.plans(func(p *gathering.Plan) { p.Leads = []uuid.UUID{bill.ID} })
	h.clock.Advance(26 * time.Hour)
	reg, err := h.app.Gathering.Register(t.Context(), h.sam(), g)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.app.Gathering.Preview(t.Context(), h.sam(), g, gathering.Sharing{Rule: gathering.Pot}); err == nil || !strings.Contains(err.Error(), "nobody-gave") {
		t.Errorf("nobody was there: %v", err)
	}
	if _, err := h.app.Gathering.Mark(t.Context(), h.sam(), g, reg.Lines[0].ID, gathering.Mark{Here: true, Minutes: 45}); err != nil {
		t.Fatal(err)
	}
	p, err := h.app.Gathering.Preview(t.Context(), h.sam(), g, gathering.Sharing{Rule: gathering.Pot})
	if err != nil || !p.Short || p.Pot != -45 {
		t.Errorf("preview: %+v, %v", p, err)
	}
	if _, err := h.app.Gathering.Post(t.Context(), h.sam(), g, gathering.Sharing{Rule: gathering.Pot}); err == nil || !strings.Contains(err.Error(), "pot-short") || h.balance(bill) != 0 {
		t.Errorf("posted from an empty pot: %v", err)
	}
	h.verified()
}

// Whoever leaves gives their places back, and the one they brought is forgotten.
func TestLeavingGivesPlacesBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.joins(h.bank, "Bill Okafor", "bill@example.org")
	g := h.plans(func(p *gathering.Plan) { p.Capacity = 2 })
	m, b := h.signIn("maria@example.org"), h.signIn("bill@example.org")
	m.do("POST", hilltop+"/gatherings/"+g.String()+"/sign-up", map[string]any{"guest": "Ana Secretname"}, http.StatusOK)
	b.do("POST", hilltop+"/gatherings/"+g.String()+"/sign-up", map[string]any{}, http.StatusOK)
	m.do("POST", hilltop+"/members/"+m.me()+"/leave", map[string]any{}, http.StatusNoContent)
	if x := b.do("GET", hilltop+"/gatherings/"+g.String(), nil, http.StatusOK); x.str("mine") != "coming" || x.num("coming") != 1 {
		t.Errorf("Bill: %v", x)
	}
	if n := h.count("gathering_part where guest <> ''"); n != 0 {
		t.Errorf("%d names of guests are left", n)
	}
}
