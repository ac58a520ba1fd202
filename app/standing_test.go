package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"timebank/app/identity"
)

func (h *house) mailsTo(email, subject string) (n int, text string) {
	for _, m := range h.sink.Messages() {
		if m.To == email && strings.Contains(m.Subject, subject) {
			if n++; n == 1 {
				text = m.Text
			}
		}
	}
	return n, text
}

// Maria lets Kit read her diary, ask and answer for her. Kit can do this and no
// more, each act names both, Maria is told by her own route, and she ends it.
func TestSomebodyStandsInForAMember(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	m, b := h.signIn("maria@example.org"), h.signIn("bill@example.org")
	mine := hilltop + "/members/" + maria.ID.String()
	m.refused("POST", mine+"/stand-ins", map[string]any{"name": "Kit Marsh", "email": "kit@example.org", "may": []string{}}, http.StatusUnprocessableEntity, "check-answers")
	m.refused("POST", mine+"/stand-ins", map[string]any{"name": "Me", "email": "maria@example.org", "may": []string{"read-diary"}}, http.StatusUnprocessableEntity, "stand-in-self")
	b.refused("POST", mine+"/stand-ins", map[string]any{"name": "Bill", "email": "bill@example.org", "may": []string{"read-diary"}, "consent": "phone"}, http.StatusNotFound, "no-such-member")
	st := m.do("POST", mine+"/stand-ins", map[string]any{"name": "Kit Marsh", "email": "kit@example.org", "may": []string{"read-diary", "ask-for-help", "answer-plans"}}, http.StatusCreated).str("id")
	h.wait("send-message")
	if n, text := h.mailsTo("maria@example.org", "can act for you now"); n != 1 || !strings.Contains(text, "ask for help for you") {
		t.Errorf("Maria was told %d times: %s", n, text)
	}

	k := h.signIn("kit@example.org")
	me := k.do("GET", "/me", nil, http.StatusOK)
	if stands := me.list("banks")[0].list("stands_for"); me.str("start") != "/for" || len(stands) != 1 || stands[0].str("called") != "Maria" {
		t.Errorf("Kit: %v", me)
	}
	h.opensWith(h.bank, bill.ID, 60)
	b.do("POST", hilltop+"/gifts", map[string]any{"to_id": maria.ID, "minutes": 60}, http.StatusCreated)
	if hers, his := m.do("GET", mine+"/home", nil, http.StatusOK).list("gifts"), k.do("GET", mine+"/home", nil, http.StatusOK).list("gifts"); len(hers) != 1 || len(his) != 0 {
		t.Errorf("a gift is for who may say her hours: Maria sees %v, Kit %v", hers, his)
	}
	for _, path := range []string{"/statement", "/details", "/looks", "/leaving"} {
		k.refused("GET", mine+path, nil, http.StatusNotFound, "no-such-member")
	}
	k.refused("GET", hilltop+"/members/"+bill.ID.String()+"/home", nil, http.StatusNotFound, "no-such-member")
	k.refused("POST", hilltop+"/requests", map[string]any{"kind": "out.lift"}, http.StatusForbidden, "no-membership")
	k.refused("POST", hilltop+"/requests", map[string]any{"kind": "out.lift", "for_member": bill.ID}, http.StatusForbidden, "not-allowed")
	k.refused("POST", hilltop+"/offers", map[string]any{"kind": "food.cook", "for_member": maria.ID}, http.StatusForbidden, "not-allowed")
	ask := k.do("POST", hilltop+"/requests", map[string]any{"kind": "out.lift", "for_member": maria.ID}, http.StatusCreated).str("id")
	x := b.do("POST", hilltop+"/exchanges", map[string]any{"listing_id": ask, "starts_at": h.clock.Now().Add(48 * time.Hour)}, http.StatusCreated).str("id")
	k.do("POST", hilltop+"/exchanges/"+x+"/agree", map[string]any{"for_member": maria.ID}, http.StatusOK)
	seen := k.do("GET", hilltop+"/exchanges/"+x, nil, http.StatusOK)
	if can := fmt.Sprint(seen["can"]); can != "[cancel another-time repeat write]" {
		t.Errorf("Kit can %v", can)
	}
	last := seen.list("events")[len(seen.list("events"))-1]
	if last.str("by") != "Kit" || last.str("for") != "Maria" || last.str("consent") != "standing" {
		t.Errorf("the history says %v", last)
	}
	h.clock.Advance(72 * time.Hour)
	m, b, k = h.signIn("maria@example.org"), h.signIn("bill@example.org"), h.signIn("kit@example.org")
	b.do("POST", hilltop+"/exchanges/"+x+"/done", map[string]any{"minutes": 60}, http.StatusOK)
	k.refused("POST", hilltop+"/exchanges/"+x+"/confirm", map[string]any{"for_member": maria.ID}, http.StatusForbidden, "not-allowed")
	looks := m.do("GET", mine+"/looks", nil, http.StatusOK).list("looks")
	if len(looks) != 2 || looks[0].str("who") != "Kit" || looks[0].str("how") != "standing" || looks[0].str("as") != "stand-in" {
		t.Errorf("Maria reads %v", looks)
	}

	m.do("DELETE", mine+"/stand-ins/"+st, nil, http.StatusNoContent)
	m.do("DELETE", mine+"/stand-ins/"+st, nil, http.StatusNoContent)
	k.refused("GET", mine+"/home", nil, http.StatusNotFound, "no-such-bank")
	if all := m.do("GET", mine+"/stand-ins", nil, http.StatusOK).list("stand_ins"); len(all) != 0 {
		t.Errorf("still there: %v", all)
	}
}

