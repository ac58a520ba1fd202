package listing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
)

// Interest is what a member wants to be told about: new offers or requests of a kind,
// with some words in them, or both.
type Interest struct {
	bun.BaseModel `bun:"table:interest"`

	BankID    uuid.UUID  `bun:"bank_id"`
	ID        uuid.UUID  `bun:"id"`
	MemberID  uuid.UUID  `bun:"member_id"`
	Type      string     `bun:"type"`  // offer, request
	Kind      string     `bun:"kind"`  // a kind of help, or a group of them; empty: any
	Words     string     `bun:"words"` // as search understands them; empty: any
	CreatedBy uuid.UUID  `bun:"created_by"`
	CreatedAt time.Time  `bun:"created_at"`
	ToldFrom  time.Time  `bun:"told_from"`           // what is newer has not been looked at
	LookedOn  time.Time  `bun:"looked_on,type:date"` // in the bank's zone
	EndedAt   *time.Time `bun:"ended_at"`
}

const (
	mostInterests = 20
	interestWords = 100 // characters
)

var (
	// ErrNoInterest refuses an interest that does not exist, was ended or is another's.
	ErrNoInterest = fault.New(fault.NotFound, "no-such-interest", "You are not told about this any more.")
	// ErrManyInterests refuses more than anybody would read about.
	ErrManyInterests = fault.New(fault.Conflict, "many-interests", "You can be told about {most} things. Take one off the list first.")
)

// InterestWish is what somebody asks to be told about.
type InterestWish struct {
	Type, Kind, Words string
	identity.OnBehalf
}

func (w InterestWish) clean() (InterestWish, error) {
	w.Words = strings.Join(strings.Fields(w.Words), " ")
	var c fault.Check
	c.Add(w.Kind != "" || w.Words != "", "/kind", "needed", "Choose a kind of help, or write a word.")
	c.Add(len([]rune(w.Words)) <= interestWords, "/words", "too-long", "Write at most {n} characters.", "n", interestWords)
	c.Add(w.Words == "" || len(tokens(w.Words)) > 0, "/words", "not-to-be-found", "Write a word that people would use, such as roses.")
	c.Add(len(tokens(w.Words)) <= maxQuery, "/words", "too-many-words", "Write at most {n} words.", "n", maxQuery)
	return w, c.Err()
}

// Interests lists what a member wants to be told about, newest first. Refuses others
// with member.ErrNoMember.
func (s *Service) Interests(ctx context.Context, a identity.Actor, who uuid.UUID) (out []Interest, err error) {
	if !a.Can(who, identity.ReadDiary) {
		return nil, member.ErrNoMember
	}
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := member.ByID(ctx, tx, a.Bank.ID, who); err != nil {
			return err
		}
		out, err = interestsOf(ctx, tx, a.Bank.ID, who)
		return err
	})
	return out, err
}

func interestsOf(ctx context.Context, tx bun.IDB, bank, who uuid.UUID) ([]Interest, error) {
	var out []Interest
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", bank).Where("member_id = ?", who).Where("ended_at is null").Order("id DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list interests: %w", err)
	}
	return out, nil
}

// TellOf keeps what somebody wants to be told about, for oneself or on behalf of a
// member; the same twice is one. Refuses what cannot be used by field, with ErrKind
// and ErrManyInterests, and what identity.Actor.Subject refuses.
func (s *Service) TellOf(ctx context.Context, a identity.Actor, w InterestWish) (uuid.UUID, error) {
	w, err := w.clean()
	if err != nil {
		return uuid.Nil, err
	}
	who, behalf, err := a.Subject(w.OnBehalf, identity.AskHelp)
	if err != nil {
		return uuid.Nil, err
	}
	now := s.Clock.Now()
	row := Interest{BankID: a.Bank.ID, ID: id.New(), MemberID: who, Type: w.Type, Kind: w.Kind, Words: w.Words, CreatedBy: a.Person, CreatedAt: now,
		ToldFrom: now, LookedOn: a.Bank.Today(now)}
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		m, err := member.Lock(ctx, tx, a.Bank.ID, who)
		if err != nil {
			return err
		}
		if m.Status == member.Left {
			return member.ErrLeft
		}
		if w.Kind != "" {
			if _, err := Choosable(ctx, tx, a.Bank.ID, w.Kind); err != nil {
				return err
			}
		}
		all, err := interestsOf(ctx, tx, a.Bank.ID, who)
		if err != nil {
			return err
		}
		for _, i := range all {
			if i.Type == w.Type && i.Kind == w.Kind && strings.EqualFold(i.Words, w.Words) {
				row.ID = i.ID
				return nil
			}
		}
		if len(all) >= mostInterests {
			return ErrManyInterests.With("most", mostInterests)
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("keep interest: %w", err)
		}
		return audit.Record(ctx, tx, about(entry(a, behalf, a.Agreed(w.OnBehalf, identity.AskHelp), "add-interest", row.ID, s.Clock)))
	})
	return row.ID, err
}

func about(e audit.Entry) audit.Entry {
	e.ObjectKind = "interest"
	return e
}

// TellNoMore ends an interest: one's own, or for a member. Refuses with ErrNoInterest
// and what identity.Actor.Subject refuses; what has ended stays so.
func (s *Service) TellNoMore(ctx context.Context, a identity.Actor, id uuid.UUID, by identity.OnBehalf) error {
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var i Interest
		err := tx.NewSelect().Model(&i).Where("bank_id = ?", a.Bank.ID).Where("id = ?", id).For("update").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) || (err == nil && !a.Can(i.MemberID, identity.AskHelp)) {
			return ErrNoInterest
		}
		if err != nil {
			return fmt.Errorf("find interest: %w", err)
		}
		by.For = &i.MemberID
		_, behalf, err := a.Subject(by, identity.AskHelp)
		if err != nil || i.EndedAt != nil {
			return err
		}
		if err := end(ctx, tx, a.Bank.ID, i.MemberID, s.Clock.Now(), id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, about(entry(a, behalf, a.Agreed(by, identity.AskHelp), "end-interest", id, s.Clock)))
	})
}

// end forgets what a member wanted to be told about: some, or all.
func end(ctx context.Context, tx bun.IDB, bank, who uuid.UUID, now time.Time, some ...uuid.UUID) error {
	q := tx.NewUpdate().Model((*Interest)(nil)).Set("ended_at = ?", now).Set("kind = ''").Set("words = ''").
		Where("bank_id = ?", bank).Where("member_id = ?", who).Where("ended_at is null")
	if len(some) > 0 {
		q = q.Where("id in (?)", bun.List(some))
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("end interests: %w", err)
	}
	return nil
}
