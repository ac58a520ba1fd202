package referral

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/seal"
)

// most is how many referrals a list shows at once.
const most = 200

// find reads a referral, and with lock keeps others from changing it until the
// transaction ends. A surgery's id makes it see its own only; nil sees the
// bank's. Refuses with ErrNoReferral.
func find(ctx context.Context, tx bun.IDB, bank, surgery, id uuid.UUID, lock bool) (Referral, error) {
	var r Referral
	q := tx.NewSelect().Model(&r).Where("bank_id = ?", bank).Where("id = ?", id)
	if surgery != uuid.Nil {
		q = q.Where("organisation_id = ?", surgery)
	}
	if lock {
		q = q.For("update")
	}
	err := q.Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNoReferral
	}
	if err != nil {
		return r, fmt.Errorf("find referral: %w", err)
	}
	return r, nil
}

func clocksOf(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids ...uuid.UUID) (map[uuid.UUID][]Clock, error) {
	out := map[uuid.UUID][]Clock{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []Clock
	err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("referral_id in (?)", bun.List(ids)).Order("referral_id", "due_at", "clock").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read clocks: %w", err)
	}
	for _, c := range rows {
		out[c.ReferralID] = append(out[c.ReferralID], c)
	}
	return out, nil
}

func eventsOf(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids ...uuid.UUID) (map[uuid.UUID][]Event, error) {
	out := map[uuid.UUID][]Event{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []Event
	err := tx.NewSelect().Model(&rows).Where("bank_id = ?", bank).Where("referral_id in (?)", bun.List(ids)).Order("referral_id", "seq").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	for _, e := range rows {
		out[e.ReferralID] = append(out[e.ReferralID], e)
	}
	return out, nil
}

// permissionsOf reads the newest answer to each permission of each referral.
func permissionsOf(ctx context.Context, tx bun.IDB, bank uuid.UUID, ids ...uuid.UUID) (map[uuid.UUID][]Permission, error) {
	out := map[uuid.UUID][]Permission{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []Permission
	err := tx.NewSelect().Model(&rows).DistinctOn("referral_id, permission").Where("bank_id = ?", bank).
		Where("referral_id in (?)", bun.List(ids)).Order("referral_id", "permission", "seq DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read permissions: %w", err)
	}
	for _, p := range rows {
		out[p.ReferralID] = append(out[p.ReferralID], p)
	}
	return out, nil
}

func given(all []Permission, permission string) bool {
	for _, p := range all {
		if p.Permission == permission {
			return p.Given
		}
	}
	return false
}

// addPermission adds an answer after those that were given before.
func addPermission(ctx context.Context, tx bun.IDB, p Permission) error {
	err := tx.NewSelect().Model((*Permission)(nil)).ColumnExpr("coalesce(max(seq), 0) + 1").Where("bank_id = ?", p.BankID).
		Where("referral_id = ?", p.ReferralID).Where("permission = ?", p.Permission).Scan(ctx, &p.Seq)
	if err == nil {
		_, err = tx.NewInsert().Model(&p).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("keep permission: %w", err)
	}
	return nil
}

// addEvent writes an event under the next number. The caller has locked the
// referral, so no other takes the same.
func addEvent(ctx context.Context, tx bun.IDB, e Event, seal func(*Event) error) error {
	err := tx.NewSelect().Model((*Event)(nil)).ColumnExpr("coalesce(max(seq), 0) + 1").Where("bank_id = ?", e.BankID).
		Where("referral_id = ?", e.ReferralID).Scan(ctx, &e.Seq)
	if err != nil {
		return fmt.Errorf("number event: %w", err)
	}
	if err := seal(&e); err != nil { // where it stands is part of the seal
		return err
	}
	if _, err := tx.NewInsert().Model(&e).Exec(ctx); err != nil {
		return fmt.Errorf("keep event: %w", err)
	}
	return nil
}

// save writes what may change of a referral and counts its version on, unless
// somebody else did so first. Refuses with ErrStale.
func save(ctx context.Context, tx bun.IDB, r *Referral) error {
	res, err := tx.NewUpdate().Model((*Referral)(nil)).
		Set("state = ?", r.State).Set("owner_id = ?", r.OwnerID).Set("due_at = ?", r.DueAt).Set("call_first = ?", r.CallFirst).
		Set("conversation_at = ?", r.ConversationAt).Set("resume_on = ?", r.ResumeOn).Set("resume_state = ?", r.ResumeState).
		Set("outcome = ?", r.Outcome).Set("member_id = ?", r.MemberID).Set("closed_at = ?", r.ClosedAt).Set("version = version + 1").
		Where("bank_id = ?", r.BankID).Where("id = ?", r.ID).Where("version = ?", r.Version).Exec(ctx)
	if err != nil {
		return fmt.Errorf("change referral: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("change referral: %w", err)
	}
	if n != 1 {
		return ErrStale
	}
	r.Version++
	return nil
}

// meetClock stops a clock that runs; one that was met stays as it is.
func meetClock(ctx context.Context, tx bun.IDB, c Clock, at time.Time) error {
	_, err := tx.NewUpdate().Model((*Clock)(nil)).Set("met_at = ?", at).Where("bank_id = ?", c.BankID).
		Where("referral_id = ?", c.ReferralID).Where("clock = ?", c.Name).Where("met_at is null").Exec(ctx)
	if err != nil {
		return fmt.Errorf("stop clock: %w", err)
	}
	return nil
}

// sameKey lists other referrals of whoever has the same name and birth date, under
// whichever key of the blind index they still stand.
func sameKey(ctx context.Context, tx bun.IDB, box *seal.Box, r Referral, t Told) ([]Referral, error) {
	var out []Referral
	err := tx.NewSelect().Model(&out).Where("bank_id = ?", r.BankID).Where("key_hash in (?)", bun.List(append(box.Blinds("referral.key_hash", t.key()), r.KeyHash, box.Wrap("referral.key_hash", r.KeyHash)))).Where("id <> ?", r.ID).
		Order("submitted_at DESC", "id").Limit(10).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("find twice referred: %w", err)
	}
	return out, nil
}

// AddOrganisation writes a surgery or another referrer; the same id twice is
// written once.
func AddOrganisation(ctx context.Context, tx bun.IDB, o Organisation) error {
	if _, err := tx.NewInsert().Model(&o).On("conflict (bank_id, id) do nothing").Exec(ctx); err != nil {
		return fmt.Errorf("add organisation: %w", err)
	}
	return nil
}

// organisation reads a bank's organisation. Refuses with ErrNoReferral, like
// anything else that is not the caller's.
func organisation(ctx context.Context, tx bun.IDB, bank, id uuid.UUID) (Organisation, error) {
	var o Organisation
	err := tx.NewSelect().Model(&o).Where("bank_id = ?", bank).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return o, ErrNoReferral
	}
	if err != nil {
		return o, fmt.Errorf("find organisation: %w", err)
	}
	return o, nil
}

func organisationNames(ctx context.Context, tx bun.IDB, bank uuid.UUID, rows []Referral) (map[uuid.UUID]string, error) {
	out := map[uuid.UUID]string{}
	if len(rows) == 0 {
		return out, nil
	}
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.OrganisationID
	}
	var all []Organisation
	if err := tx.NewSelect().Model(&all).Where("bank_id = ?", bank).Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read organisations: %w", err)
	}
	for _, o := range all {
		out[o.ID] = o.Name
	}
	return out, nil
}
