package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/once"
)

// act is one move by one actor on one locked exchange.
type act struct {
	tx     bun.IDB
	a      identity.Actor
	e      Exchange
	also   beside
	from   State
	side   Side
	member uuid.UUID  // the member who acts, or for whom a broker does
	behalf *uuid.UUID // set when it is for another
	by     identity.OnBehalf
	now    time.Time
	reason string
	limit  string // what a stand-in must be let do for this
	noted  bool   // worth an event although the state stays
}

// turn is one move as it was asked for.
type turn struct {
	key    uuid.UUID // repeats with it are answered like the first; nil: every one counts
	id     uuid.UUID
	by     identity.OnBehalf
	action string
	said   any // what else was sent with it
}

// do locks an exchange, works out as what the actor acts, runs fn, and saves what
// it changed with its event and audit row, all in one transaction. It answers how the
// exchange stands then. The system only gets the exchange.
//
// A repeat with the same key changes nothing and gets the exchange as it stands:
// whoever lost the answer to a tap, and taps again, is not told off.
func (s *Service) do(ctx context.Context, a identity.Actor, t turn, fn func(ctx context.Context, x *act) error) (Seen, error) {
	var out Seen
	var blind error // may do it and not see it: it is done, and not shown
	err := db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		x := &act{tx: tx, a: a, by: t.by, now: s.Clock.Now(), limit: limitOf(t.action)}
		claim := once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: t.key, Operation: t.action, Input: []any{t.id, t.by, t.said}, Now: x.now}
		_, err := once.Do(ctx, tx, claim, func(uuid.UUID) error {
			if err := s.take(ctx, x, t.id); err != nil {
				return err
			}
			x.from = x.e.State
			if err := x.who(); err != nil {
				return err
			}
			if err := fn(ctx, x); err != nil {
				return err
			}
			if err := save(ctx, tx, x.e, Event{From: x.from, To: x.e.State, ActorID: a.Person, ActedAs: x.side, OnBehalfOf: x.behalf, Consent: x.consent(), Minutes: x.e.Minutes, Reason: x.reason, At: x.now, Noted: x.noted}); err != nil {
				return err
			}
			return x.audit(ctx, t.action)
		})
		if err == nil && x.from == "" { // a repeat
			err = s.take(ctx, x, t.id)
		}
		if err != nil || a.IsSystem() {
			out.Exchange = x.e
			return err
		}
		out, err = x.seen(ctx)
		if blind = nil; errors.Is(err, ErrNoExchange) {
			blind, err = err, nil
		}
		return err
	})
	if err == nil {
		err = blind
	}
	return out, err
}

// seen is how the exchange stands, for the actor.
func (x *act) seen(ctx context.Context) (Seen, error) {
	all, who := []Exchange{x.e}, x.a.As(x.e.HelperID, x.e.HelpedID)
	every, err := rhythms(ctx, x.tx, x.e.BankID, all)
	if err != nil {
		return Seen{}, err
	}
	faces := map[uuid.UUID]member.Face{x.e.HelperID: x.also.By.Face, x.e.HelpedID: x.also.To.Face}
	out, err := show(x.a, all, who, faces, every, map[uuid.UUID]int{x.e.ID: x.also.unread(x.e, who)})
	if err != nil {
		return Seen{}, err
	}
	return out[0], nil
}

// who finds the side: the system's, that of the member acted for, or a broker's
// own. Strangers get ErrNoExchange.
func (x *act) who() error {
	if x.a.IsSystem() {
		x.side = System
		return nil
	}
	var err error
	if x.by.For != nil {
		if x.member, x.behalf, err = x.a.Subject(x.by, x.limit); err != nil {
			return err
		}
	} else {
		x.member = x.a.Member
	}
	x.by.Consent = x.a.Agreed(x.by, x.limit)
	var ok bool
	x.side, ok = sideOf(x.e, x.member, x.a.May(identity.WorkDesk))
	if !ok || (x.behalf != nil && x.side == Broker) {
		return ErrNoExchange // also for a broker who acts for a member without a part in it
	}
	return nil
}

// own refuses with ErrOwnHours a broker who would decide on hours for the other
// side of help that they themselves gave or got.
func (x *act) own() error {
	if x.a.Member != uuid.Nil && x.a.Member != x.member && (x.a.Member == x.e.HelperID || x.a.Member == x.e.HelpedID) {
		return ErrOwnHours
	}
	return nil
}

// consented refuses with ErrConsent a broker who acts without saying for whom, and
// without saying how it was agreed.
func (x *act) consented() error {
	if x.side == Broker && x.by.Consent == "" {
		return identity.ErrConsent.At("/consent")
	}
	return nil
}

// to moves the exchange on. Refuses with ErrMove.
func (x *act) to(s State) error {
	if err := allowed(x.e.State, s, x.side); err != nil {
		return err
	}
	x.e.State = s
	return nil
}

func (x *act) audit(ctx context.Context, action string) error {
	return audit.Record(ctx, x.tx, audit.Entry{BankID: x.a.Bank.ID, At: x.now, ActorID: x.a.Person, OnBehalfOf: x.behalf, Consent: x.consent(),
		Action: action, ObjectKind: "exchange", ObjectID: x.e.ID})
}

// consent is how the one acted for agreed; nil for what is done for oneself.
func (x *act) consent() *string {
	if x.by.Consent != "" && (x.behalf != nil || x.side == Broker) {
		return &x.by.Consent
	}
	return nil
}

// limitOf is what a member must let a stand-in do for an act, or a verb of a screen.
func limitOf(action string) string {
	switch action {
	case VerbAgree, VerbDecline, VerbCancel, "cancel-exchange", VerbTime, VerbKeep, VerbEnd, VerbThank, VerbWrite:
		return identity.AnswerPlans
	case VerbAgain, VerbRepeat:
		return identity.AskHelp
	}
	return identity.SayHours
}
