package gift

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/exchange"
	"timebank/app/gathering"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/held"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Seen is a gift with what both sides are called; the pot has no name.
type Seen struct {
	Gift
	From, To string
}

// Asked is what somebody asked the pot for, with their name.
type Asked struct {
	Ask
	Who string
}

// Mine is a member's gifts, newest first, and what they asked the pot for.
type Mine struct {
	Give  int64 // minutes they can give
	Gifts []Seen
	Asks  []Ask
}

// Of reads a member's gifts. Refuses with member.ErrNoMember.
func (s *Service) Of(ctx context.Context, a identity.Actor, who uuid.UUID) (Mine, error) {
	var out Mine
	if !a.Can(who, identity.SayHours) {
		return out, member.ErrNoMember
	}
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		m, err := member.ByID(ctx, tx, a.Bank.ID, who)
		if err != nil {
			return err
		}
		bal, err := ledger.BalanceOf(ctx, tx, a.Bank.ID, m.AccountID)
		if err != nil {
			return err
		}
		out.Give = int64(max(0, bal.Posted-bal.HeldOut))
		var rows []Gift
		err = tx.NewSelect().Model(&rows).Where("bank_id = ?", a.Bank.ID).Where("from_id = ? or to_id = ?", who, who).Order("created_at DESC", "id").Limit(50).Scan(ctx)
		if err != nil {
			return fmt.Errorf("list gifts: %w", err)
		}
		if out.Gifts, err = named(ctx, tx, a.Bank.ID, rows); err != nil {
			return err
		}
		out.Asks = nil
		err = tx.NewSelect().Model(&out.Asks).Where("bank_id = ?", a.Bank.ID).Where("member_id = ?", who).Order("created_at DESC", "id").Limit(10).Scan(ctx)
		if err != nil {
			return fmt.Errorf("list asks: %w", err)
		}
		return nil
	})
	return out, err
}

func named(ctx context.Context, tx bun.IDB, bank uuid.UUID, rows []Gift) ([]Seen, error) {
	var ids []uuid.UUID
	for _, g := range rows {
		ids = append(ids, g.FromID)
		if g.ToID != nil {
			ids = append(ids, *g.ToID)
		}
	}
	people, err := member.Some(ctx, tx, bank, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Seen, len(rows))
	for i, g := range rows {
		out[i] = Seen{Gift: g, From: people[g.FromID].Called}
		if g.ToID != nil {
			out[i].To = people[*g.ToID].Called
		}
	}
	return out, nil
}

// Offers lists the gifts that wait for a member's word, the oldest first, for their
// first page.
func Offers(ctx context.Context, tx bun.IDB, bank, who uuid.UUID) ([]exchange.Present, error) {
	var out []exchange.Present
	err := tx.NewSelect().TableExpr("gift as g").Join("join member m on m.bank_id = g.bank_id and m.id = g.from_id").
		ColumnExpr("g.id, m.called as \"from\", g.minutes").Where("g.bank_id = ?", bank).Where("g.to_id = ?", who).Where("g.state = ?", Offered).
		Order("g.created_at", "g.id").Limit(5).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list gifts: %w", err)
	}
	return out, nil
}

// PotLine is one line of the pot's accounts, which name nobody.
type PotLine struct {
	ledger.Line
	What string
}

// Accounts is what the pot stands at, and how it came to that.
type Accounts struct {
	Balance int64
	Lines   []PotLine // newest first
	More    bool
}

const pageSize = 30

// Pot reads the pot's accounts, for every member; before is the number of the last
// line seen.
func (s *Service) Pot(ctx context.Context, a identity.Actor, before int64) (Accounts, error) {
	var out Accounts
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		bal, err := ledger.BalanceOf(ctx, tx, a.Bank.ID, a.Bank.PotAccount)
		if err != nil {
			return err
		}
		lines, err := ledger.Statement(ctx, tx, a.Bank.ID, a.Bank.PotAccount, ledger.Page{Before: before, Limit: pageSize})
		if err != nil {
			return err
		}
		var ids []uuid.UUID
		for _, l := range lines {
			if l.Record.Reference.Kind == "gathering" {
				ids = append(ids, l.Record.Reference.ID)
			}
		}
		titles, err := gathering.Titles(ctx, tx, a.Bank.ID, ids)
		if err != nil {
			return err
		}
		out = Accounts{Balance: int64(bal.Posted), More: len(lines) > 0 && lines[len(lines)-1].N > 1, Lines: make([]PotLine, len(lines))}
		for i, l := range lines {
			out.Lines[i] = PotLine{l, potWords(words.Of(ctx), l, titles[l.Record.Reference.ID])}
		}
		return nil
	})
	return out, err
}

