// Package keep is the form in which slices say how long they keep what, so that
// one nightly run forgets all of it, and a person can read beforehand what it
// would forget.
package keep

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/words"
)

// Due is what is over: how many, and since when the oldest has been there.
type Due struct {
	Count  int64
	Oldest *time.Time
}

// Rule is one kind of thing that is kept for a time.
type Rule struct {
	Name  string     // stable: "messages"
	Title words.Text // "Messages we sent"
	Then  words.Text // what happens to it: "The log is deleted. …"
	Days  int        // how long, unless a bank decides otherwise
	Least int        // a bank cannot choose less
	// Count tells what was over before a moment, and changes nothing.
	Count func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before time.Time) (Due, error)
	// Forget forgets at most so many of it, and tells how many it did.
	Forget func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before, now time.Time, most int) (int64, error)
}

// Rows is the rule for rows of one table that the function forget_old deletes
// under its name. over is the condition, with one ? for the moment; when is the
// column of the oldest.
func Rows(r Rule, table, when, over string) Rule {
	r.Count = func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before time.Time) (Due, error) {
		var d Due
		err := tx.NewSelect().TableExpr("? as t", bun.Ident(table)).ColumnExpr("count(*), min(?)", bun.Ident(when)).Where("bank_id = ?", bank).Where(over, before).Scan(ctx, &d.Count, &d.Oldest)
		if err != nil {
			return d, fmt.Errorf("count %s: %w", r.Name, err)
		}
		return d, nil
	}
	r.Forget = func(ctx context.Context, tx bun.IDB, bank uuid.UUID, before, _ time.Time, most int) (n int64, err error) {
		if err := tx.NewRaw("select forget_old(?, ?, ?, ?)", bank, r.Name, before, most).Scan(ctx, &n); err != nil {
			return 0, fmt.Errorf("forget %s: %w", r.Name, err)
		}
		return n, nil
	}
	return r
}
