package statement

import (
	"fmt"
	"time"

	"timebank/app/member"
	"timebank/app/platform/fault"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// ErrPeriod refuses a period that ends before it begins.
var ErrPeriod = fault.New(fault.Invalid, "period-turned-round", "The last day is before the first. Swap the two.")

// Period is the days of help to show, both included; zero is open.
type Period struct{ From, Until time.Time }

func (p Period) check() error {
	if !p.From.IsZero() && !p.Until.IsZero() && p.Until.Before(p.From) {
		return ErrPeriod.At("/until")
	}
	return nil
}

func (p Period) has(day time.Time) bool {
	return (p.From.IsZero() || !day.Before(p.From)) && (p.Until.IsZero() || !day.After(p.Until))
}

// In says the period: "1 January 2026 to 31 December 2026".
func (p Period) In(l words.Language) string {
	switch {
	case p.From.IsZero() && p.Until.IsZero():
		return l.Say("From the beginning")
	case p.From.IsZero():
		return l.Say("Up to {until}", "until", l.Date(p.Until))
	case p.Until.IsZero():
		return l.Say("From {from}", "from", l.Date(p.From))
	}
	return l.Say("{from} to {until}", "from", l.Date(p.From), "until", l.Date(p.Until))
}

// Line is one line, in words.
type Line struct {
	member.StatementLine
	Reader words.Language
	Day    time.Time // of the help
	What   string    // from the reader's side: "You helped Bill"
	Doing  string    // the kind of help: "a lift"; may be empty
}

// For says whether the minutes came to the reader or went from them.
func (l Line) For() string {
	if l.Minutes > 0 {
		return l.Reader.Say("{hours} for you", "hours", words.Minutes(l.Minutes))
	}
	return l.Reader.Say("{hours} from you", "hours", words.Minutes(-l.Minutes))
}

// After is what there is to use after the line. Below zero is no debt, and the
// words say so.
func (l Line) After() string {
	switch {
	case l.Balance > 0:
		return l.Reader.Say("{hours} to use", "hours", words.Minutes(l.Balance))
	case l.Balance < 0:
		return l.Reader.Say("{hours} more received than given", "hours", words.Minutes(-l.Balance))
	}
	return l.Reader.Say("even")
}

// Text is the whole line as one sentence.
func (l Line) Text() string {
	out := l.What
	if l.Doing != "" {
		out += ": " + l.Doing
	}
	if l.TakenBack() {
		out = l.Reader.Say("{what} (taken back later)", "what", out)
	}
	return out
}

// On is the day in words.
func (l Line) On() string { return l.Reader.Date(l.Day) }

// TakenBack tells whether a later line has undone this one.
func (l Line) TakenBack() bool { return l.Record.ReversedBy != [16]byte{} }

// what says what a line is from the reader's side. title is the name of a
// gathering, when it was one.
func what(reader words.Language, l member.StatementLine, title string) string {
	either := func(gained, lost words.Text, name string, nameless words.Text) string {
		if name == "" {
			name = reader.Say(nameless)
		}
		if l.Minutes > 0 {
			return reader.Say(gained, "name", name)
		}
		return reader.Say(lost, "name", name)
	}
	switch l.Record.Kind {
	case ledger.Exchange:
		return either("You helped {name}", "{name} helped you", l.With, "somebody")
	case ledger.Gathering:
		return either("You helped at {name}", "You came to {name}", title, "a gathering")
	case ledger.Gift:
		return either("A gift from {name}", "A gift to {name}", l.With, "somebody")
	case ledger.Donation:
		return reader.Say("You gave to the community pot")
	case ledger.Grant:
		return reader.Say("From the community pot")
	case ledger.Starting:
		return reader.Say("Hours to start with")
	case ledger.Reversal:
		return reader.Say("Taken back by the office")
	case ledger.BetweenBanks:
		return reader.Say("With another time bank")
	case ledger.Opening:
		return reader.Say("Brought over from before")
	}
	return reader.Say("A correction by the office")
}

// Paper is a statement to take away: all lines of a period, the oldest first.
type Paper struct {
	Reader      words.Language
	Bank, Phone string
	Member      member.Member
	Period      Period
	MadeOn      time.Time // a date
	Balance     int64     // now
	Gave, Had   int64     // minutes in the period, both above zero
	Lines       []Line
	Note        string       // on the language of the paper; empty for most
	Head        ledger.Block // the latest seal on the books: whoever keeps the paper keeps a copy of it
}

// Seal says which seal stood on the books; empty before the first.
func (p Paper) Seal() string {
	if p.Head.Height == 0 {
		return ""
	}
	return p.Reader.Say("Seal {number} of the books: {seal}", "number", p.Head.Height, "seal", fmt.Sprintf("%x", p.Head.Hash))
}

// Title is what the paper is called.
func (p Paper) Title() string {
	return p.Reader.Say("Hours of {who}, {bank}", "who", p.Member.Name, "bank", p.Bank)
}

// Heading stands above the paper.
func (p Paper) Heading() string { return p.Reader.Say("{who}: your hours", "who", p.Member.Name) }

// About says whose paper it is, of which days, and when it was printed.
func (p Paper) About() string {
	return p.Reader.Say("{bank}. {period}. Printed on {day}.", "bank", p.Bank, "period", p.Period, "day", p.Reader.Date(p.MadeOn))
}

// Stands is the balance in words.
func (p Paper) Stands() string {
	switch {
	case p.Balance > 0:
		return p.Reader.Say("You have {hours} to use.", "hours", words.Minutes(p.Balance))
	case p.Balance < 0:
		return p.Reader.Say("You have had {hours} more than you gave. That is fine.", "hours", words.Minutes(-p.Balance))
	}
	return p.Reader.Say("You are even: as much given as had.")
}

// Sums are the sums of the period in words.
func (p Paper) Sums() string {
	return p.Reader.Say("In this time: {gave} for you, {had} from you.", "gave", words.Minutes(p.Gave), "had", words.Minutes(p.Had))
}

// Wrong is whom to ring.
func (p Paper) Wrong() string {
	return p.Reader.Say("Is something wrong? Ring us: {phone}", "phone", p.Phone)
}

// Order says in what order the lines stand.
func (p Paper) Order() string {
	return p.Reader.Say("In the order in which it was written down, the oldest first.")
}

// Nothing stands in the place of lines.
func (p Paper) Nothing() string { return p.Reader.Say("No hours in this time.") }

// Columns are the headings of the lines.
func (p Paper) Columns() []string {
	return []string{p.Reader.Say("Day"), p.Reader.Say("What"), p.Reader.Say("Hours"), p.Reader.Say("Then")}
}
