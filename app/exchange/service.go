package exchange

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/contact"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/message"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/once"
	"timebank/app/platform/words"
	"timebank/ledger"
)

// Service is the use cases of exchanges.
type Service struct {
	Pool    *bun.DB
	Clock   clock.Clock
	Message *message.Service
	URL     string // where people reach the product; links in messages begin with it
	// Sign makes the seal of a link that confirms without signing in.
	Sign func(purpose, of string) []byte
	// Asked and Answered keep the log of who was asked for a request and what
	// they said; matching owns it.
	Asked    func(ctx context.Context, tx bun.IDB, a identity.Actor, request listing.Listing, helper, exchange uuid.UUID) error
	Answered func(ctx context.Context, tx bun.IDB, bank, exchange uuid.UUID, yes bool, now time.Time) error
	// Gatherings lists what a member has a place at, for their first page.
	Gatherings func(ctx context.Context, tx bun.IDB, bank, member uuid.UUID) ([]Outing, error)
	// TookPart hears of the members whose hours were settled; referral follows
	// people to their first exchange by it.
	TookPart func(ctx context.Context, tx bun.IDB, a identity.Actor, members ...uuid.UUID) error
}

// The messages this slice sends; words.go of each template is in messages.go.
const (
	TellAsked   = "asked-to-help"
	TellAgreed  = "help-agreed"
	TellConfirm = "hours-to-confirm"
	TellRemind  = "tomorrow"
	TellOff     = "called-off"
	TellRight   = "hours-put-right"
	TellTime    = "another-time"
	TellKept    = "time-kept"
	TellEnded   = "arrangement-ended"
	TellThanks  = "thanks"
	TellLetter  = "letter"
)

