package listing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Insert writes a listing of a kind that exists.
func Insert(ctx context.Context, tx bun.IDB, l Listing) error {
	_, err := tx.NewInsert().Model(&l).Exec(ctx)
	if err != nil {
		return fmt.Errorf("add listing: %w", err)
	}
	return index(ctx, tx, l.BankID, []Listing{l})
}

// ByID finds a listing of a bank. Refuses with ErrNoListing.
func ByID(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Listing, error) {
	var l Listing
	err := tx.NewSelect().Model(&l).Where("bank_id = ?", bank).Where("id = ?", id).Scan(ctx)
	return l, found(err)
}

// Lock finds a listing and keeps others from changing it until the transaction
// ends. Refuses with ErrNoListing.
func Lock(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Listing, error) {
	var l Listing
	err := tx.NewSelect().Model(&l).Where("bank_id = ?", bank).Where("id = ?", id).For("update").Scan(ctx)
	return l, found(err)
}

func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNoListing
	}
	if err != nil {
		return fmt.Errorf("find listing: %w", err)
	}
	return nil
}

// SetState moves a listing on. Photos of what is met or withdrawn are forgotten.
func SetState(ctx context.Context, tx bun.IDB, bank, id uuid.UUID, state string) error {
	_, err := tx.NewUpdate().Model((*Listing)(nil)).Set("state = ?", state).Where("bank_id = ?", bank).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("change listing: %w", err)
	}
	if state == Met || state == Withdrawn {
		if err := forgetPhotos(ctx, tx, bank, id); err != nil {
			return err
		}
	}
	return show(ctx, tx, bank, id, state == Open)
}

// OpenOf lists a member's open listings, newest first.
func OpenOf(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) ([]Listing, error) {
	var out []Listing
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("member_id = ?", member).
		Where("state in ('open', 'matched')").Order("created_at DESC", "id").Limit(100).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return out, nil
}

// lately are the days for which what has ended stays among its member's own.
const lately = 30

// ofOwner is OpenOf with what has ended lately: it can be put back.
func ofOwner(ctx context.Context, tx bun.IDB, bank, member uuid.UUID, today time.Time) ([]Listing, error) {
	out, err := OpenOf(ctx, tx, bank, member)
	if err != nil {
		return nil, err
	}
	var ended []Listing
	err = tx.NewSelect().Model(&ended).Where("bank_id = ?", bank).Where("member_id = ?", member).
		Where("state = 'expired'").Where("expires_on >= ?", today.AddDate(0, 0, -lately)).Order("created_at DESC", "id").Limit(20).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list what ended: %w", err)
	}
	return append(out, ended...), nil
}

// Page lists what is open, newest first, 20 at a time; after is the last id seen,
// or nil for the first page. Ids are made in time's order.
func Page(ctx context.Context, tx bun.IDB, bank uuid.UUID, kind string, today time.Time, after uuid.UUID) ([]Listing, error) {
	var out []Listing
	q := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("type = ?", kind).Where("state = 'open'").
		Where("expires_on >= ?", today).Order("id DESC").Limit(pageSize + 1)
	if after != uuid.Nil {
		q = q.Where("id < ?", after)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return out, nil
}

const pageSize = 20
