package contact

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"timebank/app/platform/held"
	"timebank/app/platform/words"
)

// Held is what this slice keeps about a person. What others told about them is
// the others' to tell.
func Held() []held.Section {
	return []held.Section{{Name: "complaints", Title: "What you told us about others, and whom you would rather not meet", Tables: []string{"public.complaint", "public.blocked"}, Read: read}}
}

func read(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	if !s.Has() {
		return nil, "", nil
	}
	var told []complaint
	if err := tx.NewSelect().Model(&told).Where("bank_id = ?", s.Bank).Where("from_id = ?", s.Member).Order("at DESC", "id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read complaints: %w", err)
	}
	var apart []blocked
	if err := tx.NewSelect().Model(&apart).Where("bank_id = ?", s.Bank).Where("member_id = ?", s.Member).Order("at DESC", "other_id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read kept apart: %w", err)
	}
	var out []held.Item
	for _, c := range told {
		out = append(out, held.Item{s.T("at", "When", c.At), held.F("words", "You told us", c.Words)})
	}
	for _, b := range apart {
		out = append(out, held.Item{s.T("at", "Kept apart since", b.At), s.OptT("ended_at", "Until", b.EndedAt)})
	}
	return out, "What other members told us about somebody is not shown to them: it could harm who told it. Ask us about it.", nil
}
