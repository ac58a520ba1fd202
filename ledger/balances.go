package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Balances is what every account of a kind stands at now, by account.
func Balances(ctx context.Context, db bun.IDB, bank uuid.UUID, kind AccountKind) (map[uuid.UUID]Minutes, error) {
	rows, err := db.QueryContext(ctx, "select id, posted from ledger.account where bank_id = ? and kind = ?", bank, string(kind))
	if err != nil {
		return nil, fmt.Errorf("ledger: balances: %w", err)
	}
	defer func() { _ = rows.Close() }()
	out := map[uuid.UUID]Minutes{}
	for rows.Next() {
		var id uuid.UUID
		var m Minutes
		if err := rows.Scan(&id, &m); err != nil {
			return nil, fmt.Errorf("ledger: balances: %w", err)
		}
		out[id] = m
	}
	return out, rows.Err()
}
