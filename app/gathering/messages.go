package gathering

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/db"
	"timebank/app/platform/job"
	"timebank/app/platform/words"
)

// The messages of this slice. Each is about one person's part.
const (
	TellPlace    = "gathering-place"
	TellMovedUp  = "gathering-moved-up"
	TellChanged  = "gathering-changed"
	TellOff      = "gathering-off"
	TellTomorrow = "gathering-tomorrow"
)

// told is what the words are made from.
type told struct {
	l     words.Language // the reader's
	g     Gathering
	p     Part
	venue Venue
	guest string
	when  string
	link  string
}

// what is the gathering with its time and place.
func (x told) what() string {
	place := x.venue.Name
	if x.venue.Address != "" {
		place += x.l.Say(", ") + x.venue.Address
	}
	return x.l.Say("{title}, {time} at {place}", "title", x.g.Title, "time", x.when, "place", place)
}

// andGuest says something about a guest, if there is one.
func (x told) andGuest(text words.Text) string {
	if x.guest == "" {
		return ""
	}
	return " " + x.l.Say(text, "guest", x.guest)
}

// says makes a message of its two texts.
func (x told) says(subject, text words.Text) message.Words {
	pairs := []any{"title", x.g.Title, "what", x.what(), "time", x.when, "bring", x.andGuest("You bring {guest}."), "link", x.link}
	return message.Words{Subject: x.l.Say(subject, pairs...), Text: x.l.Say(text, pairs...)}
}

// Renders are the words of this slice's messages, from how things stand when they
// are sent. What is no longer true is not said.
func (s *Service) Renders() map[string]message.Render {
	return map[string]message.Render{
		TellPlace: s.render(func(x told) message.Words {
			if x.g.State != Planned {
				return message.Words{}
			}
			if x.p.State == Waiting {
				return x.says("You are on the waiting list: {title}",
					"All places are taken just now: {what}.{bring}\n\nYou are on the waiting list. When a place comes free it is yours, and we tell you.\n\nIf you can't come after all: {link}")
			}
			if x.p.State != Coming {
				return message.Words{}
			}
			return x.says("You have a place: {title}",
				"You have a place: {what}.{bring}\n\nIf you can't come, please say so here, or ring us, so that somebody else can: {link}")
		}),
		TellMovedUp: s.render(func(x told) message.Words {
			if x.g.State != Planned || x.p.State != Coming {
				return message.Words{}
			}
			return x.says("A place has come free: {title}",
				"Good news: a place has come free, and it is yours. {what}.{bring}\n\nIf you can't come, please say so here, or ring us, so that somebody else can: {link}")
		}),
		TellChanged: s.render(func(x told) message.Words {
			if x.g.State != Planned || x.p.State == Off {
				return message.Words{}
			}
			return x.says("New time or place: {title}",
				"The time or the place is new. It is now: {what}.{bring}\n\nIf you can't come, please say so here, or ring us: {link}")
		}),
		TellOff: s.render(func(x told) message.Words {
			if x.g.State != Cancelled {
				return message.Words{}
			}
			return message.Words{Subject: x.l.Say("Called off: {title}", "title", x.g.Title),
				Text: x.l.Say("We are sorry: {title}, {time}, is off.{guest}\n\n{reason}\n\nWhat else is on: {link}", "title", x.g.Title, "time", x.when,
					"guest", x.andGuest("Please tell {guest} too."), "reason", x.g.CancelReason, "link", s.URL+"/gatherings")}
		}),
		TellTomorrow: s.render(func(x told) message.Words {
			if x.g.State != Planned || x.p.State != Coming || x.g.StartsAt.Before(s.Clock.Now()) {
				return message.Words{}
			}
			return x.says("Tomorrow: {title}",
				"A reminder for tomorrow: {what}.{bring}\n\nIf you can't come, please say so here, or ring us, so that somebody else can: {link}")
		}),
	}
}

// Calls are the tasks that take a message's place for people without e-mail. Who
// signs up through a broker on the phone hears at once that they have a place.
func (s *Service) Calls() map[string]desk.Task {
	return map[string]desk.Task{
		TellMovedUp:  {Kind: desk.RingToTell, SubjectKind: desk.OfSignUp},
		TellChanged:  {Kind: desk.RingToTell, SubjectKind: desk.OfSignUp},
		TellOff:      {Kind: desk.RingToTell, SubjectKind: desk.OfSignUp},
		TellTomorrow: {Kind: desk.RingToRemind, SubjectKind: desk.OfSignUp},
	}
}

