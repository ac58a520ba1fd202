package desk

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/held"
	"timebank/app/platform/words"
)

// Held is what this slice keeps about a person: what somebody had to do about
// them. subjects finds the ids, of any kind, that are about a member.
func Held(subjects func(ctx context.Context, tx bun.IDB, s held.Subject) ([]uuid.UUID, error)) []held.Section {
	return []held.Section{{Name: "tasks", Title: "What we had to do about you", Tables: []string{"public.task"}, Read: func(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
		if !s.Has() {
			return nil, "", nil
		}
		ids, err := subjects(ctx, tx, s)
		if err != nil {
			return nil, "", err
		}
		var rows []Task
		err = tx.NewSelect().Model(&rows).Where("bank_id = ?", s.Bank).Where("subject_id in (?)", bun.List(append(ids, s.Member))).Order("created_at DESC", "id").Scan(ctx)
		if err != nil {
			return nil, "", fmt.Errorf("read tasks: %w", err)
		}
		var out []held.Item
		for _, t := range rows {
			out = append(out, held.Item{s.T("at", "When", t.CreatedAt), held.F("kind", "What", t.Kind), held.F("about", "About", t.SubjectKind), s.T("due_at", "Due", t.DueAt), s.OptT("done_at", "Done", t.DoneAt)})
		}
		return out, "", nil
	}}}
}
