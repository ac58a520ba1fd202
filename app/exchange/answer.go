package exchange

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/listing"
)

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
