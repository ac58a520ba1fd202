package matching

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/contact"
	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/id"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Service finds candidates and keeps the log of who was asked.
type Service struct {
	Pool  *bun.DB
	Clock clock.Clock
}

// ask is one row of the log: who was asked for a request, why, and the answer.
type ask struct {
	bun.BaseModel `bun:"table:ask"`

	BankID     uuid.UUID       `bun:"bank_id"`
	ID         uuid.UUID       `bun:"id"`
	ListingID  uuid.UUID       `bun:"listing_id"`
	MemberID   uuid.UUID       `bun:"member_id"`
	ExchangeID *uuid.UUID      `bun:"exchange_id"`
	Parts      json.RawMessage `bun:"parts,type:jsonb"`
	AskedBy    uuid.UUID       `bun:"asked_by"`
	AskedAt    time.Time       `bun:"asked_at"`
	Answer     *string         `bun:"answer"`
	AnsweredAt *time.Time      `bun:"answered_at"`
}

// Named is a candidate with the member it is.
type Named struct {
	Candidate
	Member member.Member
}

// shortlist is how many candidates a broker is shown.
const shortlist = 8

// For lists who would suit a request, best first, at most eight. Refuses with
// listing.ErrNoListing.
func (s *Service) For(ctx context.Context, a identity.Actor, request uuid.UUID) (listing.Shown, member.Member, []Named, error) {
	var l listing.Shown
	var asker member.Member
	var out []Named
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out = nil
		if l.Listing, err = listing.ByID(ctx, tx, a.Bank.ID, request); err != nil {
			return err
		}
		if l.Type != listing.Request {
			return listing.ErrNoListing
		}
		parts, people, err := s.parts(ctx, tx, a, l.Listing)
		if err != nil {
			return err
		}
		photos, err := listing.PhotosOf(ctx, tx, a.Bank.ID, l.Listing)
		if err != nil {
			return err
		}
		l.Photos = photos[l.ID]
		asker = people[l.MemberID]
		for _, c := range Rank(words.Of(ctx), parts) {
			if len(out) == shortlist {
				break
			}
			out = append(out, Named{c, people[c.MemberID]})
		}
		return nil
	})
	return l, asker, out, err
}

// parts gathers, in a handful of queries whatever the bank's size, what is known
// of every active member for this request. Gated: the asker, the paused, who has said
// no to it, who keeps apart from the asker, and who cannot be there.
func (s *Service) parts(ctx context.Context, tx bun.IDB, a identity.Actor, l listing.Listing) (map[uuid.UUID]Parts, map[uuid.UUID]member.Member, error) {
	all, err := member.AllActive(ctx, tx, a.Bank.ID)
	if err != nil {
		return nil, nil, err
	}
	people := map[uuid.UUID]member.Member{}
	for _, m := range all {
		people[m.ID] = m
	}
	if _, ok := people[l.MemberID]; !ok {
		asker, err := member.ByID(ctx, tx, a.Bank.ID, l.MemberID)
		if err != nil {
			return nil, nil, err
		}
		people[l.MemberID] = asker
	}
	now := s.Clock.Now()
	offers, err := offered(ctx, tx, a.Bank.ID, l.Kind, a.Bank.Today(now))
	if err != nil {
		return nil, nil, err
	}
	history, err := exchange.History(ctx, tx, a.Bank.ID, l.MemberID, l.Kind)
	if err != nil {
		return nil, nil, err
	}
	asks, refused, err := asked(ctx, tx, a.Bank.ID, l.ID, now)
	if err != nil {
		return nil, nil, err
	}
	balances, err := ledger.Balances(ctx, tx, a.Bank.ID, ledger.Member)
	if err != nil {
		return nil, nil, err
	}
	apart, err := contact.Apart(ctx, tx, a.Bank.ID, l.MemberID)
	if err != nil {
		return nil, nil, err
	}
	out := map[uuid.UUID]Parts{}
	for _, m := range all {
		how, ever := fitting(l, people[l.MemberID], m, offers[m.ID])
		if m.ID == l.MemberID || refused[m.ID] || apart[m.ID] || !ever {
			continue
		}
		h, q := history[m.ID], asks[m.ID]
		p := Parts{
			Kind: how.kind, Far: how.offer.Far, Comes: how.comes, Days: how.offer.Days, TimesDone: h.OfKind, TimesHelped: h.Total, Knows: h.With, Area: m.Area,
			SameArea: listing.SameArea(m.Area, people[l.MemberID].Area), AskedMonth: q.Month, SaidYes: q.Yes, Answered: q.Answered,
			DaysQuiet: -1, FreeSlots: how.shared, Balance: int64(balances[m.AccountID]), NeedsVisit: l.Place == "home", Apart: l.Afar() || how.offer.Afar(), Independent: m.Stage == member.Independent,
		}
		if !h.Last.IsZero() {
			p.DaysQuiet = int(now.Sub(h.Last).Hours() / 24)
		}
		if p.Kind == "" {
			p.Kind = "any"
			if h.OfKind > 0 {
				p.Kind = "done"
			}
		}
		if p.Kind == "any" && h.Total == 0 {
			continue // nothing at all speaks for them
		}
		out[m.ID] = p
	}
	return out, people, nil
}

type asks struct {
	MemberID             uuid.UUID
	Month, Yes, Answered int
}

// asked counts the asks of every member, and who said no to this request.
func asked(ctx context.Context, tx bun.IDB, bank, request uuid.UUID, now time.Time) (map[uuid.UUID]asks, map[uuid.UUID]bool, error) {
	var rows []struct {
		asks
		Refused bool
	}
	err := tx.NewRaw(`select member_id, count(*) filter (where asked_at > ?) as month, count(*) filter (where answer = 'yes') as yes,
			count(answer) as answered, coalesce(bool_or(answer = 'no' and listing_id = ?), false) as refused
		from ask where bank_id = ? group by member_id`, now.AddDate(0, 0, -30), request, bank).Scan(ctx, &rows)
	if err != nil {
		return nil, nil, fmt.Errorf("read asks: %w", err)
	}
	out, refused := map[uuid.UUID]asks{}, map[uuid.UUID]bool{}
	for _, r := range rows {
		out[r.MemberID], refused[r.MemberID] = r.asks, r.Refused
	}
	return out, refused, nil
}

// Asked notes that a member was asked for a request, with the parts as they were.
func (s *Service) Asked(ctx context.Context, tx bun.IDB, a identity.Actor, request listing.Listing, helper, exchangeID uuid.UUID) error {
	parts, _, err := s.parts(ctx, tx, a, request)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(parts[helper])
	if err != nil {
		return fmt.Errorf("keep parts: %w", err)
	}
	row := ask{BankID: a.Bank.ID, ID: id.New(), ListingID: request.ID, MemberID: helper, ExchangeID: &exchangeID, Parts: raw, AskedBy: a.Person, AskedAt: s.Clock.Now()}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("note ask: %w", err)
	}
	return nil
}

// Answered notes what somebody said when asked; an exchange that nobody was asked
// for is fine.
func Answered(ctx context.Context, tx bun.IDB, bank, exchangeID uuid.UUID, yes bool, now time.Time) error {
	word := "no"
	if yes {
		word = "yes"
	}
	_, err := tx.NewUpdate().Model((*ask)(nil)).Set("answer = ?", word).Set("answered_at = ?", now).
		Where("bank_id = ?", bank).Where("exchange_id = ?", exchangeID).Where("answer is null").Exec(ctx)
	if err != nil {
		return fmt.Errorf("note answer: %w", err)
	}
	return nil
}
