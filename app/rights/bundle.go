package rights

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/held"
	"timebank/app/platform/keep"
	"timebank/app/platform/words"
	"timebank/app/referral"
)

// Service is the use cases of a person's rights.
type Service struct {
	Pool     *bun.DB
	Clock    clock.Clock
	Sections []held.Section
	Rules    []keep.Rule // how long things are kept
	Exchange *exchange.Service
	Message  *message.Service
	URL      string // where people reach the product; links in messages begin with it
	Referral *referral.Service
	Also     []Leaver // what else ends when somebody leaves, before their hours move
	// Proved refuses an actor who has not signed in just now: they may not change how they sign in.
	Proved func(ctx context.Context, tx bun.IDB, a identity.Actor) error
}

// Leaver ends what a slice has planned with a member who leaves.
type Leaver func(ctx context.Context, tx bun.IDB, a identity.Actor, member uuid.UUID) error

// Bundle is everything that a bank holds about one person.
type Bundle struct {
	Reader   words.Language
	Bank     string
	For      string
	MadeAt   time.Time
	Zone     *time.Location
	Sections []Part
}

// Part is one section, read.
type Part struct {
	Name  string
	Title string
	Note  string
	Items []held.Item
}

var (
	// ErrPurpose refuses staff who do not say why they open what is not their daily work.
	ErrPurpose = fault.New(fault.Invalid, "say-why-you-look", "Say in a few words why you open this. The member can read it.")
	// ErrNoNotes refuses to ask for notes where there is no membership to give them to.
	ErrNoNotes = fault.New(fault.NotFound, "no-notes", "There are no notes about you here.")
)

// MyData reads everything that the actor's bank holds about the actor.
func (s *Service) MyData(ctx context.Context, a identity.Actor) (Bundle, error) {
	var out Bundle
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		if out, err = s.bundle(ctx, tx, a, a.Person, a.Member); err != nil {
			return err
		}
		return s.note(ctx, tx, a, "my-data", "person", a.Person, nil)
	})
	return out, err
}

// reasonLife is how long a reason to look lasts: long enough to print a page, and
// once more when the printer jams.
const reasonLife = 10 * time.Minute

// SayWhy keeps why a broker opens everything that is held about a member; the member
// reads it, and MemberData is open to that broker for ten minutes. Refuses with
// ErrPurpose and member.ErrNoMember.
func (s *Service) SayWhy(ctx context.Context, a identity.Actor, who uuid.UUID, purpose string) error {
	purpose = strings.Join(strings.Fields(purpose), " ")
	if n := len([]rune(purpose)); n < 3 || n > 200 {
		return ErrPurpose.At("/purpose")
	}
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := here(ctx, tx, a, who); err != nil {
			return err
		}
		return s.note(ctx, tx, a, "member-data", "member", who, &purpose)
	})
}

// MemberData is the same for a member without a device: a broker who has said why
// prints it and hands it over. Refuses with ErrPurpose, member.ErrNoMember.
func (s *Service) MemberData(ctx context.Context, a identity.Actor, who uuid.UUID) (Bundle, error) {
	var out Bundle
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		m, err := here(ctx, tx, a, who)
		if err != nil {
			return err
		}
		said, err := tx.NewSelect().Model((*audit.Entry)(nil)).Where("bank_id = ?", a.Bank.ID).Where("object_id = ?", who).Where("actor_id = ?", a.Person).
			Where("action = 'member-data'").Where("at > ?", s.Clock.Now().Add(-reasonLife)).Exists(ctx)
		if err != nil {
			return fmt.Errorf("read why: %w", err)
		}
		if !said {
			return ErrPurpose.At("/purpose")
		}
		out, err = s.bundle(ctx, tx, a, m.PersonID, m.ID)
		return err
	})
	return out, err
}

// here finds a member who has not left.
func here(ctx context.Context, tx bun.IDB, a identity.Actor, who uuid.UUID) (member.Member, error) {
	m, err := member.ByID(ctx, tx, a.Bank.ID, who)
	if err == nil && m.Status == member.Left {
		err = member.ErrNoMember
	}
	return m, err
}

func (s *Service) note(ctx context.Context, tx bun.IDB, a identity.Actor, action, kind string, id uuid.UUID, purpose *string) error {
	return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, Action: action, ObjectKind: kind, ObjectID: id, Purpose: purpose})
}

