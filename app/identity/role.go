package identity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/audit"
	"timebank/app/platform/db"
	"timebank/app/platform/fault"
)

// staffRoles are those that a member does not have by joining: they see other
// people's records, or what is made of them.
var staffRoles = []Role{Broker, Coordinator, SafeguardingLead, CoChair, Receptionist, PracticeManager}

var (
	// ErrNoStaff refuses somebody who has no such role here.
	ErrNoStaff = fault.New(fault.NotFound, "no-such-staff", "Nobody here has this role.")
	// ErrLastCoordinator refuses to leave a bank without anybody who sets its policy.
	ErrLastCoordinator = fault.New(fault.Conflict, "last-coordinator", "This is the only coordinator. Make somebody else coordinator first.")
)

// Staff is one person's role in a bank.
type Staff struct {
	Grant
	Name   string
	Called string
}

// Staff lists who sees other people's records in the actor's bank, and since when.
func (s *Service) Staff(ctx context.Context, a Actor) ([]Staff, error) {
	var out []Staff
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		var rows []Grant
		err := tx.NewSelect().Model(&rows).Where("bank_id = ?", a.Bank.ID).Where("role in (?)", bun.List(staffRoles)).
			Where("ended_at is null").Order("granted_at", "person_id", "role").Limit(500).Scan(ctx)
		if err != nil {
			return fmt.Errorf("list staff: %w", err)
		}
		out = make([]Staff, len(rows))
		for i, g := range rows {
			p, err := PersonByID(ctx, tx, g.PersonID)
			if err != nil {
				return err
			}
			out[i] = Staff{g, p.Name, p.Called}
		}
		return nil
	})
	return out, err
}

// GiveRole gives somebody a role of the actor's bank. Every device of theirs has
// to sign in again: a session that began with less must not grow. Refuses with
// ErrNoStaff what is no role that a coordinator gives.
func (s *Service) GiveRole(ctx context.Context, a Actor, person uuid.UUID, role Role) error {
	if !slices.Contains(Given(), role) {
		return ErrNoStaff
	}
	return s.changeRole(ctx, a, "give-role", person, func(ctx context.Context, tx bun.IDB, now time.Time) error {
		return GrantRole(ctx, tx, Grant{PersonID: person, BankID: a.Bank.ID, Role: role, GrantedAt: now})
	})
}

// EndRole takes a role away; it counts for the next request, and every device has
// to sign in again. Refuses with ErrNoStaff and ErrLastCoordinator.
func (s *Service) EndRole(ctx context.Context, a Actor, person uuid.UUID, role Role) error {
	return s.changeRole(ctx, a, "end-role", person, func(ctx context.Context, tx bun.IDB, now time.Time) error {
		if role == Member || role == StandIn {
			return ErrNoStaff // who stops being a member leaves, and a member ends who acts for them
		}
		if role == Coordinator {
			// Two coordinators who end each other at once: the lock makes one wait and count again.
			if _, err := tx.ExecContext(ctx, "select 1 from directory.role where bank_id = ? and role = ? order by person_id for update", a.Bank.ID, role); err != nil {
				return fmt.Errorf("lock roles: %w", err)
			}
			all, err := PeopleWith(ctx, tx, a.Bank.ID, Coordinator)
			if err != nil {
				return err
			}
			if len(all) == 1 && all[0].ID == person {
				return ErrLastCoordinator
			}
		}
		n, err := endRoles(ctx, tx, person, a.Bank.ID, now, role)
		if err == nil && n == 0 {
			return ErrNoStaff
		}
		return err
	})
}

func (s *Service) changeRole(ctx context.Context, a Actor, action string, person uuid.UUID, do func(context.Context, bun.IDB, time.Time) error) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, a.Bank.ID, func(ctx context.Context, tx bun.IDB) error {
		if err := do(ctx, tx, now); err != nil {
			return err
		}
		if err := EndSessions(ctx, tx, person, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{BankID: a.Bank.ID, At: now, ActorID: a.Person, Action: action, ObjectKind: "person", ObjectID: person})
	})
}

// endRoles ends these roles of a person in a bank and counts them.
func endRoles(ctx context.Context, tx bun.IDB, person, bank uuid.UUID, now time.Time, roles ...Role) (int64, error) {
	res, err := tx.NewUpdate().Model((*Grant)(nil)).Set("ended_at = ?", now).Where("person_id = ?", person).Where("bank_id = ?", bank).
		Where("role in (?)", bun.List(roles)).Where("ended_at is null").Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("end role: %w", err)
	}
	return res.RowsAffected()
}

// EndStandIn ends the role of somebody who acts for nobody any more.
func EndStandIn(ctx context.Context, tx bun.IDB, person, bank uuid.UUID, now time.Time) error {
	_, err := endRoles(ctx, tx, person, bank, now, StandIn)
	return err
}

// RolesIn lists the roles a person has in a bank now.
func RolesIn(ctx context.Context, tx bun.IDB, person, bank uuid.UUID) ([]Role, error) {
	all, err := grants(ctx, tx, person)
	var out []Role
	for _, g := range all {
		if g.BankID == bank {
			out = append(out, g.Role)
		}
	}
	return out, err
}
