package exchange

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/contact"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/once"
)

// Plan is a proposal: who would help whom, with what, when.
type Plan struct {
	Listing  uuid.UUID
	Helper   uuid.UUID // brokers only: whom to ask for a request
	StartsAt *time.Time
	Place    string
	Note     string
	identity.OnBehalf
}

// Propose makes an exchange out of a listing. For a request, a broker names the
// helper, or a member offers to help; for an offer, a member asks for it. Whoever
// asked for it or proposed it has said yes; the other side is asked. Refuses with
// listing.ErrNotOpen, ErrSamePerson, ErrPast and member.ErrNotActive.
func (s *Service) Propose(ctx context.Context, a identity.Actor, key uuid.UUID, p Plan) (uuid.UUID, error) {
	p.Place, p.Note = strings.TrimSpace(p.Place), strings.TrimSpace(p.Note)
	now := s.Clock.Now()
	var out uuid.UUID
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "propose-exchange", Input: p, Now: now},
			func(id uuid.UUID) error { return s.propose(ctx, tx, a, id, p, now) })
		return err
	})
	return out, err
}

func (s *Service) propose(ctx context.Context, tx bun.IDB, a identity.Actor, id uuid.UUID, p Plan, now time.Time) error {
	if p.StartsAt != nil && p.StartsAt.Before(now) {
		return ErrPast.At("/starts_at")
	}
	l, err := listing.Lock(ctx, tx, a.Bank.ID, p.Listing)
	if err != nil {
		return err
	}
	if l.State != listing.Open {
		return listing.ErrNotOpen
	}
	x := &act{tx: tx, a: a, by: p.OnBehalf, now: now, from: New}
	x.e = Exchange{BankID: a.Bank.ID, ID: id, ListingID: &l.ID, Kind: l.Kind, State: Proposed, StartsAt: p.StartsAt, Place: p.Place, Note: p.Note,
		HelperSaid: "waiting", HelpedSaid: "waiting", Version: 1, CreatedAt: now}
	if err := x.sides(l, p); err != nil {
		return err
	}
	if err := active(ctx, tx, a.Bank.ID, x.e.HelperID, x.e.HelpedID); err != nil {
		return err
	}
	if err := contact.Between(ctx, tx, a.Bank.ID, x.e.HelperID, x.e.HelpedID); err != nil {
		return err
	}
	if err := insert(ctx, tx, x.e, Event{ActorID: a.Person, ActedAs: x.side, OnBehalfOf: x.behalf, Consent: x.consent(), At: now}); err != nil {
		return err
	}
	if l.Type == listing.Request {
		if err := listing.SetState(ctx, tx, a.Bank.ID, l.ID, listing.Matched); err != nil {
			return err
		}
		if err := desk.Finish(ctx, tx, a.Bank.ID, l.ID, a.Person, now, desk.FindHelper); err != nil {
			return err
		}
		if err := s.Asked(ctx, tx, a, l, x.e.HelperID, id); err != nil {
			return err
		}
	}
	if err := s.tell(ctx, x, waitingFor(x.e), TellAsked, "1"); err != nil {
		return err
	}
	return x.audit(ctx, "propose-exchange")
}

// sides fills in who helps whom, and who has said yes by proposing.
func (x *act) sides(l listing.Listing, p Plan) error {
	if l.Type == listing.Request && p.Helper != uuid.Nil {
		if !x.a.May(identity.WorkDesk) {
			return identity.ErrNotAllowed
		}
		x.e.HelperID, x.e.HelpedID, x.e.HelpedSaid, x.side = p.Helper, l.MemberID, "yes", Broker
	} else {
		var err error
		if x.limit = identity.AskHelp; l.Type == listing.Request {
			x.limit = identity.OfferHelp
		}
		x.by.Consent = x.a.Agreed(p.OnBehalf, x.limit)
		if x.member, x.behalf, err = x.a.Subject(p.OnBehalf, x.limit); err != nil {
			return err
		}
		if l.Type == listing.Request {
			x.e.HelperID, x.e.HelpedID, x.side = x.member, l.MemberID, Helper
			x.e.HelperSaid = "yes"
		} else {
			x.e.HelperID, x.e.HelpedID, x.side = l.MemberID, x.member, Helped
			x.e.HelpedSaid = "yes"
		}
	}
	if x.e.HelperID == x.e.HelpedID {
		return ErrSamePerson
	}
	return nil
}

func active(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids ...uuid.UUID) error {
	for _, id := range ids {
		m, err := member.ByID(ctx, tx, bank, id)
		if err != nil {
			return err
		}
		if m.Status != member.Active {
			return member.ErrNotActive.With("who", m.Called)
		}
	}
	return nil
}
