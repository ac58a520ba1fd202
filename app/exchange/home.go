package exchange

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/ledger"
)

// Seen is an exchange with the names of both sides and what the reader can do.
type Seen struct {
	Exchange
	Helper, Helped member.Member
	Side           Side
	Verbs          []string
	WaitingFor     []Side
	Every          int // days between two meetings of a running arrangement; 0: none
	Unread         int // letters that the reader has not seen
}

// Met is somebody a member has met, with what they did last.
type Met struct {
	member.Member
	Last *Exchange // the newest with hours; nil when there is none yet
}

// Outing is a gathering that a member has a place at; who knows gatherings fills
// it in.
type Outing struct {
	ID       uuid.UUID
	Title    string
	StartsAt time.Time
}

// Home is all that a member's first page shows.
type Home struct {
	Member   member.Member
	Balance  ledger.Balance
	Given    int64  // minutes given since 1 January, in the bank's zone
	Answers  []Seen // wait for this member's word, oldest first
	Diary    []Seen // agreed, soonest first; those without a time last
	Waiting  []Seen // wait for somebody else
	Requests []listing.Listing
	Outings  []Outing // gatherings they have a place at, soonest first
	Known    []Met    // whom they met before, most recent first
}

// Home reads a member's first page: their own, or for a broker anybody's.
// Refuses others with member.ErrNoMember.
func (s *Service) Home(ctx context.Context, a identity.Actor, who uuid.UUID) (Home, error) {
	var h Home
	if !a.Can(who, identity.ReadDiary) {
		return h, member.ErrNoMember
	}
	now := s.Clock.Now()
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		h = Home{}
		if h.Member, err = member.ByID(ctx, tx, a.Bank.ID, who); err != nil {
			return err
		}
		if h.Balance, err = ledger.BalanceOf(ctx, tx, a.Bank.ID, h.Member.AccountID); err != nil {
			return err
		}
		newYear := time.Date(now.In(a.Bank.Location()).Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		if h.Given, err = given(ctx, tx, a.Bank.ID, who, newYear); err != nil {
			return err
		}
		open, err := ofMember(ctx, tx, a.Bank.ID, who, []State{Proposed, Agreed, Done, Disputed}, 100)
		if err != nil {
			return err
		}
		if err := s.sort(ctx, tx, a, who, open, &h); err != nil {
			return err
		}
		mine, err := listing.OpenOf(ctx, tx, a.Bank.ID, who)
		for _, l := range mine {
			if l.Type == listing.Request && l.State == listing.Open {
				h.Requests = append(h.Requests, l)
			}
		}
		if err != nil {
			return err
		}
		if h.Outings, err = s.Gatherings(ctx, tx, a.Bank.ID, who); err != nil {
			return err
		}
		if h.Known, err = known(ctx, tx, a.Bank.ID, who); err != nil {
			return err
		}
		if a.Member == who && h.Member.SeenAt != nil && now.Sub(*h.Member.SeenAt) < member.SeenEvery {
			return nil
		}
		return member.Seen(ctx, tx, a.Bank.ID, a.Member, now)
	})
	return h, err
}