// potWords say a line of the pot and name nobody.
func potWords(say words.Language, l ledger.Line, title string) string {
	switch l.Record.Kind {
	case ledger.Donation:
		return say.Say("From a neighbour")
	case ledger.Grant:
		return say.Say("For a neighbour who asked")
	case ledger.Gathering:
		if title == "" {
			title = say.Say("A gathering")
		}
		return title
	case ledger.Exchange:
		return say.Say("Help for the time bank")
	case ledger.Starting, ledger.Opening:
		return say.Say("Hours to start with")
	case ledger.Reversal:
		return say.Say("Taken back by the office")
	case ledger.BetweenBanks:
		return say.Say("With another time bank")
	}
	return say.Say("A correction by the office")
}

// Desk is what waits at the pot's desk: who asks, and gifts without an answer.
type Desk struct {
	Asks  []Asked
	Gifts []Seen
}

// AtDesk reads what waits, the oldest first, and notes who looked.
func (s *Service) AtDesk(ctx context.Context, a identity.Actor) (Desk, error) {
	var out Desk
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		var asks []Ask
		if err := tx.NewSelect().Model(&asks).Where("bank_id = ?", a.Bank.ID).Where("state = ?", Waiting).Order("created_at", "id").Limit(100).Scan(ctx); err != nil {
			return fmt.Errorf("list asks: %w", err)
		}
		var ids []uuid.UUID
		for _, k := range asks {
			ids = append(ids, k.MemberID)
		}
		people, err := member.Some(ctx, tx, a.Bank.ID, ids)
		if err != nil {
			return err
		}
		out = Desk{Asks: make([]Asked, len(asks))}
		for i, k := range asks {
			out.Asks[i] = Asked{k, people[k.MemberID].Name}
		}
		var gifts []Gift
		if err := tx.NewSelect().Model(&gifts).Where("bank_id = ?", a.Bank.ID).Where("state = ?", Offered).Order("created_at", "id").Limit(100).Scan(ctx); err != nil {
			return fmt.Errorf("list gifts: %w", err)
		}
		if out.Gifts, err = named(ctx, tx, a.Bank.ID, gifts); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, Action: "pot-desk", ObjectKind: "bank", ObjectID: a.Bank.ID})
	})
	return out, err
}

// Held is what this slice keeps about a person.
func Held() []held.Section {
	return []held.Section{
		{Name: "gifts", Title: "Hours you gave or were given", Tables: []string{"public.gift"}, Read: func(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
			if !s.Has() {
				return nil, "", nil
			}
			var rows []Gift
			if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", s.Bank).Where("from_id = ? or to_id = ?", s.Member, s.Member).Order("created_at DESC", "id").Scan(ctx); err != nil {
				return nil, "", fmt.Errorf("read gifts: %w", err)
			}
			all, err := named(ctx, tx, s.Bank, rows)
			if err != nil {
				return nil, "", err
			}
			var out []held.Item
			for _, g := range all {
				out = append(out, held.Item{s.T("at", "When", g.CreatedAt), held.F("from", "From", g.From), held.F("to", "To", potOr(words.Of(ctx), g.To)), held.N("minutes", "Minutes", g.Minutes),
					held.F("words", "Words", g.Words), held.F("state", "State", g.State), s.OptT("ended_at", "Answered", g.EndedAt)})
			}
			return out, "", nil
		}},
		{Name: "pot-asks", Title: "What you asked the community pot for", Tables: []string{"public.pot_ask"}, Read: func(ctx context.Context, tx bun.IDB, s held.Subject) ([]held.Item, words.Text, error) {
			if !s.Has() {
				return nil, "", nil
			}
			var rows []Ask
			if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", s.Bank).Where("member_id = ?", s.Member).Order("created_at DESC", "id").Scan(ctx); err != nil {
				return nil, "", fmt.Errorf("read asks: %w", err)
			}
			var out []held.Item
			for _, k := range rows {
				out = append(out, held.Item{s.T("at", "When", k.CreatedAt), held.N("minutes", "Minutes", k.Minutes), held.F("reason", "You said", k.Reason), held.F("state", "State", k.State), held.F("answer", "We said", k.Answer)})
			}
			return out, "", nil
		}},
	}
}

func potOr(l words.Language, name string) string {
	if name == "" {
		return l.Say("The community pot")
	}
	return name
}
