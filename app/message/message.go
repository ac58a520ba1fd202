package message

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/id"
	"timebank/app/platform/job"
	"timebank/app/platform/mail"
	"timebank/app/platform/push"
	"timebank/app/platform/words"
)

// Message is one thing told to one person.
type Message struct {
	bun.BaseModel `bun:"table:message"`

	BankID    uuid.UUID  `bun:"bank_id"`
	ID        uuid.UUID  `bun:"id"`
	PersonID  uuid.UUID  `bun:"person_id"`
	MemberID  *uuid.UUID `bun:"member_id"`
	Template  string     `bun:"template"`
	SubjectID uuid.UUID  `bun:"subject_id"`
	Dedupe    string     `bun:"dedupe"`
	Channel   string     `bun:"channel"` // email, push; phone and post are a broker's task
	State     string     `bun:"state"`
	DueAt     time.Time  `bun:"due_at"`
	CreatedAt time.Time  `bun:"created_at"`
	SentAt    *time.Time `bun:"sent_at"`
	Tries     int        `bun:"tries"`
	Problem   string     `bun:"problem"`
}

// States of a message.
const (
	Queued    = "queued"
	Sent      = "sent"
	Failed    = "failed"
	NotNeeded = "not-needed" // no longer true when its turn came, or told by a call
)

// Words is a rendered message. The zero value says: not needed any more.
type Words struct{ Subject, Text string }

// Render makes the words of a template from the present state of its subject.
type Render func(ctx context.Context, tx bun.IDB, b bank.Bank, to member.Member, subject uuid.UUID) (Words, error)

// Service writes and sends messages.
type Service struct {
	Pool    *bun.DB
	Clock   clock.Clock
	Queue   *job.Queue
	Mail    mail.Sender
	Push    *push.Sender         // nil: no messages on devices
	Renders map[string]Render    // by template
	Calls   map[string]desk.Task // by template: Kind and SubjectKind of the call that takes an e-mail's place; none, no call
	Unsaid  map[string]bool      // by template: whose subject does not stand on a locked screen
}

// To is what Write needs to know.
type To struct {
	Bank     bank.Bank
	Member   uuid.UUID
	Template string
	Subject  uuid.UUID // what it is about
	Key      string    // with template, subject and member: the same is told once
	CallBy   time.Time // when somebody without e-mail should have been rung
}

// Write tells a member something, once. It chooses the route: e-mail when they
// have an address and like it, else a task for a broker to ring.
func (s *Service) Write(ctx context.Context, tx bun.IDB, to To) error {
	m, err := member.ByID(ctx, tx, to.Bank.ID, to.Member)
	if err != nil {
		return err
	}
	p, err := identity.PersonByID(ctx, tx, m.PersonID)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	row := Message{
		BankID: to.Bank.ID, ID: id.New(), PersonID: p.ID, MemberID: &m.ID, Template: to.Template, SubjectID: to.Subject,
		Dedupe:  fmt.Sprintf("%s/%s/%s/%s", to.Template, to.Subject, m.ID, to.Key),
		Channel: "email", State: Queued, DueAt: now, CreatedAt: now,
	}
	byMail := !rung(p, m)
	if !byMail {
		row.Channel, row.State = "phone", NotNeeded // the call is the desk's, and its task keeps the clock
	}
	var written uuid.UUID
	err = tx.NewInsert().Model(&row).On("conflict (bank_id, dedupe) do nothing").Returning("id").Scan(ctx, &written)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // told already
	}
	if err != nil {
		return fmt.Errorf("write message: %w", err)
	}
	if err := s.alsoPush(ctx, tx, row); err != nil {
		return err
	}
	if byMail {
		return s.Queue.Enqueue(ctx, tx, Send{BankID: to.Bank.ID, MessageID: row.ID})
	}
	return s.call(ctx, tx, row, to.CallBy)
}

// Rung tells whether a broker rings a member to tell them something, or writes.
func (s *Service) Rung(ctx context.Context, tx bun.IDB, m member.Member) (bool, error) {
	p, err := identity.PersonByID(ctx, tx, m.PersonID)
	return rung(p, m), err
}

func rung(p identity.Person, m member.Member) bool {
	return p.Email == nil || m.ReachBy != member.ByEmail
}

