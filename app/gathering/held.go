package gathering

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/held"
	"timebank/app/platform/words"
)

// Held is what this slice keeps about a person: the gatherings they signed up for,
// came to, and brought somebody to.
func Held() []held.Section {
	return []held.Section{{Name: "gatherings", Title: "Gatherings", Tables: []string{"public.gathering_part"}, Read: func(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
		if !s.Has() {
			return nil, "", nil
		}
		var rows []Part
		err := tx.NewSelect().Model(&rows).Where("bank_id = ?", s.Bank).Where("member_id = ? or brought_by = ?", s.Member, s.Member).Order("asked_at DESC", "id").Scan(ctx)
		if err != nil {
			return nil, "", fmt.Errorf("read gatherings: %w", err)
		}
		var ids []uuid.UUID
		for _, p := range rows {
			ids = append(ids, p.GatheringID)
		}
		all, err := some(ctx, tx, s.Bank, ids)
		if err != nil {
			return nil, "", err
		}
		var out []held.Item
		for _, p := range rows {
			g := all[p.GatheringID]
			i := held.Item{s.T("asked_at", "Written down", p.AskedAt), held.F("title", "Gathering", g.Title), s.T("starts_at", "Began", g.StartsAt),
				held.F("part", "Part", p.Part), held.F("state", "State", p.State), held.F("guest", "Your guest", p.Guest), s.OptT("here_at", "Was there", p.HereAt)}
			if p.Minutes != nil {
				i = append(i, held.N("minutes", "Minutes given", *p.Minutes))
			} else {
				i = append(i, held.F("minutes", "Minutes given", ""))
			}
			out = append(out, i)
		}
		return out, "", nil
	}}}
}
