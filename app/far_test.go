package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"timebank/app/listing"
	"timebank/app/member"
)

// How far somebody goes for what they offer decides whom the desk proposes, and what
// search shows last; it follows them when they move.
func TestHowFarSomebodyGoes(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org") // of Northgate, like all who join here
	near, away, roams := h.joins(h.bank, "Nell", ""), h.joins(h.bank, "Ann", "ann@example.org"), h.joins(h.bank, "Roy", "")
	_, err := h.db.Owner.Exec("update member set area = 'Southfield' where id in (?, ?)", away.ID, roams.ID)
	h.must(err)
	for _, x := range []struct {
		who member.Member
		far string
	}{{near, "street"}, {away, "area"}, {roams, "anywhere"}} {
		_, err := h.app.Listing.Add(t.Context(), h.as(x.who), uuid.New(), listing.Want{Type: listing.Offer, Kind: "garden.garden", Note: "Roses " + x.far, Far: x.far})
		h.must(err)
	}
	if got, _ := h.searches(maria, "roses"); !slices.Equal(got, []string{"Roses street", "Roses anywhere", "Roses area"}) {
		t.Errorf("Maria finds %q", got)
	}
	m := h.signIn("maria@example.org")
	ask := m.do("POST", hilltop+"/requests", map[string]any{"kind": "garden.garden", "place": "home"}, http.StatusCreated).str("id")
	if who := h.candidates(uuid.MustParse(ask)); !slices.Equal(slices.Sorted(slices.Values(who)), []string{"Nell", "Roy"}) {
		t.Errorf("the desk proposes %v", who)
	}
	ask = m.do("POST", hilltop+"/requests", map[string]any{"kind": "garden.garden", "place": "out", "far": "anywhere"}, http.StatusCreated).str("id")
	if l := m.do("GET", hilltop+"/listings/"+ask, nil, http.StatusOK); l.str("far") != "anywhere" {
		t.Errorf("it is %v", l)
	}
	if who := h.candidates(uuid.MustParse(ask)); !slices.Contains(who, "Ann") {
		t.Errorf("Maria would come, and the desk proposes %v", who)
	}
	if _, p, _ := m.try("POST", hilltop+"/offers", map[string]any{"kind": "garden.garden", "far": "the moon"}); !strings.Contains(p.list("errors")[0].str("pointer"), "far") {
		t.Errorf("refused as %v", p)
	}
	// Ann moves next door.
	a := h.signIn("ann@example.org")
	a.do("PUT", hilltop+"/members/"+away.ID.String()+"/details", map[string]any{"name": "Ann", "called": "Ann", "area": "Northgate", "phone": "", "reach_by": "email", "reach_note": "", "needs": "", "free_slots": 0}, http.StatusNoContent)
	if got, _ := h.searches(maria, "roses"); !slices.Equal(got, []string{"Roses area", "Roses street", "Roses anywhere"}) {
		t.Errorf("after Ann has moved, Maria finds %q", got)
	}
}
