package exchange

import (
	"slices"

	"github.com/google/uuid"

	"timebank/app/platform/fault"
)

// State of an exchange.
type State string

// The states.
const (
	New       State = "new" // before the first row
	Proposed  State = "proposed"
	Agreed    State = "agreed"
	Done      State = "done"
	Settled   State = "settled"
	Disputed  State = "disputed"
	Cancelled State = "cancelled"
	Expired   State = "expired"
)

// Side is as what somebody acts in an exchange.
type Side string

// The sides.
const (
	Helper Side = "helper"
	Helped Side = "helped"
	Broker Side = "broker"
	System Side = "system"
)

// moves is the state table: from, to, and who may.
var moves = map[State]map[State][]Side{
	New:      {Proposed: {Helper, Helped, Broker}, Done: {Helper, Helped, Broker}, Agreed: {System}},
	Proposed: {Proposed: {Helper, Helped, Broker}, Agreed: {Helper, Helped, Broker}, Cancelled: {Helper, Helped, Broker}, Expired: {System}},
	Agreed:   {Agreed: {Helper, Helped, Broker}, Done: {Helper, Helped, Broker}, Cancelled: {Helper, Helped, Broker}},
	Done:     {Settled: {Helper, Helped, Broker, System}, Disputed: {Helper, Helped, Broker}},
	Disputed: {Settled: {Broker}, Cancelled: {Broker}},
}

var (
	// ErrNoExchange refuses an exchange that does not exist or is another's to know.
	ErrNoExchange = fault.New(fault.NotFound, "no-such-exchange", "We cannot find this.")
	// ErrMove refuses a move that the table does not have: most often somebody else was first.
	ErrMove = fault.New(fault.Conflict, "not-now", "This has changed since you looked. Please look again at how it stands now.")
	// ErrNotYourTurn refuses to answer for the other side.
	ErrNotYourTurn = fault.New(fault.Conflict, "not-your-turn", "The other person has to answer this.")
	// ErrSamePerson refuses an exchange of a member with themselves.
	ErrSamePerson = fault.New(fault.Invalid, "same-person", "The helper and the person helped must be two different people.")
	// ErrMinutes refuses a time that is no quarter hour or more than a day.
	ErrMinutes = fault.New(fault.Invalid, "minutes", "Choose how long it took, in quarter hours, up to 12 hours.")
	// ErrFuture refuses help that has not happened yet.
	ErrFuture = fault.New(fault.Invalid, "in-the-future", "Choose a day that is not in the future.")
	// ErrLongAgo refuses help of more than a year ago: hours that old are for the coordinator.
	ErrLongAgo = fault.New(fault.Invalid, "long-ago", "That is more than a year ago. Please ring us about it.")
	// ErrPast refuses to plan a meeting in the past.
	ErrPast = fault.New(fault.Invalid, "in-the-past", "Choose a day and time that is still to come.")
	// ErrOwnHours refuses a broker who would settle their own hours for both sides.
	ErrOwnHours = fault.New(fault.Conflict, "own-hours", "You took part in this yourself, so the other person or another broker has to settle the hours.")
	// ErrWhom refuses a broker who does not say for which side they act.
	ErrWhom = fault.New(fault.Invalid, "say-for-whom", "Say for which of the two you do this.")
	// ErrEvery refuses an arrangement that is neither weekly nor every other week.
	ErrEvery = fault.New(fault.Invalid, "every", "Choose every week or every other week.")
	// ErrWords refuses an empty line, or one that is too long.
	ErrWords = fault.New(fault.Invalid, "words", "Write a line, of at most {most} characters.")
	// ErrReason refuses a dispute or a cancellation without a word why.
	ErrReason = fault.New(fault.Invalid, "say-why", "Please say in a few words what happened.")
)

// MaxMinutes is the longest single piece of help: 12 hours. Step is the quarter
// hour in which help is counted.
const (
	MaxMinutes = 12 * 60
	Step       = 15
)

// checkMinutes refuses with ErrMinutes.
func checkMinutes(m int64) error {
	if m < Step || m > MaxMinutes || m%Step != 0 {
		return ErrMinutes.At("/minutes")
	}
	return nil
}

