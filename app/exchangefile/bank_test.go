package exchangefile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/id"
	"timebank/ledger"
)

// books is a bank in a database of the test's own.
type books struct {
	*dbtest.DB
	t    testing.TB
	bank bank.Bank
}

func newBooks(t testing.TB) *books {
	t.Helper()
	b := &books{DB: dbtest.New(t), t: t}
	b.bank = bank.Bank{ID: id.New(), Slug: "hilltop", Name: "Hilltop Time Bank", Zone: "Europe/London", Nation: "england-wales",
		Phone: "01632 960 000", PhoneHours: "9 to 5", Accent: "#0b5a4b", ConfirmDays: 7, FloorMinutes: -720, SoftMinutes: -300,
		PotAccount: id.New(), IssueAccount: id.New(), CreatedAt: now.AddDate(0, 0, -1)}
	b.in(func(ctx context.Context, tx bun.IDB) error {
		if err := bank.Insert(ctx, tx, b.bank); err != nil {
			return err
		}
		zero := ledger.Minutes(0)
		return errors.Join(
			ledger.OpenAccount(ctx, tx, ledger.Account{Bank: b.bank.ID, ID: b.bank.PotAccount, Kind: ledger.Pot, Limits: ledger.Limits{Floor: &zero}, Actor: identity.SystemPerson, At: b.bank.CreatedAt}),
			ledger.OpenAccount(ctx, tx, ledger.Account{Bank: b.bank.ID, ID: b.bank.IssueAccount, Kind: ledger.Issuance, Actor: identity.SystemPerson, At: b.bank.CreatedAt}))
	})
	return b
}

func (b *books) in(fn func(ctx context.Context, tx bun.IDB) error) {
	b.t.Helper()
	if err := db.InTx(context.Background(), b.Bun, b.bank.ID, fn); err != nil {
		b.t.Fatal(err)
	}
}

// bring imports three files as the command does and returns what it printed.
func (b *books) bring(o Options, users, posts, transfers string) (string, error) {
	b.t.Helper()
	var out strings.Builder
	o.Bank = "hilltop"
	o.Users, o.Posts, o.Transfers = strings.NewReader(users), strings.NewReader(posts), strings.NewReader(transfers)
	err := Import(context.Background(), Deps{Pool: b.Bun, Clock: clock.NewFake(now), Requested: onTheDesk}, o, &out)
	return out.String(), err
}

