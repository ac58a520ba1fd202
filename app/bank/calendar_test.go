package bank

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestWorkingDaysOfEachNation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		day    string
		nation string
		works  bool
	}{
		{"2026-11-23", "england-wales", true},
		{"2026-11-22", "england-wales", false}, // Sunday
		{"2026-12-25", "england-wales", false},
		{"2026-12-28", "england-wales", false}, // Boxing Day 2026 is a Saturday
		{"2026-04-06", "england-wales", false}, // Easter Monday
		{"2026-04-06", "scotland", true},
		{"2026-08-31", "england-wales", false},
		{"2026-08-31", "scotland", true},
		{"2026-08-03", "scotland", false},
		{"2026-01-02", "scotland", false},
		{"2026-01-02", "england-wales", true},
		{"2026-11-30", "scotland", false},
		{"2026-03-17", "northern-ireland", false},
		{"2026-07-13", "northern-ireland", false}, // the 12th is a Sunday
		{"2026-07-13", "england-wales", true},
	} {
		b := Bank{Zone: "Europe/London", Nation: c.nation}
		d, err := time.ParseInLocation("2006-01-02", c.day, b.Location())
		if err != nil {
			t.Fatal(err)
		}
		if got := b.IsWorkingDay(d.Add(12 * time.Hour)); got != c.works {
			t.Errorf("%s in %s: working day %v, want %v", c.day, c.nation, got, c.works)
		}
	}
}

func TestClocksInWorkingDays(t *testing.T) {
	t.Parallel()
	b := Bank{Zone: "Europe/London", Nation: "england-wales"}
	for _, c := range []struct {
		name, from string
		days       int
		want       string
	}{
		{"in office hours keeps the time of day", "2026-11-23T10:30:00Z", 1, "2026-11-24T10:30:00Z"},
		{"Friday afternoon goes over the weekend", "2026-11-27T15:00:00Z", 2, "2026-12-01T15:00:00Z"},
		{"Saturday night counts from Monday 9am", "2026-11-21T21:00:00Z", 1, "2026-11-24T09:00:00Z"},
		{"early morning counts from 9am", "2026-11-23T06:00:00Z", 1, "2026-11-24T09:00:00Z"},
		{"evening counts from the next day", "2026-11-23T17:00:00Z", 1, "2026-11-25T09:00:00Z"},
		{"Christmas is jumped", "2026-12-24T10:00:00Z", 1, "2026-12-29T10:00:00Z"},
		{"clocks go forward: same time on the wall", "2026-03-27T10:00:00Z", 1, "2026-03-30T09:00:00Z"},
		{"clocks go back: same time on the wall", "2026-10-23T09:00:00Z", 1, "2026-10-26T10:00:00Z"},
		{"no days is the next opening", "2026-11-22T12:00:00Z", 0, "2026-11-23T09:00:00Z"},
	} {
		from, _ := time.Parse(time.RFC3339, c.from)
		if got := b.AfterWorkingDays(from, c.days).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s + %d working days = %s, want %s", c.name, c.from, c.days, got, c.want)
		}
	}
}
