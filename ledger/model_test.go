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
	holds    []*promise
	closed   ledger.Date // books closed through; zero: not
	moments  []moment
}

type standing struct {
	balance, low, high ledger.Minutes // the bounds in force, after grandfathering
	floor, ceiling     ledger.Minutes
	closed             bool
	out, in            ledger.Minutes // held
}

// promise is a hold that is open.
type promise struct {
	id      uuid.UUID
	legs    []ledger.Leg
	expires time.Time
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
			"many":    m.many,
			"hold":    m.hold,
			"end":     m.endHold,
			"expire":  m.expire,
			"seal":    func(*rapid.T) { m.b.seal() },
			"books":   m.closeBooks,
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

// draw is a transfer among some of the accounts.
func (m *model) draw(t *rapid.T) ledger.Transfer {
	picked := rapid.Permutation(m.accounts).Draw(t, "who")
	k := rapid.IntRange(2, len(picked)).Draw(t, "legs")
	x := m.b.transfer(picked[0], picked[1], 1)
	x.EffectiveOn = ledger.DateOf(epoch.AddDate(0, 0, -rapid.IntRange(0, 30).Draw(t, "days ago")))
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
	return x
}

func (m *model) post(t *rapid.T) {
	x := m.draw(t)
	r, err := m.b.try(x)
	m.judge(t, x.EffectiveOn, x.Legs, err)
	if err == nil {
		m.posted = append(m.posted, done{t: x, r: r})
		m.remember(r)
	}
}

// many posts several at once: each is judged in turn, as if it had come alone.
func (m *model) many(t *rapid.T) {
	var ts []ledger.Transfer
	for range rapid.IntRange(0, 5).Draw(t, "how many") {
		ts = append(ts, m.draw(t))
	}
	for i, r := range m.b.postMany(ts) {
		m.judge(t, ts[i].EffectiveOn, ts[i].Legs, r.Err)
		if r.Err == nil {
			m.posted = append(m.posted, done{t: ts[i], r: r.Receipt})
			m.remember(r.Receipt)
		}
	}
}

func (m *model) hold(t *rapid.T) {
	x := m.draw(t)
	h := m.b.holding(x.Legs[0].Account, x.Legs[1].Account, 1)
	h.Legs = x.Legs
	h.ExpiresAt = h.At.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "for")) * time.Minute)
	placed, err := m.b.tryPlace(h)
	if !m.foresee(t, ledger.Date{}, x.Legs, err) {
		return
	}
	for _, l := range x.Legs {
		s := m.at[l.Account]
		s.out -= min(l.Minutes, 0)
		s.in += max(l.Minutes, 0)
		s.bound()
	}
	m.holds = append(m.holds, &promise{placed.ID, x.Legs, h.ExpiresAt})
}

// lift takes a promise off its accounts.
func (m *model) lift(i int) {
	for _, l := range m.holds[i].legs {
		s := m.at[l.Account]
		s.out += min(l.Minutes, 0)
		s.in -= max(l.Minutes, 0)
		s.bound()
	}
	m.holds = append(m.holds[:i], m.holds[i+1:]...)
}

// endHold settles a hold, in full or by half, or releases it.
func (m *model) endHold(t *rapid.T) {
	if len(m.holds) == 0 {
		t.Skip("nothing held")
	}
	i := rapid.IntRange(0, len(m.holds)-1).Draw(t, "which")
	h := m.holds[i]
	if rapid.Bool().Draw(t, "release") {
		if err := m.b.release(h.id, "called off"); err != nil {
			t.Fatal(err)
		}
		m.lift(i)
		return
	}
	legs := h.legs
	if len(legs) == 2 && rapid.Bool().Draw(t, "half") && legs[0].Minutes/2 != 0 {
		legs = []ledger.Leg{{Account: legs[0].Account, Minutes: legs[0].Minutes / 2}, {Account: legs[1].Account, Minutes: -(legs[0].Minutes / 2)}}
	}
	s := m.b.settling(h.id, legs...)
	r, err := m.b.settle(s)
	if !s.At.Before(h.expires) {
		if !errors.As(err, &ledger.ErrHoldEnded{}) {
			t.Fatalf("settled %s after %s: %v", s.At, h.expires, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("what was held cannot be settled: %v", err)
	}
	for _, l := range legs {
		m.at[l.Account].balance += l.Minutes
	}
	m.lift(i)
	m.remember(r)
}

func (m *model) expire(t *rapid.T) {
	at := m.b.now()
	ended := m.b.expire(at, 0)
	n := 0
	for i := len(m.holds) - 1; i >= 0; i-- {
		if !m.holds[i].expires.After(at) {
			m.lift(i)
			n++
		}
	}
	if len(ended) != n {
		t.Fatalf("%d holds expired, should %d", len(ended), n)
	}
}

func (m *model) closeBooks(t *rapid.T) {
	day := ledger.DateOf(epoch.AddDate(0, 0, -rapid.IntRange(1, 60).Draw(t, "days ago")))
	err := m.b.closeBooks(m.b.closing(day))
	if !m.closed.IsZero() && day.String() <= m.closed.String() {
		if err != (ledger.ErrNotAfter{Asked: day, Through: m.closed}) && !(err == nil && day == m.closed) {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	m.closed = day
}

// judge demands the refusal that the model foresees, and moves the model on.
func (m *model) judge(t *rapid.T, day ledger.Date, legs []ledger.Leg, err error) {
	if m.foresee(t, day, legs, err) {
		for _, l := range legs {
			s := m.at[l.Account]
			s.balance += l.Minutes
			s.bound()
		}
	}
}

// foresee demands the refusal that the model foresees, and tells whether there is
// none. The zero day takes effect on none.
func (m *model) foresee(t *rapid.T, day ledger.Date, legs []ledger.Leg, err error) bool {
	may := true
	zero, closed := false, false
	for _, l := range legs {
		s := m.at[l.Account]
		zero = zero || l.Minutes == 0
		closed = closed || s.closed
		may = may && !(l.Minutes < 0 && s.balance-s.out+l.Minutes < s.low) && !(l.Minutes > 0 && s.balance+s.in+l.Minutes > s.high)
	}
	late := !day.IsZero() && !m.closed.IsZero() && day.String() <= m.closed.String()
	switch {
	case zero:
		if !errors.As(err, &ledger.ErrZero{}) {
			t.Fatalf("a leg of zero: %v", err)
		}
	case closed || late || !may:
		if !(refusal(err) && !may || closed && errors.As(err, &ledger.ErrClosed{}) || late && errors.As(err, &ledger.ErrBooksClosed{})) {
			t.Fatalf("should be refused: %v", err)
		}
	case err != nil:
		t.Fatalf("refused: %v", err)
	default:
		return true
	}
	return false
}

func (s *standing) bound() {
	s.low, s.high = min(s.floor, s.balance-s.out), max(s.ceiling, s.balance+s.in)
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
	m.judge(t, ledger.Date{}, legs, err)
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
	if s.balance != 0 || s.out != 0 || s.in != 0 {
		if err != (ledger.ErrNotEmpty{Account: id, Balance: s.balance, HeldOut: s.out, HeldIn: s.in}) {
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
	var all map[uuid.UUID]ledger.Minutes
	m.b.must(func(ctx context.Context, tx bun.IDB) (err error) {
		all, err = ledger.Balances(ctx, tx, m.b.bank, ledger.Member)
		return err
	})
	for id, s := range m.at {
		if got := all[id]; got != s.balance {
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
