package referral

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/clock"
	"timebank/app/platform/fault"
	"timebank/app/platform/words"
)

var (
	// ErrSay refuses an act that needs words without any.
	ErrSay = fault.New(fault.Invalid, "say-in-words", "Please write a few words.")
	// ErrWhen refuses a conversation in the past or more than three months off.
	ErrWhen = fault.New(fault.Invalid, "when", "Choose a day and time from now on, within three months.")
	// ErrTryWhen refuses an attempt in the future or before the referral came.
	ErrTryWhen = fault.New(fault.Invalid, "when-tried", "Choose a time between the day the referral came and now.")
	// ErrResume refuses a pause without a day on which it ends, within 90 days.
	ErrResume = fault.New(fault.Invalid, "resume-on", "Choose the day on which to go on: after today, within 90 days.")
)

const pauseDays = 90

// Target names the referral of an act, and how it looked to whoever acts.
type Target struct {
	Referral uuid.UUID
	Version  int
	Key      uuid.UUID // the client's repeat key; nil when it has none
}

// broker runs an act of a broker and returns how the referral stands after it.
// Refuses with ErrMove when op is not for the state the referral is in.
func (s *Service) broker(ctx context.Context, a identity.Actor, op string, t Target, input any, do func(context.Context, *work) error) (Detail, error) {
	var out Detail
	c := command{op: op, referral: t.Referral, version: t.Version, key: t.Key, input: input}
	err := s.act(ctx, a, Broker, c, func(ctx context.Context, w *work) error {
		if err := may(op, w.r.State); err != nil {
			return err
		}
		return do(ctx, w)
	}, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = s.detail(ctx, tx, a, t.Referral)
		return err
	})
	return out, err
}

// Acknowledge says that we have it; the broker becomes its owner.
func (s *Service) Acknowledge(ctx context.Context, a identity.Actor, t Target) (Detail, error) {
	return s.broker(ctx, a, "acknowledge-referral", t, nil, func(ctx context.Context, w *work) error {
		if w.r.OwnerID == nil {
			w.r.OwnerID = &a.Person
		}
		if err := w.move(ctx, Acknowledged, "", Said{}); err != nil {
			return err
		}
		return w.meet(ctx, w.now, Acknowledge)
	})
}

// Ask puts a question to the surgery. Refuses with ErrSay.
func (s *Service) Ask(ctx context.Context, a identity.Actor, t Target, question string) (Detail, error) {
	return s.broker(ctx, a, "ask-surgery", t, question, func(ctx context.Context, w *work) error {
		q := strings.TrimSpace(question)
		if q == "" {
			return ErrSay.At("/question")
		}
		return w.move(ctx, NeedsInfo, "", Said{Note: q})
	})
}

// Accept says yes: we will get in touch.
func (s *Service) Accept(ctx context.Context, a identity.Actor, t Target) (Detail, error) {
	return s.broker(ctx, a, "accept-referral", t, nil, func(ctx context.Context, w *work) error {
		return w.move(ctx, Accepted, "", Said{})
	})
}

// Attempt is one try to reach the person.
type Attempt struct {
	Channel string     // phone, text, email, post, visit, someone
	Result  string     // spoke, no-answer, left-message, wrong-number, sent
	Note    string     // sealed
	At      *time.Time // nil: now
}

// LogAttempt keeps a try, whatever came of it. The first one stops the second
// clock, a talk with the person the third. Somebody who rings after "could not
// reach" is welcome: the referral goes on; other tries are refused then with
// ErrMove. Refuses with ErrTryWhen.
func (s *Service) LogAttempt(ctx context.Context, a identity.Actor, t Target, try Attempt) (Detail, error) {
	return s.broker(ctx, a, "log-attempt", t, try, func(ctx context.Context, w *work) error {
		at := w.now
		if try.At != nil {
			at = clock.Cut(*try.At)
		}
		if at.After(w.now) || at.Before(w.r.SubmittedAt) {
			return ErrTryWhen.At("/at")
		}
		talked := reached(try.Channel, try.Result)
		if w.r.State == CouldNotReach && !talked {
			return ErrMove
		}
		e := Event{Kind: "attempt", From: w.r.State, To: w.r.State, Channel: &try.Channel, Result: &try.Result, HappenedAt: &at}
		if err := w.write(ctx, e, Said{Note: strings.TrimSpace(try.Note)}); err != nil {
			return err
		}
		if err := w.meet(ctx, at, FirstAttempt); err != nil {
			return err
		}
		if talked {
			if err := w.meet(ctx, at, SpokenTo); err != nil {
				return err
			}
		}
		return w.afterTry(ctx, at, talked)
	})
}

// afterTry moves on to contacting what a try belongs there: the first one, a
// booked conversation to which nobody came, somebody who rang after all.
func (w *work) afterTry(ctx context.Context, at time.Time, talked bool) error {
	switch {
	case w.r.State == Contacting:
		w.stepped = true // the next try is another two days on
		return nil
	case w.r.State == ConversationBooked && !talked && !at.Before(*w.r.ConversationAt):
		w.r.ConversationAt = nil
	case w.r.State == CouldNotReach:
		w.r.Outcome, w.r.ClosedAt = nil, nil
	case w.r.State != Accepted:
		return nil
	}
	return w.move(ctx, Contacting, "", Said{})
}

