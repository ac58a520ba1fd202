package exchange

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/once"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Word is what one side says of help that happened.
type Word struct {
	Minutes    int64
	HappenedOn time.Time // a date; zero means the day of the meeting, or today
	identity.OnBehalf
}

// Done says how long it took. The other side is asked to confirm, and silence
// confirms after the bank's days. Refuses with ErrMinutes, ErrFuture, ErrLongAgo
// and ErrMove.
func (s *Service) Done(ctx context.Context, a identity.Actor, key, id uuid.UUID, w Word) (Seen, error) {
	return s.do(ctx, a, turn{key, id, w.OnBehalf, "say-done", w}, func(ctx context.Context, x *act) error {
		w := w // the transaction may run twice
		if err := x.consented(); err != nil {
			return err
		}
		if w.HappenedOn.IsZero() && x.e.StartsAt != nil && x.e.StartsAt.Before(x.now) {
			w.HappenedOn = a.Bank.Today(*x.e.StartsAt)
		}
		if err := x.say(ctx, w); err != nil {
			return err
		}
		if err := x.to(Done); err != nil {
			return err
		}
		x.e.NewStartsAt, x.e.NewBy = nil, nil
		if err := s.next(ctx, x); err != nil {
			return err
		}
		if err := desk.Finish(ctx, x.tx, a.Bank.ID, id, a.Person, x.now, desk.RingToRemind, desk.RingToTell); err != nil {
			return err
		}
		return s.ask(ctx, x)
	})
}

// say notes whose word it is and how long it took.
func (x *act) say(ctx context.Context, w Word) error {
	if err := x.own(); err != nil {
		return err
	}
	if err := checkMinutes(w.Minutes); err != nil {
		return err
	}
	today := x.a.Bank.Today(x.now)
	if w.HappenedOn.IsZero() {
		w.HappenedOn = today
	}
	switch {
	case w.HappenedOn.After(today):
		return ErrFuture.At("/happened_on")
	case w.HappenedOn.Before(today.AddDate(-1, 0, 0)):
		return ErrLongAgo.At("/happened_on")
	}
	by := x.member
	if x.side == Broker {
		by = x.e.HelperID // the broker's word counts as the helper's, and the helped is asked
	}
	x.e.Minutes, x.e.HappenedOn, x.e.DoneBy, x.e.DoneAt, x.e.SettlesOn = &w.Minutes, &w.HappenedOn, &by, &x.now, nil
	met, err := haveMet(ctx, x.tx, x.a.Bank.ID, x.e.HelperID, x.e.HelpedID)
	if met {
		settles := today.AddDate(0, 0, x.a.Bank.ConfirmDays)
		x.e.SettlesOn = &settles
	}
	return err
}

// ask asks the other side whether the hours are right. Between two who have no
// settled hours yet silence is no answer: a broker is to ask when it lasts.
func (s *Service) ask(ctx context.Context, x *act) error {
	if err := s.tell(ctx, x, waitingFor(x.e), TellConfirm, "1"); err != nil || x.e.SettlesOn != nil {
		return err
	}
	return desk.Raise(ctx, x.tx, desk.Task{BankID: x.a.Bank.ID, Kind: desk.RingToConfirm, SubjectKind: desk.OfExchange, SubjectID: x.e.ID,
		DueAt: x.a.Bank.AfterWorkingDays(x.now.AddDate(0, 0, x.a.Bank.ConfirmDays), 0), CreatedAt: x.now})
}

// Past is help that happened without having been planned here.
type Past struct {
	Helper, Helped uuid.UUID
	Kind           string
	Note           string
	Word
	// BothAgree is a broker's word that both sides have told the same: it settles
	// at once.
	BothAgree bool
}

// Record notes help that already happened. A member records their own side; a
// broker anybody's. Refuses with ErrSamePerson, ErrMinutes, ErrFuture,
// ErrLongAgo, listing.ErrKind, and identity.ErrNotAllowed for others' help.
func (s *Service) Record(ctx context.Context, a identity.Actor, key uuid.UUID, p Past) (uuid.UUID, error) {
	p.Note = strings.TrimSpace(p.Note)
	if p.Helper == p.Helped {
		return uuid.Nil, ErrSamePerson
	}
	if p.BothAgree && !a.May(identity.WorkDesk) {
		return uuid.Nil, identity.ErrNotAllowed
	}
	now := s.Clock.Now()
	var out uuid.UUID
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = once.Do(ctx, tx, once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: key, Operation: "record-help", Input: p, Now: now},
			func(id uuid.UUID) error { return s.record(ctx, tx, a, id, p, now) })
		return err
	})
	return out, err
}

