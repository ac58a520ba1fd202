package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
)

// operatorRow is somebody who runs the platform.
type operatorRow struct {
	bun.BaseModel `bun:"table:directory.operator"`

	PersonID  uuid.UUID  `bun:"person_id,pk"`
	GrantedAt time.Time  `bun:"granted_at"`
	EndedAt   *time.Time `bun:"ended_at"`
}

// GrantOperator lets a person run the platform, again if it had ended.
func GrantOperator(ctx context.Context, tx bun.IDB, person uuid.UUID, now time.Time) error {
	_, err := tx.NewInsert().Model(&operatorRow{PersonID: person, GrantedAt: now}).On("conflict (person_id) do update").Set("ended_at = null").Exec(ctx)
	if err != nil {
		return fmt.Errorf("grant operator: %w", err)
	}
	return nil
}

// EndOperator takes the platform from somebody; it counts for the next request, and
// every device of theirs is signed out. Refuses with ErrNoPerson.
func (s *Service) EndOperator(ctx context.Context, email string) error {
	email, _ = CleanEmail(email)
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		p, err := PersonByEmail(ctx, tx, email)
		if err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model((*operatorRow)(nil)).Set("ended_at = ?", now).Where("person_id = ?", p.ID).Where("ended_at is null").Exec(ctx)
		if err != nil {
			return fmt.Errorf("end operator: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return ErrNoPerson.Wrap(err)
		}
		return EndSessions(ctx, tx, p.ID, now)
	})
}

func isOperator(ctx context.Context, tx bun.IDB, person uuid.UUID) (bool, error) {
	ok, err := tx.NewSelect().Model((*operatorRow)(nil)).Where("person_id = ?", person).Where("ended_at is null").Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("read operators: %w", err)
	}
	return ok, nil
}

// operator gives the actor the role of the platform's operator, where they have it.
func (a *Actor) operator(ctx context.Context, tx bun.IDB) error {
	ok, err := isOperator(ctx, tx, a.Person)
	if ok {
		a.Roles = []Role{Operator}
	}
	return err
}
