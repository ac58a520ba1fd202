package referral

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/words"
)

// Pause lets a referral rest until a day; the clocks are not escalated
// meanwhile. Why stands sealed: it is often about health. Refuses with ErrResume
// and ErrSay.
func (s *Service) Pause(ctx context.Context, a identity.Actor, t Target, until time.Time, why string) (Detail, error) {
	return s.broker(ctx, a, "pause-referral", t, []any{until, why}, func(ctx context.Context, w *work) error {
		today, from := a.Bank.Today(w.now), w.r.State
		if !until.After(today) || until.After(today.AddDate(0, 0, pauseDays)) {
			return ErrResume.At("/until")
		}
		if strings.TrimSpace(why) == "" {
			return ErrSay.At("/why")
		}
		w.r.ResumeOn, w.r.ResumeState = &until, &from
		return w.move(ctx, Paused, "", Said{Note: strings.TrimSpace(why)})
	})
}

// Resume goes on where the pause began. A conversation whose time has passed
// meanwhile has to be arranged anew.
func (s *Service) Resume(ctx context.Context, a identity.Actor, t Target) (Detail, error) {
	return s.broker(ctx, a, "resume-referral", t, nil, func(ctx context.Context, w *work) error {
		to := *w.r.ResumeState
		if to == ConversationBooked && !w.r.ConversationAt.After(w.now) {
			to, w.r.ConversationAt = Contacting, nil
		}
		w.r.ResumeOn, w.r.ResumeState = nil, nil
		return w.move(ctx, to, "", Said{})
	})
}

// Decline closes because the person chose not to go on. Who asks not to be
// contacted takes that permission back with it. Refuses with ErrOutcome.
func (s *Service) Decline(ctx context.Context, a identity.Actor, t Target, outcome, note string) (Detail, error) {
	return s.broker(ctx, a, "decline-referral", t, []any{outcome, note}, func(ctx context.Context, w *work) error {
		if err := w.close(ctx, Declined, outcome, Said{Note: strings.TrimSpace(note)}); err != nil {
			return err
		}
		if outcome != noContact {
			return nil
		}
		return w.permit(ctx, ContactMe, false, "phone")
	})
}

// Reroute hands the person on. Nobody is turned away without a warm alternative:
// refuses with ErrSay without one, and with ErrOutcome.
func (s *Service) Reroute(ctx context.Context, a identity.Actor, t Target, outcome, alternative, note string) (Detail, error) {
	return s.broker(ctx, a, "reroute-referral", t, []any{outcome, alternative, note}, func(ctx context.Context, w *work) error {
		to := strings.Join(strings.Fields(alternative), " ")
		if to == "" {
			return ErrSay.At("/alternative")
		}
		return w.close(ctx, Rerouted, outcome, Said{Note: strings.TrimSpace(note), Alternative: to})
	})
}

// GiveUp closes as could not reach. Refuses with ErrTries, which says what fair
// tries are still missing.
func (s *Service) GiveUp(ctx context.Context, a identity.Actor, t Target, note string) (Detail, error) {
	return s.broker(ctx, a, "could-not-reach", t, note, func(ctx context.Context, w *work) error {
		events, err := eventsOf(ctx, w.tx, w.r.BankID, w.r.ID)
		if err != nil {
			return err
		}
		if err := tooFew(words.Of(ctx), a.Bank, triesOf(events[w.r.ID])); err != nil {
			return err
		}
		return w.close(ctx, CouldNotReach, outcomes[CouldNotReach][0], Said{Note: strings.TrimSpace(note)})
	})
}

// Review keeps that broker and member looked back together.
func (s *Service) Review(ctx context.Context, a identity.Actor, t Target, note string) (Detail, error) {
	return s.broker(ctx, a, "review-referral", t, note, func(ctx context.Context, w *work) error {
		return w.move(ctx, Reviewed, "", Said{Note: strings.TrimSpace(note)})
	})
}

// Complete closes a referral that became a membership; the membership stays.
// Refuses with ErrOutcome.
func (s *Service) Complete(ctx context.Context, a identity.Actor, t Target, outcome, note string) (Detail, error) {
	return s.broker(ctx, a, "complete-referral", t, []any{outcome, note}, func(ctx context.Context, w *work) error {
		return w.close(ctx, Completed, outcome, Said{Note: strings.TrimSpace(note)})
	})
}

// Void closes what should not have been sent, came twice, or whose person has
// changed their mind, moved or died. Refuses with ErrOutcome.
func (s *Service) Void(ctx context.Context, a identity.Actor, t Target, outcome, note string) (Detail, error) {
	return s.broker(ctx, a, "void-referral", t, []any{outcome, note}, func(ctx context.Context, w *work) error {
		return w.withdraw(ctx, outcome, note)
	})
}

// withdraw closes on either side's word. Who has changed their mind may not be
// contacted any more.
func (w *work) withdraw(ctx context.Context, outcome, note string) error {
	if err := w.close(ctx, Withdrawn, outcome, Said{Note: strings.TrimSpace(note)}); err != nil {
		return err
	}
	if outcome != changedMind {
		return nil
	}
	how := "phone"
	if w.as == Referrer {
		how = "referrer"
	}
	return w.permit(ctx, ContactMe, false, how)
}

// TookPart moves the referrals of members who have helped or were helped for the
// first time; for every other member it does nothing. It is called by the slice
// that settled the hours, in its transaction.
func (s *Service) TookPart(ctx context.Context, tx bun.IDB, a identity.Actor, members ...uuid.UUID) error {
	if len(members) == 0 {
		return nil
	}
	var rows []Referral
	err := newcomers(tx.NewSelect().Model(&rows), a.Bank.ID, members).Order("id").For("update").Scan(ctx)
	if err != nil {
		return fmt.Errorf("find referrals of members: %w", err)
	}
	now := s.Clock.Now()
	for i := range rows {
		clocks, err := clocksOf(ctx, tx, a.Bank.ID, rows[i].ID)
		if err != nil {
			return err
		}
		w := &work{s: s, tx: tx, a: identity.System(a.Bank), as: System, now: now, r: &rows[i], clocks: clocks[rows[i].ID]}
		if err := w.move(ctx, FirstExchange, "", Said{}); err != nil {
			return err
		}
		if err := w.finish(ctx, "first-exchange"); err != nil {
			return err
		}
	}
	return nil
}

// Awaited is, as part of another question, whether TookPart has anything to do for one of
// these members, who are columns of that question.
func Awaited(tx bun.IDB, bank uuid.UUID, members ...bun.Safe) *bun.SelectQuery {
	return newcomers(tx.NewSelect().Model((*Referral)(nil)).ColumnExpr("1"), bank, members)
}

// newcomers are the referrals of these members that wait for their first exchange.
func newcomers(q *bun.SelectQuery, bank uuid.UUID, members any) *bun.SelectQuery {
	return q.Where("referral.bank_id = ?", bank).Where("referral.member_id in (?)", bun.List(members)).Where("referral.state = ?", Joined)
}

// seen keeps that somebody read what stands sealed.
func seen(ctx context.Context, tx bun.IDB, a identity.Actor, referral uuid.UUID, now time.Time) error {
	return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: "see-referral", ObjectKind: "referral", ObjectID: referral})
}
