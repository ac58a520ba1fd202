package exchangefile

import (
	"fmt"
	"io"
	"strings"
)

// shown is how many lines of one kind the report prints before it only counts.
const shown = 30

// String is the difference as a report for a person.
func (d *Difference) String() string {
	var b strings.Builder
	d.Print(&b)
	return b.String()
}

// Print writes the report: the numbers first, then what asks for attention.
func (d *Difference) Print(w io.Writer) {
	p := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	p("%s: what the import brings", d.Bank.Name)
	p("")
	p("  %-34s %6s %6s %8s", "", "new", "here", "differ")
	t := d.tally()
	for _, row := range []struct {
		what string
		n    map[Standing]int
	}{
		{"members", t.members}, {"people who have left, unnamed", t.former}, {"offers", t.offers}, {"requests", t.requests},
		{"exchanges between members", t.help}, {"to or from the pot, gifts, others", t.other}, {"opening balances", t.openings},
	} {
		if row.n[New]+row.n[Here]+row.n[Differs] > 0 || row.what == "members" {
			p("  %-34s %6d %6d %8d", row.what, row.n[New], row.n[Here], row.n[Differs])
		}
	}
	p("  %-34s %6d", "rows left out", len(d.Skipped))
	d.printOpenings(w)
	d.printDiffers(w)
	var skipped []string
	for _, s := range d.Skipped {
		skipped = append(skipped, fmt.Sprintf("%s, row %d: %s", s.File, s.Row, s.Why))
	}
	printList(w, "Left out", skipped)
	printList(w, "Good to know", append(d.stages(), d.Notes...))
	if d.Empty() {
		p("\nEverything in these files is here already. There is nothing to do.")
	}
}

func (d *Difference) printOpenings(w io.Writer) {
	var lines []string
	for _, o := range d.Openings {
		if o.Standing == New {
			lines = append(lines, fmt.Sprintf("%s (%d): %s on %s", o.Member.Name, o.Member.UID, spoken(o.Minutes), o.On.Format("2 January 2006")))
		}
	}
	printList(w, "Opening balances: hours that the balances have beside these transfers", lines)
}

func (d *Difference) printDiffers(w io.Writer) {
	var lines []string
	add := func(what, differs string) { lines = append(lines, what+": "+differs) }
	for _, m := range d.Members {
		if m.Standing == Differs {
			add(fmt.Sprintf("%s (%d)", m.Name, m.UID), m.What)
		}
	}
	for _, l := range d.Listings {
		if l.Standing == Differs {
			add(fmt.Sprintf("“%s”", l.Title), l.What)
		}
	}
	for _, t := range d.Transfers {
		if t.Standing == Differs {
			add(fmt.Sprintf("transfers, row %d", t.Row), t.What)
		}
	}
	for _, o := range d.Openings {
		if o.Standing == Differs {
			add(fmt.Sprintf("opening balance of %s (%d), %s in the file", o.Member.Name, o.Member.UID, spoken(o.Minutes)), o.What)
		}
	}
	printList(w, "Differs from the file, and stays as it is here", lines)
}

// stages tells at which trust stage the new members begin.
func (d *Difference) stages() []string {
	n := map[string]int{}
	for _, m := range d.Members {
		if m.Standing == New && !m.Former {
			n[m.Stage]++
		}
	}
	if len(n) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("Trust stages are taken from what people have done: %d independent (helped three times or more), %d accompanied, %d met. Brokers can change them.",
		n["independent"], n["accompanied"], n["met"])}
}

func printList(w io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	for i, l := range lines {
		if i == shown {
			fmt.Fprintf(w, "  … and %d more\n", len(lines)-shown)
			break
		}
		fmt.Fprintf(w, "  - %s\n", l)
	}
}
