package ledger_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// Faults that other time bank systems have had in their books, one test each. The
// letter and number are those of the list that they were collected in.

// together runs n copies of fn at once.
func together(n int, fn func(i int)) {
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range n {
		done.Go(func() {
			start.Wait()
			fn(i)
		})
	}
	start.Done()
	done.Wait()
}

// T1: two transfers at once, and the stored balance misses one.
func TestT1NoLostUpdate(t *testing.T) {
	b := newBook(t)
	hot := b.open(ledger.Pot, ledger.Limits{})
	others := []uuid.UUID{b.member(), b.member(), b.member(), b.member()}
	together(8, func(i int) {
		for range 10 {
			x := b.transfer(hot, others[i%4], 7)
			if i >= 4 { // the other direction, so that lock order matters
				x = b.transfer(others[i%4], hot, 2)
			}
			if _, err := b.try(x); err != nil {
				t.Error(err)
			}
		}
	})
	b.want(hot, 40*2-40*7)
	b.clean()
}

// T2: a transfer is deleted and its balance stays. Nothing is deleted; and where
// somebody with the keys to the server does it, verify names it.
func TestT2NothingIsDeleted(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	r := b.post(b.transfer(a, c, 60))
	for _, q := range []string{"delete from ledger.transfer", "delete from ledger.entry", "truncate ledger.entry"} {
		err := b.in(func(ctx context.Context, tx bun.IDB) error {
			_, err := tx.ExecContext(ctx, q)
			return err
		})
		if state(err) != "42501" {
			t.Errorf("%s: %v", q, err)
		}
	}
	b.want(c, 60)
	if _, err := b.Owner.Exec("delete from ledger.transfer where id = ?", r.ID); err != nil {
		t.Fatal(err)
	}
	b.faulty("no transfer " + r.ID.String())
}

// T3: the second leg is refused and the first stays.
func TestT3NoOneLeggedTransfer(t *testing.T) {
	b := newBook(t)
	for range 2 { // whichever side is locked first
		a, full := b.member(), b.open(ledger.Member, ledger.Limits{Ceiling: hours(0)})
		d := b.member()
		for _, from := range []uuid.UUID{a, d} {
			if _, err := b.try(b.transfer(from, full, 5)); !errors.As(err, &ledger.ErrCeiling{}) {
				t.Error(err)
			}
			b.want(from, 0)
		}
		b.want(full, 0)
	}
	if n := b.count("select count(*) from ledger.entry") + b.count("select count(*) from ledger.transfer"); n != 0 {
		t.Errorf("%d rows of refused transfers", n)
	}
	b.clean()
}

// T4: transfers of no hours. Refused by the API, and by Postgres for its owner.
func TestT4NoZeroHours(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	if _, err := b.try(b.transfer(a, c, 0)); !errors.As(err, &ledger.ErrZero{}) {
		t.Error(err)
	}
	for _, minutes := range []string{"{0,0}", "{-1,0,1}", "{}", "{5}", "{-1,2}", "{1,NULL}", "[0:1]={-1,1}", "{{-1,1}}"} {
		if err := b.plant(minutes, a, c); state(err) != "23514" {
			t.Errorf("%s: %v", minutes, err)
		}
	}
}

// plant writes a row into the journal as the owner of the database, past the API.
func (b *book) plant(minutes string, accounts ...uuid.UUID) error {
	list := ""
	for _, a := range accounts {
		list += "," + a.String()
	}
	_, err := b.Owner.Exec(`insert into ledger.transfer (bank_id, id, kind, key, hash, actor, category, ref_kind, effective_on,
		posted_at, reason, accounts, minutes) values (?, ?, 'exchange', ?, sha256('x'), ?, 'x', '', '2026-03-02', ?, '', ?, ?)`,
		b.bank, uuid.Must(uuid.NewV7()), uuid.NewString(), b.actor, b.now(), "{"+list[1:]+"}", minutes)
	return err
}

// N1: hours move the wrong way, by who clicked rather than by who helped.
func TestN1DirectionIsFromHelpedToHelper(t *testing.T) {
	b := newBook(t)
	helped, helper := b.member(), b.member()
	for _, actor := range []uuid.UUID{helped, helper} {
		x := b.transfer(helped, helper, 30)
		x.Actor = actor
		var err error
		if x.Legs, err = ledger.Move(helped, helper, 30); err != nil {
			t.Fatal(err)
		}
		b.post(x)
	}
	b.want(helped, -60)
	b.want(helper, 60)
}

