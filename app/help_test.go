package app_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/fault"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// broker is somebody of the desk without a membership; as is a member.
func (h *house) broker() identity.Actor {
	return identity.Actor{Person: uuid.New(), Bank: h.bank, Roles: []identity.Role{identity.Broker}}
}

func (h *house) as(m member.Member) identity.Actor {
	return identity.Actor{Person: m.PersonID, Bank: h.bank, Member: m.ID, Roles: []identity.Role{identity.Member}}
}

func oneself() identity.OnBehalf { return identity.OnBehalf{} }

func byPhone(m member.Member) identity.OnBehalf {
	return identity.OnBehalf{For: &m.ID, Consent: "phone"}
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) balance(m member.Member) int64 {
	h.t.Helper()
	var b ledger.Balance
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		b, err = ledger.BalanceOf(ctx, tx, h.bank.ID, m.AccountID)
		return err
	})
	return int64(b.Posted)
}

// count asks the database, past the walls.
func (h *house) count(query string, args ...any) (n int) {
	h.t.Helper()
	h.must(h.db.Owner.NewRaw("select count(*) from "+query, args...).Scan(h.t.Context(), &n))
	return n
}

// said is help that the helper says they gave.
func (h *house) said(helper, helped member.Member, minutes int64) uuid.UUID {
	h.t.Helper()
	id, err := h.app.Exchange.Record(h.t.Context(), h.as(helper), uuid.Nil, exchange.Past{Helper: helper.ID, Helped: helped.ID, Kind: "out.lift", Word: exchange.Word{Minutes: minutes}})
	h.must(err)
	return id
}

func code(err error) string {
	if f := fault.As(err); f != nil {
		return f.Code
	}
	return ""
}

// Whoever clicks, for offers and for requests: the helper's hours rise (a peer
// moved them the wrong way on requests).
func TestHelperGainsWhoeverClicks(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, kind := range []string{listing.Offer, listing.Request} {
		for _, doneBy := range []string{"helper", "helped", "broker"} {
			helper, helped := h.joins(h.bank, "Bill Okafor", ""), h.joins(h.bank, "Maria Santos", "")
			lister, other := helper, helped
			if kind == listing.Request {
				lister, other = helped, helper
			}
			l, err := h.app.Listing.Add(t.Context(), h.as(lister), uuid.Nil, listing.Want{Type: kind, Kind: "out.lift"})
			h.must(err)
			x, err := h.app.Exchange.Propose(t.Context(), h.as(other), uuid.Nil, exchange.Plan{Listing: l})
			h.must(err)
			_, err = h.app.Exchange.Agree(t.Context(), h.as(lister), uuid.Nil, x, oneself())
			h.must(err)
			says, confirms := h.as(helper), h.as(helped)
			switch doneBy {
			case "helped":
				says, confirms = confirms, says
			case "broker":
				says = h.broker()
			}
			_, err = h.app.Exchange.Done(t.Context(), says, uuid.Nil, x, exchange.Word{Minutes: 45, OnBehalf: identity.OnBehalf{Consent: "phone"}})
			h.must(err)
			_, err = h.app.Exchange.Confirm(t.Context(), confirms, uuid.Nil, x, oneself())
			h.must(err)
			if g, r := h.balance(helper), h.balance(helped); g != 45 || r != -45 {
				t.Errorf("%s, said by the %s: helper %d, helped %d", kind, doneBy, g, r)
			}
		}
	}
	h.verified()
}

func TestTwoDevicesConfirmAtOnceMoveHoursOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill Okafor", "bill@example.org"), h.joins(h.bank, "Maria Santos", "maria@example.org")
	x := h.said(bill, maria, 90)
	var wg sync.WaitGroup
	codes := make([]string, 5)
	for i := range codes {
		wg.Go(func() {
			_, err := h.app.Exchange.Confirm(t.Context(), h.as(maria), uuid.Nil, x, oneself())
			if codes[i] = code(err); err == nil {
				codes[i] = "settled"
			}
		})
	}
	wg.Wait()
	slices.Sort(codes)
	if want := []string{"not-now", "not-now", "not-now", "not-now", "settled"}; !slices.Equal(codes, want) {
		t.Errorf("answers %v, want %v", codes, want)
	}
	if b, n := h.balance(bill), h.count("exchange_event where to_state = 'settled'"); b != 90 || n != 1 {
		t.Errorf("%d minutes moved, settled %d times", b, n)
	}
}