func (s *Service) record(ctx context.Context, tx bun.IDB, a identity.Actor, id uuid.UUID, p Past, now time.Time) error {
	x := &act{tx: tx, a: a, by: p.OnBehalf, now: now, from: New, limit: identity.SayHours}
	x.e = Exchange{BankID: a.Bank.ID, ID: id, Kind: p.Kind, HelperID: p.Helper, HelpedID: p.Helped, State: Done, Note: p.Note,
		HelperSaid: "yes", HelpedSaid: "yes", Version: 1, CreatedAt: now}
	if err := x.who(); err != nil {
		if errors.Is(err, ErrNoExchange) {
			return identity.ErrNotAllowed
		}
		return err
	}
	if err := x.consented(); err != nil {
		return err
	}
	if p.BothAgree && x.side != Broker && x.behalf == nil {
		return ErrOwnHours
	}
	if err := x.say(ctx, p.Word); err != nil {
		return err
	}
	kinds, err := listing.KindNames(ctx, tx, a.Bank.ID)
	if err != nil {
		return err
	}
	if _, ok := kinds[p.Kind]; !ok {
		return listing.ErrKind.At("/kind")
	}
	for _, id := range []uuid.UUID{p.Helper, p.Helped} {
		if _, err := member.ByID(ctx, tx, a.Bank.ID, id); err != nil {
			return err
		}
	}
	if err := insert(ctx, tx, x.e, Event{ActorID: a.Person, ActedAs: x.side, OnBehalfOf: x.behalf, Consent: x.consent(), Minutes: x.e.Minutes, At: now}); err != nil {
		return err
	}
	if !p.BothAgree {
		if err := s.ask(ctx, x); err != nil {
			return err
		}
		return x.audit(ctx, "record-help")
	}
	if err := s.take(ctx, x, id); err != nil {
		return err
	}
	x.from, x.side = Done, Broker
	if err := s.settle(ctx, x, *x.e.Minutes); err != nil {
		return err
	}
	if err := save(ctx, tx, x.e, Event{From: Done, To: Settled, ActorID: a.Person, ActedAs: Broker, OnBehalfOf: x.behalf, Consent: x.consent(), Minutes: x.e.Minutes, At: now}); err != nil {
		return err
	}
	return x.audit(ctx, "record-help")
}

// Confirm says that the hours are right; they move. Refuses with ErrNotYourTurn,
// ErrMove, ErrOwnHours and insufficient-hours.
func (s *Service) Confirm(ctx context.Context, a identity.Actor, key, id uuid.UUID, by identity.OnBehalf) (Seen, error) {
	return s.confirm(ctx, a, turn{key, id, by, "confirm-hours", nil})
}

func (s *Service) confirm(ctx context.Context, a identity.Actor, t turn) (Seen, error) {
	return s.do(ctx, a, t, func(ctx context.Context, x *act) error {
		if err := x.consented(); err != nil {
			return err
		}
		if x.e.State != Done {
			return ErrMove
		}
		if !confirms(x.e, x.side) {
			return ErrNotYourTurn
		}
		if err := x.own(); err != nil {
			return err
		}
		return s.settle(ctx, x, *x.e.Minutes)
	})
}

// Dispute says that the hours are not right, and why. A broker gets a task.
// Refuses with ErrReason, ErrNotYourTurn and ErrMove.
func (s *Service) Dispute(ctx context.Context, a identity.Actor, key, id uuid.UUID, reason string, by identity.OnBehalf) (Seen, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return Seen{}, ErrReason.At("/reason")
	}
	return s.do(ctx, a, turn{key, id, by, "dispute-hours", reason}, func(ctx context.Context, x *act) error {
		if x.e.State == Done && !confirms(x.e, x.side) {
			return ErrNotYourTurn
		}
		x.reason = reason
		if err := x.to(Disputed); err != nil {
			return err
		}
		if err := desk.Finish(ctx, x.tx, a.Bank.ID, id, a.Person, x.now, desk.RingToConfirm); err != nil {
			return err
		}
		return desk.Raise(ctx, x.tx, desk.Task{BankID: a.Bank.ID, Kind: desk.SettleDispute, SubjectKind: desk.OfExchange, SubjectID: id,
			DueAt: a.Bank.AfterWorkingDays(x.now, 2), CreatedAt: x.now})
	})
}

