package referral

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/id"
	"timebank/app/platform/once"
)

// Refer takes somebody in from the actor's surgery and starts the three clocks.
// A repeat under the same key returns the first referral. urgent tells that the
// words of the form cannot wait for us, so that the screen can say whom to call.
// Refuses with ErrNoAgreement, and with what Form.clean refuses; then nothing of
// the form is stored.
func (s *Service) Refer(ctx context.Context, a identity.Actor, f Form, key uuid.UUID) (out SurgeryView, urgent bool, err error) {
	if !a.May(identity.Refer) || a.Organisation == uuid.Nil {
		return out, false, identity.ErrNotAllowed
	}
	now := s.Clock.Now()
	claim, err := s.claim(a, command{key: key, op: "refer-person", input: f}, now)
	if err != nil {
		return out, false, err
	}
	err = db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		made, err := once.Do(ctx, tx, claim, func(fresh uuid.UUID) error {
			o, err := organisation(ctx, tx, a.Bank.ID, a.Organisation)
			if fault.As(err) != nil || err == nil && !o.inDate(a.Bank, now) {
				return ErrNoAgreement
			}
			if err != nil {
				return err
			}
			told, err := f.clean(a.Bank.Today(now))
			if err != nil {
				return err
			}
			return s.submit(ctx, tx, a, fresh, told, now)
		})
		if err != nil {
			return err
		}
		out, err = s.surgeryView(ctx, tx, a, made, now)
		return err
	})
	return out, err == nil && Told(f).urgent(), err
}

// submit writes the referral with all that belongs to it.
func (s *Service) submit(ctx context.Context, tx bun.IDB, a identity.Actor, fresh uuid.UUID, t Told, now time.Time) error {
	r := &Referral{
		BankID: a.Bank.ID, ID: fresh, Reference: id.NewReference('R'), OrganisationID: a.Organisation, ReferrerID: a.Person, State: New,
		KeyHash: s.Box.Blind("referral.key_hash", t.key()), Agreement: t.Agreed, Wording: wordings[ContactMe],
		CallFirst: t.ringAboutSafety() || t.urgent(), Version: 1, SubmittedAt: now,
	}
	var err error
	if r.Sealed, err = sealJSON(s.Box, r.place(), t); err != nil {
		return err
	}
	w := &work{s: s, tx: tx, a: a, as: Referrer, now: now, r: r, clocks: startClocks(a.Bank, fresh, now)}
	row := *r
	row.State, row.DueAt = Submitted, &w.clocks[0].DueAt // the row first: all else points to it
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("keep referral: %w", err)
	}
	if err := w.move(ctx, Submitted, "", Said{}); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&w.clocks).Exec(ctx); err != nil {
		return fmt.Errorf("start clocks: %w", err)
	}
	if err := w.permit(ctx, ContactMe, true, "referrer"); err != nil {
		return err
	}
	if err := w.tasks(ctx); err != nil {
		return err
	}
	if err := s.safetyCall(ctx, w, t); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Entry{BankID: r.BankID, At: now, ActorID: a.Person, Action: "refer-person", ObjectKind: "referral", ObjectID: r.ID})
}

// safetyCall asks a broker to ring the surgery: at once when the words cannot
// wait, else within a working day.
func (s *Service) safetyCall(ctx context.Context, w *work, t Told) error {
	if !w.r.CallFirst {
		return nil
	}
	due := w.a.Bank.AfterWorkingDays(w.now, 1)
	if t.urgent() {
		due = w.now
	}
	return desk.Raise(ctx, w.tx, desk.Task{
		BankID: w.r.BankID, Kind: desk.SafetyCall, SubjectKind: desk.OfReferral, SubjectID: w.r.ID, DueAt: due, CreatedAt: w.now,
	})
}
