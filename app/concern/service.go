package concern

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/id"
	"timebank/app/platform/job"
	"timebank/app/platform/mail"
	"timebank/app/platform/once"
	"timebank/app/platform/seal"
)

// Service is the use cases of concerns.
type Service struct {
	Pool  *bun.DB
	Clock clock.Clock
	Box   *seal.Box
	Queue *job.Queue
	Mail  mail.Sender
	URL   string
}

// Read is a concern with its words.
type Read struct {
	Concern
	Told
	By    string // who raised it
	Notes []Written
}

// Written is a note with its words.
type Written struct {
	Note
	By    string
	Words string
}

// Raise takes a concern in, once for a key, and lets the lead and the coordinators
// know that there is one. Somebody must have read it within a working day, or
// within two hours of it when it is urgent. Refuses by field.
func (s *Service) Raise(ctx context.Context, a identity.Actor, key uuid.UUID, t Told) (string, error) {
	t, err := t.clean()
	if err != nil {
		return "", err
	}
	now := s.Clock.Now()
	var ref string
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		made, err := once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "raise-concern", Input: t, Now: now}, func(newID uuid.UUID) error {
			c := Concern{BankID: a.Bank.ID, ID: newID, Reference: id.NewReference('C'), RaisedBy: a.Person, State: Open, RaisedAt: now, DueAt: a.Bank.AfterWorkingDays(now, 1)}
			if t.Urgent {
				c.DueAt = a.Bank.AfterWorkingDays(now, 0).Add(2 * time.Hour)
			}
			plain, err := json.Marshal(t)
			if err != nil {
				return fmt.Errorf("seal concern: %w", err)
			}
			if c.Sealed, err = s.Box.Seal(c.place(), plain); err != nil {
				return err
			}
			if _, err := tx.NewInsert().Model(&c).Exec(ctx); err != nil {
				return fmt.Errorf("add concern: %w", err)
			}
			if err := s.Queue.Enqueue(ctx, tx, TellLeads{BankID: a.Bank.ID, ConcernID: c.ID}); err != nil {
				return err
			}
			return s.note(ctx, tx, a, "raise-concern", c.ID)
		})
		if err != nil {
			return err
		}
		return tx.NewSelect().Model((*Concern)(nil)).Column("reference").Where("bank_id = ?", a.Bank.ID).Where("id = ?", made).Scan(ctx, &ref)
	})
	return ref, err
}

func (s *Service) note(ctx context.Context, tx bun.IDB, a identity.Actor, action string, concern uuid.UUID) error {
	return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, Action: action, ObjectKind: "concern", ObjectID: concern})
}

// List shows the concerns, open ones first and the most urgent of them first, at
// most 200; without their words, which See opens.
func (s *Service) List(ctx context.Context, a identity.Actor) ([]Concern, error) {
	var out []Concern
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		err := tx.NewSelect().Model(&out).ExcludeColumn("sealed").Where("bank_id = ?", a.Bank.ID).OrderExpr("state desc, due_at, id").Limit(200).Scan(ctx)
		if err != nil {
			return fmt.Errorf("list concerns: %w", err)
		}
		return nil
	})
	return out, err
}

// See opens a concern, and keeps who did in the journal. Refuses with ErrNoConcern.
func (s *Service) See(ctx context.Context, a identity.Actor, concern uuid.UUID) (Read, error) {
	var out Read
	err := s.on(ctx, a, concern, "see-concern", func(ctx context.Context, tx bun.IDB, c Concern) (err error) {
		if c.ReadAt == nil {
			now := s.Clock.Now()
			if _, err := tx.NewUpdate().Model((*Concern)(nil)).Set("read_at = ?", now).Where("bank_id = ?", c.BankID).Where("id = ?", c.ID).Exec(ctx); err != nil {
				return fmt.Errorf("note reading: %w", err)
			}
			c.ReadAt = &now
		}
		out, err = s.opened(ctx, tx, c)
		return err
	})
	return out, err
}

// Add writes down what was done. Refuses with ErrNoConcern, ErrClosed, ErrWords.
func (s *Service) Add(ctx context.Context, a identity.Actor, concern uuid.UUID, words string) error {
	return s.on(ctx, a, concern, "note-concern", func(ctx context.Context, tx bun.IDB, c Concern) error {
		return s.write(ctx, tx, a, c, "note", words)
	})
}

