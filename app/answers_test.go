package app_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/once"
)

// met makes two members people who have settled hours with each other.
func (h *house) met(helper, helped member.Member) {
	h.t.Helper()
	_, err := h.app.Exchange.Record(h.t.Context(), h.broker(), uuid.Nil, exchange.Past{Helper: helper.ID, Helped: helped.ID, Kind: "out.lift", BothAgree: true,
		Word: exchange.Word{Minutes: 15, OnBehalf: identity.OnBehalf{Consent: "phone"}}})
	h.must(err)
}

func TestRepeatedAnswerGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org")
	x := h.said(bill, maria, 60)
	m, key := h.signIn("maria@example.org"), uuid.NewString()
	for range 2 {
		if got := m.do("POST", hilltop+"/exchanges/"+x.String()+"/confirm", map[string]any{}, http.StatusOK, key).str("state"); got != "settled" {
			t.Errorf("answered %q", got)
		}
	}
	if b, n := h.balance(bill), h.count("exchange_event where to_state = 'settled'"); b != 60 || n != 1 {
		t.Errorf("%d minutes, settled %d times", b, n)
	}
	if _, err := h.app.Exchange.Dispute(t.Context(), h.as(maria), uuid.MustParse(key), x, "It was shorter", oneself()); !errors.Is(err, once.ErrReused) {
		t.Errorf("another answer under the same key: %v", err)
	}
}

func TestBrokerSaysHowItWasAgreedAlsoWithoutAName(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org")
	x := h.said(bill, maria, 60)
	if _, err := h.app.Exchange.Confirm(t.Context(), h.broker(), uuid.Nil, x, oneself()); !errors.Is(err, identity.ErrConsent) {
		t.Errorf("confirmed without a word how: %v", err)
	}
	_, err := h.app.Exchange.Confirm(t.Context(), h.broker(), uuid.Nil, x, identity.OnBehalf{Consent: "paper"})
	h.must(err)
	if n := h.count("audit where action = 'confirm-hours' and consent = 'paper'"); n != 1 {
		t.Errorf("kept %d times how it was agreed", n)
	}
	y := h.meeting(h.broker(), maria.ID, bill.ID, monday.Add(48*time.Hour))
	if _, err := h.app.Exchange.Cancel(t.Context(), h.broker(), uuid.Nil, y, "", oneself()); !errors.Is(err, identity.ErrConsent) {
		t.Errorf("called off without a word how: %v", err)
	}
	if _, err := h.app.Exchange.Done(t.Context(), h.broker(), uuid.Nil, y, exchange.Word{Minutes: 60}); !errors.Is(err, identity.ErrConsent) {
		t.Errorf("done without a word how: %v", err)
	}
}

func TestBothHearHowADisputeEnded(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, edna := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Edna", "")
	disputed := func() uuid.UUID {
		x := h.said(bill, edna, 120)
		_, err := h.app.Exchange.Dispute(t.Context(), h.broker(), uuid.Nil, x, "It was an hour", byPhone(edna))
		h.must(err)
		return x
	}
	x := disputed()
	_, err := h.app.Exchange.Resolve(t.Context(), h.broker(), uuid.Nil, x, 60, "Both say an hour now")
	h.must(err)
	if got := h.mailTo("bill@example.org", "Put right: 1 hour"); !strings.Contains(got, "the hours have moved") {
		t.Errorf("Bill reads %q", got)
	}
	y := disputed()
	_, err = h.app.Exchange.Cancel(t.Context(), h.broker(), uuid.Nil, y, "It never happened", oneself())
	h.must(err)
	if got := h.mailTo("bill@example.org", "Put right: no hours move"); !strings.Contains(got, "No hours move") {
		t.Errorf("Bill reads %q", got)
	}
	for _, id := range []uuid.UUID{x, y} {
		if n := h.openTasks("ring-to-tell", id); n != 1 {
			t.Errorf("%d calls to Edna, who has no e-mail", n)
		}
	}
	items, err := h.app.Desk.Open(t.Context(), h.broker())
	h.must(err)
	for _, i := range items {
		if i.Kind == "ring-to-tell" && i.Line.Who != "Edna" {
			t.Errorf("the desk rings %s", i.Line.Who)
		}
	}
}

