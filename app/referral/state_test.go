package referral

import (
	"slices"
	"testing"
)

// Every edge that a broker may take has an act that takes it, and no act leads
// where the table has no edge.
func TestEveryEdgeHasAnAct(t *testing.T) {
	t.Parallel()
	covered := map[[2]State]bool{{Joined, FirstExchange}: true} // the system's, when hours are settled
	for _, v := range verbs {
		for _, from := range v.from {
			to := v.to
			if to == "" || from == to {
				continue
			}
			if allowed(from, to, Broker) != nil {
				t.Errorf("%s leads from %s to %s, which the table does not have", v.op, from, to)
			}
			covered[[2]State{from, to}] = true
		}
	}
	for to := range moves[Paused] { // resume goes back to where the pause began
		covered[[2]State{Paused, to}] = true
	}
	for _, from := range []State{Accepted, ConversationBooked, CouldNotReach} { // log-attempt
		covered[[2]State{from, Contacting}] = true
	}
	for from, tos := range moves {
		for to, by := range tos {
			if slices.Contains(by, Broker) && !covered[[2]State{from, to}] {
				t.Errorf("no act leads from %s to %s", from, to)
			}
		}
	}
}

func TestWhoeverPausesCanGoBack(t *testing.T) {
	t.Parallel()
	for from, tos := range moves {
		if _, ok := tos[Paused]; ok && allowed(Paused, from, Broker) != nil {
			t.Errorf("a pause from %s has no way back", from)
		}
	}
}

func TestSurgeryMayOnlySendAnswerAndTakeBack(t *testing.T) {
	t.Parallel()
	for from, tos := range moves {
		for to, by := range tos {
			if slices.Contains(by, Referrer) && to != Withdrawn && to != Submitted && from != NeedsInfo {
				t.Errorf("a surgery may move %s to %s", from, to)
			}
		}
	}
}

func TestNothingClosesItself(t *testing.T) {
	t.Parallel()
	for from, tos := range moves {
		for to, by := range tos {
			if to.closed() && slices.Contains(by, System) {
				t.Errorf("the system may close %s as %s", from, to)
			}
		}
	}
}

func TestEveryStateHasWords(t *testing.T) {
	t.Parallel()
	for from := range moves {
		if from != New && stateWords[from] == "" {
			t.Errorf("no words for %s", from)
		}
	}
}
