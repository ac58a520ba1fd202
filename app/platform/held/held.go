// Package held is the form in which slices tell a person what is kept about them.
//
// A section names the tables it answers for, so that a test can find the table
// that nobody answers for. It reads in the caller's transaction and writes
// nothing. Every value is text that a person can read and a program can compare:
// times as 2026-11-23 10:00 in the bank's own zone, minutes as whole numbers. Times
// are said in words beside it.
package held

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/words"
)

// Subject is whose data is asked for, in one bank.
type Subject struct {
	Bank   uuid.UUID
	Person uuid.UUID
	Member uuid.UUID // nil: staff who are no members
	Zone   *time.Location
	Now    time.Time
}

// Field is one value with its name for programs and its words for people.
type Field struct {
	Key   string     `json:"key"`
	Label words.Text `json:"label"`
	Value string     `json:"value"`
	Says  string     `json:"says,omitempty" doc:"The value as a person says it, where that differs: 26 November 2026 at 9:30am"`

	at  time.Time // what Says is of, if anything
	day bool      // without a time of day
}

// Item is one row: one role, one message, one exchange.
type Item []Field

// In is the row with its words for a reader of l. The values stay as they are, and a
// time is said beside its value.
func (i Item) In(l words.Language) Item {
	out := make(Item, len(i))
	for n, f := range i {
		out[n] = f
		out[n].Label = words.Text(l.Say(f.Label))
		switch {
		case f.at.IsZero():
		case f.day:
			out[n].Says = l.Date(f.at)
		default:
			out[n].Says = l.Say("{day} at {time}", "day", l.Date(f.at), "time", l.Clock(f.at))
		}
	}
	return out
}

// Section is one heading of what is held.
type Section struct {
	Name   string     // stable, for programs: "messages"
	Title  words.Text // "What we sent you"
	Tables []string   // that it answers for, with their schema
	Read   func(ctx context.Context, tx bun.IDB, s Subject) (items []Item, note words.Text, err error)
}

// F is a field of text; an empty one says so.
func F(key string, label words.Text, value string) Field {
	if value == "" {
		value = "–"
	}
	return Field{Key: key, Label: label, Value: value}
}

// Opt is a field of text that may be missing.
func Opt(key string, label words.Text, value *string) Field {
	if value == nil {
		return F(key, label, "")
	}
	return F(key, label, *value)
}

// N is a field with a number.
func N[T ~int | ~int64](key string, label words.Text, n T) Field {
	return Field{Key: key, Label: label, Value: strconv.FormatInt(int64(n), 10)}
}

// T is a field with an instant; zero is none.
func (s Subject) T(key string, label words.Text, t time.Time) Field {
	if t.IsZero() {
		return F(key, label, "")
	}
	t = t.In(s.Zone)
	return Field{Key: key, Label: label, Value: t.Format("2006-01-02 15:04"), at: t}
}

// OptT is a field with an instant that may be missing.
func (s Subject) OptT(key string, label words.Text, t *time.Time) Field {
	if t == nil {
		return F(key, label, "")
	}
	return s.T(key, label, *t)
}

// Day is a field with a calendar day; nil is none.
func Day(key string, label words.Text, t *time.Time) Field {
	if t == nil || t.IsZero() {
		return F(key, label, "")
	}
	return Field{Key: key, Label: label, Value: t.Format(time.DateOnly), at: *t, day: true}
}

// Has tells whether any of the values is true of the subject's membership: a
// section of membership is empty for staff who are no members.
func (s Subject) Has() bool { return s.Member != uuid.Nil }
