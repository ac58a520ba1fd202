package gathering

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

func byID(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Gathering, error) {
	var g Gathering
	err := tx.NewSelect().Model(&g).Where("bank_id = ?", bank).Where("id = ?", id).Scan(ctx)
	return g, found(err)
}

func lock(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Gathering, error) {
	var g Gathering
	err := tx.NewSelect().Model(&g).Where("bank_id = ?", bank).Where("id = ?", id).For("update").Scan(ctx)
	return g, found(err)
}

func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNoGathering
	}
	if err != nil {
		return fmt.Errorf("find gathering: %w", err)
	}
	return nil
}

// some reads gatherings by id.
func some(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]Gathering, error) {
	var rows []Gathering
	out := map[uuid.UUID]Gathering{}
	if len(ids) == 0 {
		return out, nil
	}
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read gatherings: %w", err)
	}
	for _, g := range rows {
		out[g.ID] = g
	}
	return out, nil
}

// pageSize is how many gatherings a page has.
const pageSize = 30

// coming lists what has not ended, soonest first; past what has, newest first.
// before is the beginning of the last one seen.
func coming(ctx context.Context, tx bun.IDB, bank uuid.UUID, now time.Time) ([]Gathering, error) {
	var out []Gathering
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("starts_at > ?", now.Add(-12*time.Hour)).Where("ends_at > ?", now).
		Order("starts_at", "id").Limit(pageSize * 2).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list gatherings: %w", err)
	}
	return out, nil
}

func past(ctx context.Context, tx bun.IDB, bank uuid.UUID, now, before time.Time) ([]Gathering, error) {
	var out []Gathering
	q := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("starts_at < ?", now).Where("ends_at <= ?", now).
		Order("starts_at DESC", "id DESC").Limit(pageSize + 1)
	if !before.IsZero() {
		q = q.Where("starts_at < ?", before)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list gatherings: %w", err)
	}
	return out, nil
}

func startingBetween(ctx context.Context, tx bun.IDB, bank uuid.UUID, from, to time.Time) ([]Gathering, error) {
	var out []Gathering
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("state = ?", Planned).
		Where("starts_at >= ?", from).Where("starts_at < ?", to).Order("starts_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list gatherings: %w", err)
	}
	return out, nil
}

// partsOf lists a gathering's people in the order of asking.
func partsOf(ctx context.Context, tx bun.IDB, bank uuid.UUID, gatherings ...uuid.UUID) ([]Part, error) {
	if len(gatherings) == 0 {
		return nil, nil
	}
	var out []Part
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("gathering_id in (?)", bun.List(gatherings)).Order("asked_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read register: %w", err)
	}
	return out, nil
}

func partByID(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Part, error) {
	var p Part
	err := tx.NewSelect().Model(&p).Where("bank_id = ?", bank).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNoPart
	}
	if err != nil {
		return p, fmt.Errorf("find part: %w", err)
	}
	return p, nil
}

// keep writes a member's or guest's part: new, or over the one that there is. The
// gathering is locked by the caller.
func keep(ctx context.Context, tx bun.IDB, p Part) error {
	q := tx.NewInsert().Model(&p).On("conflict (bank_id, id) do update").Set("guest = excluded.guest").Set("part = excluded.part").
		Set("state = excluded.state").Set("asked_at = excluded.asked_at").Set("here_at = excluded.here_at").Set("here_by = excluded.here_by").
		Set("minutes = excluded.minutes")
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("write register: %w", err)
	}
	return nil
}

func venues(ctx context.Context, tx bun.IDB, bank uuid.UUID) ([]Venue, error) {
	var out []Venue
	if err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Order("name", "id").Limit(200).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list venues: %w", err)
	}
	return out, nil
}

// booked is one transfer of a gathering's hours, or one that took them back.
type booked struct {
	bun.BaseModel `bun:"table:gathering_transfer"`

	BankID      uuid.UUID `bun:"bank_id"`
	GatheringID uuid.UUID `bun:"gathering_id"`
	Round       int       `bun:"round"`
	N           int       `bun:"n"`
	What        string    `bun:"what"`
	TransferID  uuid.UUID `bun:"transfer_id"`
	Rule        Rule      `bun:"rule"`
	EachMinutes int64     `bun:"each_minutes"`
	Reason      string    `bun:"reason"`
	At          time.Time `bun:"at"`
	ByID        uuid.UUID `bun:"by_id"`
}

func bookedIn(ctx context.Context, tx bun.IDB, g Gathering, what string) ([]booked, error) {
	var out []booked
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", g.BankID).Where("gathering_id = ?", g.ID).Where("round = ?", g.Round).Where("what = ?", what).Order("n").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read hours: %w", err)
	}
	return out, nil
}

// save writes the columns that change.
func save(ctx context.Context, tx bun.IDB, g Gathering) error {
	_, err := tx.NewUpdate().Model(&g).Column("title", "about", "kind", "venue_id", "starts_at", "ends_at", "capacity", "drop_in", "speaker", "speaker_about",
		"ground_rules", "state", "cancel_reason", "hours", "round").Where("bank_id = ?", g.BankID).Where("id = ?", g.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("save gathering: %w", err)
	}
	return nil
}
