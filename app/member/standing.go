package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/once"
)

// Standing is somebody who may act for a member until the member ends it.
type Standing struct {
	bun.BaseModel `bun:"table:standing"`

	BankID   uuid.UUID  `bun:"bank_id"`
	ID       uuid.UUID  `bun:"id"`
	MemberID uuid.UUID  `bun:"member_id"`
	PersonID uuid.UUID  `bun:"person_id"`
	May      []string   `bun:"may,array"`
	How      string     `bun:"how"` // how the member agreed: phone, paper, in-person, themselves
	MadeBy   uuid.UUID  `bun:"made_by"`
	BeganAt  time.Time  `bun:"began_at"`
	EndedAt  *time.Time `bun:"ended_at"`
	EndedBy  *uuid.UUID `bun:"ended_by"`
}

// Themselves is how a member agreed who chose a stand-in with their own hands.
const Themselves = "themselves"

// What a member is told about who acts for them.
const (
	TellStandIn      = "stand-in-began"
	TellStandInEnded = "stand-in-ended"
)

// StandIn is a standing with the names of who acts.
type StandIn struct {
	Standing
	Name, Called string
}

var (
	// ErrStandInSelf refuses to make somebody their own stand-in.
	ErrStandInSelf = fault.New(fault.Invalid, "stand-in-self", "This is the member's own e-mail address. Enter that of the person who will act for them.")
	// ErrStandsAlready refuses a second standing of the same person.
	ErrStandsAlready = fault.New(fault.Conflict, "stands-already", "This person may act for them already. End that first to change what they may do.")
	// ErrNoStanding refuses a standing that does not exist, or has ended.
	ErrNoStanding = fault.New(fault.NotFound, "no-such-standing", "This person does not act for them any more.")
)

// Wish is whom a member wants to act for them, and how far.
type StandInWish struct {
	Name, Email string
	May         []string
	Consent     string // staff: how the member agreed
}

func (w StandInWish) clean(organisation bool) (StandInWish, error) {
	var c fault.Check
	var ok bool
	w.Name, ok = identity.CleanName(w.Name)
	c.Add(ok, "/name", "name", "Enter the person's name.")
	w.Email, ok = identity.CleanEmail(w.Email)
	c.Add(ok, "/email", "email", "Enter their e-mail address, like ada@example.org. They sign in with it.")
	if organisation {
		w.May = identity.OrganisationMay
	}
	slices.Sort(w.May)
	w.May = slices.Compact(w.May)
	c.Add(len(w.May) > 0, "/may", "needed", "Choose at least one thing that they may do.")
	if !organisation {
		c.Add(!slices.ContainsFunc(w.May, func(m string) bool { return !slices.Contains(identity.CarerMay, m) }), "/may", "choose", "Choose from the list. Nobody can give away another person's hours.")
	}
	return w, c.Err()
}

// Appoint lets somebody act for a member, once for a key: the member chooses, or
// staff write down how the member agreed. Who acts gets a sign-in with their
// e-mail address; the member is told by their own route. Refuses by field, and
// with identity.ErrConsent, ErrStandInSelf, ErrStandsAlready and ErrNoMember.
func (s *Service) Appoint(ctx context.Context, a identity.Actor, key, who uuid.UUID, w StandInWish) (uuid.UUID, error) {
	if who != a.Member && !a.May(identity.WorkDesk) {
		return uuid.Nil, ErrNoMember
	}
	now := s.Clock.Now()
	var out uuid.UUID
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		m, err := Lock(ctx, tx, a.Bank.ID, who)
		if err != nil {
			return err
		}
		w, err := w.clean(m.Organisation)
		if err != nil {
			return err
		}
		st := Standing{BankID: a.Bank.ID, MemberID: who, May: w.May, How: Themselves, MadeBy: a.Person, BeganAt: now}
		if who != a.Member {
			if st.How = w.Consent; w.Consent == "" {
				return identity.ErrConsent.At("/consent")
			}
		}
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "add-stand-in", Input: w, Now: now}, func(id uuid.UUID) error {
			st.ID = id
			return s.appoint(ctx, tx, a, m, st, w)
		})
		return err
	})
	return out, err
}

func (s *Service) appoint(ctx context.Context, tx bun.IDB, a identity.Actor, m Member, st Standing, w StandInWish) error {
	p, err := identity.PersonByEmail(ctx, tx, w.Email)
	if errors.Is(err, identity.ErrNoPerson) {
		called, _, _ := strings.Cut(w.Name, " ")
		p = identity.Person{ID: id.New(), Name: w.Name, Called: called, Email: &w.Email, CreatedAt: st.BeganAt}
		err = identity.AddPerson(ctx, tx, p)
	}
	if err != nil {
		return err
	}
	if p.ID == m.PersonID {
		return ErrStandInSelf.At("/email")
	}
	st.PersonID = p.ID
	if _, err := tx.NewInsert().Model(&st).Exec(ctx); err != nil {
		if db.Violated(err, "standing_open") {
			return ErrStandsAlready.At("/email")
		}
		return fmt.Errorf("add standing: %w", err)
	}
	if err := identity.GrantRole(ctx, tx, identity.Grant{PersonID: p.ID, BankID: a.Bank.ID, Role: identity.StandIn, GrantedAt: st.BeganAt}); err != nil {
		return err
	}
	if err := s.noteStanding(ctx, tx, a, m, "add-stand-in", w.Consent, st.BeganAt); err != nil {
		return err
	}
	return s.Tell(ctx, tx, a, m.ID, TellStandIn, st.ID)
}

