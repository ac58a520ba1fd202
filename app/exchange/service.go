package exchange

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/message"
	"timebank/app/platform/clock"
)

// Service is the use cases of exchanges.
type Service struct {
	Pool    *bun.DB
	Clock   clock.Clock
	Message *message.Service
	URL     string // where people reach the product; links in messages begin with it
	// Sign makes the seal of a link that confirms without signing in.
	Sign func(purpose, of string) []byte
	// Asked and Answered keep the log of who was asked for a request and what
	// they said; matching owns it.
	Asked    func(ctx context.Context, tx bun.IDB, a identity.Actor, request listing.Listing, helper, exchange uuid.UUID) error
	Answered func(ctx context.Context, tx bun.IDB, bank, exchange uuid.UUID, yes bool, now time.Time) error
	// Gatherings lists what a member has a place at or waits for, and Gifts what they
	// are offered, for their first page.
	Gatherings func(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) ([]Outing, error)
	Gifts      func(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) ([]Present, error)
	// TookPart hears of the members whose hours were settled; referral follows
	// people to their first exchange by it.
	TookPart func(ctx context.Context, tx bun.IDB, a identity.Actor, members ...uuid.UUID) error
	// Awaited is, as part of another question, whether TookPart has anything to do for
	// one of the members that stand in these columns.
	Awaited func(tx bun.IDB, bank uuid.UUID, columns ...bun.Safe) *bun.SelectQuery
}

// The messages this slice sends; words.go of each template is in messages.go.
const (
	TellAsked   = "asked-to-help"
	TellAgreed  = "help-agreed"
	TellConfirm = "hours-to-confirm"
	TellRemind  = "tomorrow"
	TellOff     = "called-off"
	TellRight   = "hours-put-right"
	TellTime    = "another-time"
	TellKept    = "time-kept"
	TellEnded   = "arrangement-ended"
	TellThanks  = "thanks"
	TellLetter  = "letter"
)

// tell writes the same message to the members of these sides.
func (s *Service) tell(ctx context.Context, x *act, sides []Side, template, key string) error {
	for _, side := range sides {
		to := x.e.HelperID
		if side == Helped {
			to = x.e.HelpedID
		}
		err := s.Message.Write(ctx, x.tx, message.To{Bank: x.a.Bank, Member: to, Template: template, Subject: x.e.ID, Key: key, CallBy: callBy(x, template)})
		if err != nil {
			return err
		}
	}
	return nil
}

// callBy is when somebody without e-mail should have been rung: on the next
// working day, but always in good time before the meeting, and for a reminder
// today, since tomorrow may be a Sunday.
func callBy(x *act, template string) time.Time {
	due := x.a.Bank.AfterWorkingDays(x.now, 1)
	if template == TellRemind {
		due = x.a.Bank.Closing(x.now)
	}
	if at := x.e.StartsAt; at != nil && at.After(x.now) && at.Add(-2*time.Hour).Before(due) {
		due = at.Add(-2 * time.Hour)
	}
	if due.Before(x.now) {
		return x.now
	}
	return due
}