// Book agrees on a time for the first conversation, or on another one. Who has a
// time with us was reached in some way, so the second clock stops. Refuses with
// ErrWhen.
func (s *Service) Book(ctx context.Context, a identity.Actor, t Target, at time.Time, note string) (Detail, error) {
	return s.broker(ctx, a, "book-conversation", t, []any{at, note}, func(ctx context.Context, w *work) error {
		at := clock.Cut(at)
		if !at.After(w.now) || at.After(w.now.AddDate(0, 3, 0)) {
			return ErrWhen.At("/at")
		}
		w.r.ConversationAt = &at
		said := Said{Note: strings.TrimSpace(note)}
		if w.r.State == ConversationBooked {
			w.stepped = true
			return w.note(ctx, "another-time", said)
		}
		if err := w.move(ctx, ConversationBooked, "", said); err != nil {
			return err
		}
		return w.meet(ctx, w.now, FirstAttempt)
	})
}

// Held is what the person said at the first conversation about what the surgery
// may hear, and how they said it.
type Held struct {
	TellJoined, TellProgress bool
	How                      string // phone, paper, in-person
	Note                     string // sealed
}

// Hold keeps that the first conversation took place. Both permissions are asked
// in it and recorded, also a no.
func (s *Service) Hold(ctx context.Context, a identity.Actor, t Target, h Held) (Detail, error) {
	return s.broker(ctx, a, "hold-conversation", t, h, func(ctx context.Context, w *work) error {
		if err := w.move(ctx, ConversationDone, "", Said{Note: strings.TrimSpace(h.Note)}); err != nil {
			return err
		}
		if err := w.permit(ctx, TellJoined, h.TellJoined, h.How); err != nil {
			return err
		}
		if err := w.permit(ctx, TellProgress, h.TellProgress, h.How); err != nil {
			return err
		}
		return w.meet(ctx, w.now, FirstAttempt, SpokenTo)
	})
}

// ChangePermission records another answer to what the surgery may hear. That
// counts at once, also for what is closed.
func (s *Service) ChangePermission(ctx context.Context, a identity.Actor, t Target, permission string, yes bool, how string) (Detail, error) {
	return s.broker(ctx, a, "change-permission", t, []any{permission, yes, how}, func(ctx context.Context, w *work) error {
		if !oneOf(permission, TellJoined, TellProgress) {
			return ErrMove
		}
		return w.permit(ctx, permission, yes, how)
	})
}

// Membership is what a broker adds to what was told when somebody joins. Empty
// fields leave it as it was told.
type Membership struct {
	Area, Name, Called, Email, Phone string
	Consent                          string // how they agreed: phone, paper, in-person
}

// MakeMember makes the person a member with what was told, so that nothing is
// asked twice. Refuses what Join refuses.
func (s *Service) MakeMember(ctx context.Context, a identity.Actor, t Target, m Membership) (Detail, error) {
	return s.broker(ctx, a, "join-referred", t, m, func(ctx context.Context, w *work) error {
		told, err := w.told()
		if err != nil {
			return err
		}
		j, err := m.onto(told.joinRequest())
		if err != nil {
			return err
		}
		member, err := s.Join(ctx, w.tx, a, j)
		if err != nil {
			return err
		}
		w.r.MemberID, w.consent = &member, &j.Consent
		return w.move(ctx, Joined, "", Said{})
	})
}

// onto lays what the broker corrected over what was told.
func (m Membership) onto(j JoinRequest) (JoinRequest, error) {
	c := &fault.Check{}
	set := func(to *string, from, pointer string, message words.Text, clean func(string) (string, bool)) {
		if strings.TrimSpace(from) == "" {
			return
		}
		v, ok := clean(from)
		c.Add(ok, pointer, "invalid", message)
		*to = v
	}
	set(&j.Name, m.Name, "/name", "Enter a full name of 100 characters or fewer", identity.CleanName)
	set(&j.Called, m.Called, "/called", "Enter a name of 100 characters or fewer", identity.CleanName)
	set(&j.Email, m.Email, "/email", "Enter an email address, like name@example.com", identity.CleanEmail)
	set(&j.Phone, m.Phone, "/phone", phoneHint, identity.CleanPhone)
	j.Area, j.Consent = strings.TrimSpace(m.Area), m.Consent
	return j, c.Err()
}

// LogSafetyCall keeps that the surgery was rung about safety. What was said is
// sealed. Refuses with ErrMove when no call is wanted, and with ErrSay.
func (s *Service) LogSafetyCall(ctx context.Context, a identity.Actor, t Target, note string) (Detail, error) {
	var out Detail
	c := command{op: "log-safety-call", referral: t.Referral, version: t.Version, key: t.Key, input: note}
	err := s.act(ctx, a, Broker, c, func(ctx context.Context, w *work) error {
		if !w.r.CallFirst {
			return ErrMove
		}
		if strings.TrimSpace(note) == "" {
			return ErrSay.At("/note")
		}
		w.r.CallFirst = false
		if err := desk.Finish(ctx, w.tx, w.r.BankID, w.r.ID, a.Person, w.now, desk.SafetyCall); err != nil {
			return err
		}
		return w.note(ctx, "safety-call", Said{Note: strings.TrimSpace(note)})
	}, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = s.detail(ctx, tx, a, t.Referral)
		return err
	})
	return out, err
}
