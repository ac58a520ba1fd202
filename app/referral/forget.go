package referral

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/desk"
	"timebank/app/identity"
	"timebank/app/platform/audit"
	"timebank/app/platform/db"
)

// Leaves forgets what was told about a member who leaves. A referral that is
// still open is closed by a broker first: they get a task, and the nightly run
// forgets it then.
func (s *Service) Leaves(ctx context.Context, tx bun.IDB, a identity.Actor, member uuid.UUID) error {
	rows, err := OfMember(ctx, tx, a.Bank.ID, member)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	for _, r := range rows {
		if r.ClosedAt != nil {
			err = s.forget(ctx, tx, a.Bank.ID, r.ID, now)
		} else {
			err = desk.Raise(ctx, tx, desk.Task{BankID: r.BankID, Kind: desk.CloseReferral, SubjectKind: desk.OfReferral, SubjectID: r.ID,
				OwnerID: r.OwnerID, DueAt: a.Bank.AfterWorkingDays(now, 2), CreatedAt: now})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Due lists the closed referrals of a bank whose words are to be forgotten because
// the member has left. The others have their time (Rules).
func (s *Service) Due(ctx context.Context, tx bun.IDB, bankID uuid.UUID) ([]Referral, error) {
	var out []Referral
	err := tx.NewSelect().Model(&out).Where("referral.bank_id = ?", bankID).Where("closed_at is not null").Where("forgotten_at is null").
		Where("exists (select 1 from member m where m.bank_id = referral.bank_id and m.id = referral.member_id and m.status = 'left')").
		Order("closed_at", "id").Limit(1000).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find what is due to be forgotten: %w", err)
	}
	return out, nil
}

// Forget is the job that forgets, every night, what is due in a bank. What stays
// are states, days and the surgery: enough to count by, and nobody's name.
type Forget struct {
	BankID uuid.UUID `json:"bank_id"`
}

// Kind implements job.Args.
func (Forget) Kind() string { return "forget-referrals" }

// ForgetDue does the nightly work. Run twice it does nothing more.
func (s *Service) ForgetDue(ctx context.Context, j Forget) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, j.BankID, func(ctx context.Context, tx bun.IDB) error {
		if _, err := bank.ByID(ctx, tx, j.BankID); err != nil {
			return err
		}
		rows, err := s.Due(ctx, tx, j.BankID)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := s.forget(ctx, tx, j.BankID, r.ID, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget puts nobody's words in the place of what was told, by a function of the
// database that does only this: the application may not change events.
func (s *Service) forget(ctx context.Context, tx bun.IDB, bankID, id uuid.UUID, now time.Time) error {
	nobody, err := sealJSON(s.Box, Referral{ID: id}.place(), Told{Name: identity.Former, Called: identity.Former})
	if err != nil {
		return err
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // nobody is found again by name and birth date
	if _, err := tx.ExecContext(ctx, "select forget_referral(?, ?, ?, ?, ?)", bankID, id, nobody, key[:], now); err != nil {
		return fmt.Errorf("forget referral: %w", err)
	}
	return audit.Record(ctx, tx, audit.Entry{BankID: bankID, At: now, ActorID: identity.SystemPerson, Action: Forget{}.Kind(), ObjectKind: "referral", ObjectID: id})
}
