package referral

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/platform/words"
)

// Figures about replies are shown from so many referrals on: fewer say nothing.
const (
	fewest     = 10
	figureDays = 90
)

// SurgeryDesk is what a surgery's people see before they refer somebody.
type SurgeryDesk struct {
	Surgery     Organisation
	InDate      bool // the sharing agreement: they may refer by form
	Good, Not   string
	Promise     string
	Replies     int // referrals the figure is made of; 0 when there are too few
	MedianHours float64
}

// The three lines above the form.
const (
	goodFor words.Text = "Anyone of 18 or over who would like more company, has something to offer, or could use a hand."
	notFor  words.Text = "A crisis, personal care, or a money or housing emergency."
	promise words.Text = "We ring within 2 working days."
)

// Desk tells a surgery how it stands and how quick we are.
func (s *Service) Desk(ctx context.Context, a identity.Actor) (SurgeryDesk, error) {
	out := SurgeryDesk{Good: words.Of(ctx).Say(goodFor), Not: words.Of(ctx).Say(notFor), Promise: words.Of(ctx).Say(promise)}
	err := s.asSurgery(ctx, a, func(ctx context.Context, tx bun.IDB, now time.Time) (err error) {
		if out.Surgery, err = organisation(ctx, tx, a.Bank.ID, a.Organisation); err != nil {
			return err
		}
		out.InDate = out.Surgery.inDate(a.Bank, now)
		out.Replies, out.MedianHours, err = replies(ctx, tx, a.Bank, now)
		return err
	})
	return out, err
}

// replies counts how long people of this bank waited for a first try over the
// last 90 days. Who still waits, past what was promised, counts with the time so
// far: leaving them out would make a slow bank look quick.
func replies(ctx context.Context, tx bun.IDB, b bank.Bank, now time.Time) (n int, median float64, err error) {
	var rows []Clock
	err = tx.NewSelect().Model(&rows).ModelTableExpr("referral_clock as clock").
		ColumnExpr("clock.started_at, clock.met_at").
		Join("join referral as r on r.bank_id = clock.bank_id and r.id = clock.referral_id").
		Where("clock.bank_id = ?", b.ID).Where("clock.clock = ?", FirstAttempt).
		Where("r.submitted_at > ?", now.AddDate(0, 0, -figureDays)).
		Where("(clock.met_at is not null or (clock.due_at <= ? and r.closed_at is null))", now).Scan(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("read replies: %w", err)
	}
	if len(rows) < fewest {
		return 0, 0, nil
	}
	waited := make([]int, len(rows))
	for i, c := range rows {
		end := now
		if c.MetAt != nil {
			end = *c.MetAt
		}
		waited[i] = workingMinutes(b, c.StartedAt, end)
	}
	slices.Sort(waited)
	mid := len(waited) / 2
	minutes := float64(waited[mid])
	if len(waited)%2 == 0 {
		minutes = float64(waited[mid-1]+waited[mid]) / 2
	}
	return len(rows), minutes / 60, nil
}