// sideOf tells as what somebody acts: as the member they are or act for, else as
// broker. It reports false when they have no part in it.
func sideOf(e Exchange, member uuid.UUID, broker bool) (Side, bool) {
	switch {
	case member != uuid.Nil && member == e.HelperID:
		return Helper, true
	case member != uuid.Nil && member == e.HelpedID:
		return Helped, true
	}
	return Broker, broker
}

// allowed refuses with ErrMove what the table does not have for this side.
func allowed(from, to State, by Side) error {
	if !slices.Contains(moves[from][to], by) {
		return ErrMove
	}
	return nil
}

// confirms tells whether side may settle what is done: not whoever said so.
func confirms(e Exchange, side Side) bool {
	switch side {
	case Helper:
		return e.DoneBy == nil || *e.DoneBy != e.HelperID
	case Helped:
		return e.DoneBy == nil || *e.DoneBy != e.HelpedID
	}
	return true
}

// waitingFor tells who acts next, in the order in which to ask them.
func waitingFor(e Exchange) []Side {
	switch e.State {
	case Proposed:
		var out []Side
		if e.HelperSaid == "waiting" {
			out = append(out, Helper)
		}
		if e.HelpedSaid == "waiting" {
			out = append(out, Helped)
		}
		return out
	case Agreed:
		switch {
		case e.NewBy != nil && *e.NewBy == e.HelperID:
			return []Side{Helped}
		case e.NewBy != nil:
			return []Side{Helper}
		}
		return []Side{Helper, Helped}
	case Done:
		if e.DoneBy != nil && *e.DoneBy == e.HelperID {
			return []Side{Helped}
		}
		return []Side{Helper}
	case Disputed:
		return []Side{Broker}
	}
	return nil
}

// Verbs that a screen can offer.
const (
	VerbAgree   = "agree"
	VerbDecline = "decline"
	VerbCancel  = "cancel"
	VerbDone    = "done"
	VerbConfirm = "confirm"
	VerbDispute = "dispute"
	VerbResolve = "resolve"
	VerbTime    = "another-time" // suggest one
	VerbKeep    = "keep-time"    // leave it as it was
	VerbAgain   = "again"        // the same once more
	VerbRepeat  = "repeat"       // every week, or every other
	VerbEnd     = "end-repeat"
	VerbThank   = "thank"
	VerbWrite   = "write" // to the other side
)

// verbs lists what a side can do now. A broker can do what either side can.
func verbs(e Exchange, side Side) []string {
	var out []string
	switch e.State {
	case Proposed:
		if side == Broker || slices.Contains(waitingFor(e), side) {
			out = append(out, VerbAgree, VerbDecline, VerbTime)
		} else {
			out = append(out, VerbCancel, VerbTime)
		}
	case Agreed:
		if e.NewBy != nil && (side == Broker || slices.Contains(waitingFor(e), side)) {
			out = append(out, VerbAgree)
		}
		if e.NewBy != nil {
			out = append(out, VerbKeep)
		}
		out = append(out, VerbDone, VerbCancel, VerbTime)
	case Done:
		if confirms(e, side) {
			out = append(out, VerbConfirm, VerbDispute)
		}
	case Disputed:
		if side == Broker {
			out = append(out, VerbResolve)
		}
	case Settled:
		if side == Helped && e.Thanks == "" {
			out = append(out, VerbThank)
		}
	}
	return append(out, further(e, side)...)
}

// further is what can be done beside the moves: the same again, regularly, and a
// line to the other side. A broker plans for people on the request's own page.
func further(e Exchange, side Side) (out []string) {
	if side == Broker {
		return nil
	}
	if e.State == Settled || e.State == Done {
		out = append(out, VerbAgain)
	}
	switch {
	case e.ArrangementID != nil && (e.State == Proposed || e.State == Agreed || e.State == Done || e.State == Settled):
		out = append(out, VerbEnd)
	case e.ArrangementID == nil && e.StartsAt != nil && (e.State == Agreed || e.State == Done || e.State == Settled):
		out = append(out, VerbRepeat)
	}
	if e.State != Cancelled && e.State != Expired {
		out = append(out, VerbWrite)
	}
	return out
}
