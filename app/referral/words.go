package referral

import (
	"strings"
	"time"

	"timebank/app/bank"
	"timebank/app/platform/words"
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

var statusWords = map[string]words.Text{
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
func forSurgery(l words.Language, b bank.Bank, r Referral, clocks []Clock, k known, now time.Time) shown {
	s := status(r, k.tellJoined)
	out := shown{Status: s, Words: l.Say(statusWords[s])}
	switch s {
	case seenReceived, seenTouch:
		out.Next = waiting(l, b, r, clocks, k, now)
	case seenQuestion:
		out.Next = l.Say("Please answer our question.") + " " + waiting(l, b, r, clocks, k, now)
	case seenMet:
		out.Next = l.Say("We met. They are thinking about what would suit them.")
	case seenJoined:
		out.Next = l.Say("They are a member of the time bank now.")
	case seenPart:
		out.Next = l.Say("They take part: neighbours help them, and they help neighbours.")
	case seenProgress:
		out.Next = l.Say("There is nothing you need to do.")
	case seenElse:
		out.Next = l.Say("We suggested something that fits better, and told them ourselves.")
		if k.tellJoined && k.alternative != "" {
			out.Next = l.Say("We suggested {what}, and told them ourselves.", "what", k.alternative)
		}
	case seenChoseNot:
		out.Next = l.Say("They chose not to go on. The door stays open.")
	case seenNoReach:
		out.Next = l.Say("We tried {n} times and did not reach them. You may want to check that they are well. They can ring us any time.", "n", k.tries)
	case seenWithdrawn:
		out.Next = l.Say("This was taken back. Nothing more happens.")
	case seenPaused:
		out.Next = l.Say("This rests for now.")
		if r.ResumeOn != nil {
			out.Next = l.Say("This rests for now. We go on by {day}.", "day", l.Day(*r.ResumeOn))
		}
	}
	return out
}

// waiting is the promise that is still open, or that we are sorry.
func waiting(l words.Language, b bank.Bank, r Referral, clocks []Clock, k known, now time.Time) string {
	first := named(clocks, FirstAttempt)
	switch promise, late := latest(r, clocks, now); {
	case late && first.MetAt == nil && first.late(now):
		if promise == Acknowledge { // two working days, and nobody has even looked
			return l.Say("We are sorry: nobody has answered you yet, and this is later than we promised. A coordinator has been told.")
		}
		return l.Say("We are sorry: we have not tried to reach them yet, and this is later than we promised. A coordinator has been told.")
	case first.MetAt == nil && k.reachBy == "call":
		return l.Say("We will ring by {day}.", "day", day(l, b, first.DueAt))
	case first.MetAt == nil:
		return l.Say("We will be in touch by {day}.", "day", day(l, b, first.DueAt))
	case r.State == ConversationBooked:
		return l.Say("We are in touch and have a time for a first conversation.")
	case named(clocks, SpokenTo).MetAt != nil:
		return l.Say("We are in touch and are arranging a first conversation.")
	}
	return l.Say("We have tried to reach them and keep trying.")
}

// forPerson is what the person themselves may be told, on the phone or in print:
// who will do what, and when. It names no surgery.
func forPerson(l words.Language, b bank.Bank, r Referral, clocks []Clock, owner string) string {
	if owner == "" {
		owner = l.Say("One of us")
	}
	switch r.State {
	case Submitted, Acknowledged, NeedsInfo, Accepted:
		return l.Say("We have your details. {who} will be in touch by {day}.", "who", owner, "day", day(l, b, named(clocks, FirstAttempt).DueAt))
	case Contacting:
		return l.Say("{who} is trying to reach you. Ring us if another time is better.", "who", owner)
	case ConversationBooked:
		return l.Say("{who} will talk with you on {time}.", "who", owner, "time", l.Moment(*r.ConversationAt, b.Location()))
	case ConversationDone:
		return l.Say("Take your time. {who} is glad to hear what you would like.", "who", owner)
	case Paused:
		return l.Say("We wait until it suits you. {who} will be in touch by {day}.", "who", owner, "day", l.Day(*r.ResumeOn))
	case Joined, FirstExchange, Reviewed, Completed:
		return l.Say("You are one of us. {who} is there if you need anything.", "who", owner)
	}
	return l.Say("The door stays open. Ring us any time.")
}

// stateWords are what brokers call the states.
var stateWords = map[State]words.Text{
	Submitted: "New", Acknowledged: "To decide", NeedsInfo: "Question asked", Accepted: "Accepted", Contacting: "Getting in touch",
	ConversationBooked: "Conversation booked", ConversationDone: "Met", Joined: "Joined", FirstExchange: "Taking part", Reviewed: "Looked back",
	Paused: "Paused", Completed: "Completed", Rerouted: "Suggested something else", Declined: "Chose not to", CouldNotReach: "Could not reach",
	Withdrawn: "Withdrawn",
}

// task is the sentence on a broker's desk.
func task(l words.Language, r Referral, surgery string, late bool) string {
	do := map[State]words.Text{
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
	out := []string{l.Say("From {surgery}.", "surgery", surgery)}
	if r.CallFirst {
		out = append(out, l.Say("Ring the surgery first, about safety."))
	}
	out = append(out, l.Say(do))
	if late {
		out = append(out, l.Say("This is late."))
	}
	return strings.Join(out, " ")
}

// day is the day of an instant in the bank's zone.
func day(l words.Language, b bank.Bank, t time.Time) string { return l.Day(t.In(b.Location())) }
