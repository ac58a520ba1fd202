package matching

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/words"
)

func TestScorePrefersWhatABrokerWould(t *testing.T) {
	t.Parallel()
	base := Parts{Kind: "offers", TimesDone: 2, SameArea: true, DaysQuiet: 30}
	change := func(f func(*Parts)) Parts { p := base; f(&p); return p }
	for name, worse := range map[string]Parts{
		"a near kind":         change(func(p *Parts) { p.Kind = "near" }),
		"never offered":       change(func(p *Parts) { p.Kind = "any" }),
		"another area":        change(func(p *Parts) { p.SameArea = false }),
		"their street only":   change(func(p *Parts) { p.Far = "street" }),
		"asked this month":    change(func(p *Parts) { p.AskedMonth = 1 }),
		"no experience":       change(func(p *Parts) { p.TimesDone = 0 }),
		"mostly says no":      change(func(p *Parts) { p.Answered = 6; p.SaidYes = 1 }),
		"may not visit alone": change(func(p *Parts) { p.NeedsVisit = true }),
	} {
		if Score(worse) >= Score(base) {
			t.Errorf("%s scores %.3f, not below %.3f", name, Score(worse), Score(base))
		}
	}
	often := change(func(p *Parts) { p.AskedMonth = 4 })
	other := change(func(p *Parts) { p.SameArea = false; p.TimesDone = 0 })
	if Score(often) >= Score(other) {
		t.Error("the one who is always asked still comes first")
	}
}

func TestReasonsComeFromThePartsAlone(t *testing.T) {
	t.Parallel()
	p := Parts{Kind: "offers", TimesDone: 4, SameArea: true, Area: "Northgate", Balance: -30}
	pro, con := Reasons(words.English, p)
	want := []string{"Offers just this", "Did this 4 times before", "Lives in the same area, Northgate", "Not asked this month", "Would like to give some hours back"}
	if !reflect.DeepEqual(pro, want) || len(con) != 0 {
		t.Errorf("for %q, against %q; want for %q", pro, con, want)
	}
	again, _ := Reasons(words.English, p)
	if !slices.Equal(pro, again) {
		t.Error("the same parts gave other words")
	}
}

func TestWhatIsWantedOnCertainDays(t *testing.T) {
	t.Parallel()
	const tuesdayMorning, tuesday, friday = 1 << 3, 7 << 3, 7 << 12
	for _, c := range []struct {
		days []string
		free int
		want int
	}{
		{nil, tuesdayMorning, tuesdayMorning},
		{[]string{"2026-11-24"}, 0, tuesday},
		{[]string{"2026-11-24"}, tuesdayMorning | friday, tuesdayMorning},
		{[]string{"2026-11-27"}, tuesdayMorning, friday}, // she named the Friday
		{[]string{"2026-11-24", "2026-11-27"}, 0, tuesday | friday},
	} {
		if got := wanted(c.days, c.free); got != c.want {
			t.Errorf("%v, free %b: %b, want %b", c.days, c.free, got, c.want)
		}
	}
}

func TestWhereSomebodyLivesDoesNotMatterOnThePhone(t *testing.T) {
	t.Parallel()
	far, here := Parts{Kind: "offers", Apart: true, Area: "Southfield"}, Parts{Kind: "offers", Apart: true, Area: "Northgate", SameArea: true}
	if Score(far) != Score(here) {
		t.Error("the nearer one comes first")
	}
	if pro, con := Reasons(words.English, far); strings.Contains(strings.Join(append(pro, con...), " "), "Southfield") {
		t.Errorf("for %q, against %q", pro, con)
	}
}

func TestWhoGoesHowFar(t *testing.T) {
	t.Parallel()
	asked := func(place, far string) listing.Listing { return listing.Listing{Place: place, Far: far} }
	for name, c := range map[string]struct {
		request      listing.Listing
		far          string
		helper       string
		reach, comes bool
	}{
		"to their own area":             {asked("home", "open"), "area", "northgate ", true, false},
		"not to another":                {asked("home", "anywhere"), "area", "Southfield", false, false},
		"nor from a street":             {asked("either", "area"), "street", "Southfield", false, false},
		"who has not said may be asked": {asked("home", "open"), "open", "Southfield", true, false},
		"anywhere":                      {asked("home", "street"), "anywhere", "Southfield", true, false},
		"the asker would come":          {asked("out", "anywhere"), "area", "Southfield", true, true},
		"the phone reaches all":         {asked("phone", "open"), "street", "Southfield", true, false},
		"no area is known":              {asked("home", "open"), "area", "", true, false},
	} {
		reach, comes := reaches(c.request, listing.Listing{Place: "either", Far: c.far}, "Northgate", c.helper)
		if reach != c.reach || comes != c.comes {
			t.Errorf("%s: reach %v, comes %v", name, reach, comes)
		}
	}
}

func TestAnOffersOwnDays(t *testing.T) {
	t.Parallel()
	const tuesday, friday = 7 << 3, 7 << 12
	of := func(exact bool, days ...string) offer {
		return offer{listing.Listing{Kind: "out.lift", Days: days}, exact}
	}
	for name, c := range map[string]struct {
		wanted        []string
		asker, helper int
		offers        []offer
		kind          string
		shared        int
		ever          bool
	}{
		"the very day":                         {[]string{"2026-11-27"}, 0, tuesday, []offer{of(true, "2026-11-24", "2026-11-27")}, "offers", friday, true},
		"another day":                          {[]string{"2026-11-27"}, 0, 0, []offer{of(true, "2026-11-24")}, "", 0, false},
		"the same weekday of another week":     {[]string{"2026-12-04"}, 0, 0, []offer{of(true, "2026-11-27")}, "", 0, false},
		"any day is wanted":                    {nil, tuesday | friday, 0, []offer{of(true, "2026-11-27")}, "offers", friday, true},
		"the asker is not free then":           {nil, tuesday, 0, []offer{of(true, "2026-11-27")}, "", 0, false},
		"an offer without days beside it":      {[]string{"2026-12-01"}, 0, tuesday, []offer{of(true, "2026-11-27"), of(true)}, "offers", tuesday, true},
		"something near that does not fit":     {[]string{"2026-12-01"}, 0, tuesday, []offer{of(false, "2026-11-27")}, "", tuesday, true},
		"just this before something near":      {nil, 0, tuesday, []offer{of(false), of(true)}, "offers", 0, true},
		"no offer, and free when it is wanted": {[]string{"2026-12-01"}, 0, tuesday, nil, "", tuesday, true},
	} {
		got, ever := fitting(listing.Listing{Place: "home", Days: c.wanted}, member.Member{FreeSlots: c.asker}, member.Member{FreeSlots: c.helper}, c.offers)
		if got.kind != c.kind || got.shared != c.shared || ever != c.ever {
			t.Errorf("%s: %q, %b, %v", name, got.kind, got.shared, ever)
		}
	}
	pro, _ := Reasons(words.English, Parts{Kind: "offers", Days: []string{"2026-11-24", "2026-11-27"}})
	if !slices.Contains(pro, "Offers it on Tuesday 24 November and Friday 27 November") {
		t.Errorf("for %q", pro)
	}
}

func TestRankIsStable(t *testing.T) {
	t.Parallel()
	parts := map[uuid.UUID]Parts{}
	for range 50 {
		parts[uuid.New()] = Parts{Kind: "offers"}
	}
	first := Rank(words.English, parts)
	for range 5 {
		if !reflect.DeepEqual(first, Rank(words.English, parts)) {
			t.Fatal("equal candidates change places")
		}
	}
}
