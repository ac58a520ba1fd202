package listing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
)

// Leaves takes all of a member's offers and requests off the list, with their
// tasks, and forgets what they said in words, showed in photos, and wanted to be told about.
func Leaves(ctx context.Context, tx bun.IDB, bank, member, by uuid.UUID, now time.Time) error {
	open, err := liveOf(ctx, tx, bank, member)
	if err != nil {
		return err
	}
	for _, l := range open {
		if err := SetState(ctx, tx, bank, l.ID, Withdrawn); err != nil {
			return err
		}
		if err := desk.Finish(ctx, tx, bank, l.ID, by, now, desk.FindHelper); err != nil {
			return err
		}
	}
	if err := end(ctx, tx, bank, member, now); err != nil {
		return err
	}
	if err := forgetAllPhotos(ctx, tx, bank, member); err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*Listing)(nil)).Set("note = ''").Where("bank_id = ?", bank).Where("member_id = ?", member).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget notes: %w", err)
	}
	return forgetWords(ctx, tx, bank, member)
}

// liveOf lists a member's listings that are still on the list, however many.
func liveOf(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) ([]Listing, error) {
	var out []Listing
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("member_id = ?", member).Where("state in ('open', 'matched')").
		Order("id").For("update").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return out, nil
}
