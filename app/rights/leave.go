package rights

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/contact"
	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Where the hours of somebody who leaves go.
const (
	HoursStay        = "stay"
	HoursToPot       = "pot"
	HoursToNeighbour = "neighbour"
)

var (
	// ErrUnsettled refuses to leave while somebody waits for hours to be agreed on.
	ErrUnsettled = fault.New(fault.Conflict, "hours-unsettled", "Some hours still wait for a word: {what}. Confirm them or say what is wrong, and then leave.")
	// ErrStillStaff refuses to leave who works here.
	ErrStillStaff = fault.New(fault.Conflict, "still-staff", "You also work here. A coordinator has to end that first.")
	// ErrWhereHours refuses to leave hours behind without a word about them.
	ErrWhereHours = fault.New(fault.Invalid, "say-where-hours-go", "You have {have} left. Say where they should go: to the community pot, to a neighbour, or nowhere.")
	// ErrNeighbour refuses a gift to nobody, to oneself, or to somebody who has left.
	ErrNeighbour = fault.New(fault.Invalid, "neighbour", "Choose a neighbour who is a member.")
)

// Leaving is how things stand for somebody who thinks of leaving.
type Leaving struct {
	Balance   int64
	Unsettled []string // what must be settled first, in words
	Staff     bool     // works here: that must end first
}

// Farewell is how somebody leaves.
type Farewell struct {
	Hours     string // stay, pot, neighbour; needed when there are any
	Neighbour *uuid.UUID
	identity.OnBehalf
}

// subject is the member a right is used for: the actor, or one a broker acts for.
// Another member gets member.ErrNoMember.
func subject(a identity.Actor, who uuid.UUID, consent string) (behalf *uuid.UUID, err error) {
	if who == a.Member {
		return nil, nil
	}
	if !a.May(identity.WorkDesk) {
		return nil, member.ErrNoMember
	}
	_, behalf, err = a.Subject(identity.OnBehalf{For: &who, Consent: consent}, "")
	return behalf, err
}

// on runs fn on a locked member and keeps who did what for whom.
func (s *Service) on(ctx context.Context, a identity.Actor, who uuid.UUID, consent, action string, fn func(ctx context.Context, tx bun.IDB, m member.Member, behalf *uuid.UUID) error) error {
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if who != a.Member && !a.May(identity.WorkDesk) {
			return member.ErrNoMember
		}
		m, err := member.Lock(ctx, tx, a.Bank.ID, who)
		if err != nil {
			return err
		}
		behalf, err := subject(a, who, consent)
		if err != nil {
			return err
		}
		if err := fn(ctx, tx, m, behalf); err != nil {
			return err
		}
		e := audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, OnBehalfOf: behalf, Action: action, ObjectKind: "member", ObjectID: who}
		if behalf != nil {
			e.Consent = &consent
		}
		return audit.Record(ctx, tx, e)
	})
}

// Pause lets a membership rest: nobody is asked, nothing ends, hours stay.
// Refuses with member.ErrPaused.
func (s *Service) Pause(ctx context.Context, a identity.Actor, who uuid.UUID, consent string) error {
	return s.on(ctx, a, who, consent, "pause-membership", func(ctx context.Context, tx bun.IDB, m member.Member, _ *uuid.UUID) error {
		return member.SetStatus(ctx, tx, m, member.Active, member.Paused)
	})
}

// ComeBack ends a pause. Refuses with member.ErrPaused.
func (s *Service) ComeBack(ctx context.Context, a identity.Actor, who uuid.UUID, consent string) error {
	return s.on(ctx, a, who, consent, "come-back", func(ctx context.Context, tx bun.IDB, m member.Member, _ *uuid.UUID) error {
		return member.SetStatus(ctx, tx, m, member.Paused, member.Active)
	})
}

// Leaving says what leaving would mean now.
func (s *Service) Leaving(ctx context.Context, a identity.Actor, who uuid.UUID) (Leaving, error) {
	var out Leaving
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if who != a.Member && !a.May(identity.WorkDesk) {
			return member.ErrNoMember
		}
		m, err := member.ByID(ctx, tx, a.Bank.ID, who)
		if err == nil && m.Status == member.Left {
			err = member.ErrLeft
		}
		if err != nil {
			return err
		}
		out, err = s.stands(ctx, tx, a, m)
		return err
	})
	return out, err
}

