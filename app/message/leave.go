package message

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/member"
)

// Leaves stops what was still to be told to a member, forgets the devices that
// showed it, and unties the log from the person: from now on it names who stands in
// for somebody who left.
func Leaves(ctx context.Context, tx bun.IDB, bank, who, standIn uuid.UUID) error {
	m, err := member.ByID(ctx, tx, bank, who)
	if err != nil {
		return err
	}
	if _, err := tx.NewDelete().Model((*pushDevice)(nil)).Where("person_id = ?", m.PersonID).Exec(ctx); err != nil {
		return fmt.Errorf("forget push devices: %w", err)
	}
	for _, q := range []*bun.UpdateQuery{
		tx.NewUpdate().Model((*Message)(nil)).Set("state = ?", NotNeeded).Where("state = ?", Queued),
		tx.NewUpdate().Model((*Message)(nil)).Set("person_id = ?", standIn),
	} {
		if _, err := q.Where("bank_id = ?", bank).Where("member_id = ?", who).Exec(ctx); err != nil {
			return fmt.Errorf("stop messages: %w", err)
		}
	}
	return nil
}
