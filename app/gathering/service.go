package gathering

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/once"
)

// Service is the use cases of gatherings.
type Service struct {
	Pool    *bun.DB
	Clock   clock.Clock
	Message *message.Service
	URL     string // where people reach the product
	// TookPart hears of the members who were there when the hours went into the
	// books; referral follows people to what they first take part in.
	TookPart func(ctx context.Context, tx bun.IDB, a identity.Actor, members ...uuid.UUID) error
}

// act is one act on a locked gathering.
type act struct {
	tx  bun.IDB
	a   identity.Actor
	g   Gathering
	now time.Time
}

// do locks a gathering and runs fn with it, in one transaction, with its audit row.
func (s *Service) do(ctx context.Context, a identity.Actor, id uuid.UUID, by identity.OnBehalf, action string, fn func(ctx context.Context, x *act) error) error {
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		x := &act{tx: tx, a: a, now: s.Clock.Now()}
		var err error
		if x.g, err = lock(ctx, tx, a.Bank.ID, id); err != nil {
			return err
		}
		if err := fn(ctx, x); err != nil {
			return err
		}
		return x.audit(ctx, action, by)
	})
}

func (x *act) audit(ctx context.Context, action string, by identity.OnBehalf) error {
	e := audit.Entry{BankID: x.a.Bank.ID, At: x.now, ActorID: x.a.Person, Action: action, ObjectKind: "gathering", ObjectID: x.g.ID}
	if by.For != nil && *by.For != x.a.Member {
		agreed := x.a.Agreed(by, identity.AnswerPlans)
		e.OnBehalfOf, e.Consent = by.For, &agreed
	}
	return audit.Record(ctx, x.tx, e)
}

// Add makes a gathering, or a weekly series of them, once for a key; it answers
// the first. Refuses what cannot be used by field, and with ErrNoVenue,
// listing.ErrKind and member.ErrNoMember.
func (s *Service) Add(ctx context.Context, a identity.Actor, key uuid.UUID, p Plan) (uuid.UUID, error) {
	now := s.Clock.Now()
	p, err := p.clean(a.Bank, now)
	if err != nil {
		return uuid.Nil, err
	}
	var out uuid.UUID
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "add-gathering", Input: p, Now: now},
			func(first uuid.UUID) error { return s.add(ctx, tx, a, first, p, now) })
		return err
	})
	return out, err
}

func (s *Service) add(ctx context.Context, tx bun.IDB, a identity.Actor, first uuid.UUID, p Plan, now time.Time) error {
	venue, err := s.place(ctx, tx, a, p, now)
	if err != nil {
		return err
	}
	var series *uuid.UUID
	if p.Weeks > 1 {
		series = &first
	}
	for i, at := range p.dates(a.Bank.Location()) {
		g := Gathering{BankID: a.Bank.ID, ID: first, SeriesID: series, VenueID: venue, State: Planned, Hours: NoHours, CreatedBy: a.Person, CreatedAt: now}
		g.is(p, at)
		if i > 0 {
			g.ID = id.New()
		}
		if _, err := tx.NewInsert().Model(&g).Exec(ctx); err != nil {
			return fmt.Errorf("add gathering: %w", err)
		}
		if err := leads(ctx, tx, g, p.Leads, nil, now); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: "add-gathering", ObjectKind: "gathering", ObjectID: g.ID}); err != nil {
			return err
		}
	}
	return nil
}

// is fills in what a plan says.
func (g *Gathering) is(p Plan, at time.Time) {
	g.Title, g.About, g.Kind, g.DropIn, g.Speaker, g.SpeakerAbout, g.GroundRules = p.Title, p.About, p.Kind, p.DropIn, p.Speaker, p.SpeakerAbout, p.GroundRules
	g.StartsAt, g.EndsAt, g.Capacity = at, at.Add(time.Duration(p.Minutes)*time.Minute), nil
	if p.Capacity > 0 {
		g.Capacity = &p.Capacity
	}
}

// place finds or adds the venue of a plan, and looks whether its kind exists.
func (s *Service) place(ctx context.Context, tx bun.IDB, a identity.Actor, p Plan, now time.Time) (uuid.UUID, error) {
	kinds, err := listing.KindNames(ctx, tx, a.Bank.ID)
	if err != nil {
		return uuid.Nil, err
	}
	if _, ok := kinds[p.Kind]; !ok {
		return uuid.Nil, listing.ErrKind.At("/kind")
	}
	if p.Venue == uuid.Nil {
		v := p.New
		v.BankID, v.ID, v.CreatedAt = a.Bank.ID, id.New(), now
		if _, err := tx.NewInsert().Model(&v).Exec(ctx); err != nil {
			return uuid.Nil, fmt.Errorf("add venue: %w", err)
		}
		return v.ID, nil
	}
	n, err := tx.NewSelect().Model((*Venue)(nil)).Where("bank_id = ?", a.Bank.ID).Where("id = ?", p.Venue).Count(ctx)
	if err != nil {
		return uuid.Nil, fmt.Errorf("find venue: %w", err)
	}
	if n == 0 {
		return uuid.Nil, ErrNoVenue.At("/venue_id")
	}
	return p.Venue, nil
}

