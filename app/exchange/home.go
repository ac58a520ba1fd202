package exchange

import (
	"bytes"
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
	Helper, Helped member.Face
	Side           Side
	Verbs          []string
	WaitingFor     []Side
	Every          int // days between two meetings of a running arrangement; 0: none
	Unread         int // letters that the reader has not seen
}

// Met is somebody a member has met, with what they did last.
type Met struct {
	member.Face
	Last *Exchange // the newest with hours, of which only what is known of all is read; nil when there is none yet
}

// Outing is a gathering that a member has a place at, or waits for one; who knows
// gatherings fills it in.
type Outing struct {
	ID       uuid.UUID
	Title    string
	StartsAt time.Time
	Waits    bool // on the waiting list
}

// Present is a gift of hours that waits for a member's answer; who knows gifts fills
// it in.
type Present struct {
	ID      uuid.UUID
	From    string
	Minutes int64
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
	Outings  []Outing  // gatherings they have a place at or wait for, soonest first
	Presents []Present // wait for this member's word, oldest first
	Known    []Met     // whom they met before, most recent first
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
		if a.Member != who || h.Member.SeenAt == nil || now.Sub(*h.Member.SeenAt) >= member.SeenEvery {
			if err := member.Seen(ctx, tx, a.Bank.ID, a.Member, now); err != nil {
				return err
			}
		}
		open, err := ofMember(ctx, tx, a.Bank.ID, who, []State{Proposed, Agreed, Done, Disputed}, 100)
		if err != nil {
			return err
		}
		met, err := lately(ctx, tx, a.Bank.ID, who)
		if err != nil {
			return err
		}
		faces, err := member.Faces(ctx, tx, a.Bank.ID, sides(open, met))
		if err != nil {
			return err
		}
		if err := s.sort(ctx, tx, a, who, open, faces, &h); err != nil {
			return err
		}
		h.Known = known(met, faces, who)
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
		if h.Balance, err = ledger.BalanceOf(ctx, tx, a.Bank.ID, h.Member.AccountID); err != nil {
			return err
		}
		if h.Balance.HeldIn > 0 && a.Can(who, identity.SayHours) { // nothing is promised to most
			if h.Presents, err = s.Gifts(ctx, tx, a.Bank.ID, who); err != nil {
				return err
			}
		}
		newYear := time.Date(now.In(a.Bank.Location()).Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		h.Given, err = given(db.Last(ctx), tx, a.Bank.ID, who, newYear)
		return err
	})
	return h, err
}

