package app_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"timebank/app/exchange"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/once"
)

func (h *house) candidates(request uuid.UUID) []string {
	h.t.Helper()
	_, _, all, err := h.app.Matching.For(h.t.Context(), h.broker(), request)
	h.must(err)
	var out []string
	for _, c := range all {
		out = append(out, c.Member.Called)
	}
	slices.Sort(out)
	return out
}

func (h *house) offers(m member.Member, kind string) {
	h.t.Helper()
	_, err := h.app.Listing.Add(h.t.Context(), h.as(m), uuid.Nil, listing.Want{Type: listing.Offer, Kind: kind})
	h.must(err)
}

func (h *house) openTasks(kind string, subject uuid.UUID) int {
	h.t.Helper()
	return h.count("task where kind = ? and subject_id = ? and done_at is null", kind, subject)
}

func TestCandidatesAreNeitherAskerNorPausedNorWhoSaidNo(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill, joan, paul := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Joan", ""), h.joins(h.bank, "Paul", "")
	for _, m := range []member.Member{maria, bill, joan, paul} {
		h.offers(m, "out.lift")
	}
	_, err := h.db.Owner.Exec("update member set status = 'paused' where id = ?", paul.ID)
	h.must(err)
	ask := h.asks(h.broker(), maria.ID, "out.lift")
	if got := h.candidates(ask); !slices.Equal(got, []string{"Bill", "Joan"}) {
		t.Fatalf("candidates: %v", got)
	}
	x, err := h.app.Exchange.Propose(t.Context(), h.broker(), uuid.Nil, exchange.Plan{Listing: ask, Helper: bill.ID})
	h.must(err)
	if n := h.openTasks("find-helper", ask); n != 0 {
		t.Errorf("%d tasks look for a helper who is asked already", n)
	}
	_, err = h.app.Exchange.Cancel(t.Context(), h.as(bill), uuid.Nil, x, "", oneself())
	h.must(err)
	if n := h.openTasks("find-helper", ask); n != 1 {
		t.Errorf("%d tasks look for somebody else", n)
	}
	if got := h.candidates(ask); !slices.Equal(got, []string{"Joan"}) {
		t.Errorf("candidates after Bill's no: %v", got)
	}
	if got := h.candidates(h.asks(h.broker(), maria.ID, "out.lift")); !slices.Equal(got, []string{"Bill", "Joan"}) {
		t.Errorf("a no to one request counts for another: %v", got)
	}
}

func TestPausedMembersAreNotPlannedWith(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	ask := h.asks(h.broker(), maria.ID, "out.lift")
	_, err := h.db.Owner.Exec("update member set status = 'paused' where id = ?", bill.ID)
	h.must(err)
	if _, err := h.app.Exchange.Propose(t.Context(), h.broker(), uuid.Nil, exchange.Plan{Listing: ask, Helper: bill.ID}); !errors.Is(err, member.ErrNotActive) {
		t.Errorf("asked to help: %v", err)
	}
	if _, err := h.app.Listing.Add(t.Context(), h.as(bill), uuid.Nil, listing.Want{Type: listing.Request, Kind: "out.lift"}); !errors.Is(err, member.ErrNotActive) {
		t.Errorf("asks for help: %v", err)
	}
}

func TestRequestHasATaskUntilItIsWithdrawn(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	ask, err := h.app.Listing.Add(t.Context(), h.as(maria), uuid.Nil, listing.Want{Type: listing.Request, Kind: "out.lift"})
	h.must(err)
	if n := h.openTasks("find-helper", ask); n != 1 {
		t.Errorf("%d tasks", n)
	}
	if err := h.app.Listing.Withdraw(t.Context(), h.as(bill), ask); !errors.Is(err, listing.ErrNoListing) {
		t.Errorf("Bill withdraws Maria's request: %v", err)
	}
	h.must(h.app.Listing.Withdraw(t.Context(), h.as(maria), ask))
	if n := h.openTasks("find-helper", ask); n != 0 {
		t.Errorf("%d tasks for what was withdrawn", n)
	}
	if err := h.app.Listing.Withdraw(t.Context(), h.as(maria), ask); !errors.Is(err, listing.ErrNotOpen) {
		t.Errorf("withdrawn twice: %v", err)
	}
	if _, err := h.app.Listing.One(t.Context(), h.as(bill), ask); !errors.Is(err, listing.ErrNoListing) {
		t.Errorf("Bill reads what was withdrawn: %v", err)
	}
}

