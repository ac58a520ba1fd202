package app_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/gift"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/id"
	"timebank/ledger"
)

// opensWith gives a member, or with nil the pot, hours to begin with.
func (h *house) opensWith(b bank.Bank, who uuid.UUID, minutes ledger.Minutes) {
	h.t.Helper()
	h.in(b.ID, func(ctx context.Context, tx bun.IDB) error {
		account := b.PotAccount
		if who != uuid.Nil {
			m, err := member.ByID(ctx, tx, b.ID, who)
			if err != nil {
				return err
			}
			account = m.AccountID
		}
		legs, err := ledger.Move(b.IssueAccount, account, minutes)
		if err != nil {
			return err
		}
		_, err = ledger.Post(ctx, tx, ledger.Transfer{Bank: b.ID, Kind: ledger.Starting, Key: id.New().String(), Actor: identity.SystemPerson, EffectiveOn: ledger.DateOf(b.Today(h.clock.Now())), Legs: legs, At: h.clock.Now()})
		return err
	})
}

// A neighbour may say yes or no; the pot takes what it is given; every member reads
// its accounts, which name nobody; a broker answers who asks it.
func TestStoryGiftsAndThePot(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	edna := h.joins(h.bank, "Edna Marsh", "")
	h.staff(h.bank, "Sam", "sam@example.org", identity.Broker, nil)
	h.opensWith(h.bank, maria.ID, 180)
	m, b, s := h.signIn("maria@example.org"), h.signIn("bill@example.org"), h.signIn("sam@example.org")

	b.refused("POST", hilltop+"/gifts", map[string]any{"to_id": maria.ID, "minutes": 60}, http.StatusConflict, "too-few-to-give")
	m.refused("POST", hilltop+"/gifts", map[string]any{"to_id": maria.ID, "minutes": 60}, http.StatusUnprocessableEntity, "neighbour")
	key := uuid.NewString()
	to := map[string]any{"to_id": bill.ID, "minutes": 60, "words": "For the shelves"}
	g := m.do("POST", hilltop+"/gifts", to, http.StatusCreated, key).str("id")
	if again := m.do("POST", hilltop+"/gifts", to, http.StatusCreated, key).str("id"); again != g {
		t.Fatalf("the same key gave twice: %s, %s", g, again)
	}
	h.arrives("bill@example.org", "Maria would like to give you 1 hour")
	if have := m.do("GET", hilltop+"/members/"+m.me()+"/gifts", nil, http.StatusOK).num("give"); have != 120 || h.balance(bill) != 0 {
		t.Errorf("while it waits: Maria can give %d, Bill has %d", have, h.balance(bill))
	}
	for _, page := range []string{"/home", "/statement"} {
		if n := m.do("GET", hilltop+"/members/"+m.me()+page, nil, http.StatusOK).num("set_aside"); n != 60 {
			t.Errorf("while it waits, %s has %d minutes set aside, want 60", page, n)
		}
	}
	first := hilltop + "/members/" + b.me() + "/home"
	if waits := b.do("GET", first, nil, http.StatusOK).list("gifts"); len(waits) != 1 || waits[0].str("from") != "Maria" || waits[0].num("minutes") != 60 {
		t.Errorf("the gift is not on Bill's first page: %v", waits)
	}
	m.refused("POST", hilltop+"/gifts/"+g+"/accept", map[string]any{}, http.StatusNotFound, "no-such-gift")
	for range 2 {
		b.do("POST", hilltop+"/gifts/"+g+"/accept", map[string]any{}, http.StatusNoContent)
	}
	if h.balance(bill) != 60 || h.balance(maria) != 120 {
		t.Errorf("Bill %d, Maria %d", h.balance(bill), h.balance(maria))
	}
	if waits := b.do("GET", first, nil, http.StatusOK).list("gifts"); len(waits) != 0 {
		t.Errorf("answered, and still on Bill's first page: %v", waits)
	}
	b.refused("POST", hilltop+"/gifts/"+g+"/decline", map[string]any{}, http.StatusConflict, "gift-answered")
	h.arrives("maria@example.org", "Bill says thank you")

	// Edna, who has no e-mail, is rung, and says no on the phone.
	no := m.do("POST", hilltop+"/gifts", map[string]any{"to_id": edna.ID, "minutes": 60}, http.StatusCreated).str("id")
	tasks := s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks")
	if len(tasks) != 1 || tasks[0].str("who") != "Edna" || !strings.Contains(tasks[0].str("what"), "1 hour") {
		t.Fatalf("nobody rings Edna: %v", tasks)
	}
	s.do("POST", hilltop+"/gifts/"+no+"/decline", map[string]any{"consent": "phone"}, http.StatusNoContent)
	h.arrives("maria@example.org", "Your hours are back with you")

	m.do("POST", hilltop+"/gifts", map[string]any{"minutes": 90}, http.StatusCreated)
	ask := b.do("POST", hilltop+"/pot/asks", map[string]any{"minutes": 120, "reason": "A lift to the hospital"}, http.StatusCreated).str("id")
	b.refused("POST", hilltop+"/pot/asks", map[string]any{"minutes": 60}, http.StatusConflict, "asks-already")
	if d := s.do("GET", hilltop+"/pot/desk", nil, http.StatusOK).list("asks"); len(d) != 1 || d[0].str("who") != "Bill Okafor" || d[0].str("reason") != "A lift to the hospital" {
		t.Fatalf("the pot's desk: %v", d)
	}
	s.refused("POST", hilltop+"/pot/asks/"+ask, map[string]any{"minutes": 120}, http.StatusConflict, "pot-short")
	s.refused("POST", hilltop+"/pot/asks/"+ask, map[string]any{"minutes": 0}, http.StatusUnprocessableEntity, "say-why")
	for range 2 {
		s.do("POST", hilltop+"/pot/asks/"+ask, map[string]any{"minutes": 60, "words": "With our best wishes"}, http.StatusNoContent)
	}
	h.arrives("bill@example.org", "1 hour from the community pot")
	status, pot, raw := m.try("GET", hilltop+"/pot", nil)
	lines := pot.list("lines")
	if status != http.StatusOK || pot.num("balance") != 30 || len(lines) != 2 || lines[0].str("what") != "For a neighbour who asked" || lines[1].str("what") != "From a neighbour" {
		t.Errorf("the pot: %v", pot)
	}
	for _, name := range []string{"Bill", "Maria", "hospital", bill.ID.String(), maria.ID.String()} {
		if strings.Contains(raw, name) {
			t.Errorf("the pot's accounts say %q", name)
		}
	}
	if n := len(s.do("GET", hilltop+"/desk", nil, http.StatusOK).list("tasks")); n != 0 {
		t.Errorf("%d tasks are left", n)
	}
	h.verified()
}

