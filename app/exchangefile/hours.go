package exchangefile

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Unit is what a bare number of time counts.
type Unit string

// The units. Times written with a colon speak for themselves.
const (
	Undecided Unit = ""
	Seconds   Unit = "seconds"
	Minutes   Unit = "minutes"
	Hours     Unit = "hours"
)

// ParseUnit reads what somebody chose; false when there is no such unit.
func ParseUnit(s string) (Unit, bool) {
	u := Unit(s)
	return u, slices.Contains([]Unit{Undecided, Seconds, Minutes, Hours}, u)
}

// maxMinutes is more than a century of anybody's help: what is beyond it is a
// mistake of units.
const maxMinutes = 100_000_000

var (
	clockTime = regexp.MustCompile(`^([+-]?)(\d{1,6}):([0-5]\d)(?::([0-5]\d))?$`)
	number    = regexp.MustCompile(`^[+-]?\d{1,12}(?:[.,]\d{1,6})?$`)
)

// amount is a time as written: either minutes, known for sure, or a bare number.
type amount struct {
	sure    bool
	minutes int64   // when sure
	bare    float64 // when not
	decimal bool    // the bare number has decimals, or room for them
	odd     bool    // seconds were cut off
}

// parseAmount reads "1:30", "1:30:00" as spreadsheets make of it, "5400", "1.5".
// What the reports print for no time at all is zero.
func parseAmount(s string) (amount, bool) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\u00a0", ""), "−", "-")
	switch s {
	case "", "-", "–", "—", "&mdash;":
		return amount{sure: true}, true
	}
	if m := clockTime.FindStringSubmatch(s); m != nil {
		h, _ := strconv.ParseInt(m[2], 10, 64)
		min, _ := strconv.ParseInt(m[3], 10, 64)
		a := amount{sure: true, minutes: 60*h + min, odd: m[4] != "" && m[4] != "00"}
		if m[1] == "-" {
			a.minutes = -a.minutes
		}
		return a, a.minutes <= maxMinutes
	}
	if !number.MatchString(s) {
		return amount{}, false
	}
	f, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	return amount{bare: f, decimal: strings.ContainsAny(s, ".,")}, err == nil
}

// in is the amount in whole minutes, by the unit of its column. odd tells that
// it was no whole minute and was cut towards zero as TimeOverflow's screens do,
// or, for hours with two decimals, rounded back to the minute they came from.
func (a amount) in(u Unit) (minutes int64, odd, ok bool) {
	if a.sure {
		return a.minutes, a.odd, true
	}
	var f float64
	switch u {
	case Seconds:
		f = math.Trunc(a.bare / 60)
		odd = f*60 != a.bare
	case Minutes:
		f = math.Trunc(a.bare)
		odd = f != a.bare
	case Hours:
		f = math.Round(a.bare * 60)
		odd = math.Abs(f-a.bare*60) > 0.31 // two decimals of an hour are 0.6 of a minute
	default:
		return 0, false, a.bare == 0
	}
	return int64(f), odd, math.Abs(f) <= maxMinutes
}

// unitOf decides what the bare numbers of a column count. chosen wins; decimals
// can only be hours; known pairs a number with the minutes it must be worth, and
// a unit that fits more of those than any other is taken. At last, whole numbers
// of 60 of which one is above limit (which as minutes nobody would believe), and
// three or more that are all quarter hours of seconds, can only be seconds. It
// reports false when two readings are left.
func unitOf(all []amount, chosen Unit, known map[int]int64, limit float64) (Unit, bool) {
	if chosen != Undecided {
		return chosen, true
	}
	sixties, quarters, biggest, bare := true, true, 0.0, 0
	for _, a := range all {
		if a.sure || a.bare == 0 {
			continue
		}
		if a.decimal {
			return Hours, true
		}
		bare++
		sixties = sixties && math.Mod(a.bare, 60) == 0
		quarters = quarters && math.Mod(a.bare, 900) == 0
		biggest = max(biggest, math.Abs(a.bare))
	}
	if bare == 0 {
		return Seconds, true // only noughts: any unit does
	}
	votes := map[Unit]int{}
	for i, a := range all {
		want, ok := known[i]
		if !ok || a.sure || want == 0 {
			continue
		}
		for _, u := range []Unit{Seconds, Minutes, Hours} {
			if m, _, ok := a.in(u); ok && m == want {
				votes[u]++
			}
		}
	}
	for u, n := range votes {
		if others := votes[Seconds] + votes[Minutes] + votes[Hours] - n; n > others {
			return u, true
		}
	}
	return Seconds, sixties && biggest > limit || quarters && bare >= 3
}

// spoken writes minutes for the report: "2 h 30 min".
func spoken(m int64) string {
	sign := ""
	if m < 0 {
		sign, m = "−", -m
	}
	switch h, min := m/60, m%60; {
	case h == 0:
		return sign + strconv.FormatInt(min, 10) + " min"
	case min == 0:
		return sign + strconv.FormatInt(h, 10) + " h"
	default:
		return sign + strconv.FormatInt(h, 10) + " h " + strconv.FormatInt(min, 10) + " min"
	}
}