func (b *books) mustBring(o Options, users, posts, transfers string) string {
	b.t.Helper()
	out, err := b.bring(o, users, posts, transfers)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// bringDemo imports the demonstration bank.
func (b *books) bringDemo(o Options) (string, error) {
	var out strings.Builder
	o.Bank = "Hilltop Time Bank"
	o.Users, o.Posts, o.Transfers = open(b.t, "users.csv"), open(b.t, "posts.csv"), open(b.t, "transfers.csv")
	err := Import(context.Background(), Deps{Pool: b.Bun, Clock: clock.NewFake(now), Requested: onTheDesk}, o, &out)
	return out.String(), err
}

// onTheDesk is what the composition root does with a request.
func onTheDesk(ctx context.Context, tx bun.IDB, b bank.Bank, l listing.Listing, now time.Time) error {
	return desk.Raise(ctx, tx, desk.Task{BankID: b.ID, Kind: desk.FindHelper, SubjectKind: desk.OfRequest, SubjectID: l.ID,
		DueAt: b.AfterWorkingDays(now, 3), CreatedAt: now})
}

// member finds an imported member by number.
func (b *books) member(uid int64) (m member.Member) {
	b.t.Helper()
	b.in(func(ctx context.Context, tx bun.IDB) error {
		all, err := knownMembers(ctx, tx, b.bank.ID)
		m = all[memberKey(uid)]
		return err
	})
	return m
}

func (b *books) balance(account uuid.UUID) (m int64) {
	b.t.Helper()
	b.in(func(ctx context.Context, tx bun.IDB) error {
		bal, err := ledger.BalanceOf(ctx, tx, b.bank.ID, account)
		m = int64(bal.Posted)
		return err
	})
	return m
}

// count counts the rows of a table, past every wall.
func (b *books) count(table string) (n int) {
	b.t.Helper()
	if err := b.Owner.QueryRow("select count(*) from " + table).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// rows counts everything that an import could have written.
func (b *books) rows() string {
	var out []string
	for _, table := range []string{"directory.person", "directory.role", "member", "listing", "exchange", "exchange_event", "task", "audit", "ledger.account", "ledger.transfer", "ledger.entry"} {
		out = append(out, fmt.Sprintf("%s=%d", table, b.count(table)))
	}
	return strings.Join(out, " ")
}

// sound proves the books: the ledger's own verification, hours that sum to zero,
// and each balance equal to the file's.
func (b *books) sound(f *File) {
	b.t.Helper()
	var sum int64
	if err := b.Owner.QueryRow("select coalesce(sum(posted), 0) from ledger.account").Scan(&sum); err != nil || sum != 0 {
		b.t.Errorf("the hours of all accounts sum to %d (%v)", sum, err)
	}
	b.in(func(ctx context.Context, tx bun.IDB) error {
		_, err := ledger.Verify(ctx, tx, b.bank.ID, nil)
		return err
	})
	for _, m := range f.Members {
		if m.Balance == nil {
			continue
		}
		if got := b.balance(b.member(m.UID).AccountID); got != *m.Balance {
			b.t.Errorf("%s has %d minutes, the file says %d", m.Name, got, *m.Balance)
		}
	}
}

func TestDemoBankComesInWhole(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	before := b.rows()
	dry, err := b.bringDemo(Options{DryRun: true})
	if err != nil {
		t.Fatalf("%v\n%s", err, dry)
	}
	if after := b.rows(); after != before {
		t.Errorf("a dry run wrote: %s, before %s", after, before)
	}
	out, err := b.bringDemo(Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := strings.TrimSuffix(dry, "\nThis was a dry run: nothing was written. Run it again without --dry-run to import.\n"); !strings.HasPrefix(out, want) {
		t.Errorf("the dry run promised\n%s\nand the import did\n%s", dry, out)
	}
	f := demo(t)
	b.sound(f)
	if n := b.count("member"); n != len(f.Members)+2 {
		t.Errorf("%d members", n)
	}
	if n := b.count("task where kind = 'find-helper'"); n != 14 {
		t.Errorf("%d tasks for 14 requests", n)
	}

	again, err := b.bringDemo(Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, again)
	}
	if !strings.Contains(again, "nothing to do") {
		t.Errorf("a second import would change something:\n%s", again)
	}
	t.Log(out)
}

func TestSecondImportWritesNothing(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	if out, err := b.bringDemo(Options{}); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before := b.rows()
	// A week later, on a machine with another report language and a moved date.
	if out, err := b.bringDemo(Options{Shift: 2}); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if after := b.rows(); after != before {
		t.Errorf("the second import wrote\n%s, before\n%s", after, before)
	}
}

func TestHistoryIsKept(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.mustBring(Options{}, "N,Name,Email,Balance\n1,Edna Marsh,,-5400\n2,Bill Okafor,bill@example.org,9000\n",
		",Offer,Tags,User,Created\n,Accompaniment,,,\n7,Lifts to the surgery,car,Bill Okafor (2),2025-01-05 10:00:00 UTC\n",
		"Date,From,To,Post,Quantity\n2025-07-01 23:30:00 UTC,Edna Marsh (1),Bill Okafor (2),Lifts to the surgery,1:30\n")
	edna, bill := b.member(1), b.member(2)
	if bill.ReachBy != member.ByEmail || edna.ReachBy != member.BySomeone || edna.Stage != member.Met || bill.Stage != member.Accompanied {
		t.Errorf("Edna %+v\nBill %+v", edna, bill)
	}
	if got := b.balance(edna.AccountID); got != -90 {
		t.Errorf("Edna has %d", got)
	}
	b.in(func(ctx context.Context, tx bun.IDB) error {
		var all []exchange.Exchange
		if err := tx.NewSelect().Model(&all).Where("bank_id = ?", b.bank.ID).Scan(ctx); err != nil {
			return err
		}
		if len(all) != 1 {
			t.Fatalf("%d exchanges", len(all))
		}
		e := all[0]
		if e.HelperID != bill.ID || e.HelpedID != edna.ID || e.State != exchange.Settled || *e.Minutes != 90 || e.Kind != "out.lift" {
			t.Errorf("%+v", e)
		}
		// Half past midnight in London: the day is the bank's own.
		if got := e.HappenedOn.Format(time.DateOnly); got != "2025-07-02" {
			t.Errorf("happened on %s", got)
		}
		rec, err := ledger.Find(ctx, tx, b.bank.ID, *e.TransferID)
		if err != nil {
			return err
		}
		if rec.Kind != ledger.Exchange || rec.EffectiveOn.String() != "2025-07-02" || rec.Reference.ID != e.ID || rec.Category != "out.lift" {
			t.Errorf("%+v", rec)
		}
		bal, err := ledger.BalanceOf(ctx, tx, b.bank.ID, bill.AccountID)
		if err != nil {
			return err
		}
		if bal.Posted != 150 || *bal.Limits.Floor != -720 || *bal.Limits.SoftFloor != -300 {
			t.Errorf("Bill's account is %+v", bal)
		}
		var l listing.Listing
		if err := tx.NewSelect().Model(&l).Where("bank_id = ?", b.bank.ID).Scan(ctx); err != nil {
			return err
		}
		if l.MemberID != bill.ID || l.Kind != "out.lift" || l.State != listing.Open || l.Type != listing.Offer {
			t.Errorf("%+v", l)
		}
		return nil
	})
	if n := b.count("ledger.transfer where kind = 'opening' and effective_on = '2025-07-02'"); n != 1 {
		t.Errorf("%d opening balances", n)
	}
}
