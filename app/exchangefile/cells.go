package exchangefile

import (
	"fmt"
	"strings"
	"unicode"

	"timebank/app/platform/text"
)

// moment reads a date cell; nil when the file lacks it or it is blank.
func (r *reader) moment(file string, rec record, cols columns, f field, order DateOrder) *Moment {
	s := cols.get(rec, f)
	if s == "" || s == "-" {
		return nil
	}
	m, ok := parseMoment(s, order)
	if !ok {
		r.errs.add(file, rec.row, cols.label(f), "date", "This is no date. Write it as in the report: year-month-day and, where known, the time.")
		return nil
	}
	return &m
}

// dateOrder decides how a file's days with slashes are to be read. What is
// already refused elsewhere is not refused twice.
func (r *reader) dateOrder(file string, rows []record, cols columns, fields ...field) (DateOrder, bool) {
	var all []string
	first := 0
	for _, f := range fields {
		for _, rec := range rows {
			if s := cols.get(rec, f); turned.MatchString(s) {
				all = append(all, s)
				if first == 0 {
					first = rec.row
				}
			}
		}
	}
	order, ok := orderOf(all, r.Dates)
	if !ok {
		r.errs.add(file, first, cols.label(fields[0]), "date-order",
			"The dates can be read as day/month or as month/day. Say which with --dates day-first or --dates month-first, or download the report again: it writes the year first.")
	}
	return order, ok
}

// printable drops what cannot be shown, and folds spaces and line breaks.
func printable(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(c rune) rune {
		if text.Control(c) && !unicode.IsSpace(c) || text.Turns(c) || c == unicode.ReplacementChar {
			return -1
		}
		return c
	}, s)), " ")
}

// prose is printable that keeps its lines.
func prose(s string) string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		if p := printable(line); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n")
}

// clip shortens a text to n letters, with a sign that there was more.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n-1])) + "…"
}

// count writes "1 member has" or "3 members have".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
