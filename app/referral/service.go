package referral

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/once"
	"timebank/app/platform/seal"
)

// Service is the use cases of referrals.
type Service struct {
	Pool  *bun.DB
	Clock clock.Clock
	Box   *seal.Box
	// Join makes the person a member of the actor's bank, in the caller's
	// transaction, and returns the membership's id.
	Join func(ctx context.Context, tx bun.IDB, a identity.Actor, j JoinRequest) (uuid.UUID, error)
}

// command is one act on one referral.
type command struct {
	op       string // the operation's id: journal, repeat key
	referral uuid.UUID
	version  int       // what the actor looked at; 0 where the state alone decides
	key      uuid.UUID // the client's repeat key; nil when it has none
	input    any       // what was sent
}

// work is a locked referral in the hands of one act.
type work struct {
	s       *Service
	tx      bun.IDB
	a       identity.Actor
	as      By
	now     time.Time
	r       *Referral
	clocks  []Clock
	stepped bool    // something was done, so that the next thing is another
	consent *string // how the person agreed to become a member; for the journal
}

// act is the one way in which a referral changes. It locks the row, refuses a
// stale version with ErrStale and another surgery's referral with ErrNoReferral,
// runs do, and then writes version, due time, tasks and journal. A repeat under
// the same key does nothing. look reads the answer in the same transaction.
func (s *Service) act(ctx context.Context, a identity.Actor, as By, c command, do func(context.Context, *work) error, look func(context.Context, bun.IDB) error) error {
	need, surgery := identity.WorkDesk, uuid.Nil
	if as == Referrer {
		need, surgery = identity.Refer, a.Organisation
	}
	if !a.May(need) || as == Referrer && surgery == uuid.Nil {
		return identity.ErrNotAllowed
	}
	now := s.Clock.Now()
	claim, err := s.claim(a, c, now)
	if err != nil {
		return err
	}
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		_, err := once.Do(ctx, tx, claim, func(uuid.UUID) error {
			r, err := find(ctx, tx, a.Bank.ID, surgery, c.referral, true)
			if err != nil {
				return err
			}
			if c.version != 0 && c.version != r.Version {
				return ErrStale
			}
			clocks, err := clocksOf(ctx, tx, a.Bank.ID, r.ID)
			if err != nil {
				return err
			}
			w := &work{s: s, tx: tx, a: a, as: as, now: now, r: &r, clocks: clocks[r.ID]}
			if err := do(ctx, w); err != nil {
				return err
			}
			return w.finish(ctx, c.op)
		})
		if err != nil {
			return err
		}
		return look(ctx, tx)
	})
}

// claim is the once.Claim of a command. What was sent is compared by a keyed hash:
// a plain one of a name and a birth date could be guessed.
func (s *Service) claim(a identity.Actor, c command, now time.Time) (once.Claim, error) {
	in, err := json.Marshal([]any{c.referral, c.version, c.input})
	if err != nil {
		return once.Claim{}, fmt.Errorf("hash input: %w", err)
	}
	out := once.Claim{Bank: a.Bank.ID, Actor: a.Person, Key: c.key, Operation: c.op, Input: hex.EncodeToString(s.Box.Blind("once.input", string(in))), Now: now}
	for _, was := range s.Box.Blinds("once.input", string(in)) {
		out.Was = append(out.Was, hex.EncodeToString(was))
	}
	return out, nil
}

// move brings the referral to another state. Refuses with ErrMove what the
// table does not have.
func (w *work) move(ctx context.Context, to State, reason string, said Said) error {
	from := w.r.State
	if err := allowed(from, to, w.as); err != nil {
		return err
	}
	w.r.State, w.stepped = to, true
	return w.write(ctx, Event{Kind: "move", From: from, To: to, Reason: reason}, said)
}

// note keeps words without moving.
func (w *work) note(ctx context.Context, reason string, said Said) error {
	return w.write(ctx, Event{Kind: "note", From: w.r.State, To: w.r.State, Reason: reason}, said)
}

func (w *work) write(ctx context.Context, e Event, said Said) error {
	e.BankID, e.ReferralID, e.ActorID, e.ActedAs, e.At = w.r.BankID, w.r.ID, w.a.Person, w.as, w.now
	return addEvent(ctx, w.tx, e, func(e *Event) (err error) {
		if said != (Said{}) {
			e.Sealed, err = sealJSON(w.s.Box, e.place(), said)
		}
		return err
	})
}

// close ends the referral. Refuses with ErrOutcome what is no outcome of to.
func (w *work) close(ctx context.Context, to State, outcome string, said Said) error {
	if !oneOf(outcome, outcomes[to]...) {
		return ErrOutcome.At("/outcome")
	}
	if err := w.move(ctx, to, outcome, said); err != nil {
		return err
	}
	w.r.Outcome, w.r.ClosedAt = &outcome, &w.now
	w.r.ResumeOn, w.r.ResumeState = nil, nil
	return nil
}

// meet stops the named clocks that still run.
func (w *work) meet(ctx context.Context, at time.Time, names ...string) error {
	for i := range w.clocks {
		c := &w.clocks[i]
		if c.MetAt != nil || !oneOf(c.Name, names...) {
			continue
		}
		if err := meetClock(ctx, w.tx, *c, at); err != nil {
			return err
		}
		c.MetAt = &at
	}
	return nil
}

// permit records what the person said to a permission.
func (w *work) permit(ctx context.Context, permission string, yes bool, how string) error {
	return addPermission(ctx, w.tx, Permission{
		BankID: w.r.BankID, ReferralID: w.r.ID, Permission: permission, Given: yes, How: how,
		Wording: wordings[permission], RecordedBy: w.a.Person, At: w.now,
	})
}

// told opens what the surgery told.
func (w *work) told() (Told, error) {
	var t Told
	return t, openJSON(w.s.Box, w.r.place(), w.r.Sealed, &t)
}

// finish writes what follows from an act: the next task and due time, the end of
// tasks that are superfluous, the version, the journal.
func (w *work) finish(ctx context.Context, op string) error {
	r := w.r
	if err := w.tasks(ctx); err != nil {
		return err
	}
	if err := save(ctx, w.tx, r); err != nil {
		return err
	}
	e := audit.Entry{BankID: r.BankID, At: w.now, ActorID: w.a.Person, Action: op, ObjectKind: "referral", ObjectID: r.ID}
	if w.consent != nil {
		e.OnBehalfOf, e.Consent = r.MemberID, w.consent
	}
	return audit.Record(ctx, w.tx, e)
}

// tasks keeps the desk in step. A safety call is left alone: only a person can
// say that it was made.
func (w *work) tasks(ctx context.Context) error {
	r, done := w.r, []string{}
	if w.stepped {
		done = append(done, desk.AnswerReferral, desk.RingReferred)
	}
	if _, late := latest(*r, w.clocks, w.now); !late {
		done = append(done, desk.ReferralOverdue)
	}
	if len(done) > 0 {
		if err := desk.Finish(ctx, w.tx, r.BankID, r.ID, w.a.Person, w.now, done...); err != nil {
			return err
		}
	}
	if r.State.closed() {
		r.DueAt = nil
		return nil
	}
	if !w.stepped {
		return nil
	}
	kind, due := nextTask(w.a.Bank, *r, w.clocks, w.now)
	r.DueAt = &due
	return desk.Raise(ctx, w.tx, desk.Task{
		BankID: r.BankID, Kind: kind, SubjectKind: desk.OfReferral, SubjectID: r.ID, OwnerID: r.OwnerID, DueAt: due, CreatedAt: w.now,
	})
}
