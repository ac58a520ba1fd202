package referral

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/job"
)

// Tick is the job that looks for promises of a bank that have run out.
type Tick struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (Tick) Kind() string { return "referral-clocks" }

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) {
	job.Handle(q, s.Tick)
	job.Handle(q, s.ForgetDue)
}

// Tick escalates every clock that has run out, once: an event, a task for the
// team, due now. Run again it does nothing more. Each referral is a transaction
// of its own, so that one that fails stops no other. Nothing is ever closed here.
func (s *Service) Tick(ctx context.Context, j Tick) error {
	now := s.Clock.Now()
	var b bank.Bank
	var ids []uuid.UUID
	err := db.InTx(ctx, s.Pool, j.BankID, func(ctx context.Context, tx bun.IDB) (err error) {
		ids = nil
		if b, err = bank.ByID(ctx, tx, j.BankID); err != nil {
			return err
		}
		return tx.NewSelect().Model((*Clock)(nil)).ColumnExpr("distinct clock.referral_id").ModelTableExpr("referral_clock as clock").
			Join("join referral as r on r.bank_id = clock.bank_id and r.id = clock.referral_id").
			Where("clock.bank_id = ?", j.BankID).Where("clock.met_at is null").Where("clock.escalated_at is null").
			Where("clock.due_at <= ?", now).Where("r.closed_at is null").Where("r.state <> ?", Paused).Scan(ctx, &ids)
	})
	if err != nil {
		return fmt.Errorf("find clocks that ran out: %w", err)
	}
	var failed []error
	for _, id := range ids {
		err := db.InTx(ctx, s.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error { return s.escalate(ctx, tx, b, id, now) })
		if err != nil {
			failed = append(failed, fmt.Errorf("escalate %s: %w", id, err))
		}
	}
	return errors.Join(failed...)
}

// escalate tells of the clocks of one referral. It looks again under the lock: a
// broker or another worker may have been quicker. The version stays, because
// what a broker looks at has not changed.
func (s *Service) escalate(ctx context.Context, tx bun.IDB, b bank.Bank, id uuid.UUID, now time.Time) error {
	r, err := find(ctx, tx, b.ID, uuid.Nil, id, true)
	if err != nil {
		return err
	}
	clocks, err := clocksOf(ctx, tx, b.ID, id)
	if err != nil {
		return err
	}
	w := &work{s: s, tx: tx, a: identity.System(b), as: System, now: now, r: &r, clocks: clocks[id]}
	told := false
	for _, c := range w.clocks {
		if !c.late(now) || c.EscalatedAt != nil || r.State.closed() || r.State == Paused {
			continue
		}
		_, err := tx.NewUpdate().Model((*Clock)(nil)).Set("escalated_at = ?", now).Where("bank_id = ?", b.ID).
			Where("referral_id = ?", id).Where("clock = ?", c.Name).Exec(ctx)
		if err != nil {
			return fmt.Errorf("mark clock: %w", err)
		}
		if err := w.write(ctx, Event{Kind: "escalation", From: r.State, To: r.State, Reason: c.Name}, Said{}); err != nil {
			return err
		}
		told = true
	}
	if !told {
		return nil
	}
	if err := desk.Raise(ctx, tx, desk.Task{
		BankID: b.ID, Kind: desk.ReferralOverdue, SubjectKind: desk.OfReferral, SubjectID: id, DueAt: now, CreatedAt: now,
	}); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Entry{BankID: b.ID, At: now, ActorID: w.a.Person, Action: Tick{}.Kind(), ObjectKind: "referral", ObjectID: id})
}