// A proposal that nobody answers must not swallow the request behind it.
func TestUnansweredProposalGoesBackToTheDesk(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	propose := func(starts *time.Time) (ask, x uuid.UUID) {
		ask = h.asks(h.broker(), maria.ID, "out.lift")
		x, err := h.app.Exchange.Propose(t.Context(), h.broker(), uuid.Nil, exchange.Plan{Listing: ask, Helper: bill.ID, StartsAt: starts})
		h.must(err)
		return ask, x
	}
	soon := monday.Add(24 * time.Hour)
	undated, _ := propose(nil)
	dated, late := propose(&soon)
	expire := func(after time.Duration, wantUndated, wantDated int) {
		t.Helper()
		h.clock.Set(monday.Add(after))
		for range 2 {
			h.must(h.app.Exchange.Expire(t.Context(), h.bank.ID))
		}
		if u, d := h.openTasks("find-helper", undated), h.openTasks("find-helper", dated); u != wantUndated || d != wantDated {
			t.Errorf("after %s: %d and %d tasks, want %d and %d", after, u, d, wantUndated, wantDated)
		}
	}
	expire(23*time.Hour, 0, 0)
	expire(24*time.Hour, 0, 1)
	expire(6*24*time.Hour, 0, 1)
	expire(7*24*time.Hour, 1, 1)
	if _, err := h.app.Exchange.Agree(t.Context(), h.as(bill), uuid.Nil, late, oneself()); !errors.Is(err, exchange.ErrMove) {
		t.Errorf("agreed after it had expired: %v", err)
	}
	if n := h.count("exchange_event where to_state = 'expired'"); n != 2 {
		t.Errorf("%d moves, want one each", n)
	}
	hers, err := h.app.Exchange.One(t.Context(), h.as(maria), late)
	h.must(err)
	his, err := h.app.Exchange.One(t.Context(), h.as(bill), late)
	h.must(err)
	if !hers.Looking || hers.Missed || !his.Missed {
		t.Errorf("Maria reads that we look on: %t, and that she was silent: %t; Bill that he was: %t", hers.Looking, hers.Missed, his.Missed)
	}
}

func TestBothReadWhatWasAskedForAndWhyItIsOff(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	ask, err := h.app.Listing.Add(t.Context(), h.as(maria), uuid.Nil, listing.Want{Type: listing.Request, Kind: "out.lift", Note: "To the eye clinic"})
	h.must(err)
	x, err := h.app.Exchange.Propose(t.Context(), h.as(bill), uuid.Nil, exchange.Plan{Listing: ask})
	h.must(err)
	_, err = h.app.Exchange.Agree(t.Context(), h.as(maria), uuid.Nil, x, oneself())
	h.must(err)
	his, err := h.app.Exchange.One(t.Context(), h.as(bill), x)
	h.must(err)
	if his.Asked != "To the eye clinic" || his.Looking {
		t.Errorf("Bill reads %q; somebody else is looked for: %t", his.Asked, his.Looking)
	}
	_, err = h.app.Exchange.Cancel(t.Context(), h.as(bill), uuid.Nil, x, "I have a cold", oneself())
	h.must(err)
	hers, err := h.app.Exchange.One(t.Context(), h.as(maria), x)
	h.must(err)
	if last := hers.History[len(hers.History)-1]; !hers.Looking || last.Reason != "I have a cold" || last.ActedAs != exchange.Helper {
		t.Errorf("Maria reads %+v; somebody else is looked for: %t", last, hers.Looking)
	}
	h.must(h.app.Listing.Withdraw(t.Context(), h.as(maria), ask))
	if hers, err = h.app.Exchange.One(t.Context(), h.as(maria), x); err != nil || hers.Looking {
		t.Errorf("after she took her request back: looked for: %t, %v", hers.Looking, err)
	}
}

func TestWhoAskedForAnOfferHearsThatItIsOff(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	offer, err := h.app.Listing.Add(t.Context(), h.as(bill), uuid.Nil, listing.Want{Type: listing.Offer, Kind: "out.lift"})
	h.must(err)
	x, err := h.app.Exchange.Propose(t.Context(), h.as(maria), uuid.Nil, exchange.Plan{Listing: offer})
	h.must(err)
	_, err = h.app.Exchange.Cancel(t.Context(), h.as(bill), uuid.Nil, x, "", oneself())
	h.must(err)
	if got := h.mailTo("maria@example.org", "Not this time: Bill"); !strings.Contains(got, "Bill can't this time") {
		t.Errorf("Maria reads %q", got)
	}
}

