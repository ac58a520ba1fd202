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
	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/db"
	"timebank/app/platform/job"
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
	g     Gathering
	p     Part
	venue Venue
	guest string
	when  string
	link  string
}

func (x told) what() string {
	out := fmt.Sprintf("%s, %s at %s", x.g.Title, x.when, x.venue.Name)
	if x.venue.Address != "" {
		out += ", " + x.venue.Address
	}
	return out
}

func (x told) bring() string {
	if x.guest == "" {
		return ""
	}
	return " You bring " + x.guest + "."
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
				return message.Words{Subject: "You are on the waiting list: " + x.g.Title,
					Text: fmt.Sprintf("All places are taken just now: %s.%s\n\nYou are on the waiting list. When a place comes free it is yours, and we tell you.\n\nIf you can't come after all: %s", x.what(), x.bring(), x.link)}
			}
			if x.p.State != Coming {
				return message.Words{}
			}
			return message.Words{Subject: "You have a place: " + x.g.Title,
				Text: fmt.Sprintf("You have a place: %s.%s\n\nIf you can't come, please say so here, or ring us, so that somebody else can: %s", x.what(), x.bring(), x.link)}
		}),
		TellMovedUp: s.render(func(x told) message.Words {
			if x.g.State != Planned || x.p.State != Coming {
				return message.Words{}
			}
			return message.Words{Subject: "A place has come free: " + x.g.Title,
				Text: fmt.Sprintf("Good news: a place has come free, and it is yours. %s.%s\n\nIf you can't come, please say so here, or ring us, so that somebody else can: %s", x.what(), x.bring(), x.link)}
		}),
		TellChanged: s.render(func(x told) message.Words {
			if x.g.State != Planned || x.p.State == Off {
				return message.Words{}
			}
			return message.Words{Subject: "New time or place: " + x.g.Title,
				Text: fmt.Sprintf("The time or the place is new. It is now: %s.%s\n\nIf you can't come, please say so here, or ring us: %s", x.what(), x.bring(), x.link)}
		}),
		TellOff: s.render(func(x told) message.Words {
			if x.g.State != Cancelled {
				return message.Words{}
			}
			return message.Words{Subject: "Called off: " + x.g.Title,
				Text: fmt.Sprintf("We are sorry: %s, %s, is off.%s\n\n%s\n\nWhat else is on: %s/gatherings", x.g.Title, x.when, x.off(), x.g.CancelReason, s.URL)}
		}),
		TellTomorrow: s.render(func(x told) message.Words {
			if x.g.State != Planned || x.p.State != Coming || x.g.StartsAt.Before(s.Clock.Now()) {
				return message.Words{}
			}
			return message.Words{Subject: "Tomorrow: " + x.g.Title,
				Text: fmt.Sprintf("A reminder for tomorrow: %s.%s\n\nIf you can't come, please say so here, or ring us, so that somebody else can: %s", x.what(), x.bring(), x.link)}
		}),
	}
}

func (x told) off() string {
	if x.guest == "" {
		return ""
	}
	return " Please tell " + x.guest + " too."
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

func (s *Service) render(words func(told) message.Words) message.Render {
	return func(ctx context.Context, tx bun.IDB, b bank.Bank, _ member.Member, subject uuid.UUID) (message.Words, error) {
		p, err := partByID(ctx, tx, b.ID, subject)
		if errors.Is(err, ErrNoPart) {
			return message.Words{}, nil
		}
		if err != nil {
			return message.Words{}, err
		}
		x := told{p: p}
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
		x.when, x.link = exchange.SpokenTime(x.g.StartsAt, b.Location()), s.URL+"/gatherings/one?id="+x.g.ID.String()
		return words(x), nil
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
	out := map[uuid.UUID]desk.Line{}
	for _, p := range rows {
		if p.MemberID == nil {
			continue
		}
		g := all[p.GatheringID]
		when := exchange.SpokenTime(g.StartsAt, b.Location())
		what := fmt.Sprintf("Has a place: %s, %s", g.Title, when)
		switch {
		case g.State == Cancelled:
			what = fmt.Sprintf("Called off: %s, %s. %s", g.Title, when, g.CancelReason)
		case p.State == Waiting:
			what = fmt.Sprintf("On the waiting list: %s, %s", g.Title, when)
		case p.State == Off:
			what = fmt.Sprintf("Does not come any more: %s, %s", g.Title, when)
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
