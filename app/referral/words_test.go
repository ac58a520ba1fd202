package referral

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"timebank/app/platform/words"
)

func TestWhatTheSurgerySees(t *testing.T) {
	t.Parallel()
	state := func(s State) *State { return &s }
	outcome := func(s string) *string { return &s }
	for _, c := range []struct {
		name    string
		r       Referral
		yes, no string // with and without the permission to tell
	}{
		{"submitted", Referral{State: Submitted}, "Received", "Received"},
		{"acknowledged", Referral{State: Acknowledged}, "Received", "Received"},
		{"question", Referral{State: NeedsInfo}, "We have a question", "We have a question"},
		{"accepted", Referral{State: Accepted}, "Getting in touch", "Getting in touch"},
		{"contacting", Referral{State: Contacting}, "Getting in touch", "Getting in touch"},
		{"booked", Referral{State: ConversationBooked}, "Getting in touch", "Getting in touch"},
		{"talked", Referral{State: ConversationDone}, "Met", "In progress"},
		{"joined", Referral{State: Joined}, "Joined", "In progress"},
		{"swapped", Referral{State: FirstExchange}, "Taking part", "In progress"},
		{"reviewed", Referral{State: Reviewed}, "Taking part", "In progress"},
		{"completed", Referral{State: Completed, Outcome: outcome("taking-part")}, "Taking part", "In progress"},
		{"completed, quiet", Referral{State: Completed, Outcome: outcome("joined-not-active")}, "Joined", "In progress"},
		{"paused early", Referral{State: Paused, ResumeState: state(Contacting)}, "Paused", "Paused"},
		{"paused late", Referral{State: Paused, ResumeState: state(Joined)}, "Paused", "In progress"},
		{"rerouted", Referral{State: Rerouted}, "Suggested something else", "Suggested something else"},
		{"declined", Referral{State: Declined}, "Chose not to", "Chose not to"},
		{"not reached", Referral{State: CouldNotReach}, "Could not reach", "Could not reach"},
		{"withdrawn", Referral{State: Withdrawn}, "Withdrawn", "Withdrawn"},
	} {
		clocks := startClocks(hilltop, uuid.New(), at("2026-11-23 10:00"))
		for _, tell := range []bool{true, false} {
			got := forSurgery(words.English, hilltop, c.r, clocks, known{tellJoined: tell, alternative: "The Bereavement Café"}, at("2026-11-23 11:00"))
			want := c.no
			if tell {
				want = c.yes
			}
			if got.Words != want || got.Next == "" {
				t.Errorf("%s, told %v: %+v, want %q", c.name, tell, got, want)
			}
			if !tell && strings.Contains(got.Next, "Café") {
				t.Errorf("%s: names the alternative without permission", c.name)
			}
		}
	}
}

func TestPromiseAndApology(t *testing.T) {
	t.Parallel()
	clocks := startClocks(hilltop, uuid.New(), at("2026-11-20 10:00")) // a Friday
	for _, c := range []struct{ name, reachBy, now, begins string }{
		{"by phone", "call", "2026-11-20 11:00", "We will ring by Tuesday 24 November."},
		{"by post", "post", "2026-11-20 11:00", "We will be in touch by Tuesday 24 November."},
		{"a day late to say so, but the call is not", "call", "2026-11-23 11:00", "We will ring by Tuesday 24 November."},
		{"nobody has looked in two days", "call", "2026-11-24 10:00", "We are sorry: nobody has answered you yet"},
	} {
		got := forSurgery(words.English, hilltop, Referral{State: Submitted}, clocks, known{reachBy: c.reachBy}, at(c.now)).Next
		if !strings.HasPrefix(got, c.begins) {
			t.Errorf("%s: %q, want %q", c.name, got, c.begins)
		}
	}
	sent := at("2026-11-20 12:00")
	clocks[0].MetAt = &sent
	if got := forSurgery(words.English, hilltop, Referral{State: Accepted}, clocks, known{reachBy: "call"}, at("2026-11-24 10:00")).Next; !strings.HasPrefix(got, "We are sorry: we have not tried") {
		t.Errorf("late first try: %q", got)
	}
	clocks[1].MetAt = &sent
	if got := forSurgery(words.English, hilltop, Referral{State: Contacting}, clocks, known{}, at("2026-12-24 10:00")).Next; got != "We have tried to reach them and keep trying." {
		t.Errorf("tried in time: %q", got)
	}
}

func TestWhatThePersonHearsNamesNoSurgery(t *testing.T) {
	t.Parallel()
	clocks, when, day := startClocks(hilltop, uuid.New(), at("2026-11-23 10:00")), at("2026-12-01 14:00"), at("2026-12-07 00:00")
	for s := range stateWords {
		got := forPerson(words.English, hilltop, Referral{State: s, ConversationAt: &when, ResumeOn: &day}, clocks, "Sam")
		if got == "" || strings.Contains(strings.ToLower(got), "surgery") {
			t.Errorf("%s: %q", s, got)
		}
	}
	if got := forPerson(words.English, hilltop, Referral{State: Submitted}, clocks, ""); got != "We have your details. One of us will be in touch by Wednesday 25 November." {
		t.Errorf("without an owner: %q", got)
	}
}
