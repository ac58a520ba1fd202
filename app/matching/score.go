package matching

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/words"
)

// Parts is everything that is known of one helper for one request. It is stored
// with each ask, so that the reasons can be told again later.
type Parts struct {
	Kind        string   `json:"kind"`            // "offers" this kind, a "near" kind, has "done" it, or "any"
	TimesDone   int      `json:"times_done"`      // this kind of help, ever
	TimesHelped int      `json:"times_helped"`    // any help, ever
	Knows       int      `json:"knows"`           // exchanges of just these two
	SameArea    bool     `json:"same_area"`       //
	Area        string   `json:"area"`            // the helper's, to be said aloud
	Far         string   `json:"far,omitempty"`   // how far they go for it, as their offer says: street, area, anywhere, open
	Comes       bool     `json:"comes,omitempty"` // they stay in their area, and the asker would come there
	Days        []string `json:"days,omitempty"`  // the certain days of their offer
	FreeSlots   int      `json:"free_slots"`      // half days at which both are free, as bits; 0: not known of one of them
	AskedMonth  int      `json:"asked_month"`     // asks in the last 30 days, of any kind
	SaidYes     int      `json:"said_yes"`        // of all asks they answered
	Answered    int      `json:"answered"`        //
	DaysQuiet   int      `json:"days_quiet"`      // since the last exchange; -1: none yet
	Balance     int64    `json:"balance"`         // minutes; low hours welcome a chance to give
	Apart       bool     `json:"apart"`           // by phone or online: where they live does not matter
	NeedsVisit  bool     `json:"needs_visit"`     // the request is at the asker's home
	Independent bool     `json:"independent"`     // the helper may visit homes alone
}

// Candidate is a helper with score and reasons.
type Candidate struct {
	MemberID uuid.UUID
	Parts    Parts
	Score    float64 // 0 to 1; only its order means anything
	For      []string
	Against  []string
}

// weights of the kind of help: what somebody offers counts most, what they have
// done before nearly as much.
var kindWeight = map[string]float64{"offers": 1, "done": 0.85, "near": 0.6, "any": 0.25}

// Score is the product of what speaks for a pair. Each factor stays above zero,
// so that a lack lowers a candidate and never hides one.
func Score(p Parts) float64 {
	s := kindWeight[p.Kind]
	s *= 0.8 + 0.2*saturate(p.TimesDone, 4)
	s *= 0.9 + 0.1*saturate(p.Knows, 3)
	s *= nearness(p)
	// Reliability is shrunk towards 0.7, so that one answer does not decide.
	s *= (float64(p.SaidYes) + 0.7*4) / (float64(p.Answered) + 4)
	// Exposure: whoever is asked often is asked less, so that the load is spread.
	s *= math.Pow(0.7, float64(p.AskedMonth))
	if p.Balance < 0 {
		s *= 1.1
	}
	if p.NeedsVisit && !p.Independent {
		s *= 0.4
	}
	return math.Min(1, s)
}

// nearness is what the way between the two leaves of a score. Areas are all that is
// known of places, so a street is a part of one; whoever goes anywhere for just this
// has said that the way is not much to them.
func nearness(p Parts) float64 {
	switch {
	case p.Apart || p.SameArea && p.Far != listing.FarStreet:
		return 1
	case p.SameArea || p.Far == listing.FarAnywhere:
		return 0.9
	}
	return 0.75
}

// bothFree is at which half days of the week both are free. Where one has not told,
// nothing is known and nobody is left out; ever is false when the two are never
// free together.
func bothFree(one, other int) (shared int, ever bool) {
	if one == 0 || other == 0 {
		return 0, true
	}
	return one & other, one&other != 0
}