func TestCancellingTellsTheOtherSide(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill, edna := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Edna", "")
	x := h.meeting(h.broker(), maria.ID, bill.ID, monday.Add(48*time.Hour))
	_, err := h.app.Exchange.Cancel(t.Context(), h.as(bill), uuid.Nil, x, "", oneself())
	h.must(err)
	if got := h.mailTo("maria@example.org", "Called off: Bill"); !strings.Contains(got, "is off") {
		t.Errorf("Maria reads %q", got)
	}
	// Without e-mail it is a call, before the meeting, that does not read like a reminder.
	y := h.meeting(h.broker(), edna.ID, bill.ID, monday.Add(5*time.Hour))
	_, err = h.app.Exchange.Cancel(t.Context(), h.as(bill), uuid.Nil, y, "", oneself())
	h.must(err)
	items, err := h.app.Desk.Open(t.Context(), h.broker())
	h.must(err)
	found := false
	for _, i := range items {
		if i.SubjectID == y {
			found = true
			if i.Line.Who != "Edna" || !strings.HasPrefix(i.Line.What, "Called off") || !i.DueAt.Before(monday.Add(5*time.Hour)) {
				t.Errorf("the call: %s, %q, due %s", i.Line.Who, i.Line.What, i.DueAt)
			}
		}
	}
	if !found {
		t.Error("nobody rings Edna")
	}
}

// A reminder by phone on a Friday, for Saturday, is no use on Monday.
func TestReminderCallIsDueToday(t *testing.T) {
	t.Parallel()
	h := open(t)
	edna, joan := h.joins(h.bank, "Edna", ""), h.joins(h.bank, "Joan", "")
	friday := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	x := h.meeting(h.broker(), edna.ID, joan.ID, friday.Add(26*time.Hour))
	h.clock.Set(friday)
	for range 2 {
		h.must(h.app.Exchange.Remind(t.Context(), h.bank.ID))
	}
	items, err := h.app.Desk.Open(t.Context(), h.broker())
	h.must(err)
	if len(items) != 1 || items[0].SubjectID != x || items[0].Line.Who != "Joan and Edna" || !items[0].DueAt.Equal(friday.Add(8*time.Hour)) {
		t.Errorf("tasks: %+v", items)
	}
}

func TestRepeatedProposalGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	soon := monday.Add(time.Hour)
	broker, key := h.broker(), uuid.New()
	plan := exchange.Plan{Listing: h.asks(broker, maria.ID, "out.lift"), Helper: bill.ID, StartsAt: &soon}
	first, err := h.app.Exchange.Propose(t.Context(), broker, key, plan)
	h.must(err)
	h.clock.Advance(2 * time.Hour) // the answer was lost, and the device comes back late
	again, err := h.app.Exchange.Propose(t.Context(), broker, key, plan)
	if err != nil || again != first {
		t.Errorf("the repeat: %v, %v", again == first, err)
	}
	plan.Note = "other words"
	if _, err := h.app.Exchange.Propose(t.Context(), broker, key, plan); !errors.Is(err, once.ErrReused) {
		t.Errorf("other words under the same key: %v", err)
	}
	if _, err := h.app.Exchange.Propose(t.Context(), broker, uuid.New(), exchange.Plan{Listing: plan.Listing, Helper: bill.ID, StartsAt: &soon}); !errors.Is(err, exchange.ErrPast) && !errors.Is(err, listing.ErrNotOpen) {
		t.Errorf("a meeting in the past: %v", err)
	}
}

func TestTwoBrokersProposeForOneRequestAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Bill", "bill@example.org")
	ask := h.asks(h.broker(), maria.ID, "out.lift")
	errs := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := h.app.Exchange.Propose(t.Context(), h.broker(), uuid.Nil, exchange.Plan{Listing: ask, Helper: bill.ID})
			errs <- err
		}()
	}
	won := 0
	for range 3 {
		if err := <-errs; err == nil {
			won++
		} else if !errors.Is(err, listing.ErrNotOpen) {
			t.Error(err)
		}
	}
	if n := h.count("exchange"); won != 1 || n != 1 {
		t.Errorf("%d proposals succeeded, %d exchanges", won, n)
	}
}
