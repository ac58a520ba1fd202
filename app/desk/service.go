package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
)

// Line is what a broker reads of a task's subject.
type Line struct {
	Who    string // a name, or a reference where no name may show
	What   string // one sentence
	Link   string // the page on which it is done
	Member *uuid.UUID
}

// Describer words the subjects of one kind. A subject that is missing from its
// answer is shown without words.
type Describer func(ctx context.Context, tx bun.IDB, bank uuid.UUID, subjects []uuid.UUID) (map[uuid.UUID]Line, error)

// Service is the use cases of the desk.
type Service struct {
	Pool      *bun.DB
	Clock     clock.Clock
	Describes map[string]Describer // by subject kind
}

// Item is one open task with its words.
type Item struct {
	Task
	Line  Line
	Owner string
}

// shown is how many tasks the queue shows at once; who has more needs help, not pages.
const shown = 200

// Open lists the open tasks, the most urgent first, at most 200.
func (s *Service) Open(ctx context.Context, a identity.Actor) ([]Item, error) {
	var out []Item
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var tasks []Task
		err := tx.NewSelect().Model(&tasks).Where("bank_id = ?", a.Bank.ID).Where("done_at is null").
			Order("due_at", "id").Limit(shown).Scan(ctx)
		if err != nil {
			return fmt.Errorf("list tasks: %w", err)
		}
		out, err = s.worded(ctx, tx, a.Bank.ID, tasks)
		return err
	})
	return out, err
}

func (s *Service) worded(ctx context.Context, tx bun.IDB, bank uuid.UUID, tasks []Task) ([]Item, error) {
	subjects := map[string][]uuid.UUID{}
	var owners []uuid.UUID
	for _, t := range tasks {
		subjects[t.SubjectKind] = append(subjects[t.SubjectKind], t.SubjectID)
		if t.OwnerID != nil {
			owners = append(owners, *t.OwnerID)
		}
	}
	lines := map[uuid.UUID]Line{}
	for kind, ids := range subjects {
		describe, ok := s.Describes[kind]
		if !ok {
			continue
		}
		some, err := describe(ctx, tx, bank, ids)
		if err != nil {
			return nil, err
		}
		for k, v := range some {
			lines[k] = v
		}
	}
	names, err := identity.CalledBy(ctx, tx, owners)
	if err != nil {
		return nil, err
	}
	out := make([]Item, len(tasks))
	for i, t := range tasks {
		out[i] = Item{Task: t, Line: lines[t.SubjectID]}
		if t.OwnerID != nil {
			out[i].Owner = names[*t.OwnerID]
		}
	}
	return out, nil
}

// Take makes the actor a task's owner. Refuses with ErrNoTask.
func (s *Service) Take(ctx context.Context, a identity.Actor, task uuid.UUID) error {
	return s.change(ctx, a, task, "take-task", func(q *bun.UpdateQuery, _ time.Time) *bun.UpdateQuery {
		return q.Set("owner_id = ?", a.Person)
	})
}

// byHand are the kinds that only a person can call done; the others end when the
// thing itself has moved on.
var byHand = []string{RingToRemind, RingToTell, RingToRead, RingToRenew, LookIntoComplaint, MessageFailed, BelowSoftFloor, SafetyCall, ReferralOverdue, GiveNotes, CloseReferral}

// Done closes a task that no act of the system closes by itself. Refuses others,
// and unknown ones, with ErrNoTask.
func (s *Service) Done(ctx context.Context, a identity.Actor, task uuid.UUID) error {
	return s.change(ctx, a, task, "finish-task", func(q *bun.UpdateQuery, now time.Time) *bun.UpdateQuery {
		return q.Set("done_at = ?", now).Set("done_by = ?", a.Person).Where("kind in (?)", bun.List(byHand))
	})
}

func (s *Service) change(ctx context.Context, a identity.Actor, task uuid.UUID, action string, set func(*bun.UpdateQuery, time.Time) *bun.UpdateQuery) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		q := tx.NewUpdate().Model((*Task)(nil)).Where("bank_id = ?", a.Bank.ID).Where("id = ?", task).Where("done_at is null")
		var id uuid.UUID
		err := set(q, now).Returning("id").Scan(ctx, &id)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNoTask
		}
		if err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: action, ObjectKind: "task", ObjectID: task})
	})
}
