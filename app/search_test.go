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

// publishes puts an offer on the list.
func (h *house) publishes(m member.Member, kind, note string) uuid.UUID {
	h.t.Helper()
	id, err := h.app.Listing.Add(h.t.Context(), h.as(m), uuid.Nil, listing.Want{Type: listing.Offer, Kind: kind, Note: note})
	h.must(err)
	return id
}

func (h *house) searches(m member.Member, words string) (notes, instead []string) {
	h.t.Helper()
	found, err := h.app.Listing.Search(h.t.Context(), h.as(m), listing.Offer, words)
	h.must(err)
	for _, l := range found.Listings {
		notes = append(notes, l.Note)
	}
	return notes, found.Instead
}

func TestSearchForgivesEndingsAccentsSlipsAndEverydayWords(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org")
	h.publishes(maria, "garden.dog", "Terriers are my favourites")
	h.publishes(maria, "food.bake", "Café cakes, and crème brûlée")
	h.publishes(maria, "garden.garden", "Pruning roses, trimming hedges")
	h.publishes(maria, "out.lift", "Early mornings are fine")
	for words, want := range map[string]string{
		"terrier":                   "Terriers are my favourites",
		"CREME BRULEE":              "Café cakes, and crème brûlée",
		"someone to trim the hedge": "Pruning roses, trimming hedges",
		"prunning":                  "Pruning roses, trimming hedges",
		"terreirs":                  "Terriers are my favourites",
		"hospital appointment":      "Early mornings are fine", // nobody wrote it; a lift is meant
		"puppy":                     "Terriers are my favourites",
		"driver":                    "Early mornings are fine",
		"hosptial":                  "Early mornings are fine", // a slip in a word that nobody wrote
		"gardner":                   "Pruning roses, trimming hedges",
	} {
		if got, _ := h.searches(maria, words); len(got) == 0 || got[0] != want {
			t.Errorf("%q finds %q", words, got)
		}
	}
	if _, instead := h.searches(maria, "terreirs"); !slices.Equal(instead, []string{"terriers"}) {
		t.Errorf("read as %v", instead)
	}
	if _, instead := h.searches(maria, "hosptial visit"); !slices.Equal(instead, []string{"hospital"}) {
		t.Errorf("read as %v", instead)
	}
	for _, nothing := range []string{"", "   ", "the and of", "zzzzzz", "'; drop table listing --", "%", strings.Repeat("x", 200)} {
		if got, _ := h.searches(maria, nothing); len(got) != 0 {
			t.Errorf("%q finds %q", nothing, got)
		}
	}
}

func TestSearchPutsWhatFitsBetterAndIsNearerFirst(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, far := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Far", "far@example.org")
	_, err := h.db.Owner.Exec("update member set area = 'Southfield' where id = ?", far.ID)
	h.must(err)
	h.publishes(maria, "garden.garden", "Roses here")
	h.publishes(far, "garden.garden", "Roses there")
	h.publishes(maria, "food.cook", "A table with roses")
	if got, _ := h.searches(maria, "gardening roses"); !slices.Equal(got, []string{"Roses here", "Roses there", "A table with roses"}) {
		t.Errorf("Maria finds %q", got)
	}
	if got, _ := h.searches(far, "gardening roses"); len(got) != 3 || got[0] != "Roses there" {
		t.Errorf("her neighbour in Southfield finds %q", got)
	}
}

func TestSearchShowsOnlyWhatIsOpenInOnesOwnBank(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org")
	x := h.publishes(maria, "garden.garden", "Topiary swans")
	other := h.openBank("elsewhere", "Elsewhere")
	stan := h.joins(other, "Stan", "stan@example.org")
	h.signIn("stan@example.org").do("POST", "/banks/elsewhere/offers", map[string]any{"kind": "garden.garden", "note": "Topiary ducks"}, http.StatusCreated)
	m := h.signIn("maria@example.org")
	found := func() (out []string) {
		for _, l := range m.do("GET", hilltop+"/listings?words=topiary", nil, http.StatusOK).list("listings") {
			out = append(out, l.str("note"))
		}
		return out
	}
	if got := found(); !slices.Equal(got, []string{"Topiary swans"}) {
		t.Errorf("Maria finds %q; %s lives elsewhere", got, stan.Called)
	}
	h.must(h.app.Listing.Withdraw(t.Context(), h.as(maria), x))
	if got := found(); len(got) != 0 {
		t.Errorf("withdrawn, and found: %q", got)
	}
}

func TestWhatAnOlderVersionPublishedIsIndexedInTheNight(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org")
	h.publishes(maria, "garden.garden", "Topiary swans")
	_, err := h.db.Owner.Exec("delete from posting")
	h.must(err)
	for range 2 {
		h.must(h.app.Listing.Reindex(t.Context(), h.bank.ID))
	}
	if got, _ := h.searches(maria, "topiary"); len(got) != 1 {
		t.Errorf("found %q", got)
	}
	if n := h.count("vocabulary where word = 'topiary' and n = 1"); n != 1 {
		t.Error("its words are not counted")
	}
}

func TestAnOfferFullOfLinksIsRefusedInWords(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.joins(h.bank, "Maria", "maria@example.org")
	m := h.signIn("maria@example.org")
	status, p, _ := m.try("POST", hilltop+"/offers", map[string]any{"kind": "food.cook", "note": "See http://a.example https://www.b.example and www.c.example"})
	if status != http.StatusUnprocessableEntity || p.list("errors")[0].str("pointer") != "/note" || p.list("errors")[0].str("code") != "too-many-links" {
		t.Errorf("%d %v", status, p)
	}
	m.do("POST", hilltop+"/offers", map[string]any{"kind": "food.cook", "note": "<script>alert(1)</script> my recipes: https://www.b.example"}, http.StatusCreated)
}