func (s *Service) stands(ctx context.Context, tx bun.IDB, a identity.Actor, m member.Member) (Leaving, error) {
	var out Leaving
	roles, err := identity.RolesIn(ctx, tx, m.PersonID, a.Bank.ID)
	if err != nil {
		return out, err
	}
	out.Staff = slices.ContainsFunc(roles, func(r identity.Role) bool { return r != identity.Member })
	bal, err := ledger.BalanceOf(ctx, tx, a.Bank.ID, m.AccountID)
	if err != nil {
		return out, err
	}
	out.Balance = int64(bal.Posted)
	rows, err := exchange.Unsettled(ctx, tx, a.Bank.ID, m.ID)
	if err != nil {
		return out, err
	}
	kinds, err := listing.KindNames(ctx, tx, a.Bank.ID)
	if err != nil {
		return out, err
	}
	for _, e := range rows {
		out.Unsettled = append(out.Unsettled, fmt.Sprintf("%s (%s)", kinds[e.Kind].Doing, words.Minutes(*e.Minutes).In(words.Of(ctx))))
	}
	return out, nil
}

// Leave ends a membership. Plans are called off and the others told, listings
// withdrawn, roles and sessions ended; name, contact and words are forgotten.
// Hours go where the member says, and what happened stays in the books under
// nobody's name. Refuses with ErrUnsettled, ErrStillStaff, ErrWhereHours,
// ErrNeighbour and member.ErrLeft.
func (s *Service) Leave(ctx context.Context, a identity.Actor, who uuid.UUID, f Farewell) error {
	now := s.Clock.Now()
	return s.on(ctx, a, who, f.Consent, "leave", func(ctx context.Context, tx bun.IDB, m member.Member, behalf *uuid.UUID) error {
		at, err := s.stands(ctx, tx, a, m)
		if err != nil {
			return err
		}
		switch {
		case at.Staff:
			return ErrStillStaff
		case len(at.Unsettled) > 0:
			return ErrUnsettled.With("what", at.Unsettled[0])
		}
		for _, also := range s.Also {
			if err := also(ctx, tx, a, m.ID); err != nil {
				return err
			}
		}
		if err := s.parting(ctx, tx, a, m, f, behalf, at.Balance); err != nil {
			return err
		}
		if err := s.Exchange.Leaves(ctx, tx, a, m.ID, behalf, f.Consent); err != nil {
			return err
		}
		if err := contact.Leaves(ctx, tx, a.Bank.ID, m.ID, now); err != nil {
			return err
		}
		if err := listing.Leaves(ctx, tx, a.Bank.ID, m.ID, a.Person, now); err != nil {
			return err
		}
		if err := s.Referral.Leaves(ctx, tx, a, m.ID); err != nil {
			return err
		}
		standIn, err := identity.Leave(ctx, tx, a.Bank.ID, m.PersonID, now)
		if err != nil {
			return err
		}
		if err := message.Leaves(ctx, tx, a.Bank.ID, m.ID, standIn); err != nil {
			return err
		}
		return member.Forget(ctx, tx, m, standIn, a.Person, now)
	})
}

// parting moves the hours that are left to where the member says.
func (s *Service) parting(ctx context.Context, tx bun.IDB, a identity.Actor, m member.Member, f Farewell, behalf *uuid.UUID, balance int64) error {
	if balance <= 0 {
		return nil
	}
	to, kind := a.Bank.PotAccount, ledger.Donation
	switch f.Hours {
	case HoursStay:
		return nil
	case HoursToPot:
	case HoursToNeighbour:
		if f.Neighbour == nil || *f.Neighbour == m.ID {
			return ErrNeighbour.At("/neighbour_id")
		}
		n, err := member.ByID(ctx, tx, a.Bank.ID, *f.Neighbour)
		if fault.As(err) != nil || err == nil && n.Status == member.Left {
			return ErrNeighbour.At("/neighbour_id")
		}
		if err != nil {
			return err
		}
		to, kind = n.AccountID, ledger.Gift
	default:
		return ErrWhereHours.With("have", words.Minutes(balance)).At("/hours")
	}
	legs, err := ledger.Move(m.AccountID, to, ledger.Minutes(balance))
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	t := ledger.Transfer{Bank: a.Bank.ID, Kind: kind, Key: "leave/" + m.ID.String() + "/" + id.New().String(), Actor: a.Person,
		Reference: ledger.Reference{Kind: "member", ID: m.ID}, EffectiveOn: ledger.DateOf(a.Bank.Today(now)), Legs: legs, At: now}
	if behalf != nil {
		t.OnBehalfOf = *behalf
	}
	_, err = ledger.Post(ctx, tx, t)
	return err
}