// leads makes these members, and no others, the ones who lead. They come, and take
// no place.
func leads(ctx context.Context, tx bun.IDB, g Gathering, who []uuid.UUID, rows []Part, now time.Time) error {
	for _, m := range who {
		if _, err := member.ByID(ctx, tx, g.BankID, m); err != nil {
			if fault.As(err) != nil {
				return member.ErrNoMember.At("/leads")
			}
			return err
		}
		p, ok := of(rows, m)
		if !ok {
			p = Part{BankID: g.BankID, ID: id.New(), GatheringID: g.ID, MemberID: &m, AskedAt: now}
		}
		p.Part, p.State = Leads, Coming
		if err := keep(ctx, tx, p); err != nil {
			return err
		}
	}
	for _, p := range rows {
		if p.Part == Leads && p.MemberID != nil && !slices.Contains(who, *p.MemberID) {
			if p.Part = Comes; p.HereAt == nil {
				p.State = Off
			}
			if err := keep(ctx, tx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// of finds a member among the rows of a register.
func of(rows []Part, m uuid.UUID) (Part, bool) {
	for _, p := range rows {
		if p.MemberID != nil && *p.MemberID == m {
			return p, true
		}
	}
	return Part{}, false
}

// Change corrects a gathering that is not over. Who has a place, or waits for one, is
// told when the time or the place is another. More places let the next ones in.
// Refuses like Add, and with ErrCancelled and ErrOver.
func (s *Service) Change(ctx context.Context, a identity.Actor, gathering uuid.UUID, p Plan) error {
	now := s.Clock.Now()
	p, err := p.clean(a.Bank, now)
	if err != nil {
		return err
	}
	p.Weeks = 1
	return s.do(ctx, a, gathering, identity.OnBehalf{}, "change-gathering", func(ctx context.Context, x *act) error {
		if err := x.open(); err != nil {
			return err
		}
		was := x.g
		if x.g.VenueID, err = s.place(ctx, x.tx, a, p, now); err != nil {
			return err
		}
		x.g.is(p, p.dates(a.Bank.Location())[0])
		if err := save(ctx, x.tx, x.g); err != nil {
			return err
		}
		rows, err := partsOf(ctx, x.tx, a.Bank.ID, x.g.ID)
		if err != nil {
			return err
		}
		if err := leads(ctx, x.tx, x.g, p.Leads, rows, now); err != nil {
			return err
		}
		if !was.StartsAt.Equal(x.g.StartsAt) || was.VenueID != x.g.VenueID {
			if err := s.tellAll(ctx, x, TellChanged, x.g.StartsAt.Format(time.RFC3339)+x.g.VenueID.String()); err != nil {
				return err
			}
		}
		return s.fill(ctx, x)
	})
}

// open refuses what is called off or over.
func (x *act) open() error {
	switch {
	case x.g.State == Cancelled:
		return ErrCancelled
	case !x.g.EndsAt.After(x.now):
		return ErrOver
	}
	return nil
}

// Cancel calls a gathering off and tells everybody who has a place or waits for
// one, in the reason's words. Calling it off again is fine. Refuses with
// ErrReason, ErrOver and ErrPosted.
func (s *Service) Cancel(ctx context.Context, a identity.Actor, gathering uuid.UUID, reason string) error {
	reason, err := aReason(reason)
	if err != nil {
		return err
	}
	return s.do(ctx, a, gathering, identity.OnBehalf{}, "cancel-gathering", func(ctx context.Context, x *act) error {
		switch {
		case x.g.State == Cancelled:
			return nil
		case x.g.Hours == Posted:
			return ErrPosted
		}
		if err := x.open(); err != nil {
			return err
		}
		x.g.State, x.g.CancelReason = Cancelled, reason
		if err := save(ctx, x.tx, x.g); err != nil {
			return err
		}
		return s.tellAll(ctx, x, TellOff, "1")
	})
}

// tellAll tells every member who has a place or waits for one. Calls that were to
// be made about it before give way to the new one.
func (s *Service) tellAll(ctx context.Context, x *act, template, key string) error {
	rows, err := partsOf(ctx, x.tx, x.g.BankID, x.g.ID)
	if err != nil {
		return err
	}
	for _, p := range rows {
		if p.MemberID == nil || p.State != Coming && p.State != Waiting {
			continue
		}
		if err := desk.Finish(ctx, x.tx, x.g.BankID, p.ID, x.a.Person, x.now, desk.RingToRemind, desk.RingToTell); err != nil {
			return err
		}
		if err := s.tell(ctx, x, p, template, key); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tell(ctx context.Context, x *act, p Part, template, key string) error {
	return s.Message.Write(ctx, x.tx, message.To{Bank: x.a.Bank, Member: *p.MemberID, Template: template, Subject: p.ID, Key: key, CallBy: callBy(x, template)})
}

// callBy is when somebody without e-mail should have been rung: on the next
// working day, for a reminder today, and always in good time before it begins.
func callBy(x *act, template string) time.Time {
	due := x.a.Bank.AfterWorkingDays(x.now, 1)
	if template == TellTomorrow {
		due = x.a.Bank.Closing(x.now)
	}
	if soon := x.g.StartsAt.Add(-2 * time.Hour); soon.Before(due) {
		due = soon
	}
	if due.Before(x.now) {
		return x.now
	}
	return due
}