// What is done on somebody's behalf is told to them once, by their own route: an
// e-mail, or a call when a stand-in did it for somebody without one.
func TestActsOnBehalfAreTold(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, edna := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Edna Marsh", "")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	s := h.signIn("sam@example.org")
	s.refused("POST", hilltop+"/members/"+edna.ID.String()+"/stand-ins", map[string]any{"name": "Kit Marsh", "email": "kit@example.org", "may": []string{"ask-for-help"}}, http.StatusUnprocessableEntity, "say-how-they-agreed")
	s.do("POST", hilltop+"/members/"+edna.ID.String()+"/stand-ins", map[string]any{"name": "Kit Marsh", "email": "kit@example.org", "may": []string{"ask-for-help"}, "consent": "paper"}, http.StatusCreated)
	s.do("POST", hilltop+"/requests", map[string]any{"kind": "out.lift", "for_member": maria.ID, "consent": "phone"}, http.StatusCreated)
	h.signIn("kit@example.org").do("POST", hilltop+"/requests", map[string]any{"kind": "out.shop", "for_member": edna.ID}, http.StatusCreated)
	for range 2 {
		if err := h.app.Rights.TellBehalf(t.Context(), h.bank.ID); err != nil {
			t.Fatal(err)
		}
	}
	h.wait("send-message")
	if n, text := h.mailsTo("maria@example.org", "Sam did something for you"); n != 1 || !strings.Contains(text, "asked for help for you") {
		t.Errorf("Maria was told %d times: %s", n, text)
	}
	calls := 0
	for _, task := range s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks") {
		if task.str("kind") == "ring-to-tell" && task.str("who") == "Edna" {
			calls++
			if !strings.Contains(task.str("what"), "Kit") {
				t.Errorf("the call: %v", task)
			}
		}
	}
	if calls != 2 { // that Kit may, and that Kit did
		t.Errorf("%d calls to Edna", calls)
	}
}

