package joining

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
)

// Question is one thing that a bank asks of people who want to join.
type Question struct {
	bun.BaseModel `bun:"table:join_question"`

	BankID    uuid.UUID  `bun:"bank_id"`
	ID        uuid.UUID  `bun:"id"`
	Sort      int        `bun:"sort"`
	Ask       string     `bun:"ask"`
	Hint      string     `bun:"hint"`
	Kind      string     `bun:"kind"` // words, yes-no
	Needed    bool       `bun:"needed"`
	MadeBy    uuid.UUID  `bun:"made_by"`
	CreatedAt time.Time  `bun:"created_at"`
	EndedAt   *time.Time `bun:"ended_at"`
}

// Kinds of a question.
const (
	InWords = "words"
	YesOrNo = "yes-no"
)

// mostQuestions is how many a form may have beside name and address: each one
// more, and fewer people finish.
const mostQuestions = 8

// Answer is what somebody said to a question, beside the words they were asked.
type Answer struct {
	Question uuid.UUID
	Ask      string
	Said     string
}

// questions lists what a bank asks now.
func questions(ctx context.Context, tx bun.IDB, bankID uuid.UUID) ([]Question, error) {
	var out []Question
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bankID).Where("ended_at is null").Order("sort", "id").Limit(mostQuestions).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list questions: %w", err)
	}
	return out, nil
}

// Page is what somebody needs to know who wants to join a bank.
func (s *Service) Page(ctx context.Context, slug string) (b bank.Bank, out []Question, err error) {
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		b, err = bank.BySlug(ctx, tx, slug)
		return err
	})
	if err != nil {
		return b, nil, err
	}
	err = db.InTx(ctx, s.Pool, b.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = questions(ctx, tx, b.ID)
		return err
	})
	return b, out, err
}

// Ask replaces what the actor's bank asks. Who has a form open with the questions
// before can still send it. Refuses by field.
func (s *Service) Ask(ctx context.Context, a identity.Actor, all []Question) error {
	var c fault.Check
	c.Add(len(all) <= mostQuestions, "/questions", "too-many", "Ask at most {n} things. Each one more, and fewer people finish.", "n", mostQuestions)
	for i := range all {
		q := &all[i]
		q.Ask, q.Hint = strings.Join(strings.Fields(q.Ask), " "), strings.Join(strings.Fields(q.Hint), " ")
		n := len([]rune(q.Ask))
		c.Add(n >= 3 && n <= 200, fmt.Sprintf("/questions/%d/ask", i), "question", "Write a question of at most {n} characters.", "n", 200)
		c.Add(len([]rune(q.Hint)) <= 200, fmt.Sprintf("/questions/%d/hint", i), "too-long", "Write at most {n} characters.", "n", 200)
		c.Add(q.Kind == InWords || q.Kind == YesOrNo, fmt.Sprintf("/questions/%d/kind", i), "choose", "Choose how people answer.")
	}
	if err := c.Err(); err != nil {
		return err
	}
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := tx.NewUpdate().Model((*Question)(nil)).Set("ended_at = ?", now).Where("bank_id = ?", a.Bank.ID).Where("ended_at is null").Exec(ctx); err != nil {
			return fmt.Errorf("end questions: %w", err)
		}
		for i, q := range all {
			q.BankID, q.ID, q.Sort, q.MadeBy, q.CreatedAt = a.Bank.ID, id.New(), i, a.Person, now
			if _, err := tx.NewInsert().Model(&q).Exec(ctx); err != nil {
				return fmt.Errorf("add question: %w", err)
			}
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: "set-join-questions", ObjectKind: "bank", ObjectID: a.Bank.ID})
	})
}

// answered brings what was said to the form that is kept, each answer with the
// words that were asked. Refuses by field what is needed and missing, and answers
// to questions that this bank never asked.
func answered(ctx context.Context, tx bun.IDB, bankID uuid.UUID, said []Answer) ([]Answer, error) {
	now, err := questions(ctx, tx, bankID)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, 0, len(said))
	by := map[uuid.UUID]string{}
	for _, x := range said {
		if x.Said = strings.TrimSpace(x.Said); x.Said != "" {
			ids, by[x.Question] = append(ids, x.Question), x.Said
		}
	}
	var asked []Question
	if len(ids) > 0 {
		if err := tx.NewSelect().Model(&asked).Where("bank_id = ?", bankID).Where("id in (?)", bun.List(ids)).Order("sort", "id").Scan(ctx); err != nil {
			return nil, fmt.Errorf("read questions: %w", err)
		}
	}
	var c fault.Check
	var out []Answer
	// A form from before the questions changed answers those; it is not asked again.
	before := false
	for _, q := range asked {
		before = before || q.EndedAt != nil
		text := by[q.ID]
		c.Add(len([]rune(text)) <= wordsLimit, "/answers/"+q.ID.String(), "too-long", "Write at most {n} characters.", "n", wordsLimit)
		c.Add(q.Kind != YesOrNo || text == "yes" || text == "no", "/answers/"+q.ID.String(), "choose", "Choose yes or no.")
		out = append(out, Answer{q.ID, q.Ask, text})
	}
	for _, q := range now {
		c.Add(before || !q.Needed || by[q.ID] != "", "/answers/"+q.ID.String(), "needed", "Please answer this: {question}", "question", q.Ask)
	}
	return out, c.Err()
}
