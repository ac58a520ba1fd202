package message

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Leaves stops what was still to be told to a member, and unties the log from the
// person: from now on it names who stands in for somebody who left.
func Leaves(ctx context.Context, tx bun.IDB, bank, member, standIn uuid.UUID) error {
	for _, q := range []*bun.UpdateQuery{
		tx.NewUpdate().Model((*Message)(nil)).Set("state = ?", NotNeeded).Where("state = ?", Queued),
		tx.NewUpdate().Model((*Message)(nil)).Set("person_id = ?", standIn),
	} {
		if _, err := q.Where("bank_id = ?", bank).Where("member_id = ?", member).Exec(ctx); err != nil {
			return fmt.Errorf("stop messages: %w", err)
		}
	}
	return nil
}