func (s *Service) noteStanding(ctx context.Context, tx bun.IDB, a identity.Actor, m Member, action, consent string, now time.Time) error {
	e := audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: action, ObjectKind: "member", ObjectID: m.ID}
	if a.Member != m.ID {
		e.OnBehalfOf = &m.ID
		if consent != "" {
			e.Consent = &consent
		}
	}
	return audit.Record(ctx, tx, e)
}

// Dismiss ends a standing at once: the member, staff, or whoever acts. The member
// is told. Refuses with ErrNoStanding.
func (s *Service) Dismiss(ctx context.Context, a identity.Actor, who, standing uuid.UUID) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var st Standing
		err := tx.NewSelect().Model(&st).Where("bank_id = ?", a.Bank.ID).Where("id = ?", standing).Where("member_id = ?", who).For("update").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) || err == nil && who != a.Member && st.PersonID != a.Person && !a.May(identity.WorkDesk) {
			return ErrNoStanding
		}
		if err != nil {
			return fmt.Errorf("find standing: %w", err)
		}
		if st.EndedAt != nil {
			return nil // the wish is fulfilled
		}
		m, err := ByID(ctx, tx, a.Bank.ID, who)
		if err != nil {
			return err
		}
		if err := endStanding(ctx, tx, st, a.Person, now); err != nil {
			return err
		}
		if err := s.noteStanding(ctx, tx, a, m, "end-stand-in", "", now); err != nil {
			return err
		}
		return s.Tell(ctx, tx, a, m.ID, TellStandInEnded, st.ID)
	})
}

func endStanding(ctx context.Context, tx bun.IDB, st Standing, by uuid.UUID, now time.Time) error {
	_, err := tx.NewUpdate().Model((*Standing)(nil)).Set("ended_at = ?", now).Set("ended_by = ?", by).Where("bank_id = ?", st.BankID).Where("id = ?", st.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end standing: %w", err)
	}
	left, err := tx.NewSelect().Model((*Standing)(nil)).Where("bank_id = ?", st.BankID).Where("person_id = ?", st.PersonID).Where("ended_at is null").Exists(ctx)
	if err != nil || left {
		return err
	}
	return identity.EndStandIn(ctx, tx, st.PersonID, st.BankID, now)
}

// StandIns lists who acts for a member now: for the member, and for staff. Refuses
// others with ErrNoMember.
func (s *Service) StandIns(ctx context.Context, a identity.Actor, who uuid.UUID) (m Member, out []StandIn, err error) {
	if who != a.Member && !a.May(identity.WorkDesk) {
		return m, nil, ErrNoMember
	}
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if m, err = ByID(ctx, tx, a.Bank.ID, who); err != nil {
			return err
		}
		var rows []Standing
		if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", a.Bank.ID).Where("member_id = ?", who).Where("ended_at is null").Order("began_at", "id").Scan(ctx); err != nil {
			return fmt.Errorf("list standings: %w", err)
		}
		out = make([]StandIn, len(rows))
		for i, r := range rows {
			p, err := identity.PersonByID(ctx, tx, r.PersonID)
			if err != nil {
				return err
			}
			out[i] = StandIn{r, p.Name, p.Called}
		}
		return nil
	})
	return m, out, err
}

// StandingByID finds a standing, also one that has ended. Refuses with
// ErrNoStanding.
func StandingByID(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Standing, error) {
	var st Standing
	err := tx.NewSelect().Model(&st).Where("bank_id = ?", bank).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return st, ErrNoStanding
	}
	if err != nil {
		return st, fmt.Errorf("find standing: %w", err)
	}
	return st, nil
}

// StandingsOf lists for whom a person may act in a bank. A member who has left
// is not among them.
func StandingsOf(ctx context.Context, tx bun.IDB, bank, person uuid.UUID) ([]identity.Standing, error) {
	var rows []Standing
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("person_id = ?", person).Where("ended_at is null").Order("began_at", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read standings: %w", err)
	}
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.MemberID
	}
	people, err := Some(ctx, tx, bank, ids)
	if err != nil {
		return nil, err
	}
	var out []identity.Standing
	for _, r := range rows {
		if m := people[r.MemberID]; m.Status != Left {
			out = append(out, identity.Standing{Member: m.ID, Called: m.Called, Organisation: m.Organisation, May: r.May})
		}
	}
	return out, nil
}

// endStandings ends every standing for a member who leaves.
func endStandings(ctx context.Context, tx bun.IDB, m Member, by uuid.UUID, now time.Time) error {
	var rows []Standing
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", m.BankID).Where("member_id = ?", m.ID).Where("ended_at is null").Order("id").Scan(ctx); err != nil {
		return fmt.Errorf("read standings: %w", err)
	}
	for _, st := range rows {
		if err := endStanding(ctx, tx, st, by, now); err != nil {
			return err
		}
	}
	return nil
}
