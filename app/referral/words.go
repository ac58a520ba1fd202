package referral

import (
	"fmt"
	"time"

	"timebank/app/bank"
)

// What a surgery sees of a referral: a code, the words for it, and one sentence
// on what comes next. Nothing here is made from a note.
type shown struct {
	Status, Words, Next string
}

// Statuses as a surgery sees them.
const (
	seenReceived  = "received"
	seenQuestion  = "question"
	seenTouch     = "getting-in-touch"
	seenMet       = "met"
	seenJoined    = "joined"
	seenPart      = "taking-part"
	seenProgress  = "in-progress"
	seenElse      = "something-else"
	seenChoseNot  = "chose-not"
	seenNoReach   = "could-not-reach"
	seenWithdrawn = "withdrawn"
	seenPaused    = "paused"
)

var statusWords = map[string]string{
	seenReceived: "Received", seenQuestion: "We have a question", seenTouch: "Getting in touch", seenMet: "Met", seenJoined: "Joined",
	seenPart: "Taking part", seenProgress: "In progress", seenElse: "Suggested something else", seenChoseNot: "Chose not to",
	seenNoReach: "Could not reach", seenWithdrawn: "Withdrawn", seenPaused: "Paused",
}

// known is what the surgery's words are made from.
type known struct {
	tellJoined  bool // the person lets the surgery know that they joined
	reachBy     string
	tries       int
	alternative string
}

// status is the code of what a surgery sees. From the first conversation on it
// says no more than "in progress" without the person's permission.
func status(r Referral, tellJoined bool) string {
	at := r.State
	if at == Paused && r.ResumeState != nil && talked(*r.ResumeState) {
		if !tellJoined {
			return seenProgress
		}
		return seenPaused
	}
	if (talked(at) || at == Completed) && !tellJoined {
		return seenProgress
	}
	switch at {
	case Submitted, Acknowledged:
		return seenReceived
	case NeedsInfo:
		return seenQuestion
	case ConversationDone:
		return seenMet
	case Joined:
		return seenJoined
	case FirstExchange, Reviewed:
		return seenPart
	case Completed:
		if r.Outcome != nil && *r.Outcome == "taking-part" {
			return seenPart
		}
		return seenJoined
	case Rerouted:
		return seenElse
	case Declined:
		return seenChoseNot
	case CouldNotReach:
		return seenNoReach
	case Withdrawn:
		return seenWithdrawn
	case Paused:
		return seenPaused
	}
	return seenTouch // accepted, contacting, conversation booked
}

// talked tells whether an open state lies after the first conversation.
func talked(s State) bool {
	return s == ConversationDone || s == Joined || s == FirstExchange || s == Reviewed
}

// forSurgery is all that a surgery reads of where a referral stands.
func forSurgery(b bank.Bank, r Referral, clocks []Clock, k known, now time.Time) shown {
	s := status(r, k.tellJoined)
	out := shown{Status: s, Words: statusWords[s]}
	switch s {
	case seenReceived, seenTouch:
		out.Next = waiting(b, r, clocks, k, now)
	case seenQuestion:
		out.Next = "Please answer our question. " + waiting(b, r, clocks, k, now)
	case seenMet:
		out.Next = "We met. They are thinking about what would suit them."
	case seenJoined:
		out.Next = "They are a member of the time bank now."
	case seenPart:
		out.Next = "They take part: neighbours help them, and they help neighbours."
	case seenProgress:
		out.Next = "There is nothing you need to do."
	case seenElse:
		out.Next = "We suggested something that fits better, and told them ourselves."
		if k.tellJoined && k.alternative != "" {
			out.Next = "We suggested " + k.alternative + ", and told them ourselves."
		}
	case seenChoseNot:
		out.Next = "They chose not to go on. The door stays open."
	case seenNoReach:
		out.Next = fmt.Sprintf("We tried %d times and did not reach them. You may want to check that they are well. They can ring us any time.", k.tries)
	case seenWithdrawn:
		out.Next = "This was taken back. Nothing more happens."
	case seenPaused:
		out.Next = "This rests for now."
		if r.ResumeOn != nil {
			out.Next = "This rests for now. We go on by " + date(*r.ResumeOn) + "."
		}
	}
	return out
}

