package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/id"
)

// Former is what somebody is called who has left.
const Former = "A former member"

// Leave ends every role of a person in a bank and signs them out everywhere. Who
// belongs nowhere else is forgotten: name, address and number go, and nobody can
// sign in as them. It returns the person that stands in the bank's books from now
// on: the forgotten one, or, for somebody who stays elsewhere, one made for it.
func Leave(ctx context.Context, tx bun.IDB, bank, person uuid.UUID, now time.Time) (uuid.UUID, error) {
	// Leaving two banks at once: the lock makes the second see that the first is gone.
	if _, err := tx.ExecContext(ctx, "select 1 from directory.person where id = ? for update", person); err != nil {
		return uuid.Nil, fmt.Errorf("lock person: %w", err)
	}
	if _, err := endRoles(ctx, tx, person, bank, now, append([]Role{Member, StandIn}, staffRoles...)...); err != nil {
		return uuid.Nil, err
	}
	if err := EndSessions(ctx, tx, person, now); err != nil {
		return uuid.Nil, err
	}
	left, err := grants(ctx, tx, person)
	if err != nil {
		return uuid.Nil, err
	}
	if len(left) > 0 {
		p := Person{ID: id.New(), Name: Former, Called: Former, CreatedAt: now, ErasedAt: &now}
		return p.ID, AddPerson(ctx, tx, p)
	}
	_, err = tx.NewUpdate().Model((*Person)(nil)).Set("name = ?", Former).Set("called = ?", Former).Set("email = null").Set("phone = null").Set("language = ''").
		Set("erased_at = ?", now).Where("id = ?", person).Exec(ctx)
	if err != nil {
		return uuid.Nil, fmt.Errorf("forget person: %w", err)
	}
	if err := errors.Join(dropSecond(ctx, tx, person), dropPasskeys(ctx, tx, person)); err != nil {
		return uuid.Nil, err
	}
	if _, err := tx.NewUpdate().Model((*emailChange)(nil)).Set("sealed = null").Where("person_id = ?", person).Exec(ctx); err != nil {
		return uuid.Nil, fmt.Errorf("forget new addresses: %w", err)
	}
	_, err = tx.NewUpdate().Model((*Session)(nil)).Set("device = ''").Where("person_id = ?", person).Exec(ctx)
	if err != nil {
		return uuid.Nil, fmt.Errorf("forget devices: %w", err)
	}
	return person, nil
}

// ChangeNames corrects a person's names. The phone is changed too, unless they
// belong to another bank and somebody else asks for it: a number is a way to sign in.
func ChangeNames(ctx context.Context, tx bun.IDB, person uuid.UUID, name, called string, phone *string, withPhone bool) error {
	q := tx.NewUpdate().Model((*Person)(nil)).Set("name = ?", name).Set("called = ?", called).Where("id = ?", person)
	if withPhone {
		q = q.Set("phone = ?", phone)
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("change person: %w", err)
	}
	return nil
}

// OnlyHere tells whether a person has no role but member, and that in this bank
// alone.
func OnlyHere(ctx context.Context, tx bun.IDB, person, bank uuid.UUID) (bool, error) {
	all, err := grants(ctx, tx, person)
	for _, g := range all {
		if g.BankID != bank || g.Role != Member {
			return false, err
		}
	}
	return true, err
}
