package bank

import (
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/gb"
)

// Office hours by which clocks in working hours run. A bank's brokers may keep
// others for the phone; a promise made to a surgery is counted by these.
const (
	opens  = 9
	closes = 17
)

// holidays of the three calendars of the United Kingdom. Dates in each year come
// from the cal library; what it lacks for Scotland and Northern Ireland is added.
var holidays = map[string][]*cal.Holiday{
	"england-wales": gb.Holidays,
	"scotland": append(without(gb.Holidays, gb.EasterMonday, gb.SummerHoliday), gb.SummerHolidayScotland,
		&cal.Holiday{Name: "2 January", Month: time.January, Day: 2, Func: cal.CalcDayOfMonth, Observed: []cal.AltDay{
			{Day: time.Saturday, Offset: 2}, {Day: time.Sunday, Offset: 2}, {Day: time.Monday, Offset: 1}}},
		&cal.Holiday{Name: "St Andrew's Day", Month: time.November, Day: 30, Func: cal.CalcDayOfMonth, Observed: weekend}),
	"northern-ireland": append(gb.Holidays[:len(gb.Holidays):len(gb.Holidays)],
		&cal.Holiday{Name: "St Patrick's Day", Month: time.March, Day: 17, Func: cal.CalcDayOfMonth, Observed: weekend},
		&cal.Holiday{Name: "Battle of the Boyne", Month: time.July, Day: 12, Func: cal.CalcDayOfMonth, Observed: weekend}),
}

var weekend = []cal.AltDay{{Day: time.Saturday, Offset: 2}, {Day: time.Sunday, Offset: 1}}

func without(all []*cal.Holiday, drop ...*cal.Holiday) []*cal.Holiday {
	var out []*cal.Holiday
next:
	for _, h := range all {
		for _, d := range drop {
			if h == d {
				continue next
			}
		}
		out = append(out, h)
	}
	return out
}

// IsWorkingDay tells whether the day of t, in the bank's zone, is Monday to
// Friday and no bank holiday of its nation.
func (b Bank) IsWorkingDay(t time.Time) bool {
	t = t.In(b.Location())
	if t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		return false
	}
	for _, h := range holidays[b.Nation] {
		if _, observed := h.Calc(t.Year()); observed.Month() == t.Month() && observed.Day() == t.Day() {
			return false
		}
	}
	return true
}

// AfterWorkingDays is the instant n working days after t: the same time of day,
// in the bank's zone, on the nth working day that follows. What comes in outside
// office hours counts as come in at the next opening.
func (b Bank) AfterWorkingDays(t time.Time, n int) time.Time {
	t = b.nextOpening(t)
	for n > 0 {
		t = t.AddDate(0, 0, 1)
		if b.IsWorkingDay(t) {
			n--
		}
	}
	return t.UTC()
}

// Closing is when the office closes on the day of t, in the bank's zone.
func (b Bank) Closing(t time.Time) time.Time {
	t = t.In(b.Location())
	return time.Date(t.Year(), t.Month(), t.Day(), closes, 0, 0, 0, t.Location()).UTC()
}

// nextOpening is t itself inside office hours, else when they next begin.
func (b Bank) nextOpening(t time.Time) time.Time {
	t = t.In(b.Location())
	at := func(d time.Time) time.Time {
		return time.Date(d.Year(), d.Month(), d.Day(), opens, 0, 0, 0, d.Location())
	}
	switch {
	case b.IsWorkingDay(t) && t.Hour() < opens:
		return at(t)
	case b.IsWorkingDay(t) && t.Hour() < closes:
		return t
	}
	for t = t.AddDate(0, 0, 1); !b.IsWorkingDay(t); t = t.AddDate(0, 0, 1) {
	}
	return at(t)
}
