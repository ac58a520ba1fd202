package ledger_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"timebank/ledger"
)

// T8: limits that nothing enforces. Postgres does, also against other code.
func TestT8LimitsAreEnforcedByTheDatabase(t *testing.T) {
	b := newBook(t)
	a := b.open(ledger.Member, ledger.Limits{Floor: hours(-1), Ceiling: hours(1)})
	for _, posted := range []int{-61, 61} {
		if _, err := b.Owner.Exec("update ledger.account set posted = ? where id = ?", posted, a); state(err) != "23514" {
			t.Errorf("%d: %v", posted, err)
		}
	}
	if _, err := b.Owner.Exec("update ledger.account set posted = -30, held_out = 31 where id = ?", a); state(err) != "23514" {
		t.Error("held minutes do not count:", err)
	}
}

// K2, N10: a new member starts at a limit of nothing, so the first help fails.
func TestK2N10ANewcomerCanBeHelpedFirst(t *testing.T) {
	b := newBook(t)
	newcomer, helper := b.open(ledger.Member, ledger.Limits{SoftFloor: hours(-5), Floor: hours(-12)}), b.member()
	r := b.post(b.transfer(newcomer, helper, 120))
	if p, _ := r.Of(newcomer); p.Balance != -120 || p.BelowSoft() {
		t.Errorf("%+v", p)
	}
	grant := b.transfer(b.open(ledger.Pot, ledger.Limits{}), newcomer, 120)
	grant.Kind, grant.Category = ledger.Grant, ""
	b.post(grant)
	b.want(newcomer, 0)
	b.clean()
}

// E2, C1: a limit checked before it is locked lets two pass at once.
func TestE2C1LimitsHoldUnderARace(t *testing.T) {
	b := newBook(t)
	a, c := b.open(ledger.Member, ledger.Limits{Floor: hours(-1)}), b.member()
	var ok sync.Map
	together(12, func(i int) {
		_, err := b.try(b.transfer(a, c, 25))
		if err == nil {
			ok.Store(i, true)
		} else if !errors.As(err, &ledger.ErrInsufficient{}) {
			t.Error(err)
		}
	})
	n := 0
	ok.Range(func(any, any) bool { n++; return true })
	if n != 2 {
		t.Errorf("%d times 25 minutes out of 60", n)
	}
	b.want(a, -50)
	b.clean()
}

// T6: an account of another bank, named by a client, was charged. Here it is no
// account, whichever leg it stands on, and nothing of the transfer stays.
func TestT6AnAccountOfAnotherBankIsNoAccount(t *testing.T) {
	b := newBook(t)
	other := &book{DB: b.DB, t: t, bank: uuid.Must(uuid.NewV7()), actor: b.actor}
	mine, theirs := b.member(), other.member()
	for _, x := range []ledger.Transfer{b.transfer(mine, theirs, 30), b.transfer(theirs, mine, 30)} {
		if _, err := b.try(x); err != (ledger.ErrNoAccount{Account: theirs}) {
			t.Error(err)
		}
	}
	b.want(mine, 0)
	other.want(theirs, 0)
	b.clean()
	other.clean()
}

// N6: hours in dispute could never be settled or given back. Here a hold always
// has a way out: settled, with less if need be, released, or expired.
func TestN6HeldHoursAlwaysHaveAWayOut(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	if _, err := b.settle(b.settling(b.place(b.holding(a, c, 60)), ledger.Leg{Account: a, Minutes: -20}, ledger.Leg{Account: c, Minutes: 20})); err != nil {
		t.Error(err)
	}
	if err := b.release(b.place(b.holding(a, c, 60)), "they agreed"); err != nil {
		t.Error(err)
	}
	h := b.holding(a, c, 60)
	h.ExpiresAt = h.At.Add(time.Hour)
	if id := b.place(h); !slices.Contains(b.expire(h.ExpiresAt, 10), id) {
		t.Error("a hold that was due did not expire")
	}
	b.held(a, 0, 0)
	b.held(c, 0, 0)
	b.want(c, 20)
	b.clean()
}
