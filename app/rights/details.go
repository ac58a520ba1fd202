package rights

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/db"
)

// Details reads what a member may correct: their own, or for a broker anybody's.
func (s *Service) Details(ctx context.Context, a identity.Actor, who uuid.UUID) (m member.Member, email string, err error) {
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
		email, err = emailOf(ctx, tx, m)
		if err != nil || who == a.Member {
			return err
		}
		return s.note(ctx, tx, a, "see-member", "member", who, nil)
	})
	return m, email, err
}

// ChangeDetails corrects a member's record. Their sign-in number changes with it,
// but not by a broker's hand for somebody who signs in as staff or elsewhere too.
// Refuses what cannot be used by field.
func (s *Service) ChangeDetails(ctx context.Context, a identity.Actor, who uuid.UUID, consent string, d member.Details) error {
	return s.on(ctx, a, who, consent, "change-details", func(ctx context.Context, tx bun.IDB, m member.Member, behalf *uuid.UUID) error {
		email, err := emailOf(ctx, tx, m)
		if err != nil {
			return err
		}
		if m, err = m.Change(ctx, tx, d, email); err != nil {
			return err
		}
		only, err := identity.OnlyHere(ctx, tx, m.PersonID, a.Bank.ID)
		if err != nil {
			return err
		}
		if behalf != nil && !only {
			return nil
		}
		return identity.ChangeNames(ctx, tx, m.PersonID, m.Name, m.Called, m.Phone, true)
	})
}

func emailOf(ctx context.Context, tx bun.IDB, m member.Member) (string, error) {
	p, err := identity.PersonByID(ctx, tx, m.PersonID)
	if err != nil || p.Email == nil {
		return "", err
	}
	return *p.Email, nil
}
