package referral

import (
	"maps"
	"slices"
	"strings"
	"time"

	"timebank/app/bank"
	"timebank/app/platform/fault"
	"timebank/app/platform/words"
)

// Fair tries before "could not reach" may be said.
const (
	needTries    = 3
	needWays     = 2
	needDaytimes = 2
	needDays     = 8 // working days from the first try to the last
)

// ErrTries refuses to give somebody up too early; it says what is missing.
var ErrTries = fault.New(fault.Conflict, "more-tries", "Before this can end as could not reach, it needs: {missing}.")

// try is one attempt that did not reach the person.
type try struct {
	channel string
	at      time.Time
}

// missingTries says in words what fair tries are still missing; empty when they
// are enough.
func missingTries(l words.Language, b bank.Bank, tries []try) []string {
	var out []string
	ways, daytimes := map[string]bool{}, map[string]bool{}
	var first, last time.Time
	for _, t := range tries {
		ways[t.channel], daytimes[daytime(b, t.at)] = true, true
		if first.IsZero() || t.at.Before(first) {
			first = t.at
		}
		if t.at.After(last) {
			last = t.at
		}
	}
	if n := int64(needTries - len(tries)); n > 0 {
		out = append(out, l.Count(n, "{n} more try", "{n} more tries"))
	}
	if len(ways) < needWays {
		out = append(out, l.Say(otherWay[only(ways)]))
	}
	if len(daytimes) < needDaytimes {
		out = append(out, l.Say(otherTime[only(daytimes)]))
	}
	switch {
	case len(tries) == 0:
		out = append(out, l.Say("{n} working days from the first try to the last", "n", needDays))
	case workingDays(b, first, last) < needDays:
		out = append(out, l.Say("a try on or after {day}", "day", day(l, b, b.AfterWorkingDays(noon(b, first), needDays))))
	}
	return out
}

// What is missing when all tries went one way, or were at one time of day.
var (
	otherWay = map[string]words.Text{"": "a try in another way", "phone": "a try in another way than by phone", "text": "a try in another way than by text message",
		"email": "a try in another way than by e-mail", "post": "a try in another way than by post", "someone": "a try in another way than through somebody",
		"visit": "a try in another way than by a visit"}
	otherTime = map[string]words.Text{"": "a try at another time of day", "morning": "a try at another time of day than in the morning",
		"afternoon": "a try at another time of day than in the afternoon", "evening": "a try at another time of day than in the evening"}
)

// only is the one key of a map that has one, else empty.
func only(m map[string]bool) string {
	if len(m) != 1 {
		return ""
	}
	return slices.Collect(maps.Keys(m))[0]
}

// noon moves t into office hours of its own day, so that counting days from it
// does not jump to the next opening.
func noon(b bank.Bank, t time.Time) time.Time {
	y, m, d := t.In(b.Location()).Date()
	return time.Date(y, m, d, 12, 0, 0, 0, b.Location())
}

// workingDays counts the working days after from's day up to and with to's.
func workingDays(b bank.Bank, from, to time.Time) int {
	n := 0
	for t, end := noon(b, from).AddDate(0, 0, 1), noon(b, to); !t.After(end); t = t.AddDate(0, 0, 1) {
		if b.IsWorkingDay(t) {
			n++
		}
	}
	return n
}

func daytime(b bank.Bank, t time.Time) string {
	switch h := t.In(b.Location()).Hour(); {
	case h < 12:
		return "morning"
	case h < 17:
		return "afternoon"
	}
	return "evening"
}

// tooFew refuses with ErrTries unless the tries are fair.
func tooFew(l words.Language, b bank.Bank, tries []try) error {
	if missing := missingTries(l, b, tries); len(missing) > 0 {
		return ErrTries.With("missing", strings.Join(missing, "; "))
	}
	return nil
}

// triesOf picks out of a referral's history the attempts that did not reach the
// person, since they last were reached.
func triesOf(events []Event) []try {
	var out []try
	for _, e := range events {
		if e.Kind != "attempt" {
			continue
		}
		if reached(*e.Channel, *e.Result) {
			out = nil
			continue
		}
		out = append(out, try{*e.Channel, *e.HappenedAt})
	}
	return out
}

// reached tells whether an attempt was a talk with the person themselves; a talk
// with whoever they are reached through is a try.
func reached(channel, result string) bool { return result == "spoke" && channel != "someone" }
