package identity

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/fault"
)

// Grant is a role that a person has in a bank.
type Grant struct {
	bun.BaseModel `bun:"table:directory.role"`

	PersonID       uuid.UUID  `bun:"person_id,pk"`
	BankID         uuid.UUID  `bun:"bank_id,pk"`
	Role           Role       `bun:"role,pk"`
	OrganisationID *uuid.UUID `bun:"organisation_id"`
	GrantedAt      time.Time  `bun:"granted_at"`
	EndedAt        *time.Time `bun:"ended_at"`
}

// Session is one signed-in device.
type Session struct {
	bun.BaseModel `bun:"table:directory.session"`

	ID           uuid.UUID  `bun:"id,pk"`
	PersonID     uuid.UUID  `bun:"person_id"`
	RefreshHash  []byte     `bun:"refresh_hash"`
	PreviousHash []byte     `bun:"previous_hash"`
	Device       string     `bun:"device"`
	CreatedAt    time.Time  `bun:"created_at"`
	RenewedAt    time.Time  `bun:"renewed_at"`
	ExpiresAt    time.Time  `bun:"expires_at"`
	EndedAt      *time.Time `bun:"ended_at"`
	Second       string     `bun:"second"`    // the second step: none, needed, done, remembered
	ProvedAt     *time.Time `bun:"proved_at"` // when its person last proved who they are
	EndsAt       *time.Time `bun:"ends_at"`   // no renewal goes beyond it
	Way          string     `bun:"way"`       // what it was opened with: email, sms, read-out, passkey
}

// ErrNoPerson refuses an id that nobody has.
var ErrNoPerson = fault.New(fault.NotFound, "no-such-person", "We do not know this person.")

// AddPerson writes a new person. Refuses with ErrEmailTaken.
func AddPerson(ctx context.Context, tx bun.IDB, p Person) error {
	_, err := tx.NewInsert().Model(&p).Exec(ctx)
	if db.Violated(err, "person_email") {
		return ErrEmailTaken.At("/email")
	}
	if err != nil {
		return fmt.Errorf("add person: %w", err)
	}
	return nil
}

// PersonByID finds a person. Refuses with ErrNoPerson.
func PersonByID(ctx context.Context, tx bun.IDB, id uuid.UUID) (Person, error) {
	var p Person
	err := tx.NewSelect().Model(&p).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNoPerson
	}
	if err != nil {
		return p, fmt.Errorf("find person: %w", err)
	}
	return p, nil
}

// PersonByEmail finds who signs in with a clean address. Refuses with ErrNoPerson.
func PersonByEmail(ctx context.Context, tx bun.IDB, email string) (Person, error) {
	found, err := byContact(ctx, tx, email, "")
	if err != nil {
		return Person{}, err
	}
	if len(found) == 0 {
		return Person{}, ErrNoPerson
	}
	return found[0], nil
}

// byContact finds the people who have a clean address or number. A number may be
// a household's.
func byContact(ctx context.Context, tx bun.IDB, email, phone string) ([]Person, error) {
	var out []Person
	q := tx.NewSelect().Model(&out).Where("erased_at is null").Order("id").Limit(8)
	if email != "" {
		q = q.Where("lower(email) = ?", email)
	} else {
		q = q.Where("phone = ?", phone)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("find people: %w", err)
	}
	return out, nil
}

// GrantRole gives a person a role, again if it had ended.
func GrantRole(ctx context.Context, tx bun.IDB, g Grant) error {
	_, err := tx.NewInsert().Model(&g).
		On("conflict (person_id, bank_id, role) do update").
		Set("organisation_id = excluded.organisation_id").Set("ended_at = null").Exec(ctx)
	if err != nil {
		return fmt.Errorf("grant role: %w", err)
	}
	return nil
}

// grants lists the roles a person has now.
func grants(ctx context.Context, tx bun.IDB, person uuid.UUID) ([]Grant, error) {
	var out []Grant
	err := tx.NewSelect().Model(&out).Where("person_id = ?", person).Where("ended_at is null").Order("granted_at", "role").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	return out, nil
}

// PeopleWith lists who holds a role in a bank.
func PeopleWith(ctx context.Context, tx bun.IDB, bankID uuid.UUID, roles ...Role) ([]Person, error) {
	var out []Person
	err := tx.NewSelect().Model(&out).
		Where("id in (select person_id from directory.role where bank_id = ? and role in (?) and ended_at is null)", bankID, bun.List(roles)).
		Order("called", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list staff: %w", err)
	}
	return out, nil
}

// CalledBy gives the names that people like to be called, by id.
func CalledBy(ctx context.Context, tx bun.IDB, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	out := map[uuid.UUID]string{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []Person
	if err := tx.NewSelect().Model(&rows).Column("id", "called").Where("id in (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	for _, r := range rows {
		out[r.ID] = r.Called
	}
	return out, nil
}

// liveCodes locks and lists the codes of these people that may still be tried.
func liveCodes(ctx context.Context, tx bun.IDB, people []Person, now time.Time) ([]Code, error) {
	if len(people) == 0 {
		return nil, nil
	}
	ids := make([]uuid.UUID, len(people))
	for i, p := range people {
		ids[i] = p.ID
	}
	var out []Code
	err := tx.NewSelect().Model(&out).Where("person_id in (?)", bun.List(ids)).Where("used_at is null").
		Where("expires_at > ?", now).Where("tries < case channel when 'read-out' then ? else ? end", readOutTries, codeTries).Order("id").For("update").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read codes: %w", err)
	}
	return out, nil
}

// take is a leaky bucket kept in the database, so that it holds over every
// replica (GCRA, ITU-T I.371): burst uses at once, then one every gap. Buckets
// are kept by a blind name: who tried to sign in, from where, is nobody's business.
func (s *Service) take(ctx context.Context, tx bun.IDB, what string, burst int, gap time.Duration, now time.Time) (bool, error) {
	var full time.Time
	bucket := base64.RawStdEncoding.EncodeToString(s.Box.Blind("rate.bucket", what))
	err := tx.NewRaw(`insert into directory.rate as r (bucket, full_at) values (?, ?)
		on conflict (bucket) do update set full_at = greatest(r.full_at, ?) + ? * interval '1 microsecond'
		where greatest(r.full_at, ?) <= ? returning full_at`,
		bucket, now.Add(gap), now, gap.Microseconds(), now, now.Add(time.Duration(burst-1)*gap)).Scan(ctx, &full)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("count tries: %w", err)
	}
	return true, nil
}

// giveBack puts one try back into a bucket.
func (s *Service) giveBack(ctx context.Context, tx bun.IDB, what string, gap time.Duration) error {
	bucket := base64.RawStdEncoding.EncodeToString(s.Box.Blind("rate.bucket", what))
	_, err := tx.NewRaw("update directory.rate set full_at = full_at - ? * interval '1 microsecond' where bucket = ?", gap.Microseconds(), bucket).Exec(ctx)
	if err != nil {
		return fmt.Errorf("give a try back: %w", err)
	}
	return nil
}

// network is what one household or office shares of an address: whoever has an
// IPv6 address has 2^64 of them.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil || a.Unmap().Is4() {
		return ip
	}
	p, _ := a.WithZone("").Prefix(64)
	return p.String()
}

// nearby is a network in the log: enough to see that many knocks come from one
// place, too little to tell whose.
func nearby(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	bits := 48
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits)
	return p.String()
}
