package ledger

import (
	"fmt"
	"time"
)

// Date is a day in the calendar, without a zone. The zero Date is no day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day on which t falls in the zone that t carries.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// ParseDate reads 2006-01-02. It refuses anything else, also days that do not
// exist.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("not a date: %w", err)
	}
	return DateOf(t), nil
}

// String is the date as 2006-01-02.
func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// IsZero reports whether d is no day at all.
func (d Date) IsZero() bool { return d == Date{} }

func (d Date) time() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// valid is false for days that do not exist and years a file could not mean.
func (d Date) valid() bool {
	return d.Year >= 1900 && d.Year <= 9999 && DateOf(d.time()) == d
}
