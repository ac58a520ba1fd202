package gathering

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/id"
)

// Line is one line of a register.
type Line struct {
	Part
	Name      string // what they are called; staff see the whole name
	Needs     string // what makes meeting easier; staff only
	BroughtBy string // whose guest they are
}

// Register is who means to come and who is here.
type Register struct {
	Seen
	Lines []Line // by name; who has called off is left out
}

// keeps refuses who may not keep the register of a gathering: anybody but staff
// and those who lead it. They do not get to know that it exists by trying.
func keeps(a identity.Actor, rows []Part) error {
	if a.May(identity.WorkDesk) {
		return nil
	}
	if p, ok := of(rows, a.Member); ok && a.Member != uuid.Nil && p.Part == Leads && p.State != Off {
		return nil
	}
	return ErrNoPart
}

// Register reads a gathering's register, for staff and those who lead it. Refuses
// others with ErrNoPart.
func (s *Service) Register(ctx context.Context, a identity.Actor, gathering uuid.UUID) (Register, error) {
	var out Register
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		g, err := byID(ctx, tx, a.Bank.ID, gathering)
		if err != nil {
			return err
		}
		if out, err = s.register(ctx, tx, a, g); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, Action: "see-register", ObjectKind: "gathering", ObjectID: gathering})
	})
	return out, err
}

func (s *Service) register(ctx context.Context, tx bun.IDB, a identity.Actor, g Gathering) (Register, error) {
	rows, err := partsOf(ctx, tx, a.Bank.ID, g.ID)
	if err != nil {
		return Register{}, err
	}
	if err := keeps(a, rows); err != nil {
		return Register{}, err
	}
	var ids []uuid.UUID
	for _, p := range rows {
		for _, m := range []*uuid.UUID{p.MemberID, p.BroughtBy} {
			if m != nil {
				ids = append(ids, *m)
			}
		}
	}
	people, err := member.Some(ctx, tx, a.Bank.ID, ids)
	if err != nil {
		return Register{}, err
	}
	seen, err := see(ctx, tx, a, []Gathering{g})
	if err != nil {
		return Register{}, err
	}
	out := Register{Seen: seen[0]}
	for _, p := range rows {
		if p.State == Off && p.HereAt == nil {
			continue
		}
		l := Line{Part: p, Name: p.Guest}
		if p.MemberID != nil {
			m := people[*p.MemberID]
			if l.Name = m.Called; a.May(identity.WorkDesk) {
				l.Name, l.Needs = m.Name, m.Needs
			}
		}
		if p.MemberID == nil && l.Name == "" {
			l.Name = "A guest"
		}
		if p.BroughtBy != nil {
			l.BroughtBy = people[*p.BroughtBy].Called
		}
		out.Lines = append(out.Lines, l)
	}
	slices.SortStableFunc(out.Lines, func(a, b Line) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return out, nil
}

// on runs fn for who keeps the register, while it is open: from the day itself until
// the hours are in the books. It answers the register afterwards.
func (s *Service) on(ctx context.Context, a identity.Actor, gathering uuid.UUID, action string, fn func(ctx context.Context, x *act, rows []Part) error) (Register, error) {
	var out Register
	err := s.do(ctx, a, gathering, identity.OnBehalf{}, action, func(ctx context.Context, x *act) error {
		rows, err := partsOf(ctx, x.tx, a.Bank.ID, gathering)
		if err != nil {
			return err
		}
		if err := keeps(a, rows); err != nil {
			return err
		}
		switch {
		case x.g.State == Cancelled:
			return ErrCancelled
		case x.g.Hours == Posted:
			return ErrPosted
		case a.Bank.Today(x.g.StartsAt).After(a.Bank.Today(x.now)):
			return ErrEarly
		}
		if err := fn(ctx, x, rows); err != nil {
			return err
		}
		out, err = s.register(ctx, x.tx, a, x.g)
		return err
	})
	return out, err
}

// Mark is what the register says of somebody who is there.
type Mark struct {
	Here    bool
	Part    string // Comes, Helps, Leads; empty: as it stands
	Minutes int64  // that a helper gave; 0: as long as the gathering
}

// write puts a mark on a row.
func (x *act) write(p Part, m Mark) (Part, error) {
	if m.Part == Comes || m.Part == Helps || m.Part == Leads {
		p.Part = m.Part
	}
	p.Minutes = nil
	if p.Part != Comes && p.MemberID != nil {
		minutes := m.Minutes
		if minutes == 0 {
			minutes = min(int64(x.g.EndsAt.Sub(x.g.StartsAt).Minutes()), 12*60)
		}
		if minutes < 1 || minutes > 12*60 {
			return p, ErrMinutes.At("/minutes")
		}
		p.Minutes = &minutes
	}
	switch {
	case !m.Here:
		p.HereAt, p.HereBy = nil, nil
	case p.HereAt == nil: // whoever was first keeps it: checking in twice is one check-in
		p.HereAt, p.HereBy = &x.now, &x.a.Person
	}
	return p, nil
}

// Mark writes what the register says of one line: here, not here after all, who
// helped and for how long. From two phones, or twice, it is the same. Refuses
// with ErrNoPart, ErrEarly, ErrPosted, ErrCancelled and ErrMinutes.
func (s *Service) Mark(ctx context.Context, a identity.Actor, gathering, part uuid.UUID, m Mark) (Register, error) {
	return s.on(ctx, a, gathering, "mark-register", func(ctx context.Context, x *act, rows []Part) error {
		at := slices.IndexFunc(rows, func(p Part) bool { return p.ID == part })
		if at < 0 {
			return ErrNoPart
		}
		p, err := x.write(rows[at], m)
		if err != nil {
			return err
		}
		if p.HereAt == nil && p.State == WalkedIn {
			p.State, p.Guest = Off, "" // written down by mistake: the line goes
		}
		return keep(ctx, x.tx, p)
	})
}

// WalkIn writes somebody down who had not signed up: a member, or a guest by name.
// Somebody who is on the register already is marked as here, once. Refuses like
// Mark, and with ErrGuest and member.ErrNoMember.
func (s *Service) WalkIn(ctx context.Context, a identity.Actor, gathering uuid.UUID, who *uuid.UUID, guest string, m Mark) (Register, error) {
	guest = strings.Join(strings.Fields(guest), " ")
	m.Here = true
	return s.on(ctx, a, gathering, "walk-in", func(ctx context.Context, x *act, rows []Part) error {
		if who == nil && (guest == "" || len([]rune(guest)) > 100 || strings.ContainsRune(guest, 0)) {
			return ErrName.At("/guest")
		}
		p := Part{BankID: a.Bank.ID, ID: id.New(), GatheringID: gathering, MemberID: who, Guest: guest, Part: Comes, State: WalkedIn, AskedAt: x.now}
		if who != nil {
			mem, err := member.ByID(ctx, x.tx, a.Bank.ID, *who)
			if err != nil {
				return err
			}
			if mem.Status == member.Left {
				return member.ErrNoMember
			}
			if had, ok := of(rows, *who); ok {
				p = had
			}
			p.Guest = ""
		} else if at := slices.IndexFunc(rows, func(p Part) bool { return strings.EqualFold(p.Guest, guest) }); at >= 0 {
			p = rows[at]
		}
		if p.State == Off {
			p.State = WalkedIn
		}
		p, err := x.write(p, m)
		if err != nil {
			return err
		}
		return named(keep(ctx, x.tx, p))
	})
}
