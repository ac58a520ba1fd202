package identity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/audit"
	"timebank/app/platform/db"
)

// DemandSecond decides whether staff and surgeries of the actor's bank need the
// second step. Refuses with ErrSecondFirst.
func (s *Service) DemandSecond(ctx context.Context, a Actor, demand bool) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if demand {
			done, err := tx.NewSelect().Model((*Session)(nil)).Where("id = ?", a.Session).Where("second = ?", secondDone).Exists(ctx)
			if err != nil {
				return fmt.Errorf("read session: %w", err)
			}
			if !done {
				return ErrSecondFirst
			}
		}
		if err := SetDemand(ctx, tx, a.Bank.ID, demand, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: "demand-second-factor", ObjectKind: "bank", ObjectID: a.Bank.ID})
	})
}

// SetDemand keeps whether a bank demands the second step of its staff and surgeries.
func SetDemand(ctx context.Context, tx bun.IDB, bank uuid.UUID, demand bool, now time.Time) error {
	_, err := tx.ExecContext(ctx, `insert into directory.bank_policy (bank_id, second_factor, changed_at) values (?, ?, ?)
		on conflict (bank_id) do update set second_factor = excluded.second_factor, changed_at = excluded.changed_at`, bank, demand, now)
	if err != nil {
		return fmt.Errorf("keep policy: %w", err)
	}
	return nil
}

// passed refuses with ErrSecondStep a session that has to do the second step, and
// with ErrSecondNeeded staff of a bank that demands one, and the platform's
// operators, of whom it is always demanded.
func passed(second, who string, a Actor, demanded bool) error {
	if second == secondNeeded && who != HalfSignedIn {
		return ErrSecondStep
	}
	if second == secondDone || second == secondRemembered {
		return nil
	}
	if slices.Contains(a.Roles, Operator) {
		return ErrSecondNeeded
	}
	if !slices.ContainsFunc(a.Roles, func(r Role) bool { return slices.Contains(staffRoles, r) }) {
		return nil
	}
	if demanded {
		return ErrSecondNeeded
	}
	return nil
}
