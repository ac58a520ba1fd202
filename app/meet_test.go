package app_test

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"timebank/app/exchange"
	"timebank/app/identity"
)

func (h *house) starts(x uuid.UUID) time.Time {
	h.t.Helper()
	var at time.Time
	h.must(h.db.Owner.NewRaw("select starts_at from exchange where id = ?", x).Scan(h.t.Context(), &at))
	return at.UTC()
}

func TestAnotherTimeOfAProposalAsksTheOtherSideAnew(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	soon, later := monday.Add(24*time.Hour), monday.Add(48*time.Hour)
	x, err := h.app.Exchange.Propose(t.Context(), h.broker(), uuid.Nil, exchange.Plan{Listing: h.asks(h.broker(), maria.ID, "out.lift"), Helper: bill.ID, StartsAt: &soon})
	h.must(err)
	got, err := h.app.Exchange.AnotherTime(t.Context(), h.as(bill), uuid.Nil, x, later, oneself())
	h.must(err)
	if got.HelperSaid != "yes" || got.HelpedSaid != "waiting" || !got.StartsAt.Equal(later) {
		t.Errorf("after Bill's other time: %+v", got)
	}
	if text := h.mailTo("maria@example.org", "Bill can help you"); !strings.Contains(text, "Wednesday 25 November at 10am") {
		t.Errorf("Maria reads %q", text)
	}
	got, err = h.app.Exchange.Agree(t.Context(), h.as(maria), uuid.Nil, x, oneself())
	h.must(err)
	if got.State != exchange.Agreed || !h.starts(x).Equal(later) {
		t.Errorf("agreed: %+v", got)
	}
	if _, err := h.app.Exchange.AnotherTime(t.Context(), h.as(maria), uuid.Nil, x, monday.Add(-time.Hour), oneself()); !errors.Is(err, exchange.ErrPast) {
		t.Errorf("a time that is over: %v", err)
	}
}

func TestWhatIsAgreedStandsUntilTheOtherSideSaysYesToAnotherTime(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	first, second := monday.Add(24*time.Hour), monday.Add(50*time.Hour)
	x := h.meeting(h.broker(), maria.ID, bill.ID, first)
	suggest := func() {
		t.Helper()
		_, err := h.app.Exchange.AnotherTime(t.Context(), h.as(maria), uuid.Nil, x, second, oneself())
		h.must(err)
		if !h.starts(x).Equal(first) {
			t.Fatal("one side moved it alone")
		}
	}
	suggest()
	home, err := h.app.Exchange.Home(t.Context(), h.as(bill), bill.ID)
	h.must(err)
	if len(home.Answers) != 1 || !slices.Contains(home.Answers[0].Verbs, exchange.VerbAgree) || len(home.Diary) != 1 {
		t.Errorf("Bill's page: %+v", home)
	}
	if _, err := h.app.Exchange.Agree(t.Context(), h.as(maria), uuid.Nil, x, oneself()); !errors.Is(err, exchange.ErrNotYourTurn) {
		t.Errorf("Maria says yes to her own wish: %v", err)
	}
	_, err = h.app.Exchange.KeepTime(t.Context(), h.as(bill), uuid.Nil, x, oneself())
	h.must(err)
	if text := h.mailTo("maria@example.org", "It stays as it was: Bill"); !strings.Contains(text, "It stays Tuesday 24 November at 10am") {
		t.Errorf("Maria reads %q", text)
	}
	suggest()
	_, err = h.app.Exchange.Agree(t.Context(), h.as(bill), uuid.Nil, x, oneself())
	h.must(err)
	if !h.starts(x).Equal(second) {
		t.Error("both agreed, and it did not move")
	}
	if n := h.count("exchange_event where from_state = 'agreed' and to_state = 'agreed'"); n != 3 {
		t.Errorf("%d moves of the time are kept", n)
	}
}