func (s *Service) bundle(ctx context.Context, tx bun.IDB, a identity.Actor, person, who uuid.UUID) (Bundle, error) {
	p, err := identity.PersonByID(ctx, tx, person)
	if err != nil {
		return Bundle{}, err
	}
	out := Bundle{Reader: words.Of(ctx), Bank: a.Bank.Name, For: p.Name, MadeAt: s.Clock.Now(), Zone: a.Bank.Location()}
	subject := held.Subject{Bank: a.Bank.ID, Person: person, Member: who, Zone: out.Zone, Now: out.MadeAt}
	l := words.Of(ctx)
	for _, x := range append(s.Sections, s.journal()) {
		items, note, err := x.Read(ctx, tx, subject)
		if err != nil {
			return out, fmt.Errorf("section %s: %w", x.Name, err)
		}
		for i := range items {
			items[i] = items[i].In(l)
		}
		out.Sections = append(out.Sections, Part{x.Name, l.Say(x.Title), l.Say(note), items})
	}
	return out, nil
}

// Journal names the table this slice reads for everybody: who did and saw what.
func Journal() held.Section { return (&Service{}).journal() }

// journal is what the person did, and what others read or did about them.
func (s *Service) journal() held.Section {
	return held.Section{Name: "journal", Title: "Who did and looked at what", Tables: []string{"public.audit"},
		Read: func(ctx context.Context, tx bun.IDB, who held.Subject) ([]held.Item, words.Text, error) {
			var own []audit.Entry
			err := tx.NewSelect().Model(&own).Where("bank_id = ?", who.Bank).Where("actor_id = ?", who.Person).Order("id DESC").Limit(5000).Scan(ctx)
			if err != nil {
				return nil, "", fmt.Errorf("read audit: %w", err)
			}
			var out []held.Item
			for _, e := range own {
				out = append(out, held.Item{who.T("at", "When", e.At), held.F("who", "Who", words.Of(ctx).Say("you")), held.F("what", "What", strings.ReplaceAll(e.Action, "-", " ")), held.F("about", "About", e.ObjectKind), held.F("why", "Why", "")})
			}
			if !who.Has() {
				return out, "", nil
			}
			m, err := member.ByID(ctx, tx, who.Bank, who.Member)
			if err != nil {
				return nil, "", err
			}
			for after := uuid.Nil; ; {
				rows, err := looksAt(ctx, tx, m, after)
				if err != nil {
					return nil, "", err
				}
				names, err := namesOf(ctx, tx, rows)
				if err != nil {
					return nil, "", err
				}
				for _, e := range rows[:min(len(rows), pageSize)] {
					why := ""
					if e.Purpose != nil {
						why = *e.Purpose
					}
					out = append(out, held.Item{who.T("at", "When", e.At), held.F("who", "Who", names[e.ActorID]), held.F("what", "What", strings.ReplaceAll(e.Action, "-", " ")), held.F("about", "About", e.ObjectKind), held.F("why", "Why", why)})
				}
				if len(rows) <= pageSize {
					return out, "", nil
				}
				after = rows[pageSize-1].ID
			}
		}}
}

func namesOf(ctx context.Context, tx bun.IDB, rows []audit.Entry) (map[uuid.UUID]string, error) {
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ActorID
	}
	return identity.CalledBy(ctx, tx, ids)
}

// notesDays is how long staff have to go through notes with a member: twenty
// working days are inside the month that the law gives.
const notesDays = 20

// AskForNotes puts it on the desk that a member wants to read what staff wrote
// about them. Refuses with ErrNoNotes who is no member.
func (s *Service) AskForNotes(ctx context.Context, a identity.Actor) error {
	if a.Member == uuid.Nil {
		return ErrNoNotes
	}
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		err := desk.Raise(ctx, tx, desk.Task{BankID: a.Bank.ID, Kind: desk.GiveNotes, SubjectKind: desk.OfNotes, SubjectID: a.Member,
			DueAt: a.Bank.AfterWorkingDays(now, notesDays), CreatedAt: now})
		if err != nil {
			return err
		}
		return s.note(ctx, tx, a, "ask-for-notes", "member", a.Member, nil)
	})
}

// DescribeNotes words, for the desk, that a member wants what staff wrote.
func DescribeNotes(ctx context.Context, tx bun.IDB, bankID uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	people, err := member.Some(ctx, tx, bankID, ids)
	out := map[uuid.UUID]desk.Line{}
	for id, m := range people {
		out[id] = desk.Line{Who: m.Called, What: words.Of(ctx).Say("Wants to read what we wrote about them. Go through it together, and leave out what is about others."), Link: "/broker/member?id=" + id.String(), Member: &id}
	}
	return out, err
}
