package exchange

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/contact"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/id"
	"timebank/app/platform/once"
)

// Arrangement is two who meet every week, or every other week.
type Arrangement struct {
	bun.BaseModel `bun:"table:arrangement"`

	BankID    uuid.UUID  `bun:"bank_id"`
	ID        uuid.UUID  `bun:"id"`
	HelperID  uuid.UUID  `bun:"helper_id"`
	HelpedID  uuid.UUID  `bun:"helped_id"`
	Kind      string     `bun:"kind"`
	EveryDays int        `bun:"every_days"` // 7 or 14
	MadeBy    uuid.UUID  `bun:"made_by"`    // the member who wished for it
	CreatedAt time.Time  `bun:"created_at"`
	AgreedAt  *time.Time `bun:"agreed_at"` // with its first meeting
	EndedAt   *time.Time `bun:"ended_at"`
	EndedBy   *uuid.UUID `bun:"ended_by"`
}

// Again asks the other side for the same once more: same two, same help, same
// direction. Refuses with ErrNoExchange, ErrPast and member.ErrNotActive.
func (s *Service) Again(ctx context.Context, a identity.Actor, key, of uuid.UUID, p Plan) (uuid.UUID, error) {
	p.Place, p.Note = strings.TrimSpace(p.Place), strings.TrimSpace(p.Note)
	now := s.Clock.Now()
	var out uuid.UUID
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "help-again", Input: []any{of, p}, Now: now},
			func(id uuid.UUID) error { return s.again(ctx, tx, a, id, of, p, 0, now) })
		return err
	})
	return out, err
}

// Repeat asks the other side to meet like this every week, or every other week.
// It proposes the next meeting; a yes to that is a yes to the arrangement.
// Refuses with ErrNoExchange, ErrEvery, ErrMove and member.ErrNotActive.
func (s *Service) Repeat(ctx context.Context, a identity.Actor, key, of uuid.UUID, every int, by identity.OnBehalf) (uuid.UUID, error) {
	if every != 7 && every != 14 {
		return uuid.Nil, ErrEvery.At("/every_days")
	}
	now := s.Clock.Now()
	var out uuid.UUID
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "help-regularly", Input: []any{of, every, by}, Now: now},
			func(id uuid.UUID) error { return s.again(ctx, tx, a, id, of, Plan{OnBehalf: by}, every, now) })
		return err
	})
	return out, err
}

// again proposes a new exchange like an old one; with every days, the first of an
// arrangement.
func (s *Service) again(ctx context.Context, tx bun.IDB, a identity.Actor, newID, of uuid.UUID, p Plan, every int, now time.Time) error {
	old, err := lock(ctx, tx, a.Bank.ID, of)
	if err != nil {
		return err
	}
	x := &act{tx: tx, a: a, by: p.OnBehalf, now: now, from: New, e: old, limit: limitOf(VerbAgain)}
	if err := x.who(); err != nil {
		return err
	}
	if x.side == Broker { // whose wish it is must be said
		return ErrWhom.At("/for_member")
	}
	if old.State == Proposed || old.State == Cancelled || old.State == Expired || old.State == Disputed {
		return ErrMove
	}
	starts := p.StartsAt
	if starts != nil && starts.Before(now) {
		return ErrPast.At("/starts_at")
	}
	if every > 0 {
		if old.ArrangementID != nil || old.StartsAt == nil {
			return ErrMove
		}
		at := following(a.Bank, *old.StartsAt, every, now)
		starts = &at
	}
	if err := active(ctx, tx, a.Bank.ID, old.HelperID, old.HelpedID); err != nil {
		return err
	}
	if err := contact.Between(ctx, tx, a.Bank.ID, old.HelperID, old.HelpedID); err != nil {
		return err
	}
	if p.Place == "" {
		p.Place = old.Place
	}
	x.e = Exchange{BankID: a.Bank.ID, ID: newID, Kind: old.Kind, HelperID: old.HelperID, HelpedID: old.HelpedID, State: Proposed, StartsAt: starts,
		Place: p.Place, Note: p.Note, HelperSaid: "waiting", HelpedSaid: "waiting", Version: 1, CreatedAt: now}
	if x.side == Helper {
		x.e.HelperSaid = "yes"
	} else {
		x.e.HelpedSaid = "yes"
	}
	if every > 0 {
		r := Arrangement{BankID: a.Bank.ID, ID: id.New(), HelperID: old.HelperID, HelpedID: old.HelpedID, Kind: old.Kind, EveryDays: every, MadeBy: x.member, CreatedAt: now}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return fmt.Errorf("add arrangement: %w", err)
		}
		x.e.ArrangementID = &r.ID
	}
	if err := insert(ctx, tx, x.e, Event{ActorID: a.Person, ActedAs: x.side, OnBehalfOf: x.behalf, Consent: x.consent(), At: now}); err != nil {
		return err
	}
	if err := s.tell(ctx, x, waitingFor(x.e), TellAsked, "1"); err != nil {
		return err
	}
	return x.audit(ctx, "propose-exchange")
}

// following is the next meeting after one, every so many days at the same time of
// day in the bank's zone, and still to come.
func following(b bank.Bank, at time.Time, every int, now time.Time) time.Time {
	local := at.In(b.Location())
	for {
		local = time.Date(local.Year(), local.Month(), local.Day()+every, at.In(b.Location()).Hour(), local.Minute(), 0, 0, b.Location())
		if local.After(now) {
			return local.UTC()
		}
	}
}

