package member

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/keep"
)

// Rules are how long this slice keeps what. Who leaves here is forgotten at once;
// books that were taken over from elsewhere bring former members with their names.
func Rules() []keep.Rule {
	over := func(q *bun.SelectQuery, bank uuid.UUID, before time.Time) *bun.SelectQuery {
		return q.Where("bank_id = ?", bank).Where("status = ?", Left).Where("name <> ?", identity.Former).Where("created_at < ?", before)
	}
	return []keep.Rule{{Name: "former-members", Title: "Names of former members in books we took over", Then: "They become \u201cA former member\u201d. Their hours stay.", Days: 365, Least: 30,
		Count: func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before time.Time) (keep.Due, error) {
			var d keep.Due
			err := over(tx.NewSelect().Model((*Member)(nil)).ColumnExpr("count(*), min(created_at)"), bank, before).Scan(ctx, &d.Count, &d.Oldest)
			if err != nil {
				return d, fmt.Errorf("count former members: %w", err)
			}
			return d, nil
		},
		Forget: func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before, now time.Time, most int) (int64, error) {
			var rows []Member
			if err := over(tx.NewSelect().Model(&rows), bank, before).Order("id").Limit(int64(most)).Scan(ctx); err != nil {
				return 0, fmt.Errorf("find former members: %w", err)
			}
			for _, m := range rows {
				standIn, err := identity.Leave(ctx, tx, bank, m.PersonID, now)
				if err == nil {
					err = Forget(ctx, tx, m, standIn, identity.SystemPerson, now)
				}
				if err != nil {
					return 0, err
				}
			}
			return int64(len(rows)), nil
		}}}
}
