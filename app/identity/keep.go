package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/keep"
)

// What signing in leaves behind belongs to a person, not to a bank: its times are
// the same for all, and the same nightly form tells them and forgets by them.

// Rules are how long what signing in leaves behind is kept.
func Rules() []keep.Rule {
	return []keep.Rule{
		rows(keep.Rule{Name: "sessions", Title: "Devices that were signed in", Then: "They are deleted.", Days: 90}, "directory.session", "coalesce(ended_at, expires_at)"),
		rows(keep.Rule{Name: "codes", Title: "Sign-in codes that were used or are too old", Then: "They are deleted. They hold no digits.", Days: 30}, "directory.sign_in_code", "expires_at"),
		rows(keep.Rule{Name: "new-addresses", Title: "Changes of an e-mail address", Then: "They are deleted.", Days: 30}, "directory.email_change", "expires_at"),
		rows(keep.Rule{Name: "browsers", Title: "Browsers in which somebody has signed in", Then: "They are new again.", Days: 400}, "directory.known_device", "used_at"),
		rows(keep.Rule{Name: "challenges", Title: "What a passkey was asked to sign", Then: "They are deleted."}, "directory.challenge", "expires_at"),
		rows(keep.Rule{Name: "tries", Title: "Counts of tries", Then: "They are deleted when they are empty."}, "directory.rate", "full_at"),
		rows(keep.Rule{Name: "signing-keys", Title: "Keys that check no token any more", Then: "They are deleted.", Days: 30}, "directory.signing_key", "retired_at"),
	}
}

// rows is the rule for rows of a table of sign-ins that were over at a time.
func rows(r keep.Rule, table, over string) keep.Rule {
	r.Count = func(ctx context.Context, tx bun.IDB, _ uuid.UUID, before time.Time) (keep.Due, error) {
		var d keep.Due
		if err := tx.NewRaw("select count(*), min("+over+") from "+table+" where "+over+" <= ?", before).Scan(ctx, &d.Count, &d.Oldest); err != nil {
			return d, fmt.Errorf("count %s: %w", r.Name, err)
		}
		return d, nil
	}
	r.Forget = func(ctx context.Context, tx bun.IDB, _ uuid.UUID, before, _ time.Time, most int) (int64, error) {
		res, err := tx.ExecContext(ctx, "delete from "+table+" where ctid in (select ctid from "+table+" where "+over+" <= ? limit ? for update skip locked)", before, most)
		if err != nil {
			return 0, fmt.Errorf("forget %s: %w", r.Name, err)
		}
		return res.RowsAffected()
	}
	return r
}

// Kept is one rule, and what is over by it.
type Kept struct {
	keep.Rule
	Before time.Time
	keep.Due
}

// Retention tells, rule by rule, what the next run would forget. It changes nothing.
func (s *Service) Retention(ctx context.Context) ([]Kept, error) {
	var out []Kept
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		out = nil
		for _, r := range Rules() {
			k := Kept{Rule: r, Before: s.Clock.Now().AddDate(0, 0, -r.Days)}
			var err error
			if k.Due, err = r.Count(ctx, tx, db.NoBank, k.Before); err != nil {
				return err
			}
			out = append(out, k)
		}
		return nil
	})
	return out, err
}

// Forget is the job that throws away what signing in leaves behind.
type Forget struct{}

// Kind implements job.Args.
func (Forget) Kind() string { return "forget-sign-ins" }

// atOnce is how many rows one transaction forgets.
const atOnce = 2000

// ForgetOld forgets what is over by the rules, some rows at a time, and the digits
// of codes that never left. One rule that fails stops no other. Run twice it does
// nothing more.
func (s *Service) ForgetOld(ctx context.Context) (forgotten map[string]int64, err error) {
	forgotten = map[string]int64{}
	plan, err := s.Retention(ctx)
	if err != nil {
		return forgotten, err
	}
	var failed []error
	for _, k := range plan {
		for more := k.Due.Count > 0; more; {
			var n int64
			err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
				n, err = k.Forget(ctx, tx, db.NoBank, k.Before, k.Before, atOnce)
				return err
			})
			if err != nil {
				failed = append(failed, err)
			}
			forgotten[k.Name] += n
			more = err == nil && n > 0
		}
	}
	return forgotten, errors.Join(errors.Join(failed...), s.forgetDigits(ctx))
}

// forgetDigits empties what was sealed for a message that was never sent.
func (s *Service) forgetDigits(ctx context.Context) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.NewUpdate().Model((*Code)(nil)).Set("sealed = null").Where("sealed is not null").Where("expires_at <= ?", now).Exec(ctx); err != nil {
			return fmt.Errorf("forget codes: %w", err)
		}
		_, err := tx.NewUpdate().Model((*emailChange)(nil)).Set("sealed = null").Where("sealed is not null").Where("used_at is null").Where("expires_at <= ?", now).Exec(ctx)
		if err != nil {
			return fmt.Errorf("forget new addresses: %w", err)
		}
		return nil
	})
}
