package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/books"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/ledger"
)

// Every night the books are proved, and the coordinator sees what was found.
func TestBooksAreProvedAndTheCoordinatorSeesIt(t *testing.T) {
	t.Parallel()
	h := open(t)
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.staff(h.bank, "Cora", "cora@example.org", identity.Coordinator, nil)
	h.met(bill, maria)
	h.must(h.app.Books.Seal(t.Context(), h.bank.ID))
	if !strings.Contains(h.log.String(), "books sealed") || !strings.Contains(h.log.String(), "digest=") {
		t.Error("no copy of the seal in the log")
	}
	h.must(h.app.Books.Prove(t.Context(), h.bank.ID))
	latest := func() answer {
		return h.signIn("cora@example.org").do("GET", hilltop+"/books", nil, http.StatusOK).list("checks")[0]
	}
	if c := latest(); c["faults"] != 0.0 || c["entries"] == 0.0 || c["height"] != 1.0 || len(c.str("head")) != 64 {
		t.Errorf("%v", c)
	}

	// A balance that somebody changed by hand is found and named, and the desk told.
	h.clock.Advance(24 * time.Hour)
	if _, err := h.db.Owner.Exec("update ledger.account set posted = posted + 5 where bank_id = ? and id = ?", h.bank.ID, bill.AccountID); err != nil {
		t.Fatal(err)
	}
	h.must(h.app.Books.Prove(t.Context(), h.bank.ID))
	h.must(h.app.Books.Prove(t.Context(), h.bank.ID))
	if c := latest(); c["faults"] == 0.0 || !strings.Contains(strings.ToLower(fmt.Sprint(c["findings"])), bill.AccountID.String()) {
		t.Errorf("%v", c)
	}
	if n := h.openTasks(desk.CheckBooks, h.bank.ID); n != 1 {
		t.Errorf("%d tasks", n)
	}

	// Put right, the task ends by itself.
	if _, err := h.db.Owner.Exec("update ledger.account set posted = posted - 5 where bank_id = ? and id = ?", h.bank.ID, bill.AccountID); err != nil {
		t.Fatal(err)
	}
	h.must(h.app.Books.Prove(t.Context(), h.bank.ID))
	if n := h.openTasks(desk.CheckBooks, h.bank.ID); n != 0 {
		t.Errorf("%d tasks", n)
	}
}

// Hours follow a member who moves to another time bank, once; both books agree.
func TestHoursFollowAMemberToAnotherBank(t *testing.T) {
	t.Parallel()
	h := open(t)
	other := h.openBank("elsewhere", "Elsewhere Time Bank")
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.met(bill, maria)
	there := h.joins(other, "Bill Okafor", "bill@example.org")
	have := h.balance(bill)
	cora := h.sam()
	key, move := uuid.New(), books.Move{ToBank: "elsewhere", Minutes: have, Consent: "phone"}
	first, err := h.app.Books.MoveHours(t.Context(), cora, key, bill.ID, move)
	h.must(err)
	again, err := h.app.Books.MoveHours(t.Context(), cora, key, bill.ID, move)
	h.must(err)
	if first != again || h.balance(bill) != 0 {
		t.Error("sent twice, left twice", h.balance(bill))
	}
	h.wait(books.Arrive{}.Kind())
	h.must(h.app.Books.Arrive(t.Context(), h.bank.ID, first)) // a job may run again
	var arrived ledger.Balance
	h.in(other.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		arrived, err = ledger.BalanceOf(ctx, tx, other.ID, there.AccountID)
		return err
	})
	if got := int64(arrived.Posted); got != have {
		t.Errorf("%d minutes arrived, %d left", got, have)
	}
	if _, err := h.app.Books.MoveHours(t.Context(), cora, uuid.New(), bill.ID, books.Move{ToBank: "elsewhere", Minutes: 600, Consent: "phone"}); err == nil {
		t.Error("moved more than there is")
	}
	if _, err := h.app.Books.MoveHours(t.Context(), cora, uuid.New(), maria.ID, move); !errors.Is(err, books.ErrNotThere) {
		t.Error(err)
	}
	h.verified()
}

// Hours that the other bank cannot take come back.
func TestHoursThatCannotArriveComeBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	other := h.openBank("elsewhere", "Elsewhere Time Bank")
	maria, bill := h.joins(h.bank, "Maria Santos", "maria@example.org"), h.joins(h.bank, "Bill Okafor", "bill@example.org")
	h.met(bill, maria)
	there := h.joins(other, "Bill Okafor", "bill@example.org")
	have := h.balance(bill)
	h.in(other.ID, func(ctx context.Context, tx bun.IDB) error {
		return ledger.CloseAccount(ctx, tx, ledger.Change{Bank: other.ID, Account: there.AccountID, Actor: identity.SystemPerson, Reason: "left", At: h.clock.Now()})
	})
	_, err := h.app.Books.MoveHours(t.Context(), h.sam(), uuid.New(), bill.ID, books.Move{ToBank: "elsewhere", Minutes: have, Consent: "phone"})
	h.must(err)
	h.wait(books.Arrive{}.Kind())
	if got := h.balance(bill); got != have {
		t.Errorf("%d minutes came back of %d", got, have)
	}
	h.verified()
}
