package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/fault"
	"timebank/app/platform/words"
)

// Device is one signed-in device in words.
type Device struct {
	ID       uuid.UUID
	Words    string // "Firefox on a Windows computer"
	Since    time.Time
	LastUsed time.Time // to about ten minutes: the life of an access token
	This     bool
}

// ErrNoDevice refuses a device that is not signed in, or is somebody else's.
var ErrNoDevice = fault.New(fault.NotFound, "no-such-device", "This device is not signed in any more.")

// Devices lists where the actor is signed in, the one last used first.
func (s *Service) Devices(ctx context.Context, a Actor) ([]Device, error) {
	var rows []Session
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		rows, err = liveSessions(ctx, tx, a.Person, s.Clock.Now())
		return err
	})
	out := make([]Device, len(rows))
	for i, r := range rows {
		out[i] = Device{ID: r.ID, Words: DeviceWords(words.Of(ctx), r.Device), Since: r.CreatedAt, LastUsed: r.RenewedAt, This: r.ID == a.Session}
	}
	return out, err
}

// EndDevice signs one of the actor's devices out, this one too. Refuses with
// ErrNoDevice.
func (s *Service) EndDevice(ctx context.Context, a Actor, device uuid.UUID) error {
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		res, err := endSessions(tx, a.Person, s.Clock.Now()).Where("id = ?", device).Exec(ctx)
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return ErrNoDevice.Wrap(err)
		}
		return nil
	})
}

// EndOtherDevices signs out every device of the actor but this one, and forgets
// codes that somebody else may have asked for.
func (s *Service) EndOtherDevices(ctx context.Context, a Actor) error {
	now := s.Clock.Now()
	return db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if _, err := endSessions(tx, a.Person, now).Where("id <> ?", a.Session).Exec(ctx); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		return errors.Join(endDevices(ctx, tx, a.Person), endCodes(ctx, tx, a.Person, now))
	})
}

// EndSessions signs a person out everywhere and ends their open codes.
func EndSessions(ctx context.Context, tx bun.IDB, person uuid.UUID, now time.Time) error {
	if _, err := endSessions(tx, person, now).Exec(ctx); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return errors.Join(endDevices(ctx, tx, person), endCodes(ctx, tx, person, now))
}

// SignOutPeople signs out everywhere whoever has this address or number, as when a
// phone was stolen, and tells how many they are. Refuses with ErrContact and
// ErrNoPerson.
func (s *Service) SignOutPeople(ctx context.Context, contact string) (int, error) {
	email, phone, err := parseContact(contact)
	if err != nil {
		return 0, err
	}
	var people []Person
	err = db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		if people, err = byContact(ctx, tx, email, phone); err != nil {
			return err
		}
		for _, p := range people {
			if err := EndSessions(ctx, tx, p.ID, s.Clock.Now()); err != nil {
				return err
			}
		}
		return ifFalse(len(people) > 0, ErrNoPerson)
	})
	return len(people), err
}

// SignOutEverybody ends every session there is, as after a break-in, and tells how
// many. Browsers stay known, so nobody is locked out; the second step is asked of all.
func (s *Service) SignOutEverybody(ctx context.Context) (int64, error) {
	var n int64
	err := db.InTx(ctx, s.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		res, err := tx.NewUpdate().Model((*Session)(nil)).Set("ended_at = ?", s.Clock.Now()).Where("ended_at is null").Exec(ctx)
		if err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		if n, err = res.RowsAffected(); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*knownDevice)(nil)).Set("second_until = null").Where("second_until is not null").Exec(ctx); err != nil {
			return fmt.Errorf("forget second steps: %w", err)
		}
		return nil
	})
	return n, err
}

func endSessions(tx bun.IDB, person uuid.UUID, now time.Time) *bun.UpdateQuery {
	return tx.NewUpdate().Model((*Session)(nil)).Set("ended_at = ?", now).Where("person_id = ?", person).Where("ended_at is null")
}

func endCodes(ctx context.Context, tx bun.IDB, person uuid.UUID, now time.Time) error {
	_, err := tx.NewUpdate().Model((*Code)(nil)).Set("used_at = ?", now).Set("sealed = null").
		Where("person_id = ?", person).Where("used_at is null").Exec(ctx)
	if err != nil {
		return fmt.Errorf("end codes: %w", err)
	}
	return nil
}

func liveSessions(ctx context.Context, tx bun.IDB, person uuid.UUID, now time.Time) ([]Session, error) {
	var rows []Session
	err := tx.NewSelect().Model(&rows).Where("person_id = ?", person).Where("ended_at is null").Where("expires_at > ?", now).
		Order("renewed_at DESC", "id").Limit(100).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return rows, nil
}

// LiveSessions are a person's sessions that have not ended.
func LiveSessions(ctx context.Context, tx bun.IDB, person uuid.UUID, now time.Time) ([]uuid.UUID, error) {
	rows, err := liveSessions(ctx, tx, person, now)
	out := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out, err
}

// DeviceWords turns what a browser says of itself into words a person knows. It
// says no more than that: model and version numbers help nobody.
func DeviceWords(l words.Language, agent string) string {
	browser := firstOf(agent, [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS", "Firefox"},
		{"CriOS", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	})
	if browser == "" {
		browser = l.Say("A browser")
	}
	for _, d := range devices {
		if strings.Contains(agent, d.sign) {
			return l.Say(d.text, "browser", browser)
		}
	}
	return l.Say("A device we do not know")
}

var devices = []struct {
	sign string
	text words.Text
}{
	{"iPhone", "{browser} on an iPhone"}, {"iPad", "{browser} on an iPad"}, {"Android", "{browser} on an Android phone or tablet"},
	{"Windows", "{browser} on a Windows computer"}, {"Macintosh", "{browser} on a Mac"}, {"CrOS", "{browser} on a Chromebook"}, {"Linux", "{browser} on a Linux computer"},
}

func firstOf(s string, names [][2]string) string {
	for _, w := range names {
		if strings.Contains(s, w[0]) {
			return w[1]
		}
	}
	return ""
}
