package exchange

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/contact"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/db"
	"timebank/app/platform/once"
)

// Letter is a line of one side of an exchange to the other, through the time
// bank: neither learns the other's address.
type Letter struct {
	bun.BaseModel `bun:"table:letter"`

	BankID     uuid.UUID  `bun:"bank_id"`
	ID         uuid.UUID  `bun:"id"`
	ExchangeID uuid.UUID  `bun:"exchange_id"`
	FromID     uuid.UUID  `bun:"from_id"` // member
	Words      string     `bun:"words"`
	At         time.Time  `bun:"at"`
	SeenAt     *time.Time `bun:"seen_at"` // by the other side
}

// How long a letter and a word of thanks may be.
const (
	letterLimit = 1000
	thanksLimit = 300
)

func line(words string, most int) (string, error) {
	words = strings.TrimSpace(words)
	if n := len([]rune(words)); n == 0 || n > most {
		return "", ErrWords.With("most", most).At("/words")
	}
	return words, nil
}

// Write sends a line to the other side of an exchange. Who has no e-mail gets a
// call, and the broker reads it out. Refuses with ErrWords, ErrNoExchange, and
// ErrMove when nothing is planned any more.
func (s *Service) Write(ctx context.Context, a identity.Actor, key, of uuid.UUID, words string, by identity.OnBehalf) (uuid.UUID, error) {
	words, err := line(words, letterLimit)
	if err != nil {
		return uuid.Nil, err
	}
	now := s.Clock.Now()
	var out uuid.UUID
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "write-letter", Input: []any{of, words, by}, Now: now},
			func(id uuid.UUID) error { return s.write(ctx, tx, a, id, of, words, by, now) })
		return err
	})
	return out, err
}

func (s *Service) write(ctx context.Context, tx bun.IDB, a identity.Actor, id, of uuid.UUID, words string, by identity.OnBehalf, now time.Time) error {
	x := &act{tx: tx, a: a, by: by, now: now, limit: limitOf(VerbWrite)}
	var err error
	if x.e, err = byID(ctx, tx, a.Bank.ID, of); err != nil {
		return err
	}
	if err := x.who(); err != nil {
		return err
	}
	if x.side == Broker { // a broker writes for one of them, or rings
		return ErrWhom.At("/for_member")
	}
	if x.e.State == Cancelled || x.e.State == Expired {
		return ErrMove
	}
	other := x.e.HelperID
	if x.side == Helper {
		other = x.e.HelpedID
	}
	if err := active(ctx, tx, a.Bank.ID, other); err != nil {
		return err
	}
	if err := contact.Between(ctx, tx, a.Bank.ID, x.member, other); err != nil {
		return err
	}
	l := Letter{BankID: a.Bank.ID, ID: id, ExchangeID: of, FromID: x.member, Words: words, At: now}
	if _, err := tx.NewInsert().Model(&l).Exec(ctx); err != nil {
		return fmt.Errorf("write letter: %w", err)
	}
	// One message for a conversation in an hour, not one for every line.
	err = s.Message.Write(ctx, tx, message.To{Bank: a.Bank, Member: other, Template: TellLetter, Subject: of, Key: now.UTC().Format("2006-01-02T15"), CallBy: callBy(x, TellLetter)})
	if err != nil {
		return err
	}
	return x.audit(ctx, "write-letter")
}

// letters are the lines of an exchange, oldest first, for one of its sides, who
// has seen them then, or whom they let answer for them; for a broker only those to or from somebody without e-mail,
// to whom the broker reads them.
func (s *Service) letters(ctx context.Context, tx bun.IDB, a identity.Actor, x Seen, now time.Time) ([]Letter, error) {
	var out []Letter
	reader := x.HelperID
	if x.Side == Helped {
		reader = x.HelpedID
	}
	if x.Side != Broker && !a.Can(reader, identity.AnswerPlans) {
		return nil, nil
	}
	if x.Side == Broker && x.Helper.ReachBy == member.ByEmail && x.Helped.ReachBy == member.ByEmail {
		return nil, nil
	}
	if err := tx.NewSelect().Model(&out).Where("bank_id = ?", x.BankID).Where("exchange_id = ?", x.ID).Where("words <> ''").Order("at", "id").Limit(200).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read letters: %w", err)
	}
	if x.Side == Broker || reader != a.Member || len(out) == 0 {
		return out, nil
	}
	_, err := tx.NewUpdate().Model((*Letter)(nil)).Set("seen_at = ?", now).Where("bank_id = ?", x.BankID).Where("exchange_id = ?", x.ID).
		Where("from_id <> ?", reader).Where("seen_at is null").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("note that letters were seen: %w", err)
	}
	return out, nil
}

// unread counts, by exchange, the lines that a member has not seen.
func unread(ctx context.Context, tx bun.IDB, bank, who uuid.UUID, all []Exchange) (map[uuid.UUID]int, error) {
	out := map[uuid.UUID]int{}
	if len(all) == 0 {
		return out, nil
	}
	of := make([]uuid.UUID, len(all))
	for i, e := range all {
		of[i] = e.ID
	}
	var rows []struct {
		ExchangeID uuid.UUID
		N          int
	}
	err := unseen(tx.NewSelect().Model((*Letter)(nil)), bank).ColumnExpr("exchange_id, count(*) as n").Where("exchange_id = any(?)", db.List(of)).
		Where("from_id <> ?", who).Group("exchange_id").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count letters: %w", err)
	}
	for _, r := range rows {
		out[r.ExchangeID] = r.N
	}
	return out, nil
}

// unseen is what nobody has read yet.
func unseen(q *bun.SelectQuery, bank uuid.UUID) *bun.SelectQuery {
	return q.Where("letter.bank_id = ?", bank).Where("letter.seen_at is null").Where("letter.words <> ''")
}

// forgetLetters empties what a member who leaves has written.
func forgetLetters(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) error {
	_, err := tx.NewUpdate().Model((*Letter)(nil)).Set("words = ''").Where("bank_id = ?", bank).Where("from_id = ?", member).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget letters: %w", err)
	}
	return nil
}

// Thank keeps a word of thanks from the helped to the helper, once. Refuses with
// ErrWords, ErrNotYourTurn and ErrMove.
func (s *Service) Thank(ctx context.Context, a identity.Actor, key, id uuid.UUID, words string, by identity.OnBehalf) (Seen, error) {
	words, err := line(words, thanksLimit)
	if err != nil {
		return Seen{}, err
	}
	return s.do(ctx, a, turn{key, id, by, "thank", words}, func(ctx context.Context, x *act) error {
		switch {
		case x.side != Helped:
			return ErrNotYourTurn
		case x.e.State != Settled || x.e.Thanks != "":
			return ErrMove
		}
		x.e.Thanks = words
		return s.tell(ctx, x, []Side{Helper}, TellThanks, "1")
	})
}
