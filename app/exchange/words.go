package exchange

import (
	"fmt"
	"time"
)

// Spoken writes minutes as a person says them: "1 hour 30 minutes".
func Spoken(minutes int64) string {
	if minutes < 0 {
		return "minus " + Spoken(-minutes)
	}
	h, m := minutes/60, minutes%60
	unit := func(n int64, word string) string {
		if n == 1 {
			return "1 " + word
		}
		return fmt.Sprintf("%d %ss", n, word)
	}
	switch {
	case h == 0:
		return unit(m, "minute")
	case m == 0:
		return unit(h, "hour")
	}
	return unit(h, "hour") + " " + unit(m, "minute")
}

// SpokenTime writes an instant as a person says it, in a zone: "Tuesday 24
// November at 10am".
func SpokenTime(t time.Time, zone *time.Location) string {
	t = t.In(zone)
	clock := t.Format("3:04pm")
	switch {
	case t.Minute() == 0 && t.Hour() == 12:
		clock = "midday"
	case t.Minute() == 0:
		clock = t.Format("3pm")
	}
	return t.Format("Monday 2 January") + " at " + clock
}