// act is one move by one actor on one locked exchange.
type act struct {
	tx     bun.IDB
	a      identity.Actor
	e      Exchange
	from   State
	side   Side
	member uuid.UUID  // the member who acts, or for whom a broker does
	behalf *uuid.UUID // set when it is for another
	by     identity.OnBehalf
	now    time.Time
	reason string
	limit  string                    // what a stand-in must be let do for this
	noted  bool                      // worth an event although the state stays
	faces  map[uuid.UUID]member.Face // of both sides, where they were read already
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
// it changed with its event and audit row, all in one transaction, whose last
// statement reads how the exchange stands. The system only gets the exchange.
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
			var err error
			if x.e, err = lock(ctx, tx, a.Bank.ID, t.id); err != nil {
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
			x.e, err = byID(ctx, tx, a.Bank.ID, t.id)
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

// seen is how the exchange stands, for the actor. It is the transaction's last read.
func (x *act) seen(ctx context.Context) (Seen, error) {
	all, err := []Exchange{x.e}, error(nil)
	if x.faces == nil {
		if x.faces, err = member.Faces(ctx, x.tx, x.e.BankID, sides(all)); err != nil {
			return Seen{}, err
		}
	}
	every, err := rhythms(ctx, x.tx, x.e.BankID, all)
	if err != nil {
		return Seen{}, err
	}
	who := x.a.As(x.e.HelperID, x.e.HelpedID)
	letters, err := unread(db.Last(ctx), x.tx, x.e.BankID, who, all)
	if err != nil {
		return Seen{}, err
	}
	out, err := show(x.a, all, who, x.faces, every, letters)
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

// tell writes the same message to the members of these sides.
func (s *Service) tell(ctx context.Context, x *act, sides []Side, template, key string) error {
	for _, side := range sides {
		to := x.e.HelperID
		if side == Helped {
			to = x.e.HelpedID
		}
		err := s.Message.Write(ctx, x.tx, message.To{Bank: x.a.Bank, Member: to, Template: template, Subject: x.e.ID, Key: key, CallBy: callBy(x, template)})
		if err != nil {
			return err
		}
	}
	return nil
}

// callBy is when somebody without e-mail should have been rung: on the next
// working day, but always in good time before the meeting, and for a reminder
// today, since tomorrow may be a Sunday.
func callBy(x *act, template string) time.Time {
	due := x.a.Bank.AfterWorkingDays(x.now, 1)
	if template == TellRemind {
		due = x.a.Bank.Closing(x.now)
	}
	if at := x.e.StartsAt; at != nil && at.After(x.now) && at.Add(-2*time.Hour).Before(due) {
		due = at.Add(-2 * time.Hour)
	}
	if due.Before(x.now) {
		return x.now
	}
	return due
}

// Agree says yes to a proposal for one side. With both yes it is agreed. Refuses
// with ErrNotYourTurn.
func (s *Service) Agree(ctx context.Context, a identity.Actor, key, id uuid.UUID, by identity.OnBehalf) (Seen, error) {
	return s.do(ctx, a, turn{key, id, by, "agree", nil}, func(ctx context.Context, x *act) error {
		if x.e.State == Agreed && x.e.NewBy != nil {
			return s.agreeTime(ctx, x)
		}
		if x.e.State != Proposed {
			return ErrMove
		}
		switch {
		case x.side == Helper && x.e.HelperSaid == "waiting":
			x.e.HelperSaid = "yes"
			if err := s.Answered(ctx, x.tx, a.Bank.ID, id, true, x.now); err != nil {
				return err
			}
		case x.side == Helped && x.e.HelpedSaid == "waiting":
			x.e.HelpedSaid = "yes"
		default:
			return ErrNotYourTurn
		}
		if len(waitingFor(x.e)) > 0 {
			return nil
		}
		if err := x.to(Agreed); err != nil {
			return err
		}
		if err := agreeArrangement(ctx, x); err != nil {
			return err
		}
		if err := desk.Finish(ctx, x.tx, a.Bank.ID, id, a.Person, x.now, desk.RingToAsk); err != nil {
			return err
		}
		told := []Side{Helper, Helped}
		if x.behalf != nil && x.by.Consent != "paper" { // said on the phone or face to face: they know
			told = slices.DeleteFunc(told, func(side Side) bool { return side == x.side })
		}
		return s.tell(ctx, x, told, TellAgreed, "1")
	})
}

// Cancel says no to a proposal, or calls off what was agreed. A request goes back
// to the desk. Reason may be empty for a proposal. Refuses with ErrMove and
// ErrReason.
func (s *Service) Cancel(ctx context.Context, a identity.Actor, key, id uuid.UUID, reason string, by identity.OnBehalf) (Seen, error) {
	reason = strings.TrimSpace(reason)
	return s.do(ctx, a, turn{key, id, by, "cancel-exchange", reason}, func(ctx context.Context, x *act) error {
		if x.e.State != Disputed { // ending a dispute is the broker's own decision, with a reason
			if err := x.consented(); err != nil {
				return err
			}
		}
		return s.callOff(ctx, x, reason)
	})
}

// callOff is Cancel on a locked exchange.
func (s *Service) callOff(ctx context.Context, x *act, reason string) error {
	if x.e.State == Disputed && reason == "" {
		return ErrReason.At("/reason")
	}
	x.reason = reason
	if x.from == Proposed && x.side == Helper {
		x.e.HelperSaid = "no"
	} else if x.from == Proposed && x.side == Helped {
		x.e.HelpedSaid = "no"
	}
	if err := x.to(Cancelled); err != nil {
		return err
	}
	x.e.NewStartsAt, x.e.NewBy = nil, nil
	switch x.from {
	case Proposed:
		if err := endArrangement(ctx, x, nil); err != nil {
			return err
		}
	case Agreed:
		if err := s.next(ctx, x); err != nil {
			return err
		}
	}
	if x.e.HelperSaid == "no" {
		if err := s.Answered(ctx, x.tx, x.a.Bank.ID, x.e.ID, false, x.now); err != nil {
			return err
		}
	}
	proposer, err := s.reopen(ctx, x)
	if err != nil {
		return err
	}
	if err := desk.Finish(ctx, x.tx, x.a.Bank.ID, x.e.ID, x.a.Person, x.now, desk.RingToAsk, desk.RingToRemind, desk.RingToConfirm, desk.RingToTell, desk.SettleDispute); err != nil {
		return err
	}
	var told []Side
	template := TellOff
	switch x.from {
	case Proposed:
		told = proposer
	case Agreed:
		told = []Side{Helper, Helped}
	case Disputed:
		told, template = []Side{Helper, Helped}, TellRight
	}
	told = slices.DeleteFunc(told, func(side Side) bool { return side == x.side })
	return s.tell(ctx, x, told, template, "1")
}

// reopen puts the request back on the list and on the desk. It tells which side
// had asked the other of its own accord, and so waits to hear: who offered to
// meet a request, or asked for an offer. A request that a broker had proposed
// somebody for has none: it is looked after further.
func (s *Service) reopen(ctx context.Context, x *act) (proposer []Side, err error) {
	if x.e.ListingID == nil { // the same again: whoever wished for it
		if x.e.HelperSaid == "yes" {
			proposer = append(proposer, Helper)
		}
		if x.e.HelpedSaid == "yes" {
			proposer = append(proposer, Helped)
		}
		return proposer, nil
	}
	l, err := listing.Lock(ctx, x.tx, x.a.Bank.ID, *x.e.ListingID)
	if err != nil {
		return nil, err
	}
	if l.Type == listing.Offer {
		return []Side{Helped}, nil
	}
	if x.e.HelperSaid == "yes" {
		proposer = []Side{Helper}
	}
	if l.State != listing.Matched {
		return proposer, nil
	}
	if err := listing.SetState(ctx, x.tx, x.a.Bank.ID, l.ID, listing.Open); err != nil {
		return nil, err
	}
	return proposer, desk.Raise(ctx, x.tx, desk.Task{BankID: x.a.Bank.ID, Kind: desk.FindHelper, SubjectKind: desk.OfRequest, SubjectID: l.ID,
		DueAt: x.a.Bank.AfterWorkingDays(x.now, 1), CreatedAt: x.now})
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
