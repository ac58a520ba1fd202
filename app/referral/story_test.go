package referral

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
)

// From the surgery's form to the end, as all three sides see it.
func TestFromTheFormToTheMembership(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()

	v := h.refer()
	ref := v.Referral.ID
	if v.Shown.Words != "Received" || v.Shown.Next != "We will ring by Wednesday 25 November." || v.Initials != "AC" || v.Delayed || !v.CanWithdraw || v.YourReference != "QX-7781" {
		t.Errorf("after the form the surgery sees %+v", v)
	}
	h.wantTasks(ref, map[string]string{desk.AnswerReferral: "2026-11-24 10:00"})
	list, err := h.Open(ctx, h.sam, false)
	if err != nil || len(list) != 1 || list[0].Surgery != "Northgate Surgery" || list[0].Owner != "" || !list[0].Referral.DueAt.Equal(at("2026-11-24 10:00")) {
		t.Errorf("the broker's list: %+v %v", list, err)
	}
	d := h.must(h.See(ctx, h.sam, ref))
	if d.Told.Name != "Ada Mary Canary-Quill" || d.Told.Reach != "+447700900982" || !offers(d, "acknowledge-referral") || offers(d, "accept-referral") || d.ReferrerBy != "Jo" {
		t.Errorf("opened: %+v", d)
	}
	if h.count("audit", "action = 'see-referral' and object_id = ? and actor_id = ?", ref, h.sam.Person) != 1 {
		t.Error("opening it left no trace")
	}

	h.clock.Set(at("2026-11-23 14:00"))
	d = h.must(h.Acknowledge(ctx, h.sam, h.target(ref)))
	if d.Owner != "Sam" || !d.Mine || named(d.Clocks, Acknowledge).state(h.clock.Now()) != "met" {
		t.Errorf("acknowledged: %+v", d.Item)
	}
	d = h.must(h.Ask(ctx, h.sam, h.target(ref), "Is there a step at the door?"))
	if v = h.surgery(ref); v.Shown.Words != "We have a question" || v.Question != "Is there a step at the door?" {
		t.Errorf("asked: %+v", v)
	}
	if v, err = h.Answer(ctx, h.jo, ref, uuid.Nil, "Two steps."); err != nil || v.Shown.Words != "Received" || v.Question != "" {
		t.Errorf("answered: %+v %v", v, err)
	}
	if d = h.must(h.Accept(ctx, h.sam, h.target(ref))); d.Referral.State != Accepted || d.Events[len(d.Events)-2].Said.Note != "Two steps." {
		t.Errorf("accepted: %+v", d.Events)
	}
	h.wantTasks(ref, map[string]string{desk.RingReferred: "2026-11-25 10:00"})

	h.clock.Set(at("2026-11-24 11:00"))
	d = h.must(h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: "phone", Result: "no-answer", Note: "Rang out."}))
	if d.Referral.State != Contacting || named(d.Clocks, FirstAttempt).MetAt == nil || named(d.Clocks, SpokenTo).MetAt != nil || len(d.StillNeeded) == 0 {
		t.Errorf("first try: %+v", d)
	}
	h.wantTasks(ref, map[string]string{desk.RingReferred: "2026-11-26 11:00"})
	earlier := at("2026-11-25 18:30")
	h.clock.Set(at("2026-11-26 09:30"))
	d = h.must(h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: "phone", Result: "spoke", At: &earlier}))
	if met := named(d.Clocks, SpokenTo).MetAt; met == nil || !met.Equal(earlier) || d.PersonHears != "Sam is trying to reach you. Ring us if another time is better." {
		t.Errorf("spoken to at %v; %s", met, d.PersonHears)
	}
	d = h.must(h.Book(ctx, h.sam, h.target(ref), at("2026-12-01 14:00"), "At the library."))
	h.wantTasks(ref, map[string]string{desk.RingReferred: "2026-12-01 14:00"})
	d = h.must(h.Book(ctx, h.sam, h.target(ref), at("2026-12-02 15:00"), ""))
	h.wantTasks(ref, map[string]string{desk.RingReferred: "2026-12-02 15:00"})
	if d.PersonHears != "Sam will talk with you on Wednesday 2 December at 3pm." || d.SurgerySees.Words != "Getting in touch" {
		t.Errorf("booked: %q, %+v", d.PersonHears, d.SurgerySees)
	}

	h.clock.Set(at("2026-12-02 16:00"))
	h.must(h.Hold(ctx, h.sam, h.target(ref), Held{TellJoined: true, How: "in-person", Note: "Likes the choir."}))
	if v = h.surgery(ref); v.Shown.Words != "Met" || !v.CanWithdraw {
		t.Errorf("met: %+v", v)
	}
	d = h.must(h.MakeMember(ctx, h.sam, h.target(ref), Membership{Area: "Hilltop", Consent: "in-person", Email: "Ada@Example.org"}))
	if d.Referral.State != Joined || d.Referral.MemberID == nil || *d.Referral.MemberID != h.memberOfReferral {
		t.Errorf("joined: %+v", d.Referral)
	}
	want := JoinRequest{Name: "Ada Mary Canary-Quill", Called: "Ada", Email: "ada@example.org", Phone: "+447700900982", Area: "Hilltop", ReachBy: "phone", Consent: "in-person"}
	if len(h.joined) != 1 || h.joined[0] != want {
		t.Errorf("Join was asked %+v, want %+v", h.joined, want)
	}
	if h.count("audit", "action = 'join-referred' and on_behalf_of = ? and consent = 'in-person'", h.memberOfReferral) != 1 {
		t.Error("the journal does not say how they agreed to join")
	}
	if v = h.surgery(ref); v.Shown.Words != "Joined" || v.CanWithdraw {
		t.Errorf("joined: %+v", v)
	}
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error {
		for range 2 { // the second swap changes nothing
			if err := h.TookPart(ctx, tx, h.sam, h.memberOfReferral); err != nil {
				return err
			}
		}
		return h.TookPart(ctx, tx, h.sam, uuid.New())
	})
	if v = h.surgery(ref); v.Shown.Words != "Taking part" {
		t.Errorf("first swap: %+v", v)
	}
	h.must(h.ChangePermission(ctx, h.sam, h.target(ref), TellJoined, false, "phone"))
	if v = h.surgery(ref); v.Shown.Words != "In progress" {
		t.Errorf("permission taken back: %+v", v)
	}
	h.must(h.Review(ctx, h.sam, h.target(ref), "Goes every week."))
	d = h.must(h.Complete(ctx, h.sam, h.target(ref), "taking-part", ""))
	if d.Referral.ClosedAt == nil || d.Referral.DueAt != nil || h.surgery(ref).Shown.Words != "In progress" {
		t.Errorf("completed: %+v", d.Referral)
	}
	h.wantTasks(ref, nil)
	for i, e := range d.Events {
		if e.Seq != i+1 || i > 0 && e.Kind == "move" && e.From != d.Events[i-1].To {
			t.Errorf("event %d does not follow from the one before: %+v", i, e.Event)
		}
	}
	if n := h.count("referral_permission", "referral_id = ?", ref); n != 4 {
		t.Errorf("%d answers to permissions kept, want 4: contact-me, two from the conversation, one taken back", n)
	}
}