func TestConfirmAndDisputeAtOnceEndInOneOfBoth(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill Okafor", "bill@example.org"), h.joins(h.bank, "Maria Santos", "maria@example.org")
	for range 4 {
		before := h.balance(bill)
		x := h.said(bill, maria, 15)
		var wg sync.WaitGroup
		var confirmed, disputed error
		wg.Go(func() { _, confirmed = h.app.Exchange.Confirm(t.Context(), h.as(maria), uuid.Nil, x, oneself()) })
		wg.Go(func() {
			_, disputed = h.app.Exchange.Dispute(t.Context(), h.as(maria), uuid.Nil, x, "It was shorter", oneself())
		})
		wg.Wait()
		if (confirmed == nil) == (disputed == nil) {
			t.Fatalf("confirm: %v, dispute: %v", confirmed, disputed)
		}
		moved, tasks := h.balance(bill)-before, h.count("task where kind = 'settle-dispute' and subject_id = ? and done_at is null", x)
		if (confirmed == nil) != (moved == 15 && tasks == 0) || (disputed == nil) != (moved == 0 && tasks == 1) {
			t.Errorf("confirm: %v, dispute: %v, %d minutes moved, %d tasks", confirmed, disputed, moved, tasks)
		}
	}
	h.verified()
}

func TestTooFewHoursSaysHowMuchToWhoseTheyAre(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill Okafor", "bill@example.org"), h.joins(h.bank, "Maria Santos", "maria@example.org")
	first := h.said(bill, maria, 690)
	_, err := h.app.Exchange.Confirm(t.Context(), h.as(maria), uuid.Nil, first, oneself())
	h.must(err)
	x := h.said(bill, maria, 60)
	_, err = h.app.Exchange.Confirm(t.Context(), h.as(maria), uuid.Nil, x, oneself())
	if f := fault.As(err); code(err) != "insufficient-hours" || !strings.Contains(f.In(words.English), "30 minutes left to use, and this needs 1 hour") {
		t.Errorf("Maria hears %v", err)
	}
	x, err = h.app.Exchange.Record(t.Context(), h.as(maria), uuid.Nil, exchange.Past{Helper: bill.ID, Helped: maria.ID, Kind: "out.lift", Word: exchange.Word{Minutes: 60}})
	h.must(err)
	_, err = h.app.Exchange.Confirm(t.Context(), h.as(bill), uuid.Nil, x, oneself())
	if f := fault.As(err); code(err) != "insufficient-hours" || strings.Contains(f.In(words.English), "30") {
		t.Errorf("Bill reads how many hours Maria has: %s", f.In(words.English))
	}
}

func TestCrossingTheSoftFloorRaisesOneTask(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill Okafor", "bill@example.org"), h.joins(h.bank, "Maria Santos", "maria@example.org")
	for i, want := range []int{0, 1, 1} {
		_, err := h.app.Exchange.Confirm(t.Context(), h.as(maria), uuid.Nil, h.said(bill, maria, 180), oneself())
		h.must(err)
		if n := h.count("task where kind = 'below-soft-floor' and subject_id = ?", maria.ID); n != want {
			t.Errorf("after %d hours: %d tasks, want %d", 3*(i+1), n, want)
		}
	}
}

func TestDisputeIsResolvedWithTheRightMinutes(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill Okafor", "bill@example.org"), h.joins(h.bank, "Maria Santos", "maria@example.org")
	x := h.said(bill, maria, 120)
	if _, err := h.app.Exchange.Dispute(t.Context(), h.as(maria), uuid.Nil, x, "  ", oneself()); !errors.Is(err, exchange.ErrReason) {
		t.Errorf("a dispute without a word: %v", err)
	}
	_, err := h.app.Exchange.Dispute(t.Context(), h.as(maria), uuid.Nil, x, "It was an hour", oneself())
	h.must(err)
	h.clock.Advance(30 * 24 * time.Hour)
	h.must(h.app.Exchange.SettleSilent(t.Context(), h.bank.ID))
	if b := h.balance(bill); b != 0 {
		t.Fatalf("silence settled a dispute: %d", b)
	}
	if _, err := h.app.Exchange.Confirm(t.Context(), h.as(bill), uuid.Nil, x, oneself()); !errors.Is(err, exchange.ErrMove) {
		t.Errorf("the helper confirms a dispute: %v", err)
	}
	_, err = h.app.Exchange.Resolve(t.Context(), h.broker(), uuid.Nil, x, 60, "Both say an hour now")
	h.must(err)
	if b, n := h.balance(bill), h.count("task where done_at is null"); b != 60 || n != 0 {
		t.Errorf("%d minutes, %d tasks left", b, n)
	}
	h.verified()
}

