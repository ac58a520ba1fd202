package words

import (
	"testing"
	"time"
)

func TestHoursAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for m, want := range map[int64]string{0: "no hours", 1: "1 minute", 30: "30 minutes", 60: "1 hour", 90: "1 hour 30 minutes", 121: "2 hours 1 minute", -45: "minus 45 minutes", 600: "10 hours"} {
		if got := Minutes(m).In(English); got != want {
			t.Errorf("Minutes(%d) = %q, want %q", m, got, want)
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
		if got := English.Moment(at, london); got != want {
			t.Errorf("Moment(%s) = %q, want %q", in, got, want)
		}
	}
}

func TestHoursAndTimesInEachLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		l       Language
		minutes Minutes
		want    string
	}{
		{"cy", 60, "1 awr"}, {"cy", 122, "2 awr 2 funud"}, {"cy", 90, "1 awr 30 munud"}, {"ur", 60, "1 گھنٹہ"}, {"ur", 150, "2 گھنٹے 30 منٹ"}, {"ur", 0, "0 گھنٹے"},
	} {
		if got := c.minutes.In(c.l); got != c.want {
			t.Errorf("%d minutes in %s: %q, want %q", c.minutes, c.l, got, c.want)
		}
	}
	at := time.Date(2026, 11, 24, 18, 30, 0, 0, time.UTC)
	for l, want := range map[Language]string{
		English: "Tuesday 24 November at 6:30pm", "cy": "dydd Mawrth 24 Tachwedd am 6:30yh", "ur": "منگل 24 نومبر، شام 6:30 بجے",
	} {
		if got := l.Moment(at, time.UTC); got != want {
			t.Errorf("%s: %q, want %q", l, got, want)
		}
	}
	if got := Language("ur").Say("Is something wrong? Ring us: {phone}", "phone", "01632 960 100"); got != "کچھ غلط ہے؟ ہمیں فون کریں: \u206601632 960 100\u2069" {
		t.Errorf("%q", got)
	}
	if got := English.Say("{a} and {b}", "a", "{b}", "b", "x"); got != "{b} and x" {
		t.Errorf("a value was filled as a place: %q", got)
	}
}
