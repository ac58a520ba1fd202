package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"pgregory.net/rapid"

	"timebank/ledger"
)

// model is what the ledger should be: a map of balances and limits, and nothing
// clever.
type model struct {
	b        *book
	accounts []uuid.UUID
	at       map[uuid.UUID]*standing
	posted   []done
	moments  []moment
}

type standing struct {
	balance, low, high ledger.Minutes // the bounds in force, after grandfathering
	floor, ceiling     ledger.Minutes
	closed             bool
}

type done struct {
	t        ledger.Transfer
	r        ledger.Receipt
	reversed bool
}

type moment struct {
	at       time.Time
	balances map[uuid.UUID]ledger.Minutes
}

func TestLedgerIsItsModel(t *testing.T) {
	b := newBook(t)
	rapid.Check(t, func(t *rapid.T) {
		// A bank of its own for each run; one database for all.
		m := &model{b: &book{DB: b.DB, t: b.t, bank: uuid.Must(uuid.NewV7()), actor: b.actor}, at: map[uuid.UUID]*standing{}}
		m.open(t)
		m.open(t)
		t.Repeat(map[string]func(*rapid.T){
			"open":    m.open,
			"post":    m.post,
			"replay":  m.replay,
			"reverse": m.reverse,
			"limits":  m.limits,
			"close":   m.close,
			"":        m.check,
		})
		if r := m.b.verify(); !r.OK() {
			t.Fatalf("verify: %v", r.Faults)
		}
		m.checkMoments(t)
	})
}

func (m *model) open(t *rapid.T) {
	if len(m.accounts) == 5 {
		t.Skip("enough")
	}
	floor := ledger.Minutes(rapid.Int64Range(-300, 0).Draw(t, "floor"))
	ceiling := ledger.Minutes(rapid.Int64Range(0, 300).Draw(t, "ceiling"))
	id := m.b.open(ledger.Member, ledger.Limits{Floor: &floor, Ceiling: &ceiling})
	m.accounts = append(m.accounts, id)
	m.at[id] = &standing{low: floor, high: ceiling, floor: floor, ceiling: ceiling}
}

func (m *model) post(t *rapid.T) {
	picked := rapid.Permutation(m.accounts).Draw(t, "who")
	k := rapid.IntRange(2, len(picked)).Draw(t, "legs")
	x := m.b.transfer(picked[0], picked[1], 1)
	x.Legs = nil
	var sum ledger.Minutes
	for i, id := range picked[:k] {
		v := ledger.Minutes(rapid.Int64Range(-120, 120).Draw(t, "minutes"))
		if i == k-1 {
			v = -sum
		}
		sum += v
		x.Legs = append(x.Legs, ledger.Leg{Account: id, Minutes: v})
	}
	r, err := m.b.try(x)
	m.judge(t, x.Legs, err)
	if err == nil {
		m.posted = append(m.posted, done{t: x, r: r})
		m.remember(r)
	}
}

// judge demands the refusal that the model foresees, and moves the model on.
func (m *model) judge(t *rapid.T, legs []ledger.Leg, err error) {
	may := true
	zero, closed := false, false
	for _, l := range legs {
		s := m.at[l.Account]
		zero = zero || l.Minutes == 0
		closed = closed || s.closed
		may = may && !(l.Minutes < 0 && s.balance+l.Minutes < s.low) && !(l.Minutes > 0 && s.balance+l.Minutes > s.high)
	}
	switch {
	case zero:
		if !errors.As(err, &ledger.ErrZero{}) {
			t.Fatalf("a leg of zero: %v", err)
		}
	case closed || !may:
		if !(refusal(err) || closed && errors.As(err, &ledger.ErrClosed{})) {
			t.Fatalf("should be refused: %v", err)
		}
	case err != nil:
		t.Fatalf("refused: %v", err)
	default:
		for _, l := range legs {
			s := m.at[l.Account]
			s.balance += l.Minutes
			s.bound()
		}
	}
}

func (s *standing) bound() {
	s.low, s.high = min(s.floor, s.balance), max(s.ceiling, s.balance)
}