func (s *Service) sort(ctx context.Context, tx bun.IDB, a identity.Actor, who uuid.UUID, open []Exchange, h *Home) error {
	all, err := seeAll(ctx, tx, a, open, who)
	if err != nil {
		return err
	}
	for _, x := range all {
		switch {
		case x.State == Agreed:
			if x.NewBy != nil && slices.Contains(x.WaitingFor, x.Side) {
				h.Answers = append(h.Answers, x)
			}
			h.Diary = append(h.Diary, x)
		case slices.Contains(x.WaitingFor, x.Side):
			h.Answers = append(h.Answers, x)
		default:
			h.Waiting = append(h.Waiting, x)
		}
	}
	slices.SortStableFunc(h.Answers, func(a, b Seen) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return nil
}

// seeAll adds names and verbs, from the side of a member, or a broker's: the names
// of all in one query. Refuses with ErrNoExchange what is another's.
func seeAll(ctx context.Context, tx bun.IDB, a identity.Actor, all []Exchange, who uuid.UUID) ([]Seen, error) {
	var ids []uuid.UUID
	for _, e := range all {
		ids = append(ids, e.HelperID, e.HelpedID)
	}
	people, err := member.Some(ctx, tx, a.Bank.ID, ids)
	if err != nil {
		return nil, err
	}
	every, err := rhythms(ctx, tx, a.Bank.ID, all)
	if err != nil {
		return nil, err
	}
	exchanges := make([]uuid.UUID, len(all))
	for i, e := range all {
		exchanges[i] = e.ID
	}
	letters, err := unread(ctx, tx, a.Bank.ID, who, exchanges)
	if err != nil {
		return nil, err
	}
	out := make([]Seen, len(all))
	for i, e := range all {
		side, ok := sideOf(e, who, a.May(identity.WorkDesk))
		if !ok || side != Broker && !a.Can(who, identity.ReadDiary) {
			return nil, ErrNoExchange
		}
		can := slices.DeleteFunc(verbs(e, side), func(verb string) bool { return side != Broker && !a.Can(who, limitOf(verb)) })
		out[i] = Seen{Exchange: e, Helper: people[e.HelperID], Helped: people[e.HelpedID], Side: side, Verbs: can, WaitingFor: waitingFor(e), Unread: letters[e.ID]}
		if e.ArrangementID != nil {
			out[i].Every = every[*e.ArrangementID]
		}
		if out[i].Every == 0 {
			out[i].Verbs = slices.DeleteFunc(out[i].Verbs, func(v string) bool { return v == VerbEnd })
		}
	}
	return out, nil
}

// stands reads how an exchange stands after a move: what One does, without its
// history and its letters. Refuses with ErrNoExchange.
func (s *Service) stands(ctx context.Context, a identity.Actor, id uuid.UUID) (Seen, error) {
	var out Seen
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		e, err := byID(ctx, tx, a.Bank.ID, id)
		if err != nil {
			return err
		}
		seen, err := seeAll(ctx, tx, a, []Exchange{e}, a.As(e.HelperID, e.HelpedID))
		if err == nil {
			out = seen[0]
		}
		return err
	})
	return out, err
}

// One reads an exchange: one's own, or any for a broker. Refuses with
// ErrNoExchange.
func (s *Service) One(ctx context.Context, a identity.Actor, id uuid.UUID) (Seen, []Moved, []Letter, error) {
	var out Seen
	var history []Moved
	var letters []Letter
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		e, err := byID(ctx, tx, a.Bank.ID, id)
		if err != nil {
			return err
		}
		seen, err := seeAll(ctx, tx, a, []Exchange{e}, a.As(e.HelperID, e.HelpedID))
		if err != nil {
			return err
		}
		out = seen[0]
		if letters, err = s.letters(ctx, tx, a, out, s.Clock.Now()); err != nil {
			return err
		}
		if out.Side == Broker && len(letters) > 0 {
			if err := audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, Action: "read-letters", ObjectKind: "exchange", ObjectID: id}); err != nil {
				return err
			}
		}
		var events []Event
		if err := tx.NewSelect().Model(&events).Where("bank_id = ?", a.Bank.ID).Where("exchange_id = ?", id).Order("seq").Scan(ctx); err != nil {
			return fmt.Errorf("read history: %w", err)
		}
		history, err = moved(ctx, tx, events)
		return err
	})
	return out, history, letters, err
}

// Moved is an event with the name of who acted; none for the system.
type Moved struct {
	Event
	By string
}

func moved(ctx context.Context, tx bun.IDB, events []Event) ([]Moved, error) {
	ids := make([]uuid.UUID, len(events))
	for i, e := range events {
		ids[i] = e.ActorID
	}
	names, err := identity.CalledBy(ctx, tx, ids)
	out := make([]Moved, len(events))
	for i, e := range events {
		out[i] = Moved{Event: e, By: names[e.ActorID]}
		if e.ActorID == identity.SystemPerson {
			out[i].By = ""
		}
	}
	return out, err
}

// known lists whom a member has met in an exchange, most recent first.
func known(ctx context.Context, tx bun.IDB, bank, who uuid.UUID) ([]Met, error) {
	var rows []Exchange
	err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("helper_id = ? or helped_id = ?", who, who).
		Where("state in ('settled', 'done', 'agreed')").Order("created_at DESC").Limit(60).Scan(ctx)
	if err != nil {
		return nil, err
	}
	var order []uuid.UUID
	last := map[uuid.UUID]*Exchange{}
	for i, e := range rows {
		other := e.HelperID
		if other == who {
			other = e.HelpedID
		}
		if !slices.Contains(order, other) {
			order = append(order, other)
		}
		if last[other] == nil && e.Minutes != nil {
			last[other] = &rows[i]
		}
	}
	people, err := member.Some(ctx, tx, bank, order)
	if err != nil {
		return nil, err
	}
	var out []Met
	for _, id := range order {
		if m, ok := people[id]; ok && m.Status == member.Active {
			out = append(out, Met{m, last[id]})
		}
	}
	return out, nil
}
