package exchangefile

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/clock"
	"timebank/app/platform/id"
)

func TestOneBrokenRowWritesNothing(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	before := b.rows()
	out, err := b.bring(Options{}, goodUsers, goodPosts, goodTransfers+"2025-02-02 10:00:00 UTC,Ada Byron (1),Ben Ali (2),,soon\n")
	if _, ok := errors.AsType[*Unreadable](err); !ok {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(out, "transfers, row 3, column E (Quantity): ") || !strings.Contains(out, "Nothing was imported") {
		t.Errorf("printed\n%s", out)
	}
	if after := b.rows(); after != before {
		t.Errorf("wrote %s, before %s", after, before)
	}
}

func TestAFailureHalfWayWritesNothing(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	// The opening balance has nowhere to come from: the last but one step fails.
	if _, err := b.Owner.Exec("update directory.bank set issue_account = ?", id.New()); err != nil {
		t.Fatal(err)
	}
	before := b.rows()
	out, err := b.bring(Options{}, strings.Replace(goodUsers, ",-3600\n", ",3600\n", 1), goodPosts, goodTransfers)
	if err == nil {
		t.Fatalf("imported\n%s", out)
	}
	if after := b.rows(); after != before {
		t.Errorf("wrote %s, before %s", after, before)
	}
}

func TestUnknownBankAndDaysToCome(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	err := Import(context.Background(), Deps{Pool: b.Bun}, Options{Bank: "Valley"}, &strings.Builder{})
	if !errors.Is(err, errBank) {
		t.Errorf("%v", err)
	}
	out, err := b.bring(Options{Reading: Reading{Unit: Seconds}}, goodUsers, goodPosts, goodTransfers+"2026-11-21 10:00:00 UTC,Ada Byron (1),Ben Ali (2),,1:00\n")
	if bad, ok := errors.AsType[*Unreadable](err); !ok || len(bad.Rows) != 1 || bad.Rows[0].Code != "future" || bad.Rows[0].Row != 3 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWhoeverIsKnownIsNotMadeTwice(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	mail := "ada@example.org"
	ada := identity.Person{ID: id.New(), Name: "Ada King", Called: "Ada", Email: &mail, Language: "en", CreatedAt: now}
	actor := identity.Actor{Person: identity.SystemPerson, Bank: b.bank}
	var ben member.Member
	b.in(func(ctx context.Context, tx bun.IDB) (err error) {
		if err := identity.AddPerson(ctx, tx, ada); err != nil {
			return err
		}
		ben, err = member.Join(ctx, tx, actor, id.New(), member.Joining{Name: "Ben Ali", Email: "ben@example.org"}, now)
		return err
	})
	users := strings.Replace(goodUsers, "2,Ben Ali,", "2,Ben Ali,Ben@example.org", 1)
	out := b.mustBring(Options{}, users, goodPosts, goodTransfers)
	if !strings.Contains(out, "members                                 1      1        0") {
		t.Errorf("printed\n%s", out)
	}
	if n := b.count("directory.person"); n != 2 {
		t.Errorf("%d people", n)
	}
	if m := b.member(1); m.PersonID != ada.ID {
		t.Error("the person who has this address was not found again")
	}
	if got := b.balance(ben.AccountID); got != 60 {
		t.Errorf("Ben, who was here before, has %d minutes", got)
	}
	if out := b.mustBring(Options{}, users, goodPosts, goodTransfers); !strings.Contains(out, "nothing to do") {
		t.Errorf("again:\n%s", out)
	}
}

// What happens to a bank between two downloads.
func TestSecondDownloadBringsOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.mustBring(Options{}, goodUsers, goodPosts, goodTransfers)
	ada := b.member(1)
	users := "N,Name,Balance\n1,Ada King,-5400\n3,Cy Dent,1800\n" // renamed; Ben has left; Cy is new
	posts := strings.ReplaceAll(goodPosts, "Ben Ali (2)", "Ada King (1)")
	transfers := "Date,From,To,Post,Quantity\n2026-03-01 10:00:00 UTC,Ada King (1),Cy Dent (3),,0:30\n" +
		"2025-02-01 10:00:00 UTC,Ada King (1),The user no longer exists,Lifts for all,1:00\n"
	out := b.mustBring(Options{}, users, posts, transfers)
	for _, want := range []string{"Ada King (1): name", "transfers, row 3: who helped whom"} {
		if !strings.Contains(out, want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	if n := b.count("ledger.transfer"); n != 2 {
		t.Errorf("%d transfers", n)
	}
	if got := b.balance(ada.AccountID); got != -90 {
		t.Errorf("Ada has %d", got)
	}
	if m := b.member(1); m.Name != "Ada Byron" {
		t.Error("what is here was written over")
	}
	if out := b.mustBring(Options{}, users, posts, transfers); !strings.Contains(out, "nothing to do") {
		t.Errorf("again:\n%s", out)
	}
}

func TestChangedTimesAreRefusedBeforeHoursCountTwice(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	more := goodTransfers + "2025-03-01 10:00:00 UTC,Ada Byron (1),Ben Ali (2),,1:00\n"
	b.mustBring(Options{Reading: Reading{Unit: Seconds}}, goodUsers, goodPosts, more)
	before := b.rows()
	out, err := b.bring(Options{Reading: Reading{Unit: Seconds}}, goodUsers, goodPosts, strings.Replace(more, "2025-02-01 10:00:00 UTC", "2025-02-01 10:00", 1))
	if err != nil {
		t.Fatalf("the same instant, written otherwise: %v\n%s", err, out)
	}
	_, err = b.bring(Options{Reading: Reading{Unit: Seconds}}, goodUsers, goodPosts, strings.Replace(more, "2025-02-01 10:00:00 UTC", "2025-02-01", 1))
	if bad, ok := errors.AsType[*Unreadable](err); !ok || bad.Rows[0].Code != "late" {
		t.Errorf("%v", err)
	}
	if after := b.rows(); after != before {
		t.Errorf("wrote %s, before %s", after, before)
	}
}

func TestPotGiftsAndOtherBanks(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	transfers := goodTransfers +
		"2025-02-02 10:00:00 UTC,Hilltop Time Bank,Ben Ali (2),Drop-in,2:00\n" + // the pot goes below zero, as it did there
		"2025-02-03 10:00:00 UTC,Ben Ali (2),Hilltop Time Bank,,0:30\n" +
		"2025-02-04 10:00:00 UTC,Ben Ali (2),Valley Time Bank,,1:15\n" +
		"2025-02-05 10:00:00 UTC,Ada Byron (1),Ben Ali (2),,30:00\n" +
		"2025-02-06 10:00:00 UTC,The user isn't active,Ada Byron (1),,1:00\n"
	o := Options{Reading: Reading{Unit: Seconds, Organisation: "hilltop time bank"}}
	b.mustBring(o, goodUsers, goodPosts, transfers)
	for kind, want := range map[string]int{"exchange": 2, "grant": 1, "donation": 1, "between": 1, "gift": 1, "opening": 2} {
		if n := b.count("ledger.transfer where kind = '" + kind + "'"); n != want {
			t.Errorf("%d transfers of kind %s, want %d", n, kind, want)
		}
	}
	if got := b.balance(b.bank.PotAccount); got != -90 {
		t.Errorf("the pot has %d", got)
	}
	if n := b.count("ledger.account where kind = 'pot' and floor = 0"); n != 1 {
		t.Error("the pot's limit did not come back")
	}
	if n := b.count("member where status = 'left' and name = '" + inactiveName + "'"); n != 1 {
		t.Errorf("%d members stand for the inactive", n)
	}
	if out := b.mustBring(o, goodUsers, goodPosts, transfers); !strings.Contains(out, "nothing to do") {
		t.Errorf("again:\n%s", out)
	}
}

func TestOpeningBalanceIsNeverChangedBehindOnesBack(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	o := Options{Reading: Reading{Unit: Minutes}}
	b.mustBring(o, "N,Name,Balance\n1,Ada Byron,120\n", "", "")
	out := b.mustBring(o, "N,Name,Balance\n1,Ada Byron,150\n", "", "")
	if !strings.Contains(out, "opening balance of Ada Byron (1), 2 h 30 min in the file: it was 2 h") || !strings.Contains(out, "nothing to do") {
		t.Errorf("printed\n%s", out)
	}
	if got := b.balance(b.member(1).AccountID); got != 120 {
		t.Errorf("Ada has %d", got)
	}
}

// meanwhile is somebody who changes the bank while the report is being read.
type meanwhile struct{ change func() }

func (m *meanwhile) Write(p []byte) (int, error) {
	if m.change != nil {
		m.change()
		m.change = nil
	}
	return len(p), nil
}

func TestReportIsAPromise(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	var before string
	who := &meanwhile{change: func() {
		b.in(func(ctx context.Context, tx bun.IDB) error {
			_, err := member.Join(ctx, tx, identity.Actor{Person: identity.SystemPerson, Bank: b.bank}, id.New(), member.Joining{Name: "Ada Byron", Email: "ada@example.org"}, now)
			return err
		})
		before = b.rows()
	}}
	err := Import(context.Background(), Deps{Pool: b.Bun, Clock: clock.NewFake(now)}, Options{Bank: "hilltop", Reading: Reading{Unit: Seconds},
		Users: strings.NewReader(goodUsers), Posts: strings.NewReader(goodPosts), Transfers: strings.NewReader(goodTransfers)}, who)
	if !errors.Is(err, ErrChanged) {
		t.Errorf("%v", err)
	}
	if after := b.rows(); after != before {
		t.Errorf("wrote %s, before %s", after, before)
	}
}

func TestEveryKindOfTheWordTableExists(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.in(func(ctx context.Context, tx bun.IDB) error {
		kinds, err := listing.KindNames(ctx, tx, b.bank.ID)
		for _, h := range helpWords {
			if _, ok := kinds[h.kind]; !ok {
				t.Errorf("no kind %s", h.kind)
			}
		}
		if _, ok := kinds[Anything]; !ok {
			t.Errorf("no kind %s", Anything)
		}
		return err
	})
}

// Whatever a bank has done, its hours sum to zero here, each balance is the
// file's, and a second import finds nothing new.
func TestBalancesEqualTheFileWhateverHappened(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			b := newBooks(t)
			users, transfers := invent(rand.New(rand.NewPCG(seed, 7)))
			o := Options{Reading: Reading{Unit: Seconds}}
			b.mustBring(o, users, "", transfers)
			f, err := o.Reading.Read(strings.NewReader(users), lines(), strings.NewReader(transfers))
			if err != nil {
				t.Fatal(err)
			}
			b.sound(f)
			before := b.rows()
			if out := b.mustBring(o, users, "", transfers); !strings.Contains(out, "nothing to do") {
				t.Errorf("again:\n%s", out)
			}
			if after := b.rows(); after != before {
				t.Errorf("the second import wrote %s, before %s", after, before)
			}
		})
	}
}

// invent makes the files of a bank with anything in them that a report can have.
func invent(r *rand.Rand) (users, transfers string) {
	n := 2 + r.IntN(8)
	ends := []string{"Hilltop Time Bank", "The user no longer exists", "The user isn't active"}
	u := []string{"N,Name,Balance"}
	for i := range n {
		u = append(u, fmt.Sprintf("%d,Member %c,%d", i+1, 'A'+i, r.IntN(200000)-100000))
		ends = append(ends, fmt.Sprintf("Member %c (%d)", 'A'+i, i+1))
	}
	tr := []string{"Date,From,To,Post,Quantity"}
	for range r.IntN(60) {
		from, to := r.IntN(len(ends)), r.IntN(len(ends))
		if from == to {
			continue
		}
		minutes := []int{0, 1, 15, 90, 90, 720, 1441, 100000}[r.IntN(8)]
		// Few instants, so that many transfers share one.
		tr = append(tr, fmt.Sprintf("2025-0%d-01 10:00:00 UTC,%s,%s,,%d:%02d", 1+r.IntN(4), ends[from], ends[to], minutes/60, minutes%60))
	}
	return strings.Join(u, "\n"), strings.Join(tr, "\n")
}