// A gift that nobody answers for two weeks goes back, once, and the giver is told;
// yes and no at the same moment are one answer.
func TestGiftsWithoutAnAnswerGoBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.opensWith(h.bank, maria.ID, 120)
	ctx := t.Context()
	as := func(m member.Member) identity.Actor {
		return identity.Actor{Person: m.PersonID, Member: m.ID, Bank: h.bank, Roles: []identity.Role{identity.Member}}
	}
	give := func() uuid.UUID {
		g, err := h.app.Gift.Give(ctx, as(maria), uuid.New(), gift.Giving{To: &bill.ID, Minutes: 60})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	give()
	h.clock.Advance(14 * 24 * time.Hour)
	for range 2 {
		if err := h.app.Gift.Expire(ctx, h.bank.ID); err != nil {
			t.Fatal(err)
		}
	}
	if n := h.count("gift where state = 'offered'"); n != 1 {
		t.Errorf("on the last day: %d wait", n)
	}
	h.clock.Advance(24 * time.Hour)
	for range 2 {
		if err := h.app.Gift.Expire(ctx, h.bank.ID); err != nil {
			t.Fatal(err)
		}
	}
	h.arrives("maria@example.org", "Your hours are back with you")
	if n := h.count("gift where state = 'expired'"); n != 1 || h.balance(maria) != 120 {
		t.Errorf("%d went back, Maria has %d", n, h.balance(maria))
	}

	g := give()
	var wg sync.WaitGroup
	var mu sync.Mutex
	yes := 0
	for _, how := range []string{gift.Yes, gift.No, gift.Yes, gift.No} {
		wg.Go(func() {
			err := h.app.Gift.Answer(ctx, as(bill), g, how, "")
			mu.Lock()
			defer mu.Unlock()
			if err == nil && how == gift.Yes {
				yes++
			} else if err != nil && !strings.Contains(err.Error(), "gift-answered") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if want := int64(0); (yes > 0) != (h.balance(bill) > want) || h.balance(bill)+h.balance(maria) != 120 {
		t.Errorf("%d times yes, Bill has %d, Maria %d", yes, h.balance(bill), h.balance(maria))
	}
	h.verified()
}

// Who leaves takes what they offered along, and what was offered to them goes back.
func TestLeavingEndsGifts(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.opensWith(h.bank, maria.ID, 120)
	m, b := h.signIn("maria@example.org"), h.signIn("bill@example.org")
	m.do("POST", hilltop+"/gifts", map[string]any{"to_id": bill.ID, "minutes": 60, "words": "zz-private-zz"}, http.StatusCreated)
	b.do("POST", hilltop+"/pot/asks", map[string]any{"minutes": 60, "reason": "zz-private-zz"}, http.StatusCreated)
	m.do("POST", hilltop+"/members/"+m.me()+"/leave", map[string]any{"hours": "pot"}, http.StatusNoContent)
	b.do("POST", hilltop+"/members/"+b.me()+"/leave", map[string]any{}, http.StatusNoContent)
	if n := h.count("gift where state = 'offered' or words <> ''") + h.count("pot_ask where state = 'waiting' or reason <> ''") + h.count("task where done_at is null"); n != 0 {
		t.Errorf("%d are left", n)
	}
	if h.balance(maria) != 0 || h.balance(bill) != 0 {
		t.Errorf("Maria %d, Bill %d", h.balance(maria), h.balance(bill))
	}
	h.verified()
}
