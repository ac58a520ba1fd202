package referral

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
)

// The clocks of a referral, each a promise.
const (
	Acknowledge  = "acknowledge"   // say that we have it
	FirstAttempt = "first-attempt" // try to reach them
	SpokenTo     = "spoken-to"     // speak with them
)

// promises are the working days from submission that each clock allows.
var promises = []struct {
	clock string
	days  int
}{{Acknowledge, 1}, {FirstAttempt, 2}, {SpokenTo, 5}}

// Clock is one promise and how it went. Its due time is counted once, at the
// start, so that a later change of calendar moves no promise that was given.
type Clock struct {
	bun.BaseModel `bun:"table:referral_clock"`

	BankID      uuid.UUID  `bun:"bank_id"`
	ReferralID  uuid.UUID  `bun:"referral_id"`
	Name        string     `bun:"clock"`
	StartedAt   time.Time  `bun:"started_at"`
	DueAt       time.Time  `bun:"due_at"`
	MetAt       *time.Time `bun:"met_at"`
	EscalatedAt *time.Time `bun:"escalated_at"`
}

func startClocks(b bank.Bank, referral uuid.UUID, at time.Time) []Clock {
	out := make([]Clock, len(promises))
	for i, p := range promises {
		out[i] = Clock{BankID: b.ID, ReferralID: referral, Name: p.clock, StartedAt: at, DueAt: b.AfterWorkingDays(at, p.days)}
	}
	return out
}

// late tells whether the clock has run out and is still not met.
func (c Clock) late(now time.Time) bool { return c.MetAt == nil && !now.Before(c.DueAt) }

// state is how a clock stands, for a screen.
func (c Clock) state(now time.Time) string {
	switch {
	case c.MetAt != nil && c.MetAt.After(c.DueAt):
		return "met-late"
	case c.MetAt != nil:
		return "met"
	case c.late(now):
		return "overdue"
	}
	return "running"
}

func named(clocks []Clock, name string) Clock {
	for _, c := range clocks {
		if c.Name == name {
			return c
		}
	}
	return Clock{}
}

// latest is the gravest promise broken: the first in order that ran out. ok is
// false when none has, or the referral rests or is closed.
func latest(r Referral, clocks []Clock, now time.Time) (name string, ok bool) {
	if r.State.closed() || r.State == Paused {
		return "", false
	}
	for _, p := range promises {
		if c := named(clocks, p.clock); !c.StartedAt.IsZero() && c.late(now) {
			return p.clock, true
		}
	}
	return "", false
}

// nextTask is what a broker must do next for an open referral, and by when. A
// clock that runs out earlier than the step itself is when it is due.
func nextTask(b bank.Bank, r Referral, clocks []Clock, now time.Time) (kind string, due time.Time) {
	kind = desk.RingReferred
	switch r.State {
	case Submitted:
		return desk.AnswerReferral, named(clocks, Acknowledge).DueAt
	case Acknowledged:
		kind, due = desk.AnswerReferral, b.AfterWorkingDays(now, 1)
	case NeedsInfo: // after a working week the broker decides with what there is
		kind, due = desk.AnswerReferral, b.AfterWorkingDays(now, 5)
	case ConversationBooked:
		return kind, *r.ConversationAt
	case Paused:
		return kind, opening(b, *r.ResumeOn)
	case ConversationDone:
		due = b.AfterWorkingDays(now, 10)
	case Joined, Reviewed: // two weeks to a first swap or group; two weeks to a last word
		due = b.AfterWorkingDays(now.AddDate(0, 0, 14), 0)
	case FirstExchange: // look back together after twelve weeks
		due = b.AfterWorkingDays(now.AddDate(0, 0, 84), 0)
	default: // Accepted, Contacting: the next try
		due = b.AfterWorkingDays(now, 2)
	}
	for _, c := range clocks {
		if c.MetAt == nil && c.DueAt.After(now) && c.DueAt.Before(due) {
			due = c.DueAt
		}
	}
	return kind, due
}

// opening is when work begins on a day that is stored as midnight UTC.
func opening(b bank.Bank, day time.Time) time.Time {
	y, m, d := day.Date()
	return b.AfterWorkingDays(time.Date(y, m, d, 0, 0, 0, 0, b.Location()), 0)
}

// workingMinutes counts the minutes of office hours between two instants. Where
// a day opens and closes is asked of the bank's calendar, so that this cannot
// drift from the clocks.
func workingMinutes(b bank.Bank, from, to time.Time) int {
	var sum time.Duration
	for t := b.AfterWorkingDays(from, 0); t.Before(to); {
		shut := closing(b, t)
		sum += minTime(shut, to).Sub(t)
		t = b.AfterWorkingDays(shut, 0)
	}
	return int(sum / time.Minute)
}

// closing is the end of the office day that t lies in: the first full hour from
// which the calendar would wait for another opening.
func closing(b bank.Bank, t time.Time) time.Time {
	local := t.In(b.Location())
	for h := local.Hour() + 1; ; h++ {
		end := time.Date(local.Year(), local.Month(), local.Day(), h, 0, 0, 0, b.Location())
		if !b.AfterWorkingDays(end, 0).Equal(end) {
			return end.UTC()
		}
	}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