func (m *model) replay(t *rapid.T) {
	if len(m.posted) == 0 {
		t.Skip("nothing posted")
	}
	d := rapid.SampledFrom(m.posted).Draw(t, "which")
	r, err := m.b.try(d.t)
	if err != nil || !r.Replayed || r.ID != d.r.ID || r.Legs[0] != d.r.Legs[0] || !r.PostedAt.Equal(d.r.PostedAt) {
		t.Fatalf("replay: %+v, %v; first %+v", r, err, d.r)
	}
	d.t.Category = "something else"
	if _, err := m.b.try(d.t); err != (ledger.ErrKeyReused{Key: d.t.Key, First: d.r.ID}) {
		t.Fatal(err)
	}
}

func (m *model) reverse(t *rapid.T) {
	if len(m.posted) == 0 {
		t.Skip("nothing posted")
	}
	i := rapid.IntRange(0, len(m.posted)-1).Draw(t, "which")
	d := &m.posted[i]
	r, err := m.b.reverse(m.b.reversing(d.r.ID))
	if d.reversed {
		// A limit or a closed account may be met first; never success.
		if !errors.As(err, &ledger.ErrAlreadyReversed{}) && !refusal(err) && !errors.As(err, &ledger.ErrClosed{}) {
			t.Fatal(err)
		}
		return
	}
	var legs []ledger.Leg
	for _, l := range d.t.Legs {
		legs = append(legs, ledger.Leg{Account: l.Account, Minutes: -l.Minutes})
	}
	m.judge(t, legs, err)
	if err == nil {
		d.reversed = true
		m.remember(r)
	}
}

func (m *model) limits(t *rapid.T) {
	id := rapid.SampledFrom(m.accounts).Draw(t, "who")
	floor := ledger.Minutes(rapid.Int64Range(-300, 50).Draw(t, "floor"))
	ceiling := floor + ledger.Minutes(rapid.Int64Range(0, 400).Draw(t, "room"))
	err := m.b.limit(id, ledger.Limits{Floor: &floor, Ceiling: &ceiling})
	s := m.at[id]
	if s.closed {
		if err != (ledger.ErrClosed{Account: id}) {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	s.floor, s.ceiling = floor, ceiling
	s.bound()
}

func (m *model) close(t *rapid.T) {
	id := rapid.SampledFrom(m.accounts).Draw(t, "who")
	s := m.at[id]
	if s.closed {
		if err := m.b.change(id, ledger.ReopenAccount); err != nil {
			t.Fatal(err)
		}
		s.closed = false
		s.bound()
		return
	}
	err := m.b.change(id, ledger.CloseAccount)
	if s.balance != 0 {
		if err != (ledger.ErrNotEmpty{Account: id, Balance: s.balance}) {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	s.closed = true
}

func (m *model) check(t *rapid.T) {
	for id, s := range m.at {
		if got := m.b.balance(id); got != s.balance {
			t.Fatalf("%s stands at %d, should at %d", id, got, s.balance)
		}
	}
}

func (m *model) remember(r ledger.Receipt) {
	now := moment{at: r.PostedAt, balances: map[uuid.UUID]ledger.Minutes{}}
	for id, s := range m.at {
		now.balances[id] = s.balance
	}
	m.moments = append(m.moments, now)
}

// checkMoments asks for every balance as of every instant that has been.
func (m *model) checkMoments(t *rapid.T) {
	m.b.must(func(ctx context.Context, tx bun.IDB) error {
		for _, when := range m.moments {
			var sum ledger.Minutes
			for id, want := range when.balances {
				got, err := ledger.BalanceAt(ctx, tx, m.b.bank, id, when.at)
				if err != nil || got != want {
					t.Fatalf("%s stood at %d at %s, should at %d (%v)", id, got, when.at, want, err)
				}
				sum += got
			}
			if sum != 0 {
				t.Fatalf("all balances at %s sum to %d", when.at, sum)
			}
		}
		return nil
	})
}