// next makes the next meeting of an arrangement when one is over or called off.
// Both have agreed to it beforehand and are told. Somebody who rests or has left
// ends it.
func (s *Service) next(ctx context.Context, x *act) error {
	r, ok, err := running(ctx, x)
	if err != nil || !ok || r.AgreedAt == nil || x.e.StartsAt == nil {
		return err
	}
	people, err := member.Some(ctx, x.tx, x.e.BankID, []uuid.UUID{r.HelperID, r.HelpedID})
	if err != nil {
		return err
	}
	if people[r.HelperID].Status != member.Active || people[r.HelpedID].Status != member.Active {
		return endArrangement(ctx, x, nil)
	}
	starts := following(x.a.Bank, *x.e.StartsAt, r.EveryDays, x.now)
	e := Exchange{BankID: x.e.BankID, ID: id.New(), Kind: r.Kind, HelperID: r.HelperID, HelpedID: r.HelpedID, State: Agreed, StartsAt: &starts, Place: x.e.Place,
		HelperSaid: "yes", HelpedSaid: "yes", Version: 1, CreatedAt: x.now, ArrangementID: &r.ID}
	if err := insert(ctx, x.tx, e, Event{ActorID: identity.SystemPerson, ActedAs: System, At: x.now}); err != nil {
		return err
	}
	return s.tell(ctx, &act{tx: x.tx, a: x.a, e: e, now: x.now}, []Side{Helper, Helped}, TellAgreed, "1")
}

// running finds the arrangement of an exchange, locked, unless it has ended.
func running(ctx context.Context, x *act) (r Arrangement, ok bool, err error) {
	if x.e.ArrangementID == nil {
		return r, false, nil
	}
	err = x.tx.NewSelect().Model(&r).Where("bank_id = ?", x.e.BankID).Where("id = ?", *x.e.ArrangementID).For("update").Scan(ctx)
	if err != nil {
		return r, false, fmt.Errorf("find arrangement: %w", err)
	}
	return r, r.EndedAt == nil, nil
}

// agreeArrangement notes that a yes to the first meeting was one to the arrangement.
func agreeArrangement(ctx context.Context, x *act) error {
	r, ok, err := running(ctx, x)
	if err != nil || !ok || r.AgreedAt != nil {
		return err
	}
	_, err = x.tx.NewUpdate().Model((*Arrangement)(nil)).Set("agreed_at = ?", x.now).Where("bank_id = ?", r.BankID).Where("id = ?", r.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("agree arrangement: %w", err)
	}
	return nil
}

// endArrangement ends what an exchange belongs to, if it still runs.
func endArrangement(ctx context.Context, x *act, by *uuid.UUID) error {
	r, ok, err := running(ctx, x)
	if err != nil || !ok {
		return err
	}
	_, err = x.tx.NewUpdate().Model((*Arrangement)(nil)).Set("ended_at = ?", x.now).Set("ended_by = ?", by).
		Where("bank_id = ?", r.BankID).Where("id = ?", r.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end arrangement: %w", err)
	}
	return nil
}

// endAll ends every arrangement of a member who leaves.
func endAll(ctx context.Context, tx bun.IDB, bank, member uuid.UUID, now time.Time) error {
	_, err := tx.NewUpdate().Model((*Arrangement)(nil)).Set("ended_at = ?", now).Where("bank_id = ?", bank).
		Where("helper_id = ? or helped_id = ?", member, member).Where("ended_at is null").Exec(ctx)
	if err != nil {
		return fmt.Errorf("end arrangements: %w", err)
	}
	return nil
}

// EndRepeat ends an arrangement from any of its meetings. A meeting that is
// agreed already stands until it is called off. The other side is told. Refuses
// with ErrMove.
func (s *Service) EndRepeat(ctx context.Context, a identity.Actor, key, id uuid.UUID, by identity.OnBehalf) (Seen, error) {
	return s.do(ctx, a, turn{key, id, by, "end-repeat", nil}, func(ctx context.Context, x *act) error {
		if err := x.consented(); err != nil {
			return err
		}
		r, ok, err := running(ctx, x)
		if err != nil {
			return err
		}
		if !ok {
			return ErrMove
		}
		var ended *uuid.UUID
		told := []Side{Helper, Helped}
		switch x.side {
		case Helper:
			ended, told = &x.member, []Side{Helped}
		case Helped:
			ended, told = &x.member, []Side{Helper}
		}
		if err := endArrangement(ctx, x, ended); err != nil {
			return err
		}
		return s.tell(ctx, x, told, TellEnded, r.ID.String())
	})
}

// rhythms tells, by arrangement, after how many days it repeats; those that have
// ended are not there.
func rhythms(ctx context.Context, tx bun.IDB, bank uuid.UUID, all []Exchange) (map[uuid.UUID]int, error) {
	out := map[uuid.UUID]int{}
	var ids []uuid.UUID
	for _, e := range all {
		if e.ArrangementID != nil {
			ids = append(ids, *e.ArrangementID)
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []Arrangement
	if err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("id = any(?)", db.List(ids)).Where("ended_at is null").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read arrangements: %w", err)
	}
	for _, r := range rows {
		out[r.ID] = r.EveryDays
	}
	return out, nil
}
