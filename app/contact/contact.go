package contact

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/once"
	"timebank/app/platform/words"
)

// Service is the use cases of keeping apart and telling the office.
type Service struct {
	Pool  *bun.DB
	Clock clock.Clock
}

type blocked struct {
	bun.BaseModel `bun:"table:blocked"`

	BankID   uuid.UUID  `bun:"bank_id"`
	MemberID uuid.UUID  `bun:"member_id"`
	OtherID  uuid.UUID  `bun:"other_id"`
	At       time.Time  `bun:"at"`
	EndedAt  *time.Time `bun:"ended_at"`
}

type complaint struct {
	bun.BaseModel `bun:"table:complaint"`

	BankID  uuid.UUID `bun:"bank_id"`
	ID      uuid.UUID `bun:"id"`
	FromID  uuid.UUID `bun:"from_id"`
	AboutID uuid.UUID `bun:"about_id"`
	Words   string    `bun:"words"`
	At      time.Time `bun:"at"`
}

var (
	// ErrNothing refuses to tell nothing.
	ErrNothing = fault.New(fault.Invalid, "say-what", "Say in a few words what is wrong, or choose not to meet them.")
	// ErrOneself refuses to be about oneself.
	ErrOneself = fault.New(fault.Invalid, "about-oneself", "This is about yourself. Ring us, and we help.")
	// ErrApart refuses to bring two together who are kept apart. It does not say
	// who wished for that.
	ErrApart = fault.New(fault.Conflict, "not-together", "You two cannot plan this here. Ring us, and we look for somebody else.")
)

// nobodyElse is a limit that no stand-in has: who is kept apart from whom, and from
// a stand-in's friend too, only the member or the desk takes back.
const nobodyElse = ""

// wordsLimit is how much somebody may tell at once.
const wordsLimit = 1000

// Told is what somebody says about another member.
type Told struct {
	Words string
	Block bool // would rather not meet them
	identity.OnBehalf
}

// Tell keeps what a member says about another: a task for the desk where there are
// words, and the two apart where that is wished. Refuses with ErrNothing,
// ErrOneself and member.ErrNoMember.
func (s *Service) Tell(ctx context.Context, a identity.Actor, key, about uuid.UUID, t Told) error {
	t.Words = strings.TrimSpace(t.Words)
	var c fault.Check
	c.Add(len([]rune(t.Words)) <= wordsLimit, "/words", "too-long", "Write at most {n} characters.", "n", wordsLimit)
	if err := c.Err(); err != nil {
		return err
	}
	if t.Words == "" && !t.Block {
		return ErrNothing.At("/words")
	}
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := member.ByID(ctx, tx, a.Bank.ID, about); err != nil {
			return err
		}
		from, behalf, err := a.Subject(t.OnBehalf, identity.AnswerPlans)
		if err != nil {
			return err
		}
		if from == about {
			return ErrOneself
		}
		_, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "tell-complaint", Input: []any{about, t}, Now: now}, func(id uuid.UUID) error {
			if t.Words != "" {
				row := complaint{BankID: a.Bank.ID, ID: id, FromID: from, AboutID: about, Words: t.Words, At: now}
				if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
					return fmt.Errorf("keep complaint: %w", err)
				}
				if err := desk.Raise(ctx, tx, desk.Task{BankID: a.Bank.ID, Kind: desk.LookIntoComplaint, SubjectKind: desk.OfComplaint, SubjectID: id,
					DueAt: a.Bank.AfterWorkingDays(now, 1), CreatedAt: now}); err != nil {
					return err
				}
			}
			if t.Block {
				row := blocked{BankID: a.Bank.ID, MemberID: from, OtherID: about, At: now}
				if _, err := tx.NewInsert().Model(&row).On("conflict (bank_id, member_id, other_id) do update").Set("at = excluded.at").Set("ended_at = null").Exec(ctx); err != nil {
					return fmt.Errorf("keep apart: %w", err)
				}
			}
			// It stands with whoever tells. Whom it is about reads who looked at their own
			// record, and must not learn it there.
			e := audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, OnBehalfOf: behalf, Action: "tell-complaint", ObjectKind: "member", ObjectID: from}
			if consent := a.Agreed(t.OnBehalf, identity.AnswerPlans); behalf != nil && consent != "" {
				e.Consent = &consent
			}
			return audit.Record(ctx, tx, e)
		})
		return err
	})
}

