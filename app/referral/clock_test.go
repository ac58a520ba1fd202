package referral

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/uuid"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/platform/words"
)

var hilltop = bank.Bank{ID: uuid.MustParse("01900000-0000-7000-8000-000000000001"), Slug: "hilltop", Name: "Hilltop", Zone: "Europe/London", Nation: "england-wales"}

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestPromisesCountWorkingDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sent, acknowledge, first, spoken string }{
		{"Monday morning", "2026-11-23 10:00", "2026-11-24 10:00", "2026-11-25 10:00", "2026-11-30 10:00"},
		{"Friday afternoon", "2026-11-27 15:30", "2026-11-30 15:30", "2026-12-01 15:30", "2026-12-04 15:30"},
		{"Saturday", "2026-11-28 12:00", "2026-12-01 09:00", "2026-12-02 09:00", "2026-12-07 09:00"},
		{"Christmas Eve", "2026-12-24 11:00", "2026-12-29 11:00", "2026-12-30 11:00", "2027-01-05 11:00"},
		{"before Easter", "2026-04-02 10:00", "2026-04-07 10:00", "2026-04-08 10:00", "2026-04-13 10:00"},
	} {
		loc := hilltop.Location()
		local := func(s string) time.Time { x, _ := time.ParseInLocation("2006-01-02 15:04", s, loc); return x }
		got := startClocks(hilltop, uuid.New(), local(c.sent))
		for i, want := range []string{c.acknowledge, c.first, c.spoken} {
			if !got[i].DueAt.Equal(local(want)) {
				t.Errorf("%s: %s due %s, want %s", c.name, got[i].Name, got[i].DueAt.In(loc).Format("2006-01-02 15:04"), want)
			}
		}
	}
}

func TestWorkingTimeBetween(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		minutes  int
	}{
		{"2026-11-23 10:00", "2026-11-23 11:30", 90},
		{"2026-11-23 16:00", "2026-11-24 10:00", 120},
		{"2026-11-27 16:00", "2026-11-30 10:00", 120}, // over the weekend
		{"2026-11-28 10:00", "2026-11-29 10:00", 0},
		{"2026-12-24 16:30", "2026-12-29 09:30", 60}, // over Christmas
		{"2026-11-23 07:00", "2026-11-23 23:00", 480},
		{"2026-11-23 12:00", "2026-11-23 12:00", 0},
		{"2026-11-23 12:00", "2026-11-20 12:00", 0},
	} {
		if got := workingMinutes(hilltop, at(c.from), at(c.to)); got != c.minutes {
			t.Errorf("%s to %s: %d working minutes, want %d", c.from, c.to, got, c.minutes)
		}
	}
}

