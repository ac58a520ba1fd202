package exchange

import (
	"context"
	"time"

	"github.com/google/uuid"

	"timebank/app/desk"
	"timebank/app/identity"
)

// AnotherTime suggests another time. Of what is only proposed it makes a new
// proposal: whoever suggests has said yes to it, the other is asked. What is
// agreed stays as it is until the other side says yes. A broker who has it from
// both sets it. Refuses with ErrPast, ErrMove and identity.ErrConsent.
func (s *Service) AnotherTime(ctx context.Context, a identity.Actor, key, id uuid.UUID, at time.Time, by identity.OnBehalf) (Seen, error) {
	return s.do(ctx, a, turn{key, id, by, "another-time", at}, func(ctx context.Context, x *act) error {
		if err := x.consented(); err != nil {
			return err
		}
		if !at.After(x.now) {
			return ErrPast.At("/starts_at")
		}
		at := at.Truncate(time.Minute)
		if err := x.to(x.from); err != nil {
			return err
		}
		x.noted = true
		switch {
		case x.from == Proposed:
			return s.proposeTime(ctx, x, at)
		case x.side == Broker:
			x.e.StartsAt, x.e.NewStartsAt, x.e.NewBy = &at, nil, nil
			return s.moved(ctx, x)
		}
		x.e.NewStartsAt, x.e.NewBy = &at, &x.member
		if err := desk.Finish(ctx, x.tx, a.Bank.ID, id, a.Person, x.now, desk.RingToAsk); err != nil {
			return err
		}
		return s.tell(ctx, x, waitingFor(x.e), TellTime, at.UTC().Format(time.RFC3339))
	})
}

// proposeTime makes a proposal anew, at another time.
func (s *Service) proposeTime(ctx context.Context, x *act, at time.Time) error {
	x.e.StartsAt, x.e.AskedAt = &at, &x.now
	switch x.side {
	case Helper:
		x.e.HelperSaid, x.e.HelpedSaid = "yes", "waiting"
		if err := s.Answered(ctx, x.tx, x.a.Bank.ID, x.e.ID, true, x.now); err != nil {
			return err
		}
	case Helped:
		x.e.HelperSaid, x.e.HelpedSaid = "waiting", "yes"
	}
	if err := desk.Finish(ctx, x.tx, x.a.Bank.ID, x.e.ID, x.a.Person, x.now, desk.RingToAsk); err != nil {
		return err
	}
	return s.tell(ctx, x, waitingFor(x.e), TellAsked, at.UTC().Format(time.RFC3339))
}

// agreeTime is the other side's yes to another time.
func (s *Service) agreeTime(ctx context.Context, x *act) error {
	if x.side != Broker && x.member == *x.e.NewBy {
		return ErrNotYourTurn
	}
	if err := x.consented(); err != nil {
		return err
	}
	if !x.e.NewStartsAt.After(x.now) {
		return ErrPast
	}
	if err := x.to(Agreed); err != nil {
		return err
	}
	x.noted = true
	x.e.StartsAt, x.e.NewStartsAt, x.e.NewBy = x.e.NewStartsAt, nil, nil
	return s.moved(ctx, x)
}

// moved tells both the time that is agreed now.
func (s *Service) moved(ctx context.Context, x *act) error {
	if err := desk.Finish(ctx, x.tx, x.a.Bank.ID, x.e.ID, x.a.Person, x.now, desk.RingToAsk, desk.RingToRemind); err != nil {
		return err
	}
	return s.tell(ctx, x, []Side{Helper, Helped}, TellAgreed, x.e.StartsAt.UTC().Format(time.RFC3339))
}

// KeepTime leaves a meeting at the time it had: the one who suggested another
// takes it back, or the other says no to it. Refuses with ErrMove.
func (s *Service) KeepTime(ctx context.Context, a identity.Actor, key, id uuid.UUID, by identity.OnBehalf) (Seen, error) {
	return s.do(ctx, a, turn{key, id, by, "keep-time", nil}, func(ctx context.Context, x *act) error {
		if x.from != Agreed || x.e.NewBy == nil {
			return ErrMove
		}
		if err := x.consented(); err != nil {
			return err
		}
		suggester, at := Helper, x.e.NewStartsAt.UTC().Format(time.RFC3339)
		if *x.e.NewBy == x.e.HelpedID {
			suggester = Helped
		}
		x.e.NewStartsAt, x.e.NewBy = nil, nil
		if err := desk.Finish(ctx, x.tx, a.Bank.ID, id, a.Person, x.now, desk.RingToAsk); err != nil {
			return err
		}
		if suggester == x.side {
			return nil
		}
		return s.tell(ctx, x, []Side{suggester}, TellKept, at)
	})
}