// N2: credits from nothing: minted by an exchange, by a rounding split, by a
// second check-in, by completing twice.
func TestN2NoHoursFromNothing(t *testing.T) {
	b := newBook(t)
	a, c, issue := b.member(), b.member(), b.open(ledger.Issuance, ledger.Limits{})
	for _, kind := range []ledger.Kind{ledger.Exchange, ledger.Gathering, ledger.Gift, ledger.Grant, ledger.Donation} {
		x := b.transfer(issue, a, 60)
		x.Kind = kind
		if _, err := b.try(x); !errors.As(err, &ledger.ErrWrongAccount{}) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	checkIn := with(b.transfer(c, a, 60), "gathering/7/member/3")
	b.post(checkIn)
	if r := b.post(checkIn); !r.Replayed {
		t.Error("checked in twice")
	}
	b.want(a, 60)
	starting := b.transfer(issue, a, 300)
	starting.Kind, starting.Category = ledger.Starting, ""
	b.post(starting)
	b.want(issue, -300)
	if sum := b.count("select sum(posted) from ledger.account"); sum != 0 {
		t.Errorf("%d minutes from nothing", sum)
	}
	b.clean()
}

// N3: hours lost where a share is not whole: the remainder has an owner.
func TestN3ASplitLosesNothing(t *testing.T) {
	b := newBook(t)
	x := b.transfer(b.member(), b.member(), 1)
	x.Legs = []ledger.Leg{{Account: b.member(), Minutes: -100}}
	for _, share := range ledger.Split(100, 3) {
		x.Legs = append(x.Legs, ledger.Leg{Account: b.member(), Minutes: share})
	}
	b.post(x)
	b.clean()
	x = b.transfer(b.member(), b.member(), 1)
	x.Legs = []ledger.Leg{{Account: b.member(), Minutes: -100}, {Account: b.member(), Minutes: 33}, {Account: b.member(), Minutes: 66}}
	if _, err := b.try(x); err != (ledger.ErrUnbalanced{Sum: -1, Legs: 3}) {
		t.Error(err)
	}
}

// N4, N7: a fund that nobody sees, a deposit without a line on the statement: every
// minute of a balance stands on the account's statement.
func TestN4N7EveryMinuteIsOnAStatement(t *testing.T) {
	b := newBook(t)
	giver, pot := b.member(), b.open(ledger.Pot, ledger.Limits{})
	x := b.transfer(giver, pot, 60)
	x.Kind, x.Category = ledger.Donation, ""
	b.post(x)
	for _, account := range []uuid.UUID{giver, pot} {
		var sum ledger.Minutes
		lines := b.statement(account)
		for _, l := range lines {
			sum += l.Minutes
		}
		if len(lines) != 1 || sum != b.balance(account) || lines[0].Record.Kind != ledger.Donation {
			t.Errorf("%+v", lines)
		}
	}
}

// N5: a correction without trace, with the coordinator as its counterparty.
func TestN5ACorrectionNamesWhoAndWhy(t *testing.T) {
	b := newBook(t)
	a, coordinator, adjust := b.member(), b.member(), b.open(ledger.Adjustment, ledger.Limits{})
	x := b.transfer(coordinator, a, 15)
	x.Kind, x.Category = ledger.Correction, ""
	if _, err := b.try(x); err != (ledger.ErrInvalid{Field: "reason", Why: "is missing"}) {
		t.Error(err)
	}
	x.Reason = "the session on Monday was written down as 30 minutes"
	if _, err := b.try(x); err != (ledger.ErrWrongAccount{Kind: ledger.Correction}) {
		t.Error(err)
	}
	x.Legs = []ledger.Leg{{Account: adjust, Minutes: -15}, {Account: a, Minutes: 15}}
	x.OnBehalfOf = a
	b.post(x)
	got := b.statement(a)[0].Record
	if got.Actor != b.actor || got.OnBehalfOf != a || got.Reason != x.Reason {
		t.Errorf("%+v", got)
	}
	_, err := b.Owner.Exec("update ledger.transfer set reason = ''")
	if state(err) != "23514" {
		t.Error(err)
	}
	b.clean()
}

// E1: a running balance computed without a lock forks the chain for ever. A second
// writer after the same entry collides on its number.
func TestE1NoForkedChain(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	r := b.post(b.transfer(a, c, 60))
	_, err := b.Owner.Exec(`insert into ledger.entry (bank_id, account_id, n, transfer_id, minutes, balance, posted_at)
		values (?, ?, 1, ?, 5, 5, ?)`, b.bank, c, r.ID, b.now())
	if state(err) != "23505" {
		t.Error(err)
	}
	b.clean()
}

// T7: the figures on top and the list below told different hours. Here the number
// of lines, their sum and the balance are of the same rows.
func TestT7FiguresAgreeWithTheList(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	for i := range 13 {
		b.post(b.transfer(a, c, ledger.Minutes(15*(i+1))))
	}
	last := b.post(b.transfer(c, a, 60))
	if _, err := b.reverse(b.reversing(last.ID)); err != nil {
		t.Fatal(err)
	}
	var sum ledger.Minutes
	lines := b.statement(c)
	for _, l := range lines {
		sum += l.Minutes
	}
	if len(lines) != 15 || sum != 15*13*14/2 {
		t.Errorf("%d lines of %d minutes", len(lines), sum)
	}
	b.want(c, sum)
	b.clean()
}

// N8: hours given were counted from who paid, and starting hours among them. Here
// above zero is given help and the kind says what is none.
func TestN8HoursGivenAreThoseOfHelpers(t *testing.T) {
	b := newBook(t)
	helper, helped := b.member(), b.member()
	issue := b.open(ledger.Issuance, ledger.Limits{})
	start := b.transfer(issue, helped, 300)
	start.Kind, start.Category = ledger.Starting, ""
	b.post(start)
	b.post(b.transfer(helped, helper, 60))
	given := map[uuid.UUID]ledger.Minutes{}
	for _, account := range []uuid.UUID{helper, helped} {
		for _, l := range b.statement(account) {
			if l.Record.Kind == ledger.Exchange && l.Minutes > 0 {
				given[account] += l.Minutes
			}
		}
	}
	if given[helper] != 60 || given[helped] != 0 {
		t.Error(given)
	}
}