func TestNoAnswerForLongThenTheyRing(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	ref := h.accepted()
	for _, x := range []struct{ when, channel, result string }{
		{"2026-11-24 10:00", "phone", "no-answer"}, {"2026-11-26 18:00", "text", "sent"}, {"2026-12-03 15:00", "phone", "left-message"},
	} {
		h.clock.Set(at(x.when))
		h.must(h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: x.channel, Result: x.result}))
		_, err := h.GiveUp(ctx, h.sam, h.target(ref), "")
		h.refused(err, ErrTries)
	}
	h.clock.Set(at("2026-12-04 10:00"))
	d := h.must(h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: "phone", Result: "no-answer"}))
	if !offers(d, "could-not-reach") || len(d.StillNeeded) != 0 {
		t.Errorf("after four tries: %v, still needed %v", d.Offered, d.StillNeeded)
	}
	h.must(h.GiveUp(ctx, h.sam, h.target(ref), ""))
	if v := h.surgery(ref); v.Shown.Words != "Could not reach" || v.Shown.Next != "We tried 4 times and did not reach them. You may want to check that they are well. They can ring us any time." {
		t.Errorf("the surgery sees %+v", v.Shown)
	}
	_, err := h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: "phone", Result: "no-answer"})
	h.refused(err, ErrMove)
	d = h.must(h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: "phone", Result: "spoke"}))
	if d.Referral.State != Contacting || d.Referral.ClosedAt != nil || d.Referral.Outcome != nil || d.Referral.DueAt == nil {
		t.Errorf("they rang after all: %+v", d.Referral)
	}
	h.wantTasks(ref, map[string]string{desk.RingReferred: "2026-12-08 10:00"})
}