// An organisation is a member with an account of its own; several people act for
// it, and each row names who did.
func TestOrganisationIsAMember(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	s, b := h.signIn("sam@example.org"), h.signIn("bill@example.org")
	org := s.do("POST", hilltop+"/organisations", map[string]any{"name": "Hilltop Library", "area": "High Street"}, http.StatusCreated).str("id")
	for _, who := range []string{"Pat Lee", "Ann Dee"} {
		email := strings.ToLower(strings.Fields(who)[0]) + "@example.org"
		s.do("POST", hilltop+"/members/"+org+"/stand-ins", map[string]any{"name": who, "email": email, "consent": "paper"}, http.StatusCreated)
	}
	pat, ann := h.signIn("pat@example.org"), h.signIn("ann@example.org")
	offer := pat.do("POST", hilltop+"/offers", map[string]any{"kind": "learn.computer", "for_member": org}, http.StatusCreated).str("id")
	x := b.do("POST", hilltop+"/exchanges", map[string]any{"listing_id": offer, "starts_at": h.clock.Now().Add(24 * time.Hour)}, http.StatusCreated).str("id")
	ann.do("POST", hilltop+"/exchanges/"+x+"/agree", map[string]any{"for_member": org}, http.StatusOK)
	h.clock.Advance(30 * time.Hour)
	s, b, pat, ann = h.signIn("sam@example.org"), h.signIn("bill@example.org"), h.signIn("pat@example.org"), h.signIn("ann@example.org")
	pat.do("POST", hilltop+"/exchanges/"+x+"/done", map[string]any{"minutes": 90, "for_member": org}, http.StatusOK)
	b.do("POST", hilltop+"/exchanges/"+x+"/confirm", map[string]any{}, http.StatusOK)
	if st := ann.do("GET", hilltop+"/members/"+org+"/statement", nil, http.StatusOK); st.num("balance") != 90 {
		t.Errorf("the library's hours: %v", st)
	}
	var acted []string
	for _, e := range s.do("GET", hilltop+"/exchanges/"+x, nil, http.StatusOK).list("events") {
		acted = append(acted, e.str("by")+" for "+e.str("for"))
	}
	if got := strings.Join(acted, ", "); got != "Bill for , Ann for Hilltop Library, Pat for Hilltop Library, Bill for " {
		t.Errorf("who acted: %s", got)
	}
	var kinds []string
	if err := h.db.Owner.NewRaw("select kind from ledger.account where bank_id = ? and id = (select account_id from member where bank_id = ? and id = ?)", h.bank.ID, h.bank.ID, org).Scan(t.Context(), &kinds); err != nil || len(kinds) != 1 || kinds[0] != "organisation" {
		t.Errorf("its account is of kind %v, %v", kinds, err)
	}
	if rec := s.do("GET", hilltop+"/members/"+org, nil, http.StatusOK); rec["organisation"] != true {
		t.Errorf("record: %v", rec)
	}

	h.verified()
}

// A co-chair sees figures and nobody's name; small numbers are hidden. The
// operator sees the banks and enters none.
func TestFiguresHideSmallNumbers(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, name := range []string{"Maria", "Bill", "Edna", "Paul"} {
		h.joins(h.bank, name, strings.ToLower(name)+"@example.org")
	}
	h.staff(h.bank, "Chi", "chi@example.org", identity.CoChair, nil)
	if err := h.app.AddOperator(t.Context(), "Op Erator", "op@example.org"); err != nil {
		t.Fatal(err)
	}
	chi, op := h.signIn("chi@example.org"), h.twoSteps(h.signIn("op@example.org"))
	figure := func(a answer, name string) answer {
		for _, f := range a.list("figures") {
			if f.str("name") == name {
				return f
			}
		}
		return nil
	}
	if f := figure(chi.do("GET", hilltop+"/figures", nil, http.StatusOK), "members"); f["hidden"] != true || f.num("n") != 0 {
		t.Errorf("four members: %v", f)
	}
	h.joins(h.bank, "Rose", "rose@example.org")
	all := chi.do("GET", hilltop+"/figures", nil, http.StatusOK)
	if f := figure(all, "members"); f["hidden"] != false || f.num("n") != 5 {
		t.Errorf("five members: %v", f)
	}
	if f := figure(all, "exchanges"); f["hidden"] != false || f.num("n") != 0 {
		t.Errorf("none is told: %v", f)
	}
	chi.refused("GET", hilltop+"/members", nil, http.StatusForbidden, "not-allowed")
	banks := op.do("GET", "/platform/banks", nil, http.StatusOK).list("banks")
	if len(banks) != 1 || banks[0].str("name") != "Hilltop Time Bank" || figure(banks[0], "members").num("n") != 5 {
		t.Errorf("banks: %v", banks)
	}
	if me := op.do("GET", "/me", nil, http.StatusOK); me.str("start") != "/operator" {
		t.Errorf("the operator begins at %v", me)
	}
	op.refused("GET", hilltop+"/figures", nil, http.StatusNotFound, "no-such-bank")
}
