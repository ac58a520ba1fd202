package statement

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/gathering"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Service is the use cases of statements.
type Service struct {
	Pool  *bun.DB
	Clock clock.Clock
}

// pageSize is how many lines a screen shows at once; most is how many a paper has.
const (
	pageSize = 30
	most     = 10_000
)

// Page is a screen of a member's hours, newest first.
type Page struct {
	Member  member.Member
	Balance ledger.Balance
	Lines   []Line
	More    bool
}

// Screen reads a page of hours; before is the number of the last line seen.
// Refuses with member.ErrNoMember and ErrPeriod.
func (s *Service) Screen(ctx context.Context, a identity.Actor, who uuid.UUID, p Period, before int64) (Page, error) {
	var out Page
	err := s.in(ctx, a, who, p, func(ctx context.Context, tx bun.IDB, m member.Member, bal ledger.Balance) error {
		lines, err := read(ctx, tx, a, m, p, before, pageSize+1)
		if err != nil {
			return err
		}
		out = Page{Member: m, Balance: bal, Lines: lines}
		if out.More = len(lines) > pageSize; out.More {
			out.Lines = lines[:pageSize]
		}
		return nil
	})
	return out, err
}

// Paper reads all lines of a period to take away, and notes it when it is for
// somebody else. Refuses with member.ErrNoMember and ErrPeriod.
func (s *Service) Paper(ctx context.Context, a identity.Actor, who uuid.UUID, p Period) (Paper, error) {
	now := s.Clock.Now()
	var out Paper
	err := s.in(ctx, a, who, p, func(ctx context.Context, tx bun.IDB, m member.Member, bal ledger.Balance) error {
		lines, err := read(ctx, tx, a, m, p, 0, most)
		if err != nil {
			return err
		}
		slices.Reverse(lines)
		out = Paper{Reader: words.Of(ctx), Bank: a.Bank.Name, Phone: a.Bank.Phone, Member: m, Period: p, MadeOn: a.Bank.Today(now), Balance: int64(bal.Posted), Lines: lines}
		for _, l := range lines {
			out.Gave += max(0, int64(l.Minutes))
			out.Had += max(0, -int64(l.Minutes))
		}
		if out.Head, err = ledger.Head(ctx, tx, a.Bank.ID); err != nil {
			return err
		}
		if who == a.Member {
			return nil
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: "print-statement", ObjectKind: "member", ObjectID: who})
	})
	return out, err
}

func (s *Service) in(ctx context.Context, a identity.Actor, who uuid.UUID, p Period, fn func(context.Context, bun.IDB, member.Member, ledger.Balance) error) error {
	if !a.Can(who, identity.SayHours) {
		return member.ErrNoMember
	}
	if err := p.check(); err != nil {
		return err
	}
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		m, err := member.ByID(ctx, tx, a.Bank.ID, who)
		if err != nil {
			return err
		}
		bal, err := ledger.BalanceOf(ctx, tx, a.Bank.ID, m.AccountID)
		if err != nil {
			return err
		}
		return fn(ctx, tx, m, bal)
	})
}

// read lists the lines of a period, newest first, at most limit of them.
func read(ctx context.Context, tx bun.IDB, a identity.Actor, m member.Member, p Period, before int64, limit int) ([]Line, error) {
	kinds, err := listing.KindNames(ctx, tx, a.Bank.ID)
	if err != nil {
		return nil, err
	}
	reader := words.Of(ctx)
	var out []Line
	for {
		page := 500
		if p == (Period{}) {
			page = min(page, limit-len(out))
		}
		lines, err := ledger.Statement(ctx, tx, a.Bank.ID, m.AccountID, ledger.Page{Before: before, Limit: page})
		if err != nil || len(lines) == 0 {
			return out, err
		}
		before = lines[len(lines)-1].N
		named, err := member.Named(ctx, tx, a, m.AccountID, slices.DeleteFunc(lines, func(l ledger.Line) bool { return !p.has(dayOf(l)) }))
		if err != nil {
			return nil, err
		}
		var gatherings []uuid.UUID
		for _, l := range named {
			if l.Record.Reference.Kind == "gathering" {
				gatherings = append(gatherings, l.Record.Reference.ID)
			}
		}
		titles, err := gathering.Titles(ctx, tx, a.Bank.ID, gatherings)
		if err != nil {
			return nil, err
		}
		for _, l := range named {
			if len(out) == limit {
				return out, nil
			}
			one := Line{StatementLine: l, Reader: reader, Day: dayOf(l.Line), What: what(reader, l, titles[l.Record.Reference.ID])}
			if l.Record.Kind == ledger.Exchange {
				one.Doing = kinds[l.Record.Category].Doing
			}
			out = append(out, one)
		}
		if before <= 1 || len(out) == limit {
			return out, nil
		}
	}
}

func dayOf(l ledger.Line) time.Time {
	d := l.Record.EffectiveOn
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}
