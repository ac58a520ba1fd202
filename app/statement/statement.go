package statement

import (
	"fmt"
	"time"

	"timebank/app/exchange"
	"timebank/app/member"
	"timebank/app/platform/fault"
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

// Words say the period: "1 January 2026 to 31 December 2026".
func (p Period) Words() string {
	const form = "2 January 2006"
	switch {
	case p.From.IsZero() && p.Until.IsZero():
		return "From the beginning"
	case p.From.IsZero():
		return "Up to " + p.Until.Format(form)
	case p.Until.IsZero():
		return "From " + p.From.Format(form)
	}
	return p.From.Format(form) + " to " + p.Until.Format(form)
}

// Line is one line, in words.
type Line struct {
	member.StatementLine
	Day   time.Time // of the help
	What  string    // from the reader's side: "You helped Bill"
	Doing string    // the kind of help: "a lift"; may be empty
}

// For says whether the minutes came to the reader or went from them.
func (l Line) For() string {
	if l.Minutes > 0 {
		return exchange.Spoken(int64(l.Minutes)) + " for you"
	}
	return exchange.Spoken(-int64(l.Minutes)) + " from you"
}

// After is what there is to use after the line.
func (l Line) After() string { return stand(int64(l.Balance)) }

// stand says a balance. Below zero is no debt, and the words say so.
func stand(minutes int64) string {
	switch {
	case minutes > 0:
		return exchange.Spoken(minutes) + " to use"
	case minutes < 0:
		return exchange.Spoken(-minutes) + " more had than given"
	}
	return "even"
}

// Text is the whole line as one sentence.
func (l Line) Text() string {
	out := l.What
	if l.Doing != "" {
		out += ": " + l.Doing
	}
	if l.TakenBack() {
		out += " (taken back later)"
	}
	return out
}

// TakenBack tells whether a later line has undone this one.
func (l Line) TakenBack() bool { return l.Record.ReversedBy != [16]byte{} }

// what says what a line is from the reader's side. title is the name of a
// gathering, when it was one.
func what(l member.StatementLine, title string) string {
	gained := l.Minutes > 0
	either := func(yes, no string) string {
		if gained {
			return yes
		}
		return no
	}
	with := l.With
	if with == "" {
		with = "somebody"
	}
	switch l.Record.Kind {
	case ledger.Exchange:
		return either("You helped "+with, with+" helped you")
	case ledger.Gathering:
		if title == "" {
			title = "a gathering"
		}
		return either("You helped at "+title, "You came to "+title)
	case ledger.Gift:
		return either("A gift from "+with, "A gift to "+with)
	case ledger.Donation:
		return "You gave to the community pot"
	case ledger.Grant:
		return "From the community pot"
	case ledger.Starting:
		return "Hours to start with"
	case ledger.Reversal:
		return "Taken back by the office"
	case ledger.BetweenBanks:
		return "With another time bank"
	case ledger.Opening:
		return "Brought over from before"
	}
	return "A correction by the office"
}

// Paper is a statement to take away: all lines of a period, the oldest first.
type Paper struct {
	Bank, Phone string
	Member      member.Member
	Period      Period
	MadeOn      time.Time // a date
	Balance     int64     // now
	Gave, Had   int64     // minutes in the period, both above zero
	Lines       []Line
	Head        ledger.Block // the latest seal on the books: whoever keeps the paper keeps a copy of it
}

// Seal says which seal stood on the books; empty before the first.
func (p Paper) Seal() string {
	if p.Head.Height == 0 {
		return ""
	}
	return fmt.Sprintf("Seal %d of the books: %x", p.Head.Height, p.Head.Hash)
}

// Title is what the paper is called.
func (p Paper) Title() string { return fmt.Sprintf("Hours of %s, %s", p.Member.Name, p.Bank) }

// Stands is the balance in words.
func (p Paper) Stands() string {
	switch {
	case p.Balance > 0:
		return "You have " + exchange.Spoken(p.Balance) + " to use."
	case p.Balance < 0:
		return "You have had " + exchange.Spoken(-p.Balance) + " more than you gave. That is fine."
	}
	return "You are even: as much given as had."
}

// Sums are the sums of the period in words.
func (p Paper) Sums() string {
	return fmt.Sprintf("In this time: %s for you, %s from you.", spoken(p.Gave), spoken(p.Had))
}

func spoken(minutes int64) string {
	if minutes == 0 {
		return "no hours"
	}
	return exchange.Spoken(minutes)
}