// A broker is a neighbour too, but not the judge of their own hours.
func TestBrokerCannotSettleTheirOwnHoursForBothSides(t *testing.T) {
	t.Parallel()
	h := open(t)
	sam, edna := h.joins(h.bank, "Sam Taylor", "sam@example.org"), h.joins(h.bank, "Edna Marsh", "")
	broker := h.as(sam)
	broker.Roles = append(broker.Roles, identity.Broker)
	past := exchange.Past{Helper: sam.ID, Helped: edna.ID, Kind: "out.lift", Word: exchange.Word{Minutes: 720, OnBehalf: identity.OnBehalf{Consent: "phone"}}}
	agreed, forEdna := past, past
	agreed.BothAgree = true
	forEdna.OnBehalf = byPhone(edna)
	for name, p := range map[string]exchange.Past{"both agree": agreed, "Edna says so": forEdna} {
		if _, err := h.app.Exchange.Record(t.Context(), broker, uuid.Nil, p); !errors.Is(err, exchange.ErrOwnHours) {
			t.Errorf("%s: %v", name, err)
		}
	}
	x, err := h.app.Exchange.Record(t.Context(), broker, uuid.Nil, past)
	h.must(err)
	if _, err := h.app.Exchange.Confirm(t.Context(), broker, uuid.Nil, x, byPhone(edna)); !errors.Is(err, exchange.ErrOwnHours) {
		t.Errorf("confirmed for Edna: %v", err)
	}
	_, err = h.app.Exchange.Dispute(t.Context(), h.as(edna), uuid.Nil, x, "It was an hour", oneself())
	h.must(err)
	if _, err := h.app.Exchange.Resolve(t.Context(), broker, uuid.Nil, x, 720, "I say so"); !errors.Is(err, exchange.ErrOwnHours) {
		t.Errorf("resolved by themselves: %v", err)
	}
	_, err = h.app.Exchange.Resolve(t.Context(), h.broker(), uuid.Nil, x, 60, "Edna says an hour")
	h.must(err)
	if b := h.balance(sam); b != 60 {
		t.Errorf("Sam has %d", b)
	}
}

func TestBrokerActsOnlyForThoseWhoTakePart(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria, paul := h.joins(h.bank, "Bill Okafor", "bill@example.org"), h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Paul Quiet", "")
	x := h.said(bill, maria, 60)
	if _, err := h.app.Exchange.Confirm(t.Context(), h.broker(), uuid.Nil, x, byPhone(paul)); !errors.Is(err, exchange.ErrNoExchange) {
		t.Errorf("confirmed in the name of somebody else: %v", err)
	}
	p := exchange.Past{Helper: bill.ID, Helped: maria.ID, Kind: "out.lift", Word: exchange.Word{Minutes: 60, OnBehalf: byPhone(paul)}}
	if _, err := h.app.Exchange.Record(t.Context(), h.broker(), uuid.Nil, p); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("recorded in the name of somebody else: %v", err)
	}
	if _, err := h.app.Exchange.Record(t.Context(), h.as(paul), uuid.Nil, exchange.Past{Helper: bill.ID, Helped: maria.ID, Kind: "out.lift", Word: exchange.Word{Minutes: 60}}); !errors.Is(err, identity.ErrNotAllowed) {
		t.Errorf("a member records others' help: %v", err)
	}
	p.OnBehalf = identity.OnBehalf{Consent: "paper"}
	_, err := h.app.Exchange.Record(t.Context(), h.broker(), uuid.Nil, p)
	h.must(err)
	if n := h.count("audit where action = 'record-help' and consent = 'paper'"); n != 1 {
		t.Error("how they agreed is not kept")
	}
}

func TestWhatCannotBeHelpThatHappenedIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill Okafor", "bill@example.org"), h.joins(h.bank, "Maria Santos", "maria@example.org")
	good := exchange.Past{Helper: bill.ID, Helped: maria.ID, Kind: "out.lift", Word: exchange.Word{Minutes: 60}}
	today := h.bank.Today(h.clock.Now())
	for want, change := range map[string]func(*exchange.Past){
		"same-person":    func(p *exchange.Past) { p.Helped = p.Helper },
		"minutes":        func(p *exchange.Past) { p.Minutes = 20 },
		"in-the-future":  func(p *exchange.Past) { p.HappenedOn = today.AddDate(0, 0, 1) },
		"long-ago":       func(p *exchange.Past) { p.HappenedOn = today.AddDate(-1, 0, -1) },
		"unknown-kind":   func(p *exchange.Past) { p.Kind = "out.space" },
		"no-such-member": func(p *exchange.Past) { p.Helped = uuid.New() },
		"not-allowed":    func(p *exchange.Past) { p.BothAgree = true },
	} {
		p := good
		change(&p)
		if _, err := h.app.Exchange.Record(t.Context(), h.as(bill), uuid.Nil, p); code(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	if n := h.count("exchange"); n != 0 {
		t.Errorf("%d exchanges were written", n)
	}
}
