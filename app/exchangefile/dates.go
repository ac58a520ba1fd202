package exchangefile

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// DateOrder is how days written with slashes or dots are to be read.
type DateOrder string

// The orders. Days written year first need none.
const (
	OrderUndecided DateOrder = ""
	DayFirst       DateOrder = "day-first"
	MonthFirst     DateOrder = "month-first"
)

// ParseDateOrder reads what somebody chose; false when there is no such order.
func ParseDateOrder(s string) (DateOrder, bool) {
	o := DateOrder(s)
	return o, o == OrderUndecided || o == DayFirst || o == MonthFirst
}

// Moment is when something happened: an instant, or only a day when the file has
// no more (its time is then midnight UTC).
type Moment struct {
	At      time.Time
	DayOnly bool
}

// Day is the date on which m falls in a zone, as midnight UTC.
func (m Moment) Day(zone *time.Location) time.Time {
	t := m.At
	if !m.DayOnly {
		t = t.In(zone)
	}
	y, mo, d := t.Date()
	return time.Date(y, mo, d, 0, 0, 0, 0, time.UTC)
}

// text is m in the form that keys are made of.
func (m Moment) text() string {
	if m.DayOnly {
		return m.At.Format(time.DateOnly)
	}
	return m.At.UTC().Format(time.RFC3339)
}

// layouts of days that need no guessing. TimeOverflow writes the first.
var layouts = []string{
	"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -07:00",
	"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006/01/02 15:04:05",
}

var turned = regexp.MustCompile(`^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?: UTC)?)?$`)

// parseMoment reads a date. order is needed for days written with slashes.
func parseMoment(s string, order DateOrder) (Moment, bool) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\u00a0", " "))
	for _, f := range []string{time.DateOnly, "2006/01/02"} {
		if t, err := time.Parse(f, s); err == nil {
			return Moment{t, true}, sane(t)
		}
	}
	for _, f := range layouts {
		t, err := time.Parse(f, s)
		// Go takes any three letters for a zone and, not knowing it, for UTC.
		if err == nil && (!strings.HasSuffix(f, "MST") || strings.HasSuffix(s, " UTC") || strings.HasSuffix(s, " GMT")) {
			return Moment{t.UTC(), false}, sane(t)
		}
	}
	m := turned.FindStringSubmatch(s)
	if m == nil || order == OrderUndecided {
		return Moment{}, false
	}
	n := make([]int, 7)
	for i := 1; i < len(m); i++ {
		n[i], _ = strconv.Atoi(m[i])
	}
	day, month, year := n[1], n[2], n[3]
	if order == MonthFirst {
		day, month = month, day
	}
	if year < 100 {
		year += 2000
	}
	t := time.Date(year, time.Month(month), day, n[4], n[5], n[6], 0, time.UTC)
	if t.Day() != day || t.Month() != time.Month(month) || n[4] > 23 || n[5] > 59 || n[6] > 59 {
		return Moment{}, false
	}
	return Moment{t, m[4] == ""}, sane(t)
}

// sane refuses years that no time bank's file could mean.
func sane(t time.Time) bool { return t.Year() >= 1980 && t.Year() < 2200 }

// orderOf decides how the turned days of a file are to be read: chosen wins, else
// a number above 12 tells. It reports false when nothing does.
func orderOf(dates []string, chosen DateOrder) (DateOrder, bool) {
	if chosen != OrderUndecided {
		return chosen, true
	}
	day, month, any := false, false, false
	for _, s := range dates {
		m := turned.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		any = true
		first, _ := strconv.Atoi(m[1])
		second, _ := strconv.Atoi(m[2])
		day = day || first > 12
		month = month || second > 12
	}
	switch {
	case !any:
		return OrderUndecided, true
	case day && !month:
		return DayFirst, true
	case month && !day:
		return MonthFirst, true
	}
	return OrderUndecided, false
}
