package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// HoldRecord is a hold as it stands.
type HoldRecord struct {
	ID         uuid.UUID
	Kind       Kind
	Key        string
	Actor      uuid.UUID
	OnBehalfOf uuid.UUID
	Category   string
	Reference  Reference
	Legs       []Leg // in ascending account id
	PlacedAt   time.Time
	ExpiresAt  time.Time // zero: never

	How      string // "" while open, else Settled, Released or Expired
	EndedAt  time.Time
	EndedBy  uuid.UUID
	Reason   string    // why it ended
	Transfer uuid.UUID // that settled it
}

const sqlHolds = `select h.id, h.kind, h.key, h.actor, h.on_behalf_of, h.category, h.ref_kind, h.ref_id, h.accounts::text,
h.minutes::text, h.placed_at, h.expires_at, e.how, e.at, e.actor, e.reason, e.transfer_id
from ledger.hold h left join ledger.hold_end e on e.bank_id = ? and e.hold_id = h.id where h.bank_id = ?`

// FindHold is one hold, open or ended. Refusals: ErrNoHold.
func FindHold(ctx context.Context, db bun.IDB, bank, id uuid.UUID) (HoldRecord, error) {
	found, err := holds(ctx, db, sqlHolds+" and h.id = ?", bank, bank, id)
	if err == nil && len(found) == 0 {
		err = ErrNoHold{id}
	}
	if err != nil {
		return HoldRecord{}, err
	}
	return found[0], nil
}

// OpenHolds is the holds in which an account's minutes are promised, at most 500,
// those that expire first in front.
func OpenHolds(ctx context.Context, db bun.IDB, bank, account uuid.UUID) ([]HoldRecord, error) {
	return holds(ctx, db, sqlHolds+" and not h.ended and ? = any (h.accounts) order by h.expires_at, h.id limit 500", bank, bank, account)
}

func holds(ctx context.Context, db bun.IDB, query string, args ...any) ([]HoldRecord, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("ledger: holds: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []HoldRecord
	for rows.Next() {
		h, err := scanHold(rows)
		if err != nil {
			return nil, fmt.Errorf("ledger: holds: %w", err)
		}
		out = append(out, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("ledger: holds: %w", err)
	}
	return out, nil
}

func scanHold(rows *sql.Rows) (HoldRecord, error) {
	var h HoldRecord
	var behalf, ref, by, transfer uuid.NullUUID
	var expires, ended sql.NullTime
	var how, reason sql.NullString
	var accounts, minutes string
	err := rows.Scan(&h.ID, &h.Kind, &h.Key, &h.Actor, &behalf, &h.Category, &h.Reference.Kind, &ref, &accounts, &minutes,
		&h.PlacedAt, &expires, &how, &ended, &by, &reason, &transfer)
	if err != nil {
		return h, err
	}
	h.OnBehalfOf, h.Reference.ID, h.EndedBy, h.Transfer = behalf.UUID, ref.UUID, by.UUID, transfer.UUID
	h.PlacedAt, h.How, h.Reason = h.PlacedAt.UTC(), how.String, reason.String
	if expires.Valid {
		h.ExpiresAt = expires.Time.UTC()
	}
	if ended.Valid {
		h.EndedAt = ended.Time.UTC()
	}
	h.Legs, err = pairLegs(h.ID, accounts, minutes)
	return h, err
}