// wanted is at which half days something is wanted that is asked for certain days:
// then, when the asker is free; the whole day where they have not told, or where they
// are else not free and have named it all the same.
func wanted(days []string, free int) int {
	on := 0
	for _, d := range days {
		if day, err := time.Parse(time.DateOnly, d); err == nil {
			on |= 7 << (3 * ((int(day.Weekday()) + 6) % 7)) // weeks begin on Monday
		}
	}
	switch {
	case on == 0:
		return free
	case on&free == 0:
		return on
	}
	return on & free
}

func saturate(n, half int) float64 { return float64(n) / float64(n+half) }

// Reasons tells what speaks for and against, in words a broker would say aloud.
func Reasons(l words.Language, p Parts) (pro, con []string) {
	switch p.Kind {
	case "offers":
		pro = append(pro, l.Say("Offers just this"))
	case "near":
		pro = append(pro, l.Say("Offers something close to it"))
	case "any":
		con = append(con, l.Say("Has not offered this"))
	}
	switch {
	case p.TimesDone == 1:
		pro = append(pro, l.Say("Did this once before"))
	case p.TimesDone > 1:
		pro = append(pro, l.Say("Did this {n} times before", "n", p.TimesDone))
	case p.TimesHelped > 0:
		con = append(con, l.Say("Has helped before, but not with this"))
	default:
		con = append(con, l.Say("Would help for the first time"))
	}
	if p.Knows > 0 {
		pro = append(pro, l.Say("They know each other"))
	}
	switch {
	case p.Apart:
	case p.SameArea:
		pro = append(pro, l.Say("Lives in the same area, {area}", "area", p.Area))
	case p.Area != "":
		con = append(con, l.Say("Lives in {area}", "area", p.Area))
	}
	switch {
	case p.Apart:
	case p.Comes:
		pro = append(pro, l.Say("Stays in their own area; whoever asks would come there"))
	case p.Far == listing.FarStreet:
		con = append(con, l.Say("Goes no further than their own street"))
	case p.Far == listing.FarArea && !p.SameArea:
		con = append(con, l.Say("Goes no further than their own area"))
	case p.Far == listing.FarAnywhere && !p.SameArea:
		pro = append(pro, l.Say("Goes anywhere for this"))
	}
	if len(p.Days) > 0 {
		pro = append(pro, l.Say("Offers it on {days}", "days", l.And(dayWords(l, p.Days))))
	}
	if p.FreeSlots != 0 {
		pro = append(pro, l.Say("Both free: {times}", "times", l.And(member.SlotWords(l, p.FreeSlots, 2))))
	}
	switch {
	case p.AskedMonth == 0:
		pro = append(pro, l.Say("Not asked this month"))
	case p.AskedMonth == 1:
		con = append(con, l.Say("Asked once this month"))
	default:
		con = append(con, l.Say("Asked {n} times this month", "n", p.AskedMonth))
	}
	if p.DaysQuiet > 60 {
		pro = append(pro, l.Say("Quiet for a while, might be glad to be asked"))
	}
	if p.Answered > 1 && p.SaidYes*2 < p.Answered {
		con = append(con, l.Say("Said yes {yes} of {n} times", "yes", p.SaidYes, "n", p.Answered))
	}
	if p.Balance < 0 {
		pro = append(pro, l.Say("Would like to give some hours back"))
	}
	if p.NeedsVisit && !p.Independent {
		con = append(con, l.Say("First visits to a home should be accompanied"))
	}
	return pro, con
}

func dayWords(l words.Language, days []string) []string {
	out := make([]string, 0, len(days))
	for _, d := range days {
		if day, err := time.Parse(time.DateOnly, d); err == nil {
			out = append(out, l.Day(day))
		}
	}
	return out
}

// Rank scores and orders candidates, best first; equal ones by id, so that the
// same data always gives the same list.
func Rank(l words.Language, parts map[uuid.UUID]Parts) []Candidate {
	out := make([]Candidate, 0, len(parts))
	for id, p := range parts {
		c := Candidate{MemberID: id, Parts: p, Score: Score(p)}
		c.For, c.Against = Reasons(l, p)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.MemberID.String(), b.MemberID.String()))
	})
	return out
}