// call puts the call that takes a message's place on the desk.
func (s *Service) call(ctx context.Context, tx bun.IDB, row Message, by time.Time) error {
	t, ok := s.Calls[row.Template]
	switch {
	case !ok && row.State != Queued:
		return nil // nobody is rung to hear this
	case !ok: // an e-mail was meant to go, and did not
		t, row.SubjectID = desk.Task{Kind: desk.MessageFailed, SubjectKind: desk.OfMessage}, row.ID
	}
	t.BankID, t.CreatedAt, t.SubjectID, t.DueAt = row.BankID, s.Clock.Now(), row.SubjectID, by
	return desk.Raise(ctx, tx, t)
}

// Send is the job that sends one message.
type Send struct {
	BankID    uuid.UUID `json:"bank_id"`
	MessageID uuid.UUID `json:"message_id"`
}

// Kind implements job.Args.
func (Send) Kind() string { return "send-message" }

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) {
	job.Handle(q, s.send)
	job.Handle(q, s.sendPush)
}

// maxTries is how often a message is tried, with the queue's growing pauses: ten
// tries take seven hours, after which a person is quicker.
const maxTries = 10

// send renders and sends one message, then notes it. A crash between the two
// sends it again with the same Message-ID, by which mail servers know it. What an
// address does not take, or no server takes in maxTries tries, becomes a call.
func (s *Service) send(ctx context.Context, j Send) error {
	row, b, to, said, err := s.render(ctx, j.BankID, j.MessageID)
	if err != nil || row.State != Queued {
		return err
	}
	if said.Text == "" || to.Email == nil {
		return s.note(ctx, row, NotNeeded, "", time.Time{})
	}
	err = s.Mail.Send(ctx, mail.Mail{To: *to.Email, Language: to.Reads(), Subject: said.Subject, Text: said.Text, ID: row.ID.String()})
	switch {
	case errors.Is(err, mail.ErrAddress):
		return s.note(ctx, row, Failed, "address", b.AfterWorkingDays(s.Clock.Now(), 1))
	case err != nil && row.Tries+1 >= maxTries:
		return s.note(ctx, row, Failed, "tries", b.AfterWorkingDays(s.Clock.Now(), 0))
	case err != nil:
		return errors.Join(err, s.note(ctx, row, Queued, "", time.Time{}))
	}
	return s.note(ctx, row, Sent, "", time.Time{})
}

// render makes a message's words from the present state of things. A message that
// is gone, or had its turn, has no words.
func (s *Service) render(ctx context.Context, bankID, messageID uuid.UUID) (row Message, b bank.Bank, to identity.Person, said Words, err error) {
	err = db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		row, said = Message{}, Words{}
		err := tx.NewSelect().Model(&row).Where("bank_id = ?", bankID).Where("id = ?", messageID).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read message: %w", err)
		}
		// One device may be gone and the next one there: each has its own turn.
		if row.MemberID == nil || (row.State != Queued && row.Channel != "push") {
			return nil
		}
		if b, err = bank.ByID(ctx, tx, bankID); err != nil {
			return err
		}
		m, err := member.ByID(ctx, tx, b.ID, *row.MemberID)
		if err != nil {
			return err
		}
		if to, err = identity.PersonByID(ctx, tx, row.PersonID); err != nil {
			return err
		}
		l := to.Reads()
		ctx = words.With(ctx, l)
		render, ok := s.Renders[row.Template]
		if !ok {
			return fmt.Errorf("no words for template %q", row.Template)
		}
		said, err = render(ctx, tx, b, m, row.SubjectID)
		if err == nil && said.Text != "" {
			hours, _ := b.Hours(l)
			said.Text = l.Lines(l.Say("Hello {who},\n\n{text}\n\n{bank}\n{phone} ({hours})\n", "who", m.Called, "text", said.Text, "bank", b.Name, "phone", b.Phone, "hours", hours))
		}
		return err
	})
	return row, b, to, said, err
}

// note keeps what became of a message; callBy is set when a call must take its place.
func (s *Service) note(ctx context.Context, row Message, state, problem string, callBy time.Time) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, row.BankID, func(ctx context.Context, tx bun.IDB) error {
		q := tx.NewUpdate().Model((*Message)(nil)).Set("state = ?", state).Set("problem = ?", problem).Set("tries = tries + 1").
			Where("bank_id = ?", row.BankID).Where("id = ?", row.ID)
		if state == Sent {
			q = q.Set("sent_at = ?", now)
		}
		if _, err := q.Exec(ctx); err != nil {
			return fmt.Errorf("note message: %w", err)
		}
		if callBy.IsZero() {
			return nil
		}
		return s.call(ctx, tx, row, callBy)
	})
}
