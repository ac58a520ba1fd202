package rights

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/words"
)

// Details reads what a member may correct, and who they are: their own, or for a
// broker anybody's.
func (s *Service) Details(ctx context.Context, a identity.Actor, who uuid.UUID) (m member.Member, p identity.Person, err error) {
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if who != a.Member && !a.May(identity.WorkDesk) {
			return member.ErrNoMember
		}
		if m, err = member.ByID(ctx, tx, a.Bank.ID, who); err != nil {
			return err
		}
		if m.Status == member.Left {
			return member.ErrLeft
		}
		p, err = identity.PersonByID(ctx, tx, m.PersonID)
		if err != nil || who == a.Member {
			return err
		}
		return s.note(ctx, tx, a, "see-member", "member", who, nil)
	})
	return m, p, err
}

// ChangeDetails corrects a member's record, and the language of what we write to
// them; none leaves it as it is. Their sign-in number changes with it,
// but not by a broker's hand for somebody who signs in as staff or elsewhere too. Who
// has no e-mail signs in with that number, so they change it soon after signing in
// only. Refuses what cannot be used by field, and with identity.ErrProve.
func (s *Service) ChangeDetails(ctx context.Context, a identity.Actor, who uuid.UUID, consent string, d member.Details, l words.Language) error {
	return s.on(ctx, a, who, consent, "change-details", func(ctx context.Context, tx bun.IDB, m member.Member, behalf *uuid.UUID) error {
		p, err := identity.PersonByID(ctx, tx, m.PersonID)
		if err != nil {
			return err
		}
		if m, err = m.Change(ctx, tx, d, emailOf(p)); err != nil {
			return err
		}
		if err := listing.Moves(ctx, tx, a.Bank.ID, who, m.Area); err != nil {
			return err
		}
		if l != "" && l != p.Language {
			if err := identity.SetLanguage(ctx, tx, p.ID, l); err != nil {
				return err
			}
		}
		only, err := identity.OnlyHere(ctx, tx, m.PersonID, a.Bank.ID)
		if err != nil {
			return err
		}
		if behalf != nil && !only {
			return nil
		}
		if behalf == nil && p.Email == nil && !same(p.Phone, m.Phone) {
			if err := s.Proved(ctx, tx, a); err != nil {
				return err
			}
		}
		return identity.ChangeNames(ctx, tx, m.PersonID, m.Name, m.Called, m.Phone, true)
	})
}

func same(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

func emailOf(p identity.Person) string {
	if p.Email == nil {
		return ""
	}
	return *p.Email
}
