package referral

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/db"
	"timebank/app/platform/words"
)

// Item is a referral in a broker's list: what the desk sorts by, and no name.
type Item struct {
	Referral Referral
	Surgery  string
	Owner    string
	Mine     bool
	Next     string
	Clocks   []Clock
	Late     bool
	Now      time.Time
}

// Detail is all that a broker may know of a referral.
type Detail struct {
	Item
	Told        Told
	Initials    string
	ReferrerBy  string
	Events      []Happened
	Permissions []Permission
	Offered     []string // the operations that can be done now
	StillNeeded []string // before it may end as could not reach
	SameAs      []Item   // referrals of whoever has the same name and birth date
	SurgerySees shown
	PersonHears string
}

// Happened is an event with its words and its actor's name.
type Happened struct {
	Event
	By   string
	Said Said
}

// Open lists the open referrals, calls about safety first, then by what is due;
// with closed, the newest closed ones. At most 200.
func (s *Service) Open(ctx context.Context, a identity.Actor, closed bool) ([]Item, error) {
	if !a.May(identity.WorkDesk) {
		return nil, identity.ErrNotAllowed
	}
	var out []Item
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var rows []Referral
		q := tx.NewSelect().Model(&rows).Where("bank_id = ?", a.Bank.ID).Limit(most)
		if closed {
			q = q.Where("closed_at is not null").Order("closed_at DESC", "id")
		} else {
			q = q.Where("closed_at is null").Order("call_first DESC", "due_at", "id")
		}
		if err := q.Scan(ctx); err != nil {
			return fmt.Errorf("list referrals: %w", err)
		}
		var err error
		out, err = s.items(ctx, tx, a, rows)
		return err
	})
	return out, err
}

// See opens a referral for a broker, and keeps that it was opened. Refuses with
// ErrNoReferral.
func (s *Service) See(ctx context.Context, a identity.Actor, id uuid.UUID) (Detail, error) {
	var out Detail
	if !a.May(identity.WorkDesk) {
		return out, identity.ErrNotAllowed
	}
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		if out, err = s.detail(ctx, tx, a, id); err != nil {
			return err
		}
		return seen(ctx, tx, a, id, s.Clock.Now())
	})
	return out, err
}

func (s *Service) items(ctx context.Context, tx bun.IDB, a identity.Actor, rows []Referral) ([]Item, error) {
	ids := make([]uuid.UUID, len(rows))
	var people []uuid.UUID
	for i, r := range rows {
		ids[i] = r.ID
		if r.OwnerID != nil {
			people = append(people, *r.OwnerID)
		}
	}
	clocks, err := clocksOf(ctx, tx, a.Bank.ID, ids...)
	if err != nil {
		return nil, err
	}
	surgeries, err := organisationNames(ctx, tx, a.Bank.ID, rows)
	if err != nil {
		return nil, err
	}
	names, err := identity.CalledBy(ctx, tx, people)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	out := make([]Item, len(rows))
	for i, r := range rows {
		x := Item{Referral: r, Surgery: surgeries[r.OrganisationID], Clocks: clocks[r.ID], Now: now}
		if r.OwnerID != nil {
			x.Owner, x.Mine = names[*r.OwnerID], *r.OwnerID == a.Person
		}
		_, x.Late = latest(r, x.Clocks, now)
		x.Next = task(words.Of(ctx), r, x.Surgery, x.Late)
		out[i] = x
	}
	return out, nil
}

func (s *Service) detail(ctx context.Context, tx bun.IDB, a identity.Actor, id uuid.UUID) (Detail, error) {
	r, err := find(ctx, tx, a.Bank.ID, uuid.Nil, id, false)
	if err != nil {
		return Detail{}, err
	}
	var out Detail
	if err := openJSON(s.Box, r.place(), r.Sealed, &out.Told); err != nil {
		return out, err
	}
	twice, err := sameKey(ctx, tx, s.Box, r, out.Told)
	if err != nil {
		return out, err
	}
	all, err := s.items(ctx, tx, a, append([]Referral{r}, twice...))
	if err != nil {
		return out, err
	}
	out.Item, out.SameAs = all[0], all[1:]
	events, err := eventsOf(ctx, tx, a.Bank.ID, id)
	if err != nil {
		return out, err
	}
	if out.Events, err = s.opened(ctx, tx, events[id]); err != nil {
		return out, err
	}
	permissions, err := permissionsOf(ctx, tx, a.Bank.ID, id)
	if err != nil {
		return out, err
	}
	names, err := identity.CalledBy(ctx, tx, []uuid.UUID{r.ReferrerID})
	if err != nil {
		return out, err
	}
	tries := triesOf(events[id])
	out.Initials, out.ReferrerBy, out.Permissions = out.Told.initials(), names[r.ReferrerID], permissions[id]
	if r.State == Contacting {
		out.StillNeeded = missingTries(words.Of(ctx), a.Bank, tries)
	}
	out.Offered = offered(r, len(out.StillNeeded) == 0)
	k := known{tellJoined: given(out.Permissions, TellJoined), reachBy: out.Told.ReachBy, tries: len(tries)}
	if _, k.alternative, err = s.saidToSurgery(r, events[id]); err != nil {
		return out, err
	}
	out.SurgerySees = forSurgery(words.Of(ctx), a.Bank, r, out.Clocks, k, out.Now)
	out.PersonHears = forPerson(words.Of(ctx), a.Bank, r, out.Clocks, out.Owner)
	return out, nil
}

func (s *Service) opened(ctx context.Context, tx bun.IDB, events []Event) ([]Happened, error) {
	people := make([]uuid.UUID, len(events))
	for i, e := range events {
		people[i] = e.ActorID
	}
	names, err := identity.CalledBy(ctx, tx, people)
	if err != nil {
		return nil, err
	}
	out := make([]Happened, len(events))
	for i, e := range events {
		out[i] = Happened{Event: e, By: names[e.ActorID]}
		if err := openJSON(s.Box, e.place(), e.Sealed, &out[i].Said); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Describe words referrals on the desk: the reference and the surgery, never a
// name. It is a desk.Describer.
func (s *Service) Describe(ctx context.Context, tx bun.IDB, bankID uuid.UUID, subjects []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []Referral
	err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bankID).Where("id in (?)", bun.List(subjects)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read referrals: %w", err)
	}
	items, err := s.items(ctx, tx, identity.Actor{Bank: bank.Bank{ID: bankID}}, rows)
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]desk.Line{}
	for _, x := range items {
		out[x.Referral.ID] = desk.Line{
			Who: x.Referral.Reference, What: x.Next, Link: "/broker/referral?id=" + x.Referral.ID.String(), Member: x.Referral.MemberID,
		}
	}
	return out, nil
}
