package gathering

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/db"
)

// Seen is a gathering as one reader sees it.
type Seen struct {
	Gathering
	Venue   Venue
	Leads   []string // what those who lead it are called
	Left    *int     // places; nil: everybody fits
	Coming  int      // people with a place, guests too
	Waiting int
	Here    int
	Mine    *Part  // the reader's own, when they have one that is not off
	Guest   string // whom the reader brings
	Ahead   int    // how many wait before them
	Keeps   bool   // the reader keeps the register
}

// On lists what is on, soonest first; with past, what is over, newest first, a
// page at a time. before is the beginning of the last one seen.
func (s *Service) On(ctx context.Context, a identity.Actor, over bool, before time.Time) (out []Seen, more bool, err error) {
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		now := s.Clock.Now()
		var rows []Gathering
		var err error
		if over {
			rows, err = past(ctx, tx, a.Bank.ID, now, before)
		} else {
			rows, err = coming(ctx, tx, a.Bank.ID, now)
		}
		if err != nil {
			return err
		}
		if more = over && len(rows) > pageSize; more {
			rows = rows[:pageSize]
		}
		out, err = see(ctx, tx, a, rows)
		return err
	})
	return out, more, err
}

// One reads a gathering. Refuses with ErrNoGathering.
func (s *Service) One(ctx context.Context, a identity.Actor, gathering uuid.UUID) (Seen, error) {
	var out []Seen
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		g, err := byID(ctx, tx, a.Bank.ID, gathering)
		if err != nil {
			return err
		}
		out, err = see(ctx, tx, a, []Gathering{g})
		return err
	})
	if err != nil {
		return Seen{}, err
	}
	return out[0], nil
}

func see(ctx context.Context, tx bun.IDB, a identity.Actor, rows []Gathering) ([]Seen, error) {
	ids := make([]uuid.UUID, len(rows))
	for i, g := range rows {
		ids[i] = g.ID
	}
	all, err := partsOf(ctx, tx, a.Bank.ID, ids...)
	if err != nil {
		return nil, err
	}
	places, err := venues(ctx, tx, a.Bank.ID)
	if err != nil {
		return nil, err
	}
	var leaders []uuid.UUID
	register := map[uuid.UUID][]Part{}
	for _, p := range all {
		register[p.GatheringID] = append(register[p.GatheringID], p)
		if p.Part == Leads && p.MemberID != nil {
			leaders = append(leaders, *p.MemberID)
		}
	}
	names, err := member.Some(ctx, tx, a.Bank.ID, leaders)
	if err != nil {
		return nil, err
	}
	out := make([]Seen, len(rows))
	for i, g := range rows {
		x := Seen{Gathering: g, Leads: []string{}, Keeps: a.May(identity.WorkDesk)}
		if at := slices.IndexFunc(places, func(v Venue) bool { return v.ID == g.VenueID }); at >= 0 {
			x.Venue = places[at]
		}
		x.counts(register[g.ID], a.Member)
		for _, p := range register[g.ID] {
			if p.Part == Leads && p.State != Off && p.MemberID != nil {
				x.Leads = append(x.Leads, names[*p.MemberID].Called)
				x.Keeps = x.Keeps || *p.MemberID == a.Member
			}
		}
		out[i] = x
	}
	return out, nil
}

func (x *Seen) counts(rows []Part, reader uuid.UUID) {
	if x.Capacity != nil {
		left := max(0, free(x.Capacity, parties(rows)))
		x.Left = &left
	}
	for _, p := range rows {
		switch p.State {
		case Coming:
			x.Coming++
		case Waiting:
			x.Waiting++
		}
		if p.HereAt != nil {
			x.Here++
		}
		if p.State == Off {
			continue
		}
		if p.MemberID != nil && *p.MemberID == reader {
			x.Mine = &p
		}
		if p.BroughtBy != nil && *p.BroughtBy == reader {
			x.Guest = p.Guest
		}
	}
	if x.Mine != nil && x.Mine.State == Waiting {
		for _, p := range parties(rows) {
			if p.member == reader {
				break
			}
			if p.state == Waiting {
				x.Ahead++
			}
		}
	}
}

// Venues lists the places of a bank.
func (s *Service) Venues(ctx context.Context, a identity.Actor) (out []Venue, err error) {
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = venues(ctx, tx, a.Bank.ID)
		return err
	})
	return out, err
}