// Close ends a concern with what was done. Refuses with ErrNoConcern, ErrClosed,
// ErrWords.
func (s *Service) Close(ctx context.Context, a identity.Actor, concern uuid.UUID, words string) error {
	return s.on(ctx, a, concern, "close-concern", func(ctx context.Context, tx bun.IDB, c Concern) error {
		if err := s.write(ctx, tx, a, c, "close", words); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*Concern)(nil)).Set("state = ?", Closed).Set("closed_at = ?", s.Clock.Now()).Where("bank_id = ?", c.BankID).Where("id = ?", c.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("close concern: %w", err)
		}
		return nil
	})
}

// on runs fn on a locked concern and keeps who did what.
func (s *Service) on(ctx context.Context, a identity.Actor, concern uuid.UUID, action string, fn func(context.Context, bun.IDB, Concern) error) error {
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var c Concern
		err := tx.NewSelect().Model(&c).Where("bank_id = ?", a.Bank.ID).Where("id = ?", concern).For("update").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNoConcern
		}
		if err != nil {
			return fmt.Errorf("find concern: %w", err)
		}
		if err := fn(ctx, tx, c); err != nil {
			return err
		}
		return s.note(ctx, tx, a, action, concern)
	})
}

func (s *Service) write(ctx context.Context, tx bun.IDB, a identity.Actor, c Concern, kind, words string) error {
	words = strings.TrimSpace(words)
	if n := len([]rune(words)); n < 3 || n > whatLimit {
		return ErrWords.At("/words")
	}
	if c.State == Closed {
		return ErrClosed
	}
	count, err := tx.NewSelect().Model((*Note)(nil)).Where("bank_id = ?", c.BankID).Where("concern_id = ?", c.ID).Count(ctx)
	if err != nil {
		return fmt.Errorf("count notes: %w", err)
	}
	n := Note{BankID: c.BankID, ConcernID: c.ID, Seq: int(count) + 1, Kind: kind, WrittenBy: a.Person, At: s.Clock.Now()}
	if n.Sealed, err = s.Box.Seal(n.place(), []byte(words)); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&n).Exec(ctx); err != nil {
		return fmt.Errorf("add note: %w", err)
	}
	return nil
}

func (s *Service) opened(ctx context.Context, tx bun.IDB, c Concern) (Read, error) {
	out := Read{Concern: c}
	var rows []Note
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", c.BankID).Where("concern_id = ?", c.ID).Order("seq").Scan(ctx); err != nil {
		return out, fmt.Errorf("read notes: %w", err)
	}
	ids := []uuid.UUID{c.RaisedBy}
	for _, n := range rows {
		ids = append(ids, n.WrittenBy)
	}
	names, err := identity.CalledBy(ctx, tx, ids)
	if err != nil {
		return out, err
	}
	out.By = names[c.RaisedBy]
	if c.Sealed != nil {
		plain, err := s.Box.Open(c.place(), c.Sealed)
		if err != nil {
			return out, err
		}
		if err := json.Unmarshal(plain, &out.Told); err != nil {
			return out, errors.New("a concern has another form") // the cause would quote it
		}
	}
	for _, n := range rows {
		w := Written{Note: n, By: names[n.WrittenBy]}
		if n.Sealed != nil {
			plain, err := s.Box.Open(n.place(), n.Sealed)
			if err != nil {
				return out, err
			}
			w.Words = string(plain)
		}
		out.Notes = append(out.Notes, w)
	}
	return out, nil
}

// TellLeads is the job that lets those who answer concerns know that one waits.
type TellLeads struct {
	BankID    uuid.UUID `json:"bank_id"`
	ConcernID uuid.UUID `json:"concern_id"`
}

// Kind implements job.Args.
func (TellLeads) Kind() string { return "tell-of-concern" }

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) { job.Handle(q, s.tellLeads) }

// tellLeads mails that something waits, and nothing of what it is.
func (s *Service) tellLeads(ctx context.Context, j TellLeads) error {
	var leads []identity.Person
	var b bank.Bank
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		if b, err = bank.ByID(ctx, tx, j.BankID); err != nil {
			return err
		}
		leads, err = identity.PeopleWith(ctx, tx, j.BankID, identity.SafeguardingLead, identity.Coordinator)
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range leads {
		if p.Email == nil {
			continue
		}
		l := p.Reads()
		err := s.Mail.Send(ctx, mail.Mail{To: *p.Email, ID: j.ConcernID.String() + "." + p.ID.String(), Language: l, Subject: l.Say("Something waits for you at {bank}", "bank", b.Name),
			Text: l.Lines(l.Say("Hello {who},\n\nSomething waits for you. Please sign in and read it today: {link}\n", "who", p.Called, "link", s.URL+"/concerns"))})
		if err != nil && !errors.Is(err, mail.ErrAddress) {
			return err
		}
	}
	return nil
}
