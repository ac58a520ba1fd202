package concern

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"timebank/app/platform/held"
	"timebank/app/platform/words"
)

// Held is what this slice keeps about a person: which concerns they raised. What
// others said about somebody's safety is given by the safeguarding lead, who
// weighs whom it would put at risk.
func Held() []held.Section {
	return []held.Section{{Name: "concerns", Title: "When you told us that you worry about somebody", Tables: []string{"public.concern", "public.concern_note"},
		Read: func(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
			var rows []Concern
			err := tx.NewSelect().Model(&rows).ExcludeColumn("sealed").Where("bank_id = ?", s.Bank).Where("raised_by = ?", s.Person).Order("raised_at", "id").Limit(1000).Scan(ctx)
			if err != nil {
				return nil, "", fmt.Errorf("read concerns: %w", err)
			}
			var out []held.Item
			for _, c := range rows {
				out = append(out, held.Item{held.F("reference", "Reference", c.Reference), s.T("at", "When", c.RaisedAt), held.F("state", "State", c.State)})
			}
			return out, "What was said stands sealed. Ask the safeguarding lead to read it with you, also whether somebody worried about you.", nil
		}}}
}
