package matching

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"timebank/app/platform/held"
	"timebank/app/platform/words"
)

// Held is what this slice keeps about a person: when they were asked to help, why
// they, and what they said.
func Held() []held.Section {
	return []held.Section{{Name: "asked-to-help", Title: "When you were asked to help, and why you", Tables: []string{"public.ask"}, Read: heldAsks}}
}

func heldAsks(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
	if !s.Has() {
		return nil, "", nil
	}
	var rows []ask
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", s.Bank).Where("member_id = ?", s.Member).Order("asked_at DESC", "id").Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("read asks: %w", err)
	}
	var out []held.Item
	for _, a := range rows {
		out = append(out, held.Item{s.T("at", "When", a.AskedAt), held.Opt("answer", "You said", a.Answer), s.OptT("answered_at", "Answered", a.AnsweredAt), held.F("why", "What the suggestion was made from", string(a.Parts))})
	}
	return out, "The suggestion orders people for a broker to ring. No decision about you is made by it.", nil
}
