package gathering

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"timebank/app/bank"
	"timebank/ledger"
)

var pot = uuid.MustParse("ffffffff-0000-0000-0000-000000000000")

func person(n int, helps bool, gave, balance, spendable int64) Present {
	id := uuid.MustParse(fmt.Sprintf("00000000-0000-0000-0000-%012d", n))
	return Present{Member: id, Account: id, Helps: helps, Gave: gave, Balance: balance, Spendable: spendable}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	came := func(n int) Present { return person(n, false, 0, 0, 720) }
	for name, c := range map[string]struct {
		rule   Rule
		each   int64
		people []Present
		want   []int64 // by number of the person, the pot last when it takes part
	}{
		"equal parts":                           {Equal, 0, []Present{person(1, true, 120, 0, 720), came(2), came(3)}, []int64{120, -60, -60}},
		"rounding loses no minute":              {Equal, 0, []Present{person(1, true, 100, 0, 720), came(2), came(3), came(4)}, []int64{100, -34, -33, -33}},
		"odd minutes by those with most hours":  {Equal, 0, []Present{person(1, true, 100, 0, 720), came(2), person(3, false, 0, 90, 720), came(4)}, []int64{100, -33, -34, -33}},
		"fewer minutes than people":             {Equal, 0, []Present{person(1, true, 2, 0, 720), came(2), came(3), came(4)}, []int64{2, -1, -1}},
		"two helpers of different length":       {Equal, 0, []Present{person(1, true, 120, 0, 720), person(2, true, 30, 0, 720), came(3), came(4)}, []int64{120, 30, -75, -75}},
		"nobody came: the pot":                  {Equal, 0, []Present{person(1, true, 60, 0, 720)}, []int64{60, -60}},
		"who has too little is helped":          {Equal, 0, []Present{person(1, true, 120, 0, 720), came(2), person(3, false, 0, -700, 20)}, []int64{120, -60, -20, -40}},
		"who has nothing left is helped wholly": {Equal, 0, []Present{person(1, true, 120, 0, 720), came(2), person(3, false, 0, -720, 0)}, []int64{120, -60, 0, -60}},
		"the pot gives all":                     {Pot, 0, []Present{person(1, true, 120, 0, 720), came(2), came(3)}, []int64{120, -120}},
		"a set time, the pot gives the rest":    {Set, 15, []Present{person(1, true, 120, 0, 720), came(2), came(3)}, []int64{120, -15, -15, -90}},
		"a set time, the pot gets the rest":     {Set, 60, []Present{person(1, true, 60, 0, 720), came(2), came(3)}, []int64{60, -60, -60, 60}},
		"a helper without time pays nothing":    {Equal, 0, []Present{person(1, true, 60, 0, 720), person(2, true, 0, 0, 720), came(3)}, []int64{60, -60}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []int64
			var sum int64
			for _, s := range split(c.rule, c.each, c.people, pot) {
				got = append(got, s.Minutes)
				sum += s.Minutes
			}
			if !slices.Equal(got, c.want) || sum != 0 {
				t.Errorf("shares %v, sum %d; want %v", got, sum, c.want)
			}
			reversed := slices.Clone(c.people)
			slices.Reverse(reversed)
			if a, b := fingerprint(c.rule, c.each, split(c.rule, c.each, c.people, pot)), fingerprint(c.rule, c.each, split(c.rule, c.each, reversed, pot)); a != b {
				t.Error("the order of the register changes the outcome")
			}
		})
	}
}

// Whatever the register, every transfer is one that the ledger takes: balanced, no
// account twice, none of nothing, at most 500 accounts; and together they are the
// shares.
func TestTransfersOfAnySizeAreTheShares(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3, 498, 499, 500, 501, 502, 1203} {
		for _, rule := range []Rule{Equal, Pot, Set} {
			var people []Present
			for i := range n {
				people = append(people, person(i+1, i%7 == 0, int64(i%7/6)+90, 0, 720))
			}
			shares := split(rule, 10, people, pot)
			all := transfers(shares, pot)
			total := map[uuid.UUID]ledger.Minutes{}
			var low ledger.Minutes
			for _, legs := range all {
				seen := map[uuid.UUID]bool{}
				var sum ledger.Minutes
				for _, l := range legs {
					if l.Minutes == 0 || seen[l.Account] {
						t.Errorf("%d people, %s: a leg of %d, twice %v", n, rule, l.Minutes, seen[l.Account])
					}
					seen[l.Account] = true
					sum += l.Minutes
					total[l.Account] += l.Minutes
				}
				low = min(low, total[pot])
				if sum != 0 || len(legs) < 2 || len(legs) > ledger.MaxLegs {
					t.Errorf("%d people, %s: %d legs that sum to %d", n, rule, len(legs), sum)
				}
			}
			for _, s := range shares {
				if int64(total[s.Account]) != s.Minutes {
					t.Errorf("%d people, %s: %s gets %d, not %d", n, rule, s.Account, total[s.Account], s.Minutes)
				}
			}
			if low < min(0, total[pot]) {
				t.Errorf("%d people, %s: the pot stands at %d in between, at %d in the end", n, rule, low, total[pot])
			}
			if n <= 499 && len(all) > 1 {
				t.Errorf("%d people in %d transfers", n, len(all))
			}
		}
	}
}

func TestMoveUp(t *testing.T) {
	t.Parallel()
	p := func(size int, state string) party {
		return party{member: uuid.New(), part: Comes, size: size, state: state}
	}
	four := 4
	for name, c := range map[string]struct {
		capacity *int
		all      []party
		want     []int // which of all
	}{
		"the first in line":                    {&four, []party{p(3, Coming), p(1, Waiting), p(1, Waiting)}, []int{1}},
		"two go in together":                   {&four, []party{p(2, Coming), p(2, Waiting), p(1, Waiting)}, []int{1}},
		"two do not fit: the next one":         {&four, []party{p(3, Coming), p(2, Waiting), p(1, Waiting)}, []int{2}},
		"nobody while it is full":              {&four, []party{p(4, Coming), p(1, Waiting)}, nil},
		"who leads takes no place":             {&four, []party{p(0, Coming), p(3, Coming), p(1, Waiting)}, []int{2}},
		"no limit":                             {nil, []party{p(1, Waiting), p(2, Waiting)}, []int{0, 1}},
		"more people than places: nobody more": {&four, []party{p(2, Coming), p(2, Coming), p(2, Coming), p(1, Waiting)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []uuid.UUID
			for _, i := range c.want {
				want = append(want, c.all[i].member)
			}
			if got := moveUp(c.capacity, c.all); !slices.Equal(got, want) {
				t.Errorf("go in: %v, want %v", got, want)
			}
		})
	}
}

// A weekly series keeps its hour when the clocks change.
func TestSeriesKeepsItsHourAcrossClockChange(t *testing.T) {
	t.Parallel()
	b := bank.Bank{Zone: "Europe/London"}
	at := Plan{Day: time.Date(2027, 3, 22, 0, 0, 0, 0, time.UTC), Clock: "10:30", Weeks: 2}.dates(b.Location())
	if len(at) != 2 || at[0].Format(time.RFC3339) != "2027-03-22T10:30:00Z" || at[1].Format(time.RFC3339) != "2027-03-29T09:30:00Z" {
		t.Errorf("dates: %v", at)
	}
}
