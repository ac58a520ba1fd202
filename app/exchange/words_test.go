package exchange

import (
	"testing"
	"time"
)

func TestHoursAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for m, want := range map[int64]string{0: "0 minutes", 1: "1 minute", 30: "30 minutes", 60: "1 hour", 90: "1 hour 30 minutes", 121: "2 hours 1 minute", -45: "minus 45 minutes", 600: "10 hours"} {
		if got := Spoken(m); got != want {
			t.Errorf("Spoken(%d) = %q, want %q", m, got, want)
		}
	}
}

func TestTimesAreInTheBanksZone(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"2026-11-24T10:00:00Z": "Tuesday 24 November at 10am",
		"2026-07-07T11:00:00Z": "Tuesday 7 July at midday",
		"2026-11-24T14:30:00Z": "Tuesday 24 November at 2:30pm",
	} {
		at, _ := time.Parse(time.RFC3339, in)
		if got := SpokenTime(at, london); got != want {
			t.Errorf("SpokenTime(%s) = %q, want %q", in, got, want)
		}
	}
}
