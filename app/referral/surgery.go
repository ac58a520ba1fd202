package referral

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/words"
)

// SurgeryView is a referral as its surgery sees it: no name, no note, and after
// the first conversation only what the person allows.
type SurgeryView struct {
	Referral      Referral
	Initials      string
	YourReference string
	Shown         shown
	Delayed       bool
	RingBy        time.Time
	Question      string // that waits for an answer
	By            string // who sent it
	Mine          bool
	CanWithdraw   bool
}

// Mine lists the actor's surgery's referrals: what waits for an answer first,
// then what is late, what is open, the newest first; at most 200.
func (s *Service) Mine(ctx context.Context, a identity.Actor) ([]SurgeryView, error) {
	var out []SurgeryView
	err := s.asSurgery(ctx, a, func(ctx context.Context, tx bun.IDB, now time.Time) error {
		var rows []Referral
		err := tx.NewSelect().Model(&rows).Where("bank_id = ?", a.Bank.ID).Where("organisation_id = ?", a.Organisation).
			OrderExpr("closed_at is not null, submitted_at DESC, id").Limit(most).Scan(ctx)
		if err != nil {
			return fmt.Errorf("list referrals: %w", err)
		}
		out, err = s.surgeryViews(ctx, tx, a, rows, now)
		return err
	})
	slices.SortStableFunc(out, func(x, y SurgeryView) int { return urgency(x) - urgency(y) })
	return out, err
}

func urgency(v SurgeryView) int {
	switch {
	case v.Question != "":
		return 0
	case v.Delayed:
		return 1
	}
	return 2
}

// MyReferral shows one of the surgery's referrals. Refuses with ErrNoReferral.
func (s *Service) MyReferral(ctx context.Context, a identity.Actor, id uuid.UUID) (SurgeryView, error) {
	var out SurgeryView
	err := s.asSurgery(ctx, a, func(ctx context.Context, tx bun.IDB, now time.Time) (err error) {
		out, err = s.surgeryView(ctx, tx, a, id, now)
		return err
	})
	return out, err
}

// Withdraw takes a referral back, up to the first conversation. Refuses with
// ErrMove later, with ErrFields when no reason is given, and with ErrOutcome.
func (s *Service) Withdraw(ctx context.Context, a identity.Actor, id, key uuid.UUID, outcome string) (SurgeryView, error) {
	return s.surgeryAct(ctx, a, command{op: "withdraw-referral", referral: id, key: key, input: outcome}, func(ctx context.Context, w *work) error {
		c := &fault.Check{}
		c.Add(outcome != "", "/outcome", "choose", "Choose why you are taking it back")
		if err := c.Err(); err != nil {
			return err
		}
		return w.withdraw(ctx, outcome, "")
	})
}

// Answer answers a broker's question; the referral goes back to being decided.
// Refuses with ErrMove when nothing was asked, and with ErrSay.
func (s *Service) Answer(ctx context.Context, a identity.Actor, id, key uuid.UUID, answer string) (SurgeryView, error) {
	return s.surgeryAct(ctx, a, command{op: "answer-question", referral: id, key: key, input: answer}, func(ctx context.Context, w *work) error {
		if w.r.State != NeedsInfo {
			return ErrMove
		}
		text := strings.TrimSpace(answer)
		if text == "" {
			return ErrSay.At("/answer")
		}
		return w.move(ctx, Acknowledged, "", Said{Note: text})
	})
}

// surgeryAct runs an act of the surgery. It asks for no version: the surgery
// does not see what brokers do meanwhile, and the table of moves decides.
func (s *Service) surgeryAct(ctx context.Context, a identity.Actor, c command, do func(context.Context, *work) error) (SurgeryView, error) {
	var out SurgeryView
	err := s.act(ctx, a, Referrer, c, do, func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = s.surgeryView(ctx, tx, a, c.referral, s.Clock.Now())
		return err
	})
	return out, err
}

func (s *Service) asSurgery(ctx context.Context, a identity.Actor, do func(context.Context, bun.IDB, time.Time) error) error {
	if !a.May(identity.Refer) || a.Organisation == uuid.Nil {
		return identity.ErrNotAllowed
	}
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error { return do(ctx, tx, now) })
}

func (s *Service) surgeryView(ctx context.Context, tx bun.IDB, a identity.Actor, id uuid.UUID, now time.Time) (SurgeryView, error) {
	r, err := find(ctx, tx, a.Bank.ID, a.Organisation, id, false)
	if err != nil {
		return SurgeryView{}, err
	}
	views, err := s.surgeryViews(ctx, tx, a, []Referral{r}, now)
	if err != nil {
		return SurgeryView{}, err
	}
	return views[0], nil
}

func (s *Service) surgeryViews(ctx context.Context, tx bun.IDB, a identity.Actor, rows []Referral, now time.Time) ([]SurgeryView, error) {
	ids, people := make([]uuid.UUID, len(rows)), make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i], people[i] = r.ID, r.ReferrerID
	}
	clocks, err := clocksOf(ctx, tx, a.Bank.ID, ids...)
	if err != nil {
		return nil, err
	}
	events, err := eventsOf(ctx, tx, a.Bank.ID, ids...)
	if err != nil {
		return nil, err
	}
	permissions, err := permissionsOf(ctx, tx, a.Bank.ID, ids...)
	if err != nil {
		return nil, err
	}
	names, err := identity.CalledBy(ctx, tx, people)
	if err != nil {
		return nil, err
	}
	out := make([]SurgeryView, len(rows))
	for i, r := range rows {
		var told Told
		if err := openJSON(s.Box, r.place(), r.Sealed, &told); err != nil {
			return nil, err
		}
		k := known{tellJoined: given(permissions[r.ID], TellJoined), reachBy: told.ReachBy, tries: len(triesOf(events[r.ID]))}
		v := SurgeryView{
			Referral: r, Initials: told.initials(), YourReference: told.YourReference, By: names[r.ReferrerID],
			Mine: r.ReferrerID == a.Person, CanWithdraw: allowed(r.State, Withdrawn, Referrer) == nil,
		}
		if v.Question, k.alternative, err = s.saidToSurgery(r, events[r.ID]); err != nil {
			return nil, err
		}
		v.RingBy = named(clocks[r.ID], FirstAttempt).DueAt
		_, v.Delayed = latest(r, clocks[r.ID], now)
		v.Shown = forSurgery(words.Of(ctx), a.Bank, r, clocks[r.ID], k, now)
		out[i] = v
	}
	return out, nil
}

// saidToSurgery opens the two things of a history that are meant for the
// surgery: the question that is open, and the alternative that was found.
func (s *Service) saidToSurgery(r Referral, events []Event) (question, alternative string, err error) {
	if r.State != NeedsInfo && r.State != Rerouted {
		return "", "", nil
	}
	for _, e := range slices.Backward(events) {
		if e.Kind != "move" || e.To != r.State {
			continue
		}
		var said Said
		if err := openJSON(s.Box, e.place(), e.Sealed, &said); err != nil {
			return "", "", err
		}
		if r.State == NeedsInfo {
			return said.Note, "", nil
		}
		return "", said.Alternative, nil
	}
	return "", "", nil
}