// Unblock lets two meet again, by the wish of whoever kept them apart.
func (s *Service) Unblock(ctx context.Context, a identity.Actor, other uuid.UUID, by identity.OnBehalf) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := member.ByID(ctx, tx, a.Bank.ID, other); err != nil {
			return err
		}
		from, behalf, err := a.Subject(by, nobodyElse)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*blocked)(nil)).Set("ended_at = ?", now).Where("bank_id = ?", a.Bank.ID).Where("member_id = ?", from).
			Where("other_id = ?", other).Where("ended_at is null").Exec(ctx)
		if err != nil {
			return fmt.Errorf("end keeping apart: %w", err)
		}
		e := audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, OnBehalfOf: behalf, Action: "unblock", ObjectKind: "member", ObjectID: from}
		if agreed := a.Agreed(by, nobodyElse); agreed != "" {
			e.Consent = &agreed
		}
		return audit.Record(ctx, tx, e)
	})
}

// Blocked lists whom a member would rather not meet: for themselves, or the desk.
func (s *Service) Blocked(ctx context.Context, a identity.Actor, who uuid.UUID) (out map[uuid.UUID]member.Face, err error) {
	if who != a.Member && !a.May(identity.WorkDesk) {
		return nil, member.ErrNoMember
	}
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := member.ByID(ctx, tx, a.Bank.ID, who); err != nil {
			return err
		}
		var ids []uuid.UUID
		err := tx.NewSelect().Model((*blocked)(nil)).Column("other_id").Where("bank_id = ?", a.Bank.ID).Where("member_id = ?", who).Where("ended_at is null").Scan(ctx, &ids)
		if err != nil {
			return fmt.Errorf("list kept apart: %w", err)
		}
		out, err = member.Faces(ctx, tx, a.Bank.ID, ids)
		return err
	})
	return out, err
}

// Apart are the members with whom one is not brought together, whoever wished it.
func Apart(ctx context.Context, tx bun.IDB, bank, who uuid.UUID) (map[uuid.UUID]bool, error) {
	out := map[uuid.UUID]bool{}
	if who == uuid.Nil {
		return out, nil
	}
	var rows []blocked
	err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("member_id = ? or other_id = ?", who, who).Where("ended_at is null").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read who is kept apart: %w", err)
	}
	for _, r := range rows {
		out[r.MemberID], out[r.OtherID] = true, true
	}
	delete(out, who)
	return out, nil
}

// ApartFrom is Apart as part of another question: a row for a member, named by a
// column of it, with whom one is not brought together.
func ApartFrom(tx bun.IDB, bank, who uuid.UUID, column string) *bun.SelectQuery {
	return tx.NewSelect().Model((*blocked)(nil)).ColumnExpr("1").Where("blocked.bank_id = ?", bank).Where("blocked.ended_at is null").
		Where("(blocked.member_id = ?0 and blocked.other_id = ?1) or (blocked.other_id = ?0 and blocked.member_id = ?1)", who, bun.Ident(column))
}

// Between refuses with ErrApart two who are kept apart.
func Between(ctx context.Context, tx bun.IDB, bank, one, other uuid.UUID) error {
	apart, err := Apart(ctx, tx, bank, one)
	if err == nil && apart[other] {
		err = ErrApart
	}
	return err
}

// Describe words complaints for the desk.
func Describe(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]desk.Line, error) {
	var rows []complaint
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read complaints: %w", err)
	}
	var people []uuid.UUID
	for _, c := range rows {
		people = append(people, c.FromID, c.AboutID)
	}
	all, err := member.Some(ctx, tx, bank, people)
	if err != nil {
		return nil, err
	}
	label, err := member.Labels(ctx, tx, bank, all)
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]desk.Line{}
	for _, c := range rows {
		out[c.ID] = desk.Line{Who: label[c.AboutID], What: words.Of(ctx).Say("{who} tells us: “{words}” Ring {who} first.", "who", label[c.FromID], "words", c.Words),
			Link: "/broker/member?id=" + c.AboutID.String(), Member: &c.AboutID}
	}
	return out, nil
}

// Leaves forgets what a member who leaves has told, and lets others be.
func Leaves(ctx context.Context, tx bun.IDB, bank, who uuid.UUID, now time.Time) error {
	if _, err := tx.NewUpdate().Model((*complaint)(nil)).Set("words = ''").Where("bank_id = ?", bank).Where("from_id = ?", who).Exec(ctx); err != nil {
		return fmt.Errorf("forget complaints: %w", err)
	}
	_, err := tx.NewUpdate().Model((*blocked)(nil)).Set("ended_at = ?", now).Where("bank_id = ?", bank).Where("member_id = ? or other_id = ?", who, who).Where("ended_at is null").Exec(ctx)
	if err != nil {
		return fmt.Errorf("end keeping apart: %w", err)
	}
	return nil
}
