package member

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/once"
)

// OrganisationWish is what is known of an organisation that becomes a member.
type OrganisationWish struct{ Name, Area, Phone string }

// AddOrganisation makes an organisation a member, once for a key, with an account
// of its own in the ledger. Nobody can sign in as it: people act for it, each
// under their own name. Refuses by field.
func (s *Service) AddOrganisation(ctx context.Context, a identity.Actor, key uuid.UUID, w OrganisationWish) (uuid.UUID, error) {
	var c fault.Check
	var ok bool
	w.Name, ok = identity.CleanName(w.Name)
	c.Add(ok, "/name", "name", "Enter the organisation's name.")
	if w.Phone != "" {
		w.Phone, ok = identity.CleanPhone(w.Phone)
		c.Add(ok, "/phone", "phone", "Enter a phone number, like 01632 960 001, or leave it empty.")
	}
	c.Add(len([]rune(w.Area)) <= 60, "/area", "too-long", "Write at most {n} characters.", "n", 60)
	if err := c.Err(); err != nil {
		return uuid.Nil, err
	}
	now := s.Clock.Now()
	var out uuid.UUID
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "add-organisation", Input: w, Now: now}, func(newID uuid.UUID) error {
			// Rows name a person for every member; nobody signs in as this one.
			p := identity.Person{ID: id.New(), Name: w.Name, Called: w.Name, CreatedAt: now}
			if err := identity.AddPerson(ctx, tx, p); err != nil {
				return err
			}
			m := Member{BankID: a.Bank.ID, ID: newID, PersonID: p.ID, Reference: id.NewReference('M'), Name: w.Name, Called: w.Name, Status: Active, Stage: Met, Area: w.Area,
				Phone: orNil(w.Phone), ReachBy: BySomeone, AccountID: id.New(), JoinedOn: a.Bank.Today(now), CreatedAt: now, Organisation: true}
			if _, err := tx.NewInsert().Model(&m).Exec(ctx); err != nil {
				return fmt.Errorf("add organisation: %w", err)
			}
			if err := openAccount(ctx, tx, a, m, now); err != nil {
				return err
			}
			return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: "add-organisation", ObjectKind: "member", ObjectID: newID})
		})
		return err
	})
	return out, err
}