func TestSilenceSettlesOnlyBetweenPeopleWhoHaveMet(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org")
	first := h.said(bill, maria, 60)
	if got := h.mailTo("maria@example.org", "Is 1 hour right?"); !strings.Contains(got, "No hours move before you have said yes") {
		t.Errorf("Maria reads %q", got)
	}
	if n := h.openTasks("ring-to-confirm", first); n != 1 {
		t.Errorf("%d tasks to ask her", n)
	}
	h.clock.Advance(60 * 24 * time.Hour)
	h.must(h.app.Exchange.SettleSilent(t.Context(), h.bank.ID))
	if b := h.balance(bill); b != 0 {
		t.Fatalf("a stranger's silence moved %d minutes", b)
	}
	_, err := h.app.Exchange.Confirm(t.Context(), h.as(maria), uuid.Nil, first, oneself())
	h.must(err)
	if n := h.openTasks("ring-to-confirm", first); n != 0 {
		t.Errorf("%d tasks after her yes", n)
	}
	second := h.said(maria, bill, 30)
	if n := h.openTasks("ring-to-confirm", second); n != 0 {
		t.Errorf("%d tasks between people who have met", n)
	}
	h.clock.Advance(8 * 24 * time.Hour)
	h.must(h.app.Exchange.SettleSilent(t.Context(), h.bank.ID))
	if b := h.balance(bill); b != 30 {
		t.Errorf("Bill has %d minutes", b)
	}
}

// What is agreed is told to people without e-mail too, by a call; whoever said yes
// on the phone a minute ago is not rung.
func TestAgreementIsACallForPeopleWithoutEmail(t *testing.T) {
	t.Parallel()
	h := open(t)
	edna, joan := h.joins(h.bank, "Edna", ""), h.joins(h.bank, "Joan", "")
	x, err := h.app.Exchange.Propose(t.Context(), h.broker(), uuid.Nil, exchange.Plan{Listing: h.asks(h.broker(), edna.ID, "out.lift"), Helper: joan.ID})
	h.must(err)
	_, err = h.app.Exchange.Agree(t.Context(), h.broker(), uuid.Nil, x, byPhone(joan))
	h.must(err)
	items, err := h.app.Desk.Open(t.Context(), h.broker())
	h.must(err)
	if len(items) != 1 || items[0].Kind != "ring-to-tell" || items[0].Line.Who != "Edna" {
		t.Errorf("the desk: %+v", items)
	}
}