func (s *Service) render(say func(told) message.Words) message.Render {
	return func(ctx context.Context, tx bun.IDB, b bank.Bank, _ member.Member, subject uuid.UUID) (message.Words, error) {
		p, err := partByID(ctx, tx, b.ID, subject)
		if errors.Is(err, ErrNoPart) {
			return message.Words{}, nil
		}
		if err != nil {
			return message.Words{}, err
		}
		x := told{l: words.Of(ctx), p: p}
		if x.g, err = byID(ctx, tx, b.ID, p.GatheringID); err != nil {
			return message.Words{}, err
		}
		if err := tx.NewSelect().Model(&x.venue).Where("bank_id = ?", b.ID).Where("id = ?", x.g.VenueID).Scan(ctx); err != nil {
			return message.Words{}, fmt.Errorf("find venue: %w", err)
		}
		if p.MemberID != nil {
			rows, err := partsOf(ctx, tx, b.ID, p.GatheringID)
			if err != nil {
				return message.Words{}, err
			}
			if theirs, ok := guestOf(rows, *p.MemberID); ok && theirs.State != Off {
				x.guest = theirs.Guest
			}
		}
		x.when, x.link = x.l.Moment(x.g.StartsAt, b.Location()), s.URL+"/gatherings/one?id="+x.g.ID.String()
		return say(x), nil
	}
}

// Describe words sign-ups for the desk.
func (s *Service) Describe(ctx context.Context, tx bun.IDB, bankID uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []Part
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bankID).Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read sign-ups: %w", err)
	}
	var people, on []uuid.UUID
	for _, p := range rows {
		if p.MemberID != nil {
			people = append(people, *p.MemberID)
		}
		on = append(on, p.GatheringID)
	}
	names, err := member.Some(ctx, tx, bankID, people)
	if err != nil {
		return nil, err
	}
	all, err := some(ctx, tx, bankID, on)
	if err != nil {
		return nil, err
	}
	b, err := bank.ByID(ctx, tx, bankID)
	if err != nil {
		return nil, err
	}
	l := words.Of(ctx)
	out := map[uuid.UUID]desk.Line{}
	for _, p := range rows {
		if p.MemberID == nil {
			continue
		}
		g := all[p.GatheringID]
		say := func(text words.Text) string {
			return l.Say(text, "title", g.Title, "time", l.Moment(g.StartsAt, b.Location()), "reason", g.CancelReason)
		}
		what := say("Has a place: {title}, {time}")
		switch {
		case g.State == Cancelled:
			what = say("Called off: {title}, {time}. {reason}")
		case p.State == Waiting:
			what = say("On the waiting list: {title}, {time}")
		case p.State == Off:
			what = say("Does not come any more: {title}, {time}")
		}
		out[p.ID] = desk.Line{Who: names[*p.MemberID].Called, What: what, Link: "/broker/gathering?id=" + g.ID.String(), Member: p.MemberID}
	}
	return out, nil
}

// Remind is the job that writes the reminders of tomorrow's gatherings in one bank.
type Remind struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (Remind) Kind() string { return "remind-of-gatherings" }

// Forget is the job that forgets the names of guests of long ago.
type Forget struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (Forget) Kind() string { return "forget-guests" }

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) {
	job.Handle(q, func(ctx context.Context, j Remind) error { return s.Remind(ctx, j.BankID) })
	job.Handle(q, func(ctx context.Context, j Forget) error { return s.ForgetGuests(ctx, j.BankID) })
}

// Reminders are written from 9 in the morning, so that nobody is woken by one.
const quietUntil = 9

// Remind reminds whoever has a place at a gathering that is tomorrow in the bank's
// own calendar, once, and once more when its time has changed since.
func (s *Service) Remind(ctx context.Context, bankID uuid.UUID) error {
	return db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		b, err := bank.ByID(ctx, tx, bankID)
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		local := now.In(b.Location())
		if local.Hour() < quietUntil {
			return nil
		}
		from := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, b.Location())
		until := time.Date(local.Year(), local.Month(), local.Day()+2, 0, 0, 0, 0, b.Location())
		all, err := startingBetween(ctx, tx, bankID, from, until)
		if err != nil {
			return err
		}
		for _, g := range all {
			x := &act{tx: tx, a: identity.System(b), g: g, now: now}
			rows, err := partsOf(ctx, tx, bankID, g.ID)
			if err != nil {
				return err
			}
			for _, p := range rows {
				if p.MemberID == nil || p.State != Coming {
					continue
				}
				if err := s.tell(ctx, x, p, TellTomorrow, g.StartsAt.Format(time.RFC3339)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
