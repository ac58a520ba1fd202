package ledger_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// between is a crossing between two books of one database.
func between(t *testing.T) (here, there *book, c ledger.Crossing) {
	t.Helper()
	here = newBook(t)
	there = &book{DB: here.DB, t: t, bank: uuid.Must(uuid.NewV7()), actor: here.actor}
	giver, neighbour := here.member(), here.member()
	here.post(here.transfer(neighbour, giver, 120))
	for a, b := range map[*book]*book{here: there, there: here} {
		for range 2 { // opening again changes nothing
			a.must(func(ctx context.Context, tx bun.IDB) error {
				return ledger.OpenClearing(ctx, tx, a.bank, b.bank, a.actor, epoch)
			})
		}
	}
	c = ledger.Crossing{ID: uuid.Must(uuid.NewV7()), From: ledger.End{Bank: here.bank, Account: giver}, To: ledger.End{Bank: there.bank, Account: there.member()},
		Minutes: 90, Actor: here.actor, EffectiveOn: ledger.DateOf(epoch), Reason: "moved house", At: epoch}
	return here, there, c
}

func (b *book) crossed(other *book) map[uuid.UUID]ledger.Minutes {
	b.t.Helper()
	var out map[uuid.UUID]ledger.Minutes
	b.must(func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = ledger.Crossed(ctx, tx, b.bank, other.bank)
		return err
	})
	return out
}

// Each bank posts its half, once however often it is sent, and both books agree.
func TestHoursCrossBetweenBanksInTwoLinkedHalves(t *testing.T) {
	here, there, c := between(t)
	out, err := c.Out()
	if err != nil {
		t.Fatal(err)
	}
	first := here.post(out)
	if again := here.post(out); !again.Replayed || again.ID != first.ID {
		t.Error("sent twice, posted twice")
	}
	if here.crossed(there)[c.ID] != 90 || len(there.crossed(here)) != 0 {
		t.Error("on its way: only the giver knows of it")
	}
	in, err := c.In()
	if err != nil {
		t.Fatal(err)
	}
	there.post(in)
	if again := there.post(in); !again.Replayed {
		t.Error("arrived twice")
	}
	if got := here.crossed(there)[c.ID] + there.crossed(here)[c.ID]; got != 0 {
		t.Errorf("the two books differ by %d minutes", got)
	}
	if here.balance(c.From.Account) != 30 || there.balance(c.To.Account) != 90 {
		t.Error(here.balance(c.From.Account), there.balance(c.To.Account))
	}
	if here.balance(ledger.ClearingWith(here.bank, there.bank)) != 90 || there.balance(ledger.ClearingWith(there.bank, here.bank)) != -90 {
		t.Error("what the two owe each other is not on their clearing accounts")
	}
	here.clean()
	there.clean()
}

// A half that the other bank refuses comes back, and nothing is lost on the way.
func TestACrossingThatIsRefusedComesBack(t *testing.T) {
	here, there, c := between(t)
	c.To.Account = uuid.Must(uuid.NewV7())
	out, _ := c.Out()
	first := here.post(out)
	in, _ := c.In()
	if _, err := there.try(in); err != (ledger.ErrNoAccount{Account: c.To.Account}) {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := here.reverse(c.Back(first.ID, "refused by the other bank", epoch)); err != nil {
			t.Fatal(err)
		}
	}
	if here.balance(c.From.Account) != 120 || len(here.crossed(there)) != 0 {
		t.Error("the hours did not come back")
	}
	here.clean()
}

func TestACrossingNeedsTwoBanksAndMinutes(t *testing.T) {
	_, _, c := between(t)
	for _, change := range []func(*ledger.Crossing){
		func(c *ledger.Crossing) { c.To.Bank = c.From.Bank },
		func(c *ledger.Crossing) { c.Minutes = 0 },
		func(c *ledger.Crossing) { c.Minutes = -5 },
		func(c *ledger.Crossing) { c.ID = uuid.Nil },
	} {
		bad := c
		change(&bad)
		if _, err := bad.Out(); err == nil {
			t.Error("out was taken")
		}
		if _, err := bad.In(); err == nil {
			t.Error("in was taken")
		}
	}
}
