package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/listing"
)

// kindOf gives a bank a kind of help of its own.
func (h *house) kindOf(b bank.Bank, name string) string {
	h.t.Helper()
	a := identity.Actor{Person: uuid.New(), Bank: b, Roles: []identity.Role{identity.Coordinator}}
	code, err := h.app.Listing.AddKind(h.t.Context(), a, listing.KindWish{Parent: "garden", Name: name})
	h.must(err)
	return code
}

// A bank has kinds of its own, and its own words for those that all have: members
// ask and offer by them, search and matching know them, and statements say them.
func TestABanksOwnKindsOfHelp(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	other := h.openBank("elsewhere", "Elsewhere")
	h.joins(other, "Stan", "stan@example.org")
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	c, m := h.signIn("cora@example.org"), h.signIn("maria@example.org")
	kinds := func(b *browser, slug string) map[string]answer {
		out := map[string]answer{}
		for _, k := range b.do("GET", "/banks/"+slug+"/kinds", nil, http.StatusOK).list("kinds") {
			out[k.str("name")] = k
		}
		return out
	}

	group := c.do("POST", hilltop+"/kinds", map[string]any{"name": "On the river"}, http.StatusCreated).str("code")
	fishing := c.do("POST", hilltop+"/kinds", map[string]any{"name": "Help with fishing", "doing": "fishing", "words": "angling, rod", "parent": group}, http.StatusCreated).str("code")
	for want, body := range map[string]map[string]any{
		"kind-name-taken": {"name": "help with FISHING", "parent": group},
		"no-such-kind":    {"name": "Boats", "parent": fishing}, // two levels, no third
		"check-answers":   {"name": "  ", "parent": group},
	} {
		if _, p, _ := c.try("POST", hilltop+"/kinds", body); p.str("code") != want {
			t.Errorf("%v: %v", body, p)
		}
	}
	if k := kinds(m, "hilltop")["Help with fishing"]; k.str("parent") != group || k.str("doing") != "fishing" || k["own"] != true {
		t.Errorf("Maria chooses from %v", k)
	}
	if k, ok := kinds(h.signIn("stan@example.org"), "elsewhere")["Help with fishing"]; ok {
		t.Errorf("another bank has %v", k)
	}

	offer := h.publishes(bill, fishing, "Early, by the weir")
	for _, words := range []string{"angling", "fishing", "ANGLE", "rods"} {
		if got, _ := h.searches(maria, words); !slices.Equal(got, []string{"Early, by the weir"}) {
			t.Errorf("%q finds %q", words, got)
		}
	}
	ask := h.asks(h.broker(), maria.ID, fishing)
	_, _, all, err := h.app.Matching.For(t.Context(), h.broker(), ask)
	h.must(err)
	if len(all) != 1 || all[0].MemberID != bill.ID || all[0].For[0] != "Offers just this" {
		t.Errorf("candidates: %+v", all)
	}
	m.do("POST", hilltop+"/help-given", map[string]any{"helper_id": bill.ID, "helped_id": maria.ID, "kind": fishing, "minutes": 60}, http.StatusCreated)

	// Renamed, it is what it was; hidden, nobody chooses it, and what has it stays.
	c.do("PUT", hilltop+"/kinds/"+fishing, map[string]any{"name": "A day by the water", "words": "angling", "hidden": true}, http.StatusNoContent)
	m.refused("POST", hilltop+"/requests", map[string]any{"kind": fishing}, http.StatusUnprocessableEntity, "unknown-kind")
	if l := m.do("GET", hilltop+"/listings/"+offer.String(), nil, http.StatusOK); l.str("kind") != fishing {
		t.Errorf("the offer: %v", l)
	}
	if k := kinds(m, "hilltop")["A day by the water"]; k.str("code") != fishing || k["hidden"] != true {
		t.Errorf("after the change: %v", k)
	}
	if held, err := h.app.Rights.MyData(t.Context(), h.as(bill)); err != nil || !strings.Contains(fmt.Sprint(held), "A day by the water") {
		t.Errorf("what is held does not say it: %v", err)
	}

	// A name in another language is read by whoever reads that, and finds it; who reads in one without a name reads the bank's.
	pond := c.do("POST", hilltop+"/kinds", map[string]any{"name": "Pond care", "names": map[string]any{"cy": " Gofal  pwll ", "ur": ""}, "parent": "garden"}, http.StatusCreated).str("code")
	if _, p, _ := c.try("PUT", hilltop+"/kinds/"+pond, map[string]any{"name": "Pond care", "names": map[string]any{"xx": "Pond"}}); p.str("code") != "check-answers" {
		t.Errorf("in a language that nobody reads here: %v", p)
	}
	h.publishes(bill, pond, "Newts welcome")
	if got, _ := h.searches(maria, "pwll"); !slices.Equal(got, []string{"Newts welcome"}) {
		t.Errorf("its Welsh name finds %q", got)
	}
	for l, want := range map[string]string{"cy": "Gofal pwll", "ur": "Pond care", "": "Pond care"} {
		m.lang = l
		if k := kinds(m, "hilltop")[want]; k.str("code") != pond || k.str("doing") != strings.ToLower(want[:1])+want[1:] {
			t.Errorf("in %q it is %v", l, k)
		}
	}
	// The form says whose words others read where the bank has none: ours, or the bank's own name.
	if all := kinds(c, "hilltop"); all["A lift"]["ours"] != true || all["Pond care"]["ours"] != nil {
		t.Errorf("whose names: %v and %v", all["A lift"], all["Pond care"])
	}
	// A coordinator who reads in Welsh, and leaves the name as she reads it, leaves it to the others too.
	c.lang = "cy"
	c.do("PUT", hilltop+"/kinds/"+pond, map[string]any{"name": "Gofal pwll", "doing": "gofal pwll", "words": "newts", "names": map[string]any{"cy": "Gofal pwll"}}, http.StatusNoContent)
	c.lang = ""
	if k := kinds(c, "hilltop")["Pond care"]; k.str("code") != pond || k.str("doing") != "pond care" || k.sub("names").str("cy") != "Gofal pwll" {
		t.Errorf("after it was saved in Welsh: %v", kinds(c, "hilltop"))
	}
	// What every bank has is found by Welsh and Urdu words too.
	h.publishes(bill, "garden.garden", "Hedges and lawns")
	for _, words := range []string{"garddio", "باغبانی"} {
		if got, _ := h.searches(maria, words); !slices.Equal(got, []string{"Hedges and lawns"}) {
			t.Errorf("%q finds %q", words, got)
		}
	}

	// One that all banks have gets other words here, and keeps them elsewhere.
	c.do("PUT", hilltop+"/kinds/out.lift", map[string]any{"name": "A ride", "words": "taxi"}, http.StatusNoContent)
	if _, ok := kinds(m, "hilltop")["A lift"]; ok {
		t.Error("the old name is still there")
	}
	h.publishes(bill, "out.lift", "On Fridays")
	if got, _ := h.searches(maria, "taxis"); !slices.Equal(got, []string{"On Fridays"}) {
		t.Errorf("taxis finds %q", got)
	}
	// A group is hidden with all that is in it; the last one stays.
	c.do("PUT", hilltop+"/kinds/food", map[string]any{"name": "Food", "hidden": true}, http.StatusNoContent)
	m.refused("POST", hilltop+"/offers", map[string]any{"kind": "food.bake"}, http.StatusUnprocessableEntity, "unknown-kind")
	for _, g := range []string{"company", "home", "out", "learn", "garden", "make", "other"} {
		c.do("PUT", hilltop+"/kinds/"+g, map[string]any{"name": g, "hidden": true}, http.StatusNoContent)
	}
	c.refused("PUT", hilltop+"/kinds/"+group, map[string]any{"name": "On the river", "hidden": true}, http.StatusConflict, "last-group")
	m.refused("PUT", hilltop+"/kinds/"+group, map[string]any{"name": "Mine"}, http.StatusForbidden, "not-allowed")
}
