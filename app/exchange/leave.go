package exchange

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
)

// Unsettled lists a member's exchanges whose hours are still to be agreed on:
// somebody's word waits, or two tell different hours.
func Unsettled(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) ([]Exchange, error) {
	return ofMember(ctx, tx, bank, member, []State{Done, Disputed}, 100)
}

// Leaves calls off all that a member has planned, as they would themselves: the
// other side is told, and others' requests go back to the desk. What was written
// about places and wishes in all their exchanges is forgotten; who helped whom, and
// the hours, stay.
func (s *Service) Leaves(ctx context.Context, tx bun.IDB, a identity.Actor, member uuid.UUID, behalf *uuid.UUID, consent string) error {
	open, err := ofMember(ctx, tx, a.Bank.ID, member, []State{Proposed, Agreed}, 500)
	if err != nil {
		return err
	}
	if err := endAll(ctx, tx, a.Bank.ID, member, s.Clock.Now()); err != nil {
		return err
	}
	for _, e := range open {
		x := &act{tx: tx, a: a, by: identity.OnBehalf{For: behalf, Consent: consent}, now: s.Clock.Now(), member: member, behalf: behalf}
		if x.e, err = lock(ctx, tx, a.Bank.ID, e.ID); err != nil {
			return err
		}
		x.from = x.e.State
		if x.from != Proposed && x.from != Agreed {
			continue // somebody was quicker; what it became is not open
		}
		x.side, _ = sideOf(x.e, member, false)
		if err := s.callOff(ctx, x, ""); err != nil {
			return err
		}
		if err := save(ctx, tx, x.e, Event{From: x.from, To: x.e.State, ActorID: a.Person, ActedAs: x.side, OnBehalfOf: behalf, Consent: x.consent(), At: x.now}); err != nil {
			return err
		}
		if err := x.audit(ctx, "cancel-exchange"); err != nil {
			return err
		}
	}
	_, err = tx.NewUpdate().Model((*Exchange)(nil)).Set("place = ''").Set("note = ''").Set("thanks = ''").Where("bank_id = ?", a.Bank.ID).
		Where("helper_id = ? or helped_id = ?", member, member).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget places: %w", err)
	}
	return forgetLetters(ctx, tx, a.Bank.ID, member)
}