func (s *Service) sort(ctx context.Context, tx bun.IDB, a identity.Actor, who uuid.UUID, open []Exchange, faces map[uuid.UUID]member.Face, h *Home) error {
	all, err := seeAll(ctx, tx, a, open, faces, who)
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

// sides are the members of exchanges.
func sides(some ...[]Exchange) (ids []uuid.UUID) {
	for _, all := range some {
		for _, e := range all {
			ids = append(ids, e.HelperID, e.HelpedID)
		}
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// see is seeAll for one exchange whose sides are yet to be read.
func see(ctx context.Context, tx bun.IDB, a identity.Actor, e Exchange) (Seen, error) {
	faces, err := member.Faces(ctx, tx, a.Bank.ID, sides([]Exchange{e}))
	if err != nil {
		return Seen{}, err
	}
	all, err := seeAll(ctx, tx, a, []Exchange{e}, faces, a.As(e.HelperID, e.HelpedID))
	if err != nil {
		return Seen{}, err
	}
	return all[0], nil
}

// seeAll adds names and verbs, from the side of a member, or a broker's. Refuses with
// ErrNoExchange what is another's.
func seeAll(ctx context.Context, tx bun.IDB, a identity.Actor, all []Exchange, faces map[uuid.UUID]member.Face, who uuid.UUID) ([]Seen, error) {
	every, err := rhythms(ctx, tx, a.Bank.ID, all)
	if err != nil {
		return nil, err
	}
	letters, err := unread(ctx, tx, a.Bank.ID, who, all)
	if err != nil {
		return nil, err
	}
	return show(a, all, who, faces, every, letters)
}

// show is seeAll of what has been read.
func show(a identity.Actor, all []Exchange, who uuid.UUID, faces map[uuid.UUID]member.Face, every, letters map[uuid.UUID]int) ([]Seen, error) {
	out := make([]Seen, len(all))
	for i, e := range all {
		side, ok := sideOf(e, who, a.May(identity.WorkDesk))
		if !ok || side != Broker && !a.Can(who, identity.ReadDiary) {
			return nil, ErrNoExchange
		}
		can := slices.DeleteFunc(verbs(e, side), func(verb string) bool { return side != Broker && !a.Can(who, limitOf(verb)) })
		out[i] = Seen{Exchange: e, Helper: faces[e.HelperID], Helped: faces[e.HelpedID], Side: side, Verbs: can, WaitingFor: waitingFor(e), Unread: letters[e.ID]}
		if e.ArrangementID != nil {
			out[i].Every = every[*e.ArrangementID]
		}
		if out[i].Every == 0 {
			out[i].Verbs = slices.DeleteFunc(out[i].Verbs, func(v string) bool { return v == VerbEnd })
		}
	}
	return out, nil
}

// Whole is an exchange with all that its page shows.
type Whole struct {
	Seen
	History []Moved
	Letters []Letter
	Asked   string // what the request behind it says, in its member's words
	Looking bool   // it came to nothing, and somebody else is looked for
	Missed  bool   // it lapsed because the reader did not answer
}

// One reads an exchange: one's own, or any for a broker. Refuses with
// ErrNoExchange.
func (s *Service) One(ctx context.Context, a identity.Actor, id uuid.UUID) (Whole, error) {
	var out Whole
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		out = Whole{}
		e, err := byID(ctx, tx, a.Bank.ID, id)
		if err != nil {
			return err
		}
		if out.Seen, err = see(ctx, tx, a, e); err != nil {
			return err
		}
		out.Missed = e.State == Expired && (out.Side == Helper && e.HelperSaid == "waiting" || out.Side == Helped && e.HelpedSaid == "waiting")
		if err := out.request(ctx, tx); err != nil {
			return err
		}
		if out.Letters, err = s.letters(ctx, tx, a, out.Seen, s.Clock.Now()); err != nil {
			return err
		}
		if out.Side == Broker && len(out.Letters) > 0 {
			if err := audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: s.Clock.Now(), ActorID: a.Person, Action: "read-letters", ObjectKind: "exchange", ObjectID: id}); err != nil {
				return err
			}
		}
		var events []Event
		if err := tx.NewSelect().Model(&events).Where("bank_id = ?", a.Bank.ID).Where("exchange_id = ?", id).Order("seq").Scan(ctx); err != nil {
			return fmt.Errorf("read history: %w", err)
		}
		out.History, err = moved(ctx, tx, events)
		return err
	})
	return out, err
}

// request fills in what is known of the request behind an exchange.
func (w *Whole) request(ctx context.Context, tx bun.IDB) error {
	if w.ListingID == nil {
		return nil
	}
	l, err := listing.ByID(ctx, tx, w.BankID, *w.ListingID)
	if err != nil || l.Type != listing.Request {
		return err
	}
	w.Asked, w.Looking = l.Note, l.State == listing.Open && (w.State == Cancelled || w.State == Expired)
	return nil
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

// lately are a member's newest exchanges that took place or will, of which only what
// is shown of people one knows is read. Each side has an index in time's order.
func lately(ctx context.Context, tx bun.IDB, bank, who uuid.UUID) ([]Exchange, error) {
	side := func(column string) *bun.SelectQuery {
		return tx.NewSelect().Model((*Exchange)(nil)).Column("helper_id", "helped_id", "kind", "minutes", "created_at").Where("bank_id = ?", bank).
			Where("? = ?", bun.Ident(column), who).Where("state in ('settled', 'done', 'agreed')").Order("created_at DESC").Limit(60)
	}
	var rows []Exchange
	err := tx.NewSelect().TableExpr("((?) union all (?)) as e", side("helper_id"), side("helped_id")).Column("helper_id", "helped_id", "kind", "minutes").
		Order("created_at DESC").Limit(60).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list people met: %w", err)
	}
	return rows, nil
}

// known is whom a member has met in these exchanges, most recent first.
func known(rows []Exchange, faces map[uuid.UUID]member.Face, who uuid.UUID) (out []Met) {
	at := map[uuid.UUID]int{}
	for i, e := range rows {
		other := e.HelperID
		if other == who {
			other = e.HelpedID
		}
		n, seen := at[other]
		if !seen {
			n, at[other] = len(out), len(out)
			out = append(out, Met{Face: faces[other]})
		}
		if out[n].Last == nil && e.Minutes != nil {
			out[n].Last = &rows[i]
		}
	}
	return slices.DeleteFunc(out, func(m Met) bool { return m.Status != member.Active })
}
