package rights

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/job"
	"timebank/app/platform/keep"
)

// period is how long a bank keeps one kind of thing, where it has decided.
type period struct {
	bun.BaseModel `bun:"table:retention"`

	BankID    uuid.UUID `bun:"bank_id"`
	What      string    `bun:"what"`
	Days      int       `bun:"days"`
	ChangedBy uuid.UUID `bun:"changed_by"`
	ChangedAt time.Time `bun:"changed_at"`
}

// Kept is one rule as a bank has it, and what the next run would forget by it.
type Kept struct {
	keep.Rule
	Days   int // as the bank has decided, else the rule's own
	Before time.Time
	keep.Due
}

var (
	// ErrNoRule refuses to change how long something unknown is kept.
	ErrNoRule = fault.New(fault.NotFound, "no-such-rule", "Nothing of this name is kept for a time.")
	// ErrDays refuses a time that is too short or too long.
	ErrDays = fault.New(fault.Invalid, "days", "Choose at least {least} days, and at most 36500.")
)

// atOnce is how many rows one transaction of the nightly run forgets.
const atOnce = 2000

// Retention tells, rule by rule, how long a bank keeps things and what the next
// nightly run would forget. It changes nothing.
func (s *Service) Retention(ctx context.Context, bankID uuid.UUID) ([]Kept, error) {
	var out []Kept
	err := db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = s.kept(ctx, tx, bankID)
		return err
	})
	return out, err
}

func (s *Service) kept(ctx context.Context, tx bun.IDB, bankID uuid.UUID) ([]Kept, error) {
	var own []period
	if err := tx.NewSelect().Model(&own).Where("bank_id = ?", bankID).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read periods: %w", err)
	}
	days := map[string]int{}
	for _, p := range own {
		days[p.What] = p.Days
	}
	now := s.Clock.Now()
	out := make([]Kept, len(s.Rules))
	for i, r := range s.Rules {
		k := Kept{Rule: r, Days: r.Days}
		if d, ok := days[r.Name]; ok {
			k.Days = d
		}
		k.Before = now.AddDate(0, 0, -k.Days)
		var err error
		if k.Due, err = r.Count(ctx, tx, bankID, k.Before); err != nil {
			return nil, err
		}
		out[i] = k
	}
	return out, nil
}

// Keep changes how long the actor's bank keeps one kind of thing. Refuses with
// ErrNoRule and ErrDays.
func (s *Service) Keep(ctx context.Context, a identity.Actor, what string, days int) error {
	var rule *keep.Rule
	for i := range s.Rules {
		if s.Rules[i].Name == what {
			rule = &s.Rules[i]
		}
	}
	switch {
	case rule == nil:
		return ErrNoRule
	case days < rule.Least || days > 36500:
		return ErrDays.With("least", rule.Least).At("/days")
	}
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		p := period{BankID: a.Bank.ID, What: what, Days: days, ChangedBy: a.Person, ChangedAt: now}
		_, err := tx.NewInsert().Model(&p).On("conflict (bank_id, what) do update").
			Set("days = excluded.days").Set("changed_by = excluded.changed_by").Set("changed_at = excluded.changed_at").Exec(ctx)
		if err != nil {
			return fmt.Errorf("change period: %w", err)
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: "keep-for", ObjectKind: "retention", ObjectID: a.Bank.ID})
	})
}

// ForgetOld is the nightly job that forgets what is over in a bank.
type ForgetOld struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (ForgetOld) Kind() string { return "forget-what-is-over" }

// ForgetOld does the nightly work, some rows at a time. One rule that fails stops
// no other. Run twice it does nothing more.
func (s *Service) ForgetOld(ctx context.Context, bankID uuid.UUID) (forgotten map[string]int64, err error) {
	forgotten = map[string]int64{}
	plan, err := s.Retention(ctx, bankID)
	if err != nil {
		return forgotten, err
	}
	var failed []error
	for _, k := range plan {
		for more := k.Due.Count > 0; more; {
			var n int64
			err := db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) (err error) {
				if _, err := bank.ByID(ctx, tx, bankID); err != nil {
					return err
				}
				now := s.Clock.Now()
				if n, err = k.Forget(ctx, tx, bankID, k.Before, now, atOnce); err != nil || n == 0 {
					return err
				}
				return audit.Record(ctx, tx, audit.Entry{BankID: bankID, At: now, ActorID: identity.SystemPerson, Action: ForgetOld{}.Kind(), ObjectKind: k.Name, ObjectID: bankID})
			})
			if err != nil {
				failed = append(failed, err)
			}
			forgotten[k.Name] += n
			more = err == nil && n > 0
		}
	}
	return forgotten, errors.Join(failed...)
}

// Rules of the journal, which this slice reads for everybody, and of repeats.
func Rules() []keep.Rule {
	return []keep.Rule{
		keep.Rows(keep.Rule{Name: "journal", Title: "Who did and saw what", Then: "The lines are deleted. Until then nobody can take one away.", Days: 6 * 365, Least: 365}, "audit", "at", "at < ?"),
		keep.Rows(keep.Rule{Name: "repeats", Title: "Marks that a request was sent once already", Then: "They are deleted. They hold no words.", Days: 30, Least: 7}, "once", "at", "at < ?"),
	}
}

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) {
	job.Handle(q, func(ctx context.Context, j TellBehalf) error { return s.TellBehalf(ctx, j.BankID) })
	job.Handle(q, func(ctx context.Context, j ForgetOld) error {
		_, err := s.ForgetOld(ctx, j.BankID)
		return err
	})
}
