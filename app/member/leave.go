package member

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/fault"
)

var (
	// ErrPaused refuses to pause twice, and to come back who is not resting.
	ErrPaused = fault.New(fault.Conflict, "pause-state", "This has changed since you looked. Please look again at how it stands now.")
	// ErrLeft refuses to change the record of somebody who has left.
	ErrLeft = fault.New(fault.Gone, "has-left", "This member has left the time bank.")
)

// Lock finds a member and keeps others from changing the row until the
// transaction ends. Refuses with ErrNoMember, and with ErrLeft who has left.
func Lock(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Member, error) {
	if _, err := tx.ExecContext(ctx, "select 1 from member where bank_id = ? and id = ? for update", bank, id); err != nil {
		return Member{}, fmt.Errorf("lock member: %w", err)
	}
	m, err := ByID(ctx, tx, bank, id)
	if err == nil && m.Status == Left {
		err = ErrLeft
	}
	return m, err
}

// SetStatus moves a locked member between taking part and resting. Refuses with
// ErrPaused.
func SetStatus(ctx context.Context, tx bun.IDB, m Member, from, to string) error {
	if m.Status != from {
		return ErrPaused
	}
	_, err := tx.NewUpdate().Model((*Member)(nil)).Set("status = ?", to).Where("bank_id = ?", m.BankID).Where("id = ?", m.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("change status: %w", err)
	}
	return nil
}

// Forget takes everything from a membership that says who it was. The row stays,
// since the ledger and others' records point to it; standIn is whom it names.
// Nobody acts for it any more; by is whose act that is.
func Forget(ctx context.Context, tx bun.IDB, m Member, standIn, by uuid.UUID, now time.Time) error {
	if err := endStandings(ctx, tx, m, by, now); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*Member)(nil)).Set("status = ?", Left).Set("person_id = ?", standIn).
		Set("name = ?", identity.Former).Set("called = ?", identity.Former).Set("phone = null").Set("area = ''").Set("reach_by = ?", ByPost).
		Set("reach_note = ''").Set("needs = ''").Set("free_slots = 0").Set("seen_at = null").
		Where("bank_id = ?", m.BankID).Where("id = ?", m.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget member: %w", err)
	}
	return nil
}

// Details is what a member may correct in their record.
type Details struct {
	Name, Called, Phone, Area, ReachBy, ReachNote, Needs string
	FreeSlots                                            int
}

// Change writes corrected details of a locked member. email tells that they have
// an address. Refuses what cannot be used by field, like joining does.
func (m Member) Change(ctx context.Context, tx bun.IDB, d Details, email string) (Member, error) {
	j, err := Joining{Name: d.Name, Called: d.Called, Email: email, Phone: strings.TrimSpace(d.Phone), Area: strings.TrimSpace(d.Area), ReachBy: d.ReachBy,
		ReachNote: strings.TrimSpace(d.ReachNote), Needs: strings.TrimSpace(d.Needs)}.clean()
	var c fault.Check
	c.Add(d.FreeSlots >= 0 && d.FreeSlots < 1<<21, "/free_slots", "choose", "Choose the half days on which you are free.")
	if err == nil {
		err = c.Err()
	}
	if err != nil {
		return m, err
	}
	m.Name, m.Called, m.Phone, m.Area, m.ReachBy, m.ReachNote, m.Needs, m.FreeSlots = j.Name, j.Called, orNil(j.Phone), j.Area, j.ReachBy, j.ReachNote, j.Needs, d.FreeSlots
	_, err = tx.NewUpdate().Model(&m).Column("name", "called", "phone", "area", "reach_by", "reach_note", "needs", "free_slots").
		Where("bank_id = ?", m.BankID).Where("id = ?", m.ID).Exec(ctx)
	if err != nil {
		return m, fmt.Errorf("change details: %w", err)
	}
	return m, nil
}
