package referral

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/keep"
)

// Rules are how long this slice keeps what a surgery told, once it is closed.
func (s *Service) Rules() []keep.Rule {
	const then = "The words are forgotten. States, days and the surgery stay, for counting."
	return []keep.Rule{
		s.rule(keep.Rule{Name: "referrals", Title: "What a surgery told, where it led to no membership", Then: then, Days: 365, Least: 30}, "state <> 'completed'"),
		s.rule(keep.Rule{Name: "referrals-joined", Title: "What a surgery told, where it led to a membership", Then: then, Days: 3 * 365, Least: 30}, "state = 'completed'"),
	}
}

func (s *Service) rule(r keep.Rule, which string) keep.Rule {
	over := func(q *bun.SelectQuery, bank uuid.UUID, before time.Time) *bun.SelectQuery {
		return q.Where("bank_id = ?", bank).Where("closed_at < ?", before).Where("forgotten_at is null").Where(which)
	}
	r.Count = func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before time.Time) (keep.Due, error) {
		var d keep.Due
		err := over(tx.NewSelect().Model((*Referral)(nil)).ColumnExpr("count(*), min(submitted_at)"), bank, before).Scan(ctx, &d.Count, &d.Oldest)
		if err != nil {
			return d, fmt.Errorf("count referrals: %w", err)
		}
		return d, nil
	}
	r.Forget = func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before, now time.Time, most int) (int64, error) {
		var rows []Referral
		if err := over(tx.NewSelect().Model(&rows), bank, before).Order("closed_at", "id").Limit(int64(min(most, 200))).Scan(ctx); err != nil {
			return 0, fmt.Errorf("find referrals: %w", err)
		}
		for _, x := range rows {
			if err := s.forget(ctx, tx, bank, x.ID, now); err != nil {
				return 0, err
			}
		}
		return int64(len(rows)), nil
	}
	return r
}
