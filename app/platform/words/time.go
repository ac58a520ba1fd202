package words

import (
	"fmt"
	"strings"
	"time"
)

// Minutes is a length of time as a person says it: "1 hour 30 minutes".
type Minutes int64

// In says the minutes in a language.
func (m Minutes) In(l Language) string {
	if m == 0 {
		return l.Say("no hours")
	}
	if m < 0 {
		return l.Say("minus {hours}", "hours", -m)
	}
	h, rest := int64(m/60), int64(m%60)
	switch {
	case h == 0:
		return l.Count(rest, "{n} minute", "{n} minutes")
	case rest == 0:
		return l.Count(h, "{n} hour", "{n} hours")
	}
	return l.Count(h, "{n} hour", "{n} hours") + " " + l.Count(rest, "{n} minute", "{n} minutes")
}

const (
	months   Text = "January|February|March|April|May|June|July|August|September|October|November|December"
	short    Text = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
	clocks   Text = "{clock}am|{clock}pm|{clock}pm" // before midday, before six, in the evening
	weekdays Text = "Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday"
)

func (l Language) named(names Text, at int) string { return strings.Split(l.Say(names), "|")[at] }

// Weekday is the name of a day of the week.
func (l Language) Weekday(d time.Weekday) string { return l.named(weekdays, int(d)) }

// Day says a day of these weeks: "Tuesday 24 November".
func (l Language) Day(t time.Time) string {
	return l.Say("{weekday} {day} {month}", "weekday", l.Weekday(t.Weekday()), "day", t.Day(), "month", l.named(months, int(t.Month())-1))
}

// Date says a day of any year: "24 November 2026".
func (l Language) Date(t time.Time) string { return l.date(months, t) }

// ShortDate is Date for narrow columns: "24 Nov 2026".
func (l Language) ShortDate(t time.Time) string { return l.date(short, t) }

func (l Language) date(names Text, t time.Time) string {
	return l.Say("{day} {month} {year}", "day", t.Day(), "month", l.named(names, int(t.Month())-1), "year", t.Year())
}

// Clock says the time of day: "10am", "2:30pm", "midday".
func (l Language) Clock(t time.Time) string {
	hour, minute := t.Hour(), t.Minute()
	if minute == 0 && hour == 0 {
		return l.Say("midnight")
	}
	if minute == 0 && hour == 12 {
		return l.Say("midday")
	}
	clock := fmt.Sprint((hour+11)%12 + 1)
	if minute != 0 {
		clock += fmt.Sprintf(":%02d", minute)
	}
	part := 0
	if hour >= 12 {
		part++
	}
	if hour >= 18 {
		part++
	}
	return l.fill(l.named(clocks, part), []any{"clock", clock})
}

// Moment says an instant in a zone: "Tuesday 24 November at 10am".
func (l Language) Moment(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	return l.Say("{day} at {time}", "day", l.Day(t), "time", l.Clock(t))
}