// waiting is the promise that is still open, or that we are sorry.
func waiting(b bank.Bank, r Referral, clocks []Clock, k known, now time.Time) string {
	verb := "be in touch"
	if k.reachBy == "call" {
		verb = "ring"
	}
	first := named(clocks, FirstAttempt)
	switch promise, late := latest(r, clocks, now); {
	case late && first.MetAt == nil && first.late(now):
		if promise == Acknowledge { // two working days, and nobody has even looked
			return "We are sorry: nobody has answered you yet, and this is later than we promised. A coordinator has been told."
		}
		return "We are sorry: we have not tried to reach them yet, and this is later than we promised. A coordinator has been told."
	case first.MetAt == nil:
		return fmt.Sprintf("We will %s by %s.", verb, day(b, first.DueAt))
	case r.State == ConversationBooked:
		return "We are in touch and have a time for a first conversation."
	case named(clocks, SpokenTo).MetAt != nil:
		return "We are in touch and are arranging a first conversation."
	}
	return "We have tried to reach them and keep trying."
}

// forPerson is what the person themselves may be told, on the phone or in print:
// who will do what, and when. It names no surgery.
func forPerson(b bank.Bank, r Referral, clocks []Clock, owner string) string {
	if owner == "" {
		owner = "One of us"
	}
	switch r.State {
	case Submitted, Acknowledged, NeedsInfo, Accepted:
		return fmt.Sprintf("We have your details. %s will be in touch by %s.", owner, day(b, named(clocks, FirstAttempt).DueAt))
	case Contacting:
		return owner + " is trying to reach you. Ring us if another time is better."
	case ConversationBooked:
		return fmt.Sprintf("%s will talk with you on %s at %s.", owner, day(b, *r.ConversationAt), r.ConversationAt.In(b.Location()).Format("15:04"))
	case ConversationDone:
		return "Take your time. " + owner + " is glad to hear what you would like."
	case Paused:
		return fmt.Sprintf("We wait until it suits you. %s will be in touch by %s.", owner, date(*r.ResumeOn))
	case Joined, FirstExchange, Reviewed, Completed:
		return "You are one of us. " + owner + " is there if you need anything."
	}
	return "The door stays open. Ring us any time."
}

// stateWords are what brokers call the states.
var stateWords = map[State]string{
	Submitted: "New", Acknowledged: "To decide", NeedsInfo: "Question asked", Accepted: "Accepted", Contacting: "Getting in touch",
	ConversationBooked: "Conversation booked", ConversationDone: "Met", Joined: "Joined", FirstExchange: "Taking part", Reviewed: "Looked back",
	Paused: "Paused", Completed: "Completed", Rerouted: "Suggested something else", Declined: "Chose not to", CouldNotReach: "Could not reach",
	Withdrawn: "Withdrawn",
}

// task is the sentence on a broker's desk.
func task(r Referral, surgery string, late bool) string {
	do := map[State]string{
		Submitted: "Say that we have it.", Acknowledged: "Decide, or ask them a question.",
		NeedsInfo: "We asked them a question; decide with what there is if no answer comes.",
		Accepted:  "Make the first call.", Contacting: "Try again to reach them.",
		ConversationBooked: "Hold the first conversation.", ConversationDone: "Ask whether they want to join.",
		Joined: "Find them a first swap or group.", FirstExchange: "Look back together.", Reviewed: "Say how it went.",
		Paused: "Ask whether it suits them now.",
	}[r.State]
	if do == "" {
		do = "This is closed." // a safety call may outlive its referral
	}
	if r.CallFirst {
		do = "Ring the surgery first, about safety. " + do
	}
	if late {
		do += " This is late."
	}
	return "From " + surgery + ". " + do
}

// day and date word a day: "Tuesday 24 November". day takes an instant, date a
// day stored as midnight UTC.
func day(b bank.Bank, t time.Time) string { return date(t.In(b.Location())) }
func date(t time.Time) string             { return t.Format("Monday 2 January") }
