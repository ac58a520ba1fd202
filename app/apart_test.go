package app_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"timebank/app/contact"
	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/listing"
)

// Two who are kept apart neither find, plan nor write; neither is told, and whoever
// wished it can end it.
func TestKeptApartNeitherFindPlanNorWrite(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	x := h.said(bill, maria, 30)
	offer := h.publishes(bill, "garden.garden", "Topiary")
	h.offers(bill, "out.lift")
	m, s := h.signIn("maria@example.org"), h.signIn("sam@example.org")
	his := hilltop + "/members/" + bill.ID.String()
	m.do("POST", his+"/complaint", map[string]any{}, http.StatusUnprocessableEntity)
	m.do("POST", his+"/complaint", map[string]any{"words": "He shouted at me", "block": true}, http.StatusNoContent, uuid.NewString())
	if got, _ := h.searches(maria, "topiary"); len(got) != 0 {
		t.Errorf("Maria finds %q", got)
	}
	m.do("GET", hilltop+"/listings/"+offer.String(), nil, http.StatusNotFound)
	if _, err := h.app.Exchange.Propose(t.Context(), h.as(maria), uuid.Nil, exchange.Plan{Listing: offer}); !errors.Is(err, contact.ErrApart) {
		t.Errorf("planned: %v", err)
	}
	if _, err := h.app.Exchange.Write(t.Context(), h.as(bill), uuid.Nil, x, "Sorry", oneself()); !errors.Is(err, contact.ErrApart) {
		t.Errorf("written: %v", err)
	}
	ask, err := h.app.Listing.Add(t.Context(), h.as(maria), uuid.Nil, listing.Want{Type: listing.Request, Kind: "out.lift"})
	h.must(err)
	if got := h.candidates(ask); len(got) != 0 {
		t.Errorf("matched with %v", got)
	}
	found := false
	for _, task := range s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks") {
		found = found || task.str("kind") == "look-into-complaint" && task.str("who") == "Bill" && strings.Contains(task.str("what"), "He shouted at me")
	}
	if !found {
		t.Error("the desk has no task")
	}
	for _, mail := range h.sink.Messages() {
		if mail.To == "bill@example.org" && strings.Contains(mail.Text, "shouted") {
			t.Error("Bill is told")
		}
	}
	if got := m.do("GET", hilltop+"/members/"+maria.ID.String()+"/blocked", nil, http.StatusOK).list("members"); len(got) != 1 || got[0].str("called") != "Bill" {
		t.Errorf("Maria keeps apart from %v", got)
	}
	m.do("POST", his+"/unblock", map[string]any{}, http.StatusNoContent)
	if got, _ := h.searches(maria, "topiary"); len(got) != 1 {
		t.Errorf("after she ended it Maria finds %q", got)
	}
}

// Whom a complaint is about reads who looked at their record and what is held of
// them; who told, and that somebody did, stands in neither.
func TestWhomAComplaintIsAboutCannotReadWhoTold(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria", "maria@example.org")
	bill := h.joins(h.bank, "Bill", "bill@example.org")
	m, his := h.signIn("maria@example.org"), hilltop+"/members/"+bill.ID.String()
	m.do("POST", his+"/complaint", map[string]any{"words": "He shouted at me", "block": true}, http.StatusNoContent, uuid.NewString())
	m.do("POST", his+"/unblock", map[string]any{}, http.StatusNoContent)
	b := h.signIn("bill@example.org")
	if looks := b.do("GET", his+"/looks", nil, http.StatusOK).list("looks"); len(looks) != 0 {
		t.Errorf("Bill reads %v", looks)
	}
	if _, page := b.raw(hilltop + "/my-data"); strings.Contains(page, "shouted") || strings.Contains(page, "Maria") {
		t.Error("Bill's own data tell of it")
	}
}

func TestCandidatesAreFreeWhenTheAskerIs(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill, joan, paul := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Joan", ""), h.joins(h.bank, "Paul", "")
	for _, m := range []struct {
		id    uuid.UUID
		slots int
	}{{maria.ID, 1<<3 | 1<<14}, {bill.ID, 1 << 3}, {joan.ID, 1 << 4}} { // Tuesday mornings and Friday evenings, Tuesday mornings, Tuesday afternoons
		_, err := h.db.Owner.Exec("update member set free_slots = ? where id = ?", m.slots, m.id)
		h.must(err)
	}
	for _, m := range []uuid.UUID{bill.ID, joan.ID, paul.ID} {
		_, err := h.app.Listing.Add(t.Context(), h.broker(), uuid.Nil, listing.Want{Type: listing.Offer, Kind: "out.lift", OnBehalf: identity.OnBehalf{For: &m, Consent: "phone"}})
		h.must(err)
	}
	ask := h.asks(h.broker(), maria.ID, "out.lift")
	if got := h.candidates(ask); !slices.Equal(got, []string{"Bill", "Paul"}) {
		t.Errorf("candidates: %v; Joan is never free when Maria is, of Paul nothing is known", got)
	}
	_, _, all, err := h.app.Matching.For(t.Context(), h.broker(), ask)
	h.must(err)
	for _, c := range all {
		if c.Member.Called == "Bill" && !slices.Contains(c.For, "Both free: Tuesday morning") {
			t.Errorf("for Bill speaks %q", c.For)
		}
	}
}
