package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"timebank/app/contact"
	"timebank/app/listing"
	"timebank/app/member"
)

// wants keeps what a member wants to be told about.
func (h *house) wants(m member.Member, kind, words string) uuid.UUID {
	h.t.Helper()
	id, err := h.app.Listing.TellOf(h.t.Context(), h.as(m), listing.InterestWish{Type: listing.Offer, Kind: kind, Words: words})
	h.must(err)
	return id
}

// tellsNew lets so much time pass, and two replicas look for what is new.
func (h *house) tellsNew(after time.Duration) {
	h.t.Helper()
	h.clock.Advance(after)
	h.must(h.app.Listing.TellInterests(h.t.Context(), h.bank.ID))
	h.must(h.app.Listing.TellInterests(h.t.Context(), h.bank.ID))
}

func (h *house) digests(m member.Member) int {
	h.t.Helper()
	return h.count("message where template = 'new-help' and member_id = ? and channel <> 'push'", m.ID)
}

func TestMembersAreToldOfWhatTheyWaitFor(t *testing.T) {
	t.Parallel()
	h := open(t) // at 9 in the morning, or later
	maria, edna, zoe := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Edna", ""), h.joins(h.bank, "Zoe", "zoe@example.org")
	bill, carl, dora := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Carl", ""), h.joins(h.bank, "Dora", "dora@example.org")
	h.publishes(bill, "garden.garden", "There before anybody waited")
	h.wants(maria, "garden", "")
	h.wants(maria, "", "gardening roses") // as search understands them
	h.wants(edna, "", "roses")
	h.wants(zoe, "out.lift", "")
	h.clock.Advance(time.Minute)
	h.publishes(maria, "garden.garden", "Her own roses")
	h.publishes(bill, "garden.garden", "Pruning roses")
	h.publishes(bill, "garden.dog", "Walking")
	h.publishes(bill, "food.cook", "A table with roses")
	h.publishes(carl, "garden.garden", "Roses of somebody she keeps apart from")
	h.publishes(bill, "out.lift", "For Zoe, who rests")
	h.publishes(dora, "garden.garden", "Roses of somebody who rests")
	_, err := h.db.Owner.Exec("update member set status = 'paused' where id in (?, ?)", dora.ID, zoe.ID)
	h.must(err)
	h.must(h.app.Contact.Tell(t.Context(), h.as(maria), uuid.New(), carl.ID, contact.Told{Block: true}))
	h.must(err)

	h.tellsNew(time.Hour)
	if n := h.digests(maria); n != 0 {
		t.Errorf("%d messages on the very day", n)
	}
	h.tellsNew(14 * time.Hour)
	if n := h.digests(maria); n != 0 {
		t.Errorf("%d messages in the night", n)
	}
	h.tellsNew(9 * time.Hour)
	if n := h.count("interest_found where member_id = ?", maria.ID); n != 2 {
		t.Fatalf("%d things are found for Maria", n)
	}
	text := h.mailTo("maria@example.org", "New for you: 2 things on the list")
	if !strings.Contains(text, "Bill offers: Gardening") || strings.Count(text, "/listing?id=") != 2 || strings.Contains(text, "Carl") || strings.Contains(text, "Maria offers") {
		t.Errorf("Maria reads %q", text)
	}
	if h.digests(maria) != 1 || h.digests(zoe) != 0 || h.digests(edna) != 0 {
		t.Errorf("%d, %d and %d messages", h.digests(maria), h.digests(zoe), h.digests(edna))
	}
	h.tellsNew(24 * time.Hour)
	if n := h.digests(maria); n != 1 {
		t.Errorf("with nothing new, %d messages", n)
	}
	h.publishes(bill, "garden.garden", "And again")
	h.tellsNew(24 * time.Hour)
	h.mailTo("maria@example.org", "New: Gardening")
	h.tellsNew(5 * 24 * time.Hour)
	var digest uuid.UUID
	h.must(h.db.Owner.NewRaw("select digest_id from interest_found where member_id = ? limit 1", edna.ID).Scan(t.Context(), &digest))
	if h.digests(edna) != 1 || h.openTasks("ring-to-tell", digest) != 1 {
		t.Errorf("%d messages for Edna, who is rung once a week", h.digests(edna))
	}
}

func TestWhatAMemberWaitsForIsTheirOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org")
	h.joins(h.bank, "Bill", "bill@example.org")
	m, b := h.signIn("maria@example.org"), h.signIn("bill@example.org")
	mine := hilltop + "/members/" + maria.ID.String() + "/interests"
	for name, c := range map[string]struct {
		body    map[string]any
		pointer string
	}{
		"nothing":            {map[string]any{"type": "offer"}, "/kind"},
		"only small words":   {map[string]any{"type": "offer", "words": "the and of"}, "/words"},
		"no such kind":       {map[string]any{"type": "offer", "kind": "garden.moon"}, "/kind"},
		"a pasted novel":     {map[string]any{"type": "offer", "words": strings.Repeat("roses ", 50)}, "/words"},
		"neither of the two": {map[string]any{"type": "wish", "words": "roses"}, "/type"},
	} {
		if _, p, _ := m.try("POST", hilltop+"/interests", c.body); len(p.list("errors")) == 0 || !strings.HasSuffix(p.list("errors")[0].str("pointer"), c.pointer) {
			t.Errorf("%s: %v", name, p)
		}
	}
	roses := map[string]any{"type": "offer", "words": "Roses"}
	id := m.do("POST", hilltop+"/interests", roses, http.StatusCreated).str("id")
	roses["words"] = " roses "
	if again := m.do("POST", hilltop+"/interests", roses, http.StatusCreated).str("id"); again != id {
		t.Errorf("the same twice is %s and %s", id, again)
	}
	m.do("POST", hilltop+"/interests", map[string]any{"type": "request", "kind": "garden"}, http.StatusCreated)
	if all := m.do("GET", mine, nil, http.StatusOK).list("interests"); len(all) != 2 || all[1].str("words") != "Roses" {
		t.Errorf("she sees %v", all)
	}
	b.do("GET", mine, nil, http.StatusNotFound)
	b.do("POST", hilltop+"/interests/"+id+"/end", map[string]any{}, http.StatusNotFound)
	if held := m.do("GET", hilltop+"/my-data", nil, http.StatusOK); !strings.Contains(fmt.Sprint(held), "Roses") {
		t.Error("it is not among what is held about her")
	}
	m.do("POST", hilltop+"/interests/"+id+"/end", map[string]any{}, http.StatusNoContent)
	m.do("POST", hilltop+"/interests/"+id+"/end", map[string]any{}, http.StatusNoContent)
	if n := h.count("interest where words <> ''"); n != 0 {
		t.Errorf("%d words are kept of what has ended", n)
	}
	for i := range 19 {
		h.wants(maria, "", "roses"+string(rune('a'+i)))
	}
	if _, p, _ := m.try("POST", hilltop+"/interests", map[string]any{"type": "offer", "words": "tulips"}); p.str("code") != "many-interests" {
		t.Errorf("the twenty-first: %v", p)
	}
	m.do("POST", hilltop+"/members/"+maria.ID.String()+"/leave", map[string]any{"hours": "pot"}, http.StatusNoContent)
	if n := h.count("interest where ended_at is null"); n != 0 {
		t.Errorf("%d interests of somebody who has left", n)
	}
}
