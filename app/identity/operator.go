package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
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
