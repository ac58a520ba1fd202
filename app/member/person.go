package member

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// PersonOf finds the person of a membership that has not ended. Refuses with
// ErrNoMember.
func PersonOf(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (uuid.UUID, error) {
	m, err := ByID(ctx, tx, bank, id)
	if err == nil && m.Status == Left {
		err = ErrNoMember
	}
	return m.PersonID, err
}