// Every week at the same time of day, over the change of the clocks, until one
// ends it.
func TestWeeklyArrangementMakesTheNextMeeting(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.clock.Set(time.Date(2026, 10, 19, 8, 0, 0, 0, time.UTC)) // summer time until the 25th
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	x := h.meeting(h.broker(), maria.ID, bill.ID, time.Date(2026, 10, 20, 9, 0, 0, 0, time.UTC)) // 10 in London
	y, err := h.app.Exchange.Repeat(t.Context(), h.as(maria), uuid.Nil, x, 7, oneself())
	h.must(err)
	if at := h.starts(y); !at.Equal(time.Date(2026, 10, 27, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("the first is at %s", at)
	}
	if text := h.mailTo("bill@example.org", "Maria would like to meet every week"); !strings.Contains(text, "Tuesday 27 October at 10am") {
		t.Errorf("Bill reads %q", text)
	}
	_, err = h.app.Exchange.Agree(t.Context(), h.as(bill), uuid.Nil, y, oneself())
	h.must(err)
	newest := func() (id uuid.UUID) {
		t.Helper()
		h.must(h.db.Owner.NewRaw("select id from exchange where state = 'agreed' order by starts_at desc limit 1").Scan(t.Context(), &id))
		return id
	}
	h.clock.Set(time.Date(2026, 10, 27, 12, 0, 0, 0, time.UTC))
	_, err = h.app.Exchange.Done(t.Context(), h.as(bill), uuid.Nil, y, exchange.Word{Minutes: 60})
	h.must(err)
	second := newest()
	if at := h.starts(second); !at.Equal(time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("the second is at %s", at)
	}
	_, err = h.app.Exchange.Cancel(t.Context(), h.as(maria), uuid.Nil, second, "A cold", oneself())
	h.must(err)
	third := newest()
	if at := h.starts(third); !at.Equal(time.Date(2026, 11, 10, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("after one was called off the next is at %s", at)
	}
	_, err = h.app.Exchange.EndRepeat(t.Context(), h.as(bill), uuid.Nil, third, oneself())
	h.must(err)
	if text := h.mailTo("maria@example.org", "No longer regularly: Bill"); !strings.Contains(text, "The next one still stands: Tuesday 10 November at 10am") {
		t.Errorf("Maria reads %q", text)
	}
	h.clock.Set(time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC))
	_, err = h.app.Exchange.Done(t.Context(), h.as(bill), uuid.Nil, third, exchange.Word{Minutes: 60})
	h.must(err)
	if n := h.count("exchange where state = 'agreed' and starts_at > ?", h.clock.Now()); n != 0 {
		t.Errorf("%d meetings after the end", n)
	}
}

func TestNoToARegularMeetingEndsTheWish(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	x := h.meeting(h.broker(), maria.ID, bill.ID, monday.Add(24*time.Hour))
	y, err := h.app.Exchange.Repeat(t.Context(), h.as(bill), uuid.Nil, x, 14, oneself())
	h.must(err)
	_, err = h.app.Exchange.Cancel(t.Context(), h.as(maria), uuid.Nil, y, "", oneself())
	h.must(err)
	if n := h.count("arrangement where ended_at is null"); n != 0 {
		t.Errorf("%d arrangements run on", n)
	}
	if got := h.mailTo("bill@example.org", "Not this time: Maria"); got == "" {
		t.Error("Bill does not hear it")
	}
	for every, want := range map[int]error{10: exchange.ErrEvery, 0: exchange.ErrEvery} {
		if _, err := h.app.Exchange.Repeat(t.Context(), h.as(bill), uuid.Nil, x, every, oneself()); !errors.Is(err, want) {
			t.Errorf("every %d days: %v", every, err)
		}
	}
}

func TestSameAgainThanksAndLetters(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill, edna := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Edna", "")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	x := h.said(bill, maria, 60)
	_, err := h.app.Exchange.Confirm(t.Context(), h.as(maria), uuid.Nil, x, oneself())
	h.must(err)
	m, b, s := h.signIn("maria@example.org"), h.signIn("bill@example.org"), h.signIn("sam@example.org")
	one := hilltop + "/exchanges/" + x.String()

	again := m.do("POST", one+"/again", map[string]any{"note": "The same clinic"}, http.StatusCreated).str("id")
	if seen := b.do("GET", hilltop+"/exchanges/"+again, nil, http.StatusOK); seen.str("state") != "proposed" || seen.str("kind") != "out.lift" || seen.str("side") != "helper" {
		t.Errorf("Bill sees %v", seen)
	}
	b.do("POST", one+"/thanks", map[string]any{"words": "You are kind"}, http.StatusConflict)
	m.do("POST", one+"/thanks", map[string]any{"words": "You are kind"}, http.StatusOK)
	if seen := b.do("GET", one, nil, http.StatusOK); seen.str("thanks") != "You are kind" {
		t.Errorf("Bill sees %v", seen)
	}
	if got := h.mailTo("bill@example.org", "Maria says thank you"); strings.Contains(got, "kind") {
		t.Errorf("the e-mail carries what she wrote: %q", got)
	}
	m.do("POST", one+"/thanks", map[string]any{"words": "Again"}, http.StatusConflict)
	m.do("POST", one+"/letters", map[string]any{"words": "   "}, http.StatusUnprocessableEntity)
	key := uuid.NewString()
	for range 2 {
		m.do("POST", one+"/letters", map[string]any{"words": "Shall I bring cake?"}, http.StatusCreated, key)
	}
	if got := h.mailTo("bill@example.org", "Maria has written to you"); strings.Contains(got, "cake") || strings.Contains(got, "maria@") {
		t.Errorf("the e-mail carries too much: %q", got)
	}
	if home := b.do("GET", hilltop+"/members/"+bill.ID.String()+"/home", nil, http.StatusOK); home == nil {
		t.Error("no home")
	}
	if seen := b.do("GET", one, nil, http.StatusOK); len(seen.list("letters")) != 1 || seen.list("letters")[0].str("words") != "Shall I bring cake?" {
		t.Errorf("Bill reads %v", seen["letters"])
	}
	if seen := s.do("GET", one, nil, http.StatusOK); len(seen.list("letters")) != 0 {
		t.Errorf("the broker reads what two people with e-mail write to each other: %v", seen["letters"])
	}
	// Edna has no e-mail: the broker rings and reads it out, and that is kept.
	y := h.said(bill, edna, 30)
	b.do("POST", hilltop+"/exchanges/"+y.String()+"/letters", map[string]any{"words": "I left my hat"}, http.StatusCreated)
	if n := h.openTasks("ring-to-read", y); n != 1 {
		t.Errorf("%d calls to Edna", n)
	}
	if seen := s.do("GET", hilltop+"/exchanges/"+y.String(), nil, http.StatusOK); len(seen.list("letters")) != 1 {
		t.Errorf("the broker cannot read it to her: %v", seen["letters"])
	}
	if n := h.count("audit where action = 'read-letters' and object_id = ?", y); n != 1 {
		t.Errorf("kept %d times that the broker read it", n)
	}
}

var linkIn = regexp.MustCompile(`/confirm#hilltop\.(\S+)`)

func TestLinkInTheReminderConfirmsOnceAndLookingChangesNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	h.said(bill, maria, 90)
	found := linkIn.FindStringSubmatch(h.mailTo("maria@example.org", "Is 1 hour 30 minutes right?"))
	if found == nil {
		t.Fatal("no link in the e-mail")
	}
	anyone, body := &browser{h: h}, map[string]any{"token": found[1]}
	for range 2 {
		if got := anyone.do("POST", hilltop+"/confirm-link/look", body, http.StatusOK); got.str("state") != "done" || got.str("other") != "Bill" || got.num("minutes") != 90 {
			t.Errorf("the link shows %v", got)
		}
	}
	if b := h.balance(bill); b != 0 {
		t.Fatalf("looking moved %d minutes", b)
	}
	for range 2 { // two taps
		anyone.do("POST", hilltop+"/confirm-link", body, http.StatusNoContent)
	}
	if b := h.balance(bill); b != 90 {
		t.Errorf("Bill has %d minutes", b)
	}
	if n := h.count("audit where action = 'confirm-by-link' and actor_id = ?", maria.PersonID); n != 1 {
		t.Errorf("kept %d times who said yes, and how", n)
	}
	// A link is worth nothing changed, for another bank, or once the hours are others.
	forged := []byte(found[1])
	forged[len(forged)-3]++
	for _, token := range []string{string(forged), "", "x", found[1][:60]} {
		if status, p, _ := anyone.try("POST", hilltop+"/confirm-link", map[string]any{"token": token}); status != http.StatusGone || p.str("code") != "link-over" {
			t.Errorf("forged: %d %v", status, p)
		}
	}
	h.openBank("elsewhere", "Elsewhere")
	anyone.do("POST", "/banks/elsewhere/confirm-link", body, http.StatusGone)
	y := h.said(bill, maria, 30)
	text := h.mailTo("maria@example.org", "Is 30 minutes right?")
	_, err := h.app.Exchange.Dispute(t.Context(), h.as(maria), uuid.Nil, y, "It was shorter", oneself())
	h.must(err)
	anyone.do("POST", hilltop+"/confirm-link", map[string]any{"token": linkIn.FindStringSubmatch(text)[1]}, http.StatusGone)
}