func TestNextTask(t *testing.T) {
	t.Parallel()
	sent := at("2026-11-23 10:00")
	met := func(names ...string) []Clock {
		out := startClocks(hilltop, uuid.New(), sent)
		for i := range out {
			if oneOf(out[i].Name, names...) {
				out[i].MetAt = &sent
			}
		}
		return out
	}
	meeting, resume := at("2026-12-01 14:00"), at("2026-12-07 00:00")
	for _, c := range []struct {
		name, now string
		r         Referral
		clocks    []Clock
		kind, due string
	}{
		{"fresh", "2026-11-23 10:00", Referral{State: Submitted}, met(), desk.AnswerReferral, "2026-11-24 10:00"},
		{"to decide", "2026-11-23 11:00", Referral{State: Acknowledged}, met(Acknowledge), desk.AnswerReferral, "2026-11-24 11:00"},
		{"question out: no later than the promised try", "2026-11-23 11:00", Referral{State: NeedsInfo}, met(Acknowledge), desk.AnswerReferral, "2026-11-25 10:00"},
		{"accepted: the promised try", "2026-11-24 11:00", Referral{State: Accepted}, met(Acknowledge), desk.RingReferred, "2026-11-25 10:00"},
		{"accepted late: two days", "2026-11-26 11:00", Referral{State: Accepted}, met(Acknowledge), desk.RingReferred, "2026-11-30 10:00"},
		{"next try", "2026-11-24 11:00", Referral{State: Contacting}, met(Acknowledge, FirstAttempt), desk.RingReferred, "2026-11-26 11:00"},
		{"the conversation", "2026-11-24 11:00", Referral{State: ConversationBooked, ConversationAt: &meeting}, met(), desk.RingReferred, "2026-12-01 14:00"},
		{"paused", "2026-11-24 11:00", Referral{State: Paused, ResumeOn: &resume}, met(), desk.RingReferred, "2026-12-07 09:00"},
		{"to join", "2026-11-24 11:00", Referral{State: ConversationDone}, met(Acknowledge, FirstAttempt, SpokenTo), desk.RingReferred, "2026-12-08 11:00"},
		{"first swap", "2026-11-24 11:00", Referral{State: Joined}, met(Acknowledge, FirstAttempt, SpokenTo), desk.RingReferred, "2026-12-08 11:00"},
		{"look back", "2026-11-24 11:00", Referral{State: FirstExchange}, met(Acknowledge, FirstAttempt, SpokenTo), desk.RingReferred, "2027-02-16 11:00"},
	} {
		kind, due := nextTask(hilltop, c.r, c.clocks, at(c.now))
		if kind != c.kind || !due.Equal(at(c.due)) {
			t.Errorf("%s: %s due %s, want %s due %s", c.name, kind, due.Format("2006-01-02 15:04"), c.kind, c.due)
		}
	}
}

func TestFairTries(t *testing.T) {
	t.Parallel()
	tries := func(list ...string) []try { // "phone 2026-11-23 10:00"
		var out []try
		for _, s := range list {
			channel, when, _ := strings.Cut(s, " ")
			out = append(out, try{channel, at(when)})
		}
		return out
	}
	for _, c := range []struct {
		name    string
		tries   []try
		missing string
	}{
		{"none", nil, "3 more tries; a try in another way; a try at another time of day; 8 working days from the first try to the last"},
		{"one", tries("phone 2026-11-23 10:00"),
			"2 more tries; a try in another way than by phone; a try at another time of day than in the morning; a try on or after Thursday 3 December"},
		{"all by phone", tries("phone 2026-11-23 10:00", "phone 2026-11-25 14:00", "phone 2026-12-03 10:00"), "a try in another way than by phone"},
		{"always mornings", tries("phone 2026-11-23 10:00", "post 2026-11-25 10:00", "phone 2026-12-03 11:59"), "a try at another time of day than in the morning"},
		{"too quickly", tries("phone 2026-11-23 10:00", "post 2026-11-25 14:00", "phone 2026-12-02 16:00"), "a try on or after Thursday 3 December"},
		{"two only", tries("phone 2026-11-23 10:00", "text 2026-12-03 18:00"), "1 more try"},
		{"fair", tries("phone 2026-11-23 16:00", "text 2026-11-26 18:00", "phone 2026-12-03 09:00"), ""},
		{"fair, written down in another order", tries("phone 2026-12-03 09:00", "text 2026-11-26 18:00", "phone 2026-11-23 16:00"), ""},
		{"over Christmas", tries("phone 2026-12-21 16:00", "text 2026-12-23 18:00", "phone 2026-12-31 09:00"), "a try on or after Tuesday 5 January"},
	} {
		if got := strings.Join(missingTries(words.English, hilltop, c.tries), "; "); got != c.missing {
			t.Errorf("%s: missing %q, want %q", c.name, got, c.missing)
		}
	}
}

func TestTalksBeginTheCountAnew(t *testing.T) {
	t.Parallel()
	event := func(channel, result string) Event {
		when := monday
		return Event{Kind: "attempt", Channel: &channel, Result: &result, HappenedAt: &when}
	}
	got := triesOf([]Event{event("phone", "no-answer"), event("phone", "spoke"), {Kind: "move"}, event("text", "sent"), event("someone", "spoke")})
	if len(got) != 2 || got[0].channel != "text" || got[1].channel != "someone" {
		t.Errorf("tries since the last talk with the person: %v", got)
	}
}
