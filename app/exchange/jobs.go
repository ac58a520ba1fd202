package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/job"
)

// Remind is the job that writes tomorrow's reminders of one bank.
type Remind struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (Remind) Kind() string { return "remind-of-tomorrow" }

// SettleSilent is the job that settles what nobody objected to in time.
type SettleSilent struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (SettleSilent) Kind() string { return "settle-silent" }

// Expire is the job that ends proposals that nobody has answered.
type Expire struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (Expire) Kind() string { return "expire-proposals" }

// Work names the jobs this slice does.
func (s *Service) Work(q *job.Queue) {
	job.Handle(q, func(ctx context.Context, j Expire) error { return s.Expire(ctx, j.BankID) })
	job.Handle(q, func(ctx context.Context, j Remind) error { return s.Remind(ctx, j.BankID) })
	job.Handle(q, func(ctx context.Context, j SettleSilent) error { return s.SettleSilent(ctx, j.BankID) })
}

// Reminders are written from 9 in the morning, so that nobody is woken by one.
const quietUntil = 9

// Remind writes a reminder to both sides of every meeting that is tomorrow in the
// bank's own calendar. Run twice, or by two replicas, it writes each once: the
// message's key holds the meeting and its hour, so a changed hour is told anew.
func (s *Service) Remind(ctx context.Context, bankID uuid.UUID) error {
	return db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) error {
		b, err := bank.ByID(ctx, tx, bankID)
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		local := now.In(b.Location())
		if local.Hour() < quietUntil {
			return nil
		}
		from := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, b.Location())
		until := time.Date(local.Year(), local.Month(), local.Day()+2, 0, 0, 0, 0, b.Location())
		all, err := startingBetween(ctx, tx, bankID, from, until)
		if err != nil {
			return err
		}
		for _, e := range all {
			x := &act{tx: tx, a: identity.System(b), e: e, now: now}
			if err := s.tell(ctx, x, []Side{Helper, Helped}, TellRemind, e.StartsAt.UTC().Format(time.RFC3339)); err != nil {
				return err
			}
			// Whoever is rung today is told of the meeting in the same call.
			if err := desk.Finish(ctx, tx, bankID, e.ID, x.a.Person, now, desk.RingToTell); err != nil {
				return err
			}
		}
		return nil
	})
}

// SettleSilent settles every exchange whose day of silence has come, each in a
// transaction of its own: one that cannot settle stops no other. That one becomes
// a broker's task.
func (s *Service) SettleSilent(ctx context.Context, bankID uuid.UUID) error {
	var b bank.Bank
	var due []uuid.UUID
	err := db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) (err error) {
		if b, err = bank.ByID(ctx, tx, bankID); err != nil {
			return err
		}
		due, err = silentSince(ctx, tx, bankID, b.Today(s.Clock.Now()))
		return err
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range due {
		_, err := s.do(ctx, identity.System(b), turn{id: id, action: "settle-silent"}, func(ctx context.Context, x *act) error {
			if x.e.State != Done {
				return errMeanwhile
			}
			return s.settle(ctx, x, *x.e.Minutes)
		})
		if errors.Is(err, errMeanwhile) {
			continue
		}
		if f := fault.As(err); f != nil && f.Kind != fault.Internal {
			err = s.hand(ctx, b, id) // a refusal, such as too few hours: a person must look
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// errMeanwhile undoes the transaction of a job that came too late: a person was
// first, and nothing is to be saved or noted.
var errMeanwhile = errors.New("exchange: answered meanwhile")

// answerDays is how many working days somebody has for a proposal.
const answerDays = 5

// Expire ends the proposals that nobody has answered in time, or whose meeting
// would have begun. Requests go back to the desk: none is left to silence.
func (s *Service) Expire(ctx context.Context, bankID uuid.UUID) error {
	now := s.Clock.Now()
	var b bank.Bank
	var old []Exchange
	err := db.InTx(ctx, s.Pool, bankID, func(ctx context.Context, tx bun.IDB) (err error) {
		if b, err = bank.ByID(ctx, tx, bankID); err != nil {
			return err
		}
		old, err = unanswered(ctx, tx, bankID, now.AddDate(0, 0, -answerDays), now)
		return err
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range old {
		begun := e.StartsAt != nil && !e.StartsAt.After(now)
		if !begun && b.AfterWorkingDays(asked(e), answerDays).After(now) {
			continue
		}
		if err := s.expire(ctx, b, e.ID); err != nil && !errors.Is(err, errMeanwhile) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// asked is when the present proposal was made.
func asked(e Exchange) time.Time {
	if e.AskedAt != nil {
		return *e.AskedAt
	}
	return e.CreatedAt
}

func (s *Service) expire(ctx context.Context, b bank.Bank, id uuid.UUID) error {
	_, err := s.do(ctx, identity.System(b), turn{id: id, action: "expire-proposal"}, func(ctx context.Context, x *act) error {
		if x.e.State != Proposed {
			return errMeanwhile
		}
		if err := x.to(Expired); err != nil {
			return err
		}
		proposer, err := s.reopen(ctx, x)
		if err != nil {
			return err
		}
		if err := endArrangement(ctx, x, nil); err != nil {
			return err
		}
		if err := desk.Finish(ctx, x.tx, b.ID, id, x.a.Person, x.now, desk.RingToAsk); err != nil {
			return err
		}
		return s.tell(ctx, x, proposer, TellOff, "1")
	})
	return err
}

func (s *Service) hand(ctx context.Context, b bank.Bank, id uuid.UUID) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error {
		return desk.Raise(ctx, tx, desk.Task{BankID: b.ID, Kind: desk.RingToConfirm, SubjectKind: desk.OfExchange, SubjectID: id,
			DueAt: b.AfterWorkingDays(now, 1), CreatedAt: now})
	})
}
