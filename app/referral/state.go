package referral

import (
	"slices"

	"timebank/app/platform/fault"
)

// State of a referral.
type State string

// The states. New is before the first row.
const (
	New                State = "new"
	Submitted          State = "submitted"
	Acknowledged       State = "acknowledged"
	NeedsInfo          State = "needs-info" // the surgery owes an answer
	Accepted           State = "accepted"
	Contacting         State = "contacting"
	ConversationBooked State = "conversation-booked"
	ConversationDone   State = "conversation-done"
	Joined             State = "joined"
	FirstExchange      State = "first-exchange"
	Reviewed           State = "reviewed"
	Paused             State = "paused"
	Completed          State = "completed"
	Rerouted           State = "rerouted"
	Declined           State = "declined"
	CouldNotReach      State = "could-not-reach"
	Withdrawn          State = "withdrawn"
)

// By is as what somebody acts on a referral.
type By string

// Who acts.
const (
	Referrer By = "referrer"
	Broker   By = "broker"
	System   By = "system"
)

var (
	eitherSide = []By{Referrer, Broker}
	broker     = []By{Broker}
)

// moves is the state table: from, to, and who may. directory.referral_move holds
// the same rows, and the database refuses an event that is not among them.
var moves = map[State]map[State][]By{
	New:                {Submitted: {Referrer}},
	Submitted:          {Acknowledged: broker, Withdrawn: eitherSide},
	Acknowledged:       {NeedsInfo: broker, Accepted: broker, Rerouted: broker, Withdrawn: eitherSide},
	NeedsInfo:          {Acknowledged: eitherSide, Accepted: broker, Rerouted: broker, Withdrawn: eitherSide},
	Accepted:           {Contacting: broker, ConversationBooked: broker, ConversationDone: broker, Paused: broker, Rerouted: broker, Declined: broker, Withdrawn: eitherSide},
	Contacting:         {ConversationBooked: broker, ConversationDone: broker, Paused: broker, Rerouted: broker, Declined: broker, CouldNotReach: broker, Withdrawn: eitherSide},
	ConversationBooked: {Contacting: broker, ConversationDone: broker, Paused: broker, Declined: broker, Withdrawn: eitherSide},
	ConversationDone:   {Joined: broker, Paused: broker, Rerouted: broker, Declined: broker, Withdrawn: eitherSide},
	Joined:             {FirstExchange: {Broker, System}, Paused: broker, Completed: broker, Declined: broker},
	FirstExchange:      {Reviewed: broker, Paused: broker, Completed: broker},
	Reviewed:           {Completed: broker},
	Paused:             {Accepted: broker, Contacting: broker, ConversationBooked: broker, ConversationDone: broker, Joined: broker, FirstExchange: broker, Declined: broker},
	CouldNotReach:      {Contacting: broker}, // they rang after all
}

// outcomes are the codes with which each state closes. A state that is not here
// is open.
var outcomes = map[State][]string{
	Completed:     {"taking-part", "joined-not-active", "left"},
	Rerouted:      {"needs-more", "too-far", "no-room", "asked-for-something-else"},
	Declined:      {"not-interested", "not-now", "has-enough", noContact, "did-not-say"},
	CouldNotReach: {"could-not-reach"},
	Withdrawn:     {"by-surgery", changedMind, "sent-twice", "by-mistake", "moved-away", "died"},
}

// The outcomes by which somebody takes back that we may contact them.
const (
	noContact   = "asked-not-to-be-contacted"
	changedMind = "changed-their-mind"
)

func (s State) closed() bool { return outcomes[s] != nil }

var (
	// ErrNoReferral refuses a referral that does not exist or is another surgery's.
	ErrNoReferral = fault.New(fault.NotFound, "no-such-referral", "We cannot find this referral.")
	// ErrMove refuses what the table does not have from where the referral stands.
	ErrMove = fault.New(fault.Conflict, "not-from-here", "This cannot be done from where the referral stands now. Look again to see what can.")
	// ErrStale refuses an act on a referral that has changed since it was looked at.
	ErrStale = fault.New(fault.Conflict, "stale", "Somebody was quicker: this has changed since you looked. Look again, then decide.")
	// ErrOutcome refuses to close without an outcome of that kind of closing.
	ErrOutcome = fault.New(fault.Invalid, "say-the-outcome", "Say how it ended: choose one from the list.")
)

// allowed refuses with ErrMove what the table does not have for this side.
func allowed(from, to State, by By) error {
	if !slices.Contains(moves[from][to], by) {
		return ErrMove
	}
	return nil
}

// verb is one thing a broker can do, named by its operation, and from where.
type verb struct {
	op   string
	from []State
	to   State // the state it leads to; empty when that depends or nothing moves
}

var beforeJoining = []State{Submitted, Acknowledged, NeedsInfo, Accepted, Contacting, ConversationBooked, ConversationDone}

// verbs are a broker's acts in the order in which a screen offers them.
var verbs = []verb{
	{"log-safety-call", nil, ""},
	{"acknowledge-referral", []State{Submitted, NeedsInfo}, Acknowledged},
	{"accept-referral", []State{Acknowledged, NeedsInfo}, Accepted},
	{"ask-surgery", []State{Acknowledged}, NeedsInfo},
	{"log-attempt", []State{Accepted, Contacting, ConversationBooked, ConversationDone, CouldNotReach}, ""},
	{"book-conversation", []State{Accepted, Contacting, ConversationBooked}, ConversationBooked},
	{"hold-conversation", []State{Accepted, Contacting, ConversationBooked}, ConversationDone},
	{"join-referred", []State{ConversationDone}, Joined},
	{"review-referral", []State{FirstExchange}, Reviewed},
	{"complete-referral", []State{Joined, FirstExchange, Reviewed}, Completed},
	{"resume-referral", []State{Paused}, ""},
	{"pause-referral", []State{Accepted, Contacting, ConversationBooked, ConversationDone, Joined, FirstExchange}, Paused},
	{"change-permission", []State{ConversationDone, Joined, FirstExchange, Reviewed, Completed}, ""},
	{"decline-referral", []State{Accepted, Contacting, ConversationBooked, ConversationDone, Joined, Paused}, Declined},
	{"reroute-referral", []State{Acknowledged, NeedsInfo, Accepted, Contacting, ConversationDone}, Rerouted},
	{"could-not-reach", []State{Contacting}, CouldNotReach},
	{"void-referral", beforeJoining, Withdrawn},
}

// offered lists what a broker can do with r now. could-not-reach is named only
// when the tries are enough for it.
func offered(r Referral, enoughTries bool) []string {
	out := []string{}
	for _, v := range verbs {
		switch {
		case v.op == "log-safety-call":
			if !r.CallFirst || r.State.closed() {
				continue
			}
		case !slices.Contains(v.from, r.State), v.op == "could-not-reach" && !enoughTries:
			continue
		}
		out = append(out, v.op)
	}
	return out
}

// may refuses with ErrMove an act that is not for the state r is in.
func may(op string, s State) error {
	for _, v := range verbs {
		if v.op == op && slices.Contains(v.from, s) {
			return nil
		}
	}
	return ErrMove
}