// Resolve ends a dispute: with the minutes that a broker found to be right.
// Refuses with ErrReason, ErrMinutes, ErrMove and ErrOwnHours. To end it without
// hours, Cancel.
func (s *Service) Resolve(ctx context.Context, a identity.Actor, key, id uuid.UUID, minutes int64, reason string) (Seen, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return Seen{}, ErrReason.At("/reason")
	}
	return s.do(ctx, a, turn{key, id, identity.OnBehalf{}, "resolve-dispute", []any{minutes, reason}}, func(ctx context.Context, x *act) error {
		if err := checkMinutes(minutes); err != nil {
			return err
		}
		if x.e.State != Disputed {
			return ErrMove
		}
		if x.side != Broker {
			return ErrOwnHours
		}
		x.reason, x.e.Minutes = reason, &minutes
		if err := s.settle(ctx, x, minutes); err != nil {
			return err
		}
		return s.tell(ctx, x, []Side{Helper, Helped}, TellRight, "1")
	})
}

// settle moves the minutes from the helped to the helper and ends what waited. The
// exchange was taken.
func (s *Service) settle(ctx context.Context, x *act, minutes int64) error {
	helper, helped := x.also.By, x.also.To
	legs, err := ledger.Move(helped.AccountID, helper.AccountID, ledger.Minutes(minutes))
	if err != nil {
		return err
	}
	t := ledger.Transfer{Bank: x.a.Bank.ID, Kind: ledger.Exchange, Key: settleKey(x.e.ID), Actor: x.a.Person, Category: x.e.Kind,
		Reference: ledger.Reference{Kind: "exchange", ID: x.e.ID}, EffectiveOn: ledger.DateOf(*x.e.HappenedOn), Legs: legs, At: x.now}
	if x.behalf != nil {
		t.OnBehalfOf = *x.behalf
	}
	receipt, err := ledger.Post(ctx, x.tx, t)
	if err != nil {
		return hoursFault(err, x.side)
	}
	if err := x.to(Settled); err != nil {
		return err
	}
	x.e.TransferID = &receipt.ID
	if p, ok := receipt.Of(helped.AccountID); ok && p.CrossedSoft() {
		if err := desk.Raise(ctx, x.tx, desk.Task{BankID: x.a.Bank.ID, Kind: desk.BelowSoftFloor, SubjectKind: desk.OfMember, SubjectID: helped.ID,
			DueAt: x.a.Bank.AfterWorkingDays(x.now, 3), CreatedAt: x.now}); err != nil {
			return err
		}
	}
	if x.also.Awaited {
		if err := s.TookPart(ctx, x.tx, x.a, helper.ID, helped.ID); err != nil {
			return err
		}
	}
	if x.e.ListingID != nil {
		l, err := listing.Lock(ctx, x.tx, x.a.Bank.ID, *x.e.ListingID)
		if err != nil {
			return err
		}
		if l.Type == listing.Request {
			if err := listing.SetState(ctx, x.tx, x.a.Bank.ID, l.ID, listing.Met); err != nil {
				return err
			}
		}
	}
	return desk.Finish(ctx, x.tx, x.a.Bank.ID, x.e.ID, x.a.Person, x.now, desk.RingToConfirm, desk.SettleDispute, desk.RingToRemind, desk.RingToTell)
}

// The refusals of a floor. How much somebody has left is for them and the broker
// to know, not for the helper.
var (
	errHours      = fault.New(fault.Conflict, "insufficient-hours", "There are {have} left to use, and this needs {need}. Ring us: the community pot may help.")
	errOtherHours = fault.New(fault.Conflict, "insufficient-hours", "They do not have enough hours left for this at the moment. Ring us: the community pot may help.")
)

// hoursFault turns the ledger's refusal into one a person can act on.
func hoursFault(err error, reader Side) error {
	e, ok := errors.AsType[ledger.ErrInsufficient](err)
	switch {
	case !ok:
		return err
	case reader == Helper:
		return errOtherHours
	}
	return errHours.With("have", words.Minutes(e.Available()), "need", words.Minutes(e.Needed))
}