func TestMessageThatFailedAllItsTriesBecomesACall(t *testing.T) {
	t.Parallel()
	h := open(t)
	bill, maria := h.joins(h.bank, "Bill", "bill@example.org"), h.joins(h.bank, "Maria", "maria@example.org")
	h.met(bill, maria)
	h.must(h.app.Queue.Stop(t.Context())) // nothing leaves meanwhile
	x := h.said(bill, maria, 90)
	_, err := h.db.Owner.Exec("update message set tries = 9")
	h.must(err)
	h.sink.RefuseNext(1)
	h.must(h.app.Queue.Start(context.WithoutCancel(t.Context()), 50*time.Millisecond))
	done, stop := h.app.Queue.Done()
	defer stop()
	h.done = done
	h.wait("send-message")
	if n := h.count("message where state = 'failed' and problem = 'tries' and tries = 10"); n != 1 {
		t.Errorf("%d failed", n)
	}
	if n := h.openTasks("ring-to-confirm", x); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestTheDeskTellsTwoPeopleOfOneNameApart(t *testing.T) {
	t.Parallel()
	h := open(t)
	one, other := h.joins(h.bank, "Mary Jones", ""), h.joins(h.bank, "Mary Pike", "")
	twin := h.joins(h.bank, "Ann Lee", "")
	h.joins(h.bank, "Ann Lee", "")
	for who, want := range map[member.Member]string{one: "Mary Jones", other: "Mary Pike", twin: "Ann Lee (" + twin.Reference + ")"} {
		ask := h.asks(h.broker(), who.ID, "out.lift")
		items, err := h.app.Desk.Open(t.Context(), h.broker())
		h.must(err)
		for _, i := range items {
			if i.SubjectID == ask && i.Line.Who != want {
				t.Errorf("the desk reads %q, want %q", i.Line.Who, want)
			}
		}
	}
}

func TestHomeAsksTheDatabaseAsOftenForManyAsForOne(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org")
	ask := func() int64 {
		q := &queries{}
		pool := h.db.Bun.WithQueryHook(q)
		s := *h.app.Exchange
		s.Pool = pool
		_, err := s.Home(t.Context(), h.as(maria), maria.ID)
		h.must(err)
		return q.n.Load()
	}
	meets := func(name string) {
		h.meeting(h.broker(), maria.ID, h.joins(h.bank, name, "").ID, monday.Add(48*time.Hour))
	}
	meets("Bill")
	ask() // the first visit of an hour is noted
	one := ask()
	for _, name := range []string{"Joan", "Paul", "Tom", "Ada"} {
		meets(name)
	}
	if many := ask(); many != one {
		t.Errorf("%d statements for one meeting, %d for five", one, many)
	}
}

func TestListingEndsWithNoticeAndIsKeptByOneTap(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, edna := h.joins(h.bank, "Maria", "maria@example.org"), h.joins(h.bank, "Edna", "")
	hers, ednas := h.asks(h.broker(), maria.ID, "out.lift"), h.asks(h.broker(), edna.ID, "out.shop")
	day := func(n int) {
		t.Helper()
		h.clock.Set(monday.AddDate(0, 0, n))
		for range 2 {
			h.must(h.app.Listing.Expire(t.Context(), h.bank.ID))
		}
	}
	state := func(id uuid.UUID) (s string) {
		t.Helper()
		h.must(h.db.Owner.NewRaw("select state from listing where id = ?", id).Scan(t.Context(), &s))
		return s
	}
	day(82)
	if n := h.count("message where template = 'listing-ends'"); n != 0 {
		t.Errorf("%d notices eight days before", n)
	}
	day(83)
	if got := h.mailTo("maria@example.org", "Shall we keep this: A lift?"); !strings.Contains(got, "/listing?id="+hers.String()) {
		t.Errorf("Maria reads %q", got)
	}
	if n := h.openTasks("ring-to-renew", ednas); n != 1 {
		t.Errorf("%d calls to Edna", n)
	}
	h.must(h.app.Listing.Renew(t.Context(), h.as(maria), hers, oneself()))
	day(91)
	if m, e, n := state(hers), state(ednas), h.openTasks("find-helper", ednas); m != "open" || e != "expired" || n != 0 {
		t.Errorf("kept: %s, let go: %s with %d tasks", m, e, n)
	}
	if mine, err := h.app.Listing.Mine(t.Context(), h.as(edna), edna.ID); err != nil || len(mine) != 1 || mine[0].State != "expired" {
		t.Errorf("Edna's own page has %v, %v; what ended can be put back there", mine, err)
	}
	if err := h.app.Listing.Renew(t.Context(), h.as(maria), ednas, oneself()); !errors.Is(err, listing.ErrNoListing) {
		t.Errorf("Maria keeps what is Edna's: %v", err)
	}
	h.must(h.app.Listing.Renew(t.Context(), h.broker(), ednas, identity.OnBehalf{Consent: "phone"}))
	if e, n := state(ednas), h.openTasks("find-helper", ednas); e != "open" || n != 1 {
		t.Errorf("put back: %s with %d tasks", e, n)
	}
}

func TestOffersStayWhereTheBankLetsThem(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria := h.joins(h.bank, "Maria", "maria@example.org")
	h.bank.OffersStay = true
	_, err := h.db.Owner.Exec("update directory.bank set offers_stay = true")
	h.must(err)
	h.offers(maria, "out.lift")
	h.clock.Advance(3 * 365 * 24 * time.Hour)
	h.must(h.app.Listing.Expire(t.Context(), h.bank.ID))
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error {
		all, err := listing.OpenOf(ctx, tx, h.bank.ID, maria.ID)
		if len(all) != 1 {
			t.Errorf("%d offers after three years", len(all))
		}
		return err
	})
	m := h.signIn("maria@example.org")
	if l := m.do("GET", hilltop+"/listings", nil, http.StatusOK).list("listings"); len(l) != 1 || l[0].str("expires_on") != "" {
		t.Errorf("the list: %v", l)
	}
}

func TestWhatIsNoRequestIsToldSo(t *testing.T) {
	t.Parallel()
	h := open(t)
	send := func(kind, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.web.URL+"/api/session/code", strings.NewReader(body))
		h.must(err)
		r.Header.Set("Content-Type", kind)
		res, err := http.DefaultClient.Do(r)
		h.must(err)
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode, res.Header.Get("Content-Type")
	}
	for _, c := range []struct {
		kind, body string
		want       int
	}{{"application/json", `{"contact": `, 400}, {"application/json", `{"contact": 1}`, 422}, {"application/xml", `<contact/>`, 415}, {"application/json", `{"contact":"a\u0000b"}`, 422}} {
		if got, kind := send(c.kind, c.body); got != c.want || kind != "application/problem+json" {
			t.Errorf("%s %q: %d %s, want %d", c.kind, c.body, got, kind, c.want)
		}
	}
}