func TestPauseAndGoOn(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	ref := h.accepted()
	h.must(h.Book(ctx, h.sam, h.target(ref), at("2026-11-27 14:00"), ""))
	for _, day := range []string{"2026-11-23 00:00", "2027-02-22 00:00"} {
		_, err := h.Pause(ctx, h.sam, h.target(ref), at(day), "Away.")
		h.refused(err, ErrResume)
	}
	_, err := h.Pause(ctx, h.sam, h.target(ref), at("2026-12-07 00:00"), " ")
	h.refused(err, ErrSay)
	h.must(h.Pause(ctx, h.sam, h.target(ref), at("2026-12-07 00:00"), "With her sister."))
	h.wantTasks(ref, map[string]string{desk.RingReferred: "2026-12-07 09:00"})
	if v := h.surgery(ref); v.Shown.Words != "Paused" || v.Shown.Next != "This rests for now. We go on by Monday 7 December." {
		t.Errorf("paused: %+v", v.Shown)
	}
	h.clock.Set(at("2026-12-01 10:00"))
	if err := h.Tick(ctx, Tick{h.bank.ID}); err != nil || h.count("referral_event", "kind = 'escalation'") != 0 {
		t.Errorf("a resting referral was escalated, or %v", err)
	}
	h.clock.Set(at("2026-12-07 09:00"))
	if d := h.must(h.Resume(ctx, h.sam, h.target(ref))); d.Referral.State != Contacting || d.Referral.ConversationAt != nil || d.Referral.ResumeOn != nil {
		t.Errorf("gone on after its conversation's time had passed: %+v", d.Referral)
	}
}

func TestNobodyCameToTheConversation(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	ref := h.accepted()
	h.must(h.Book(ctx, h.sam, h.target(ref), at("2026-11-24 14:00"), ""))
	h.clock.Set(at("2026-11-24 09:00"))
	if d := h.must(h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: "text", Result: "sent"})); d.Referral.State != ConversationBooked {
		t.Errorf("a reminder before the time unbooked it: %s", d.Referral.State)
	}
	h.clock.Set(at("2026-11-24 14:30"))
	if d := h.must(h.LogAttempt(ctx, h.sam, h.target(ref), Attempt{Channel: "visit", Result: "no-answer"})); d.Referral.State != Contacting {
		t.Errorf("nobody came, and it stands at %s", d.Referral.State)
	}
}

func TestSafetyComesFirst(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	calm := h.refer().Referral.ID
	h.clock.Advance(time.Minute)
	safety := h.refer(func(f *Form) { f.Safety = "not-sure" }).Referral.ID
	h.wantTasks(safety, map[string]string{desk.AnswerReferral: "2026-11-24 10:01", desk.SafetyCall: "2026-11-24 10:01"})
	v, urgent, err := h.Refer(ctx, h.jo, sample(func(f *Form) { f.GoodAt = "Says she wants to die" }), uuid.Nil)
	if err != nil || !urgent {
		t.Fatalf("words of crisis: urgent %v, %v", urgent, err)
	}
	h.wantTasks(v.Referral.ID, map[string]string{desk.AnswerReferral: "2026-11-24 10:01", desk.SafetyCall: "2026-11-23 10:01"})
	list, err := h.Open(ctx, h.sam, false)
	if err != nil || len(list) != 3 || list[2].Referral.ID != calm || !list[0].Referral.CallFirst {
		t.Errorf("calls about safety do not stand first: %v", err)
	}
	_, err = h.LogSafetyCall(ctx, h.sam, h.target(calm), "Nothing.")
	h.refused(err, ErrMove)
	if d := h.must(h.LogSafetyCall(ctx, h.sam, h.target(safety), "Dog bites.")); d.Referral.CallFirst || offers(d, "log-safety-call") || d.Referral.State != Submitted {
		t.Errorf("after the call: %+v", d.Referral)
	}
	h.wantTasks(safety, map[string]string{desk.AnswerReferral: "2026-11-24 10:01"})
	if _, err := h.Withdraw(ctx, h.jo, v.Referral.ID, uuid.Nil, "by-mistake"); err != nil {
		t.Fatal(err)
	}
	h.wantTasks(v.Referral.ID, map[string]string{desk.SafetyCall: "2026-11-23 10:01"}) // only a person can say that it was made
}

func TestSamePersonTwice(t *testing.T) {
	t.Parallel()
	h, ctx := setup(t), t.Context()
	first := h.refer().Referral
	second, _, err := h.Refer(ctx, h.kit, sample(func(f *Form) { f.Name, f.Reach = "ada mary  canary quill", "01632 960 001" }), uuid.Nil)
	if err != nil {
		t.Fatal(err)
	}
	third := h.refer(func(f *Form) { f.BirthYear = 1952 }).Referral.ID
	d := h.must(h.See(ctx, h.sam, second.Referral.ID))
	if len(d.SameAs) != 1 || d.SameAs[0].Referral.ID != first.ID {
		t.Errorf("may be the same person: %+v", d.SameAs)
	}
	if d = h.must(h.See(ctx, h.sam, third)); len(d.SameAs) != 0 {
		t.Errorf("another birth date is another person: %+v", d.SameAs)
	}
	h.must(h.Void(ctx, h.sam, h.target(second.Referral.ID), "sent-twice", ""))
}
