package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/web"
)

// How long a browser is known by, and for how long the second step is not asked
// again in one that did it.
const (
	browserLife = 400 * 24 * time.Hour // what browsers keep at most
	secondLife  = 30 * 24 * time.Hour
)

// knownDevice is a browser in which a person has signed in before.
type knownDevice struct {
	bun.BaseModel `bun:"table:directory.known_device"`

	Hash        []byte     `bun:"hash,pk"`
	PersonID    uuid.UUID  `bun:"person_id"`
	CreatedAt   time.Time  `bun:"created_at"`
	UsedAt      time.Time  `bun:"used_at"`
	SecondUntil *time.Time `bun:"second_until"`
}

// newBrowser is what a browser is known by from now on: nobody can guess it, and
// it says nothing of anybody.
func newBrowser() string {
	var raw [24]byte
	_, _ = rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

func browserCookie(secure bool) string {
	if secure {
		return "__Host-timebank-browser"
	}
	return "timebank-browser"
}

// asked is what a code keeps of the browser that asked for it.
func (s *Service) asked(browser string) []byte {
	if browser == "" {
		return nil
	}
	return s.Box.Blind("sign_in_code.asked", browser)
}

func (s *Service) deviceHashes(browser string, person uuid.UUID) [][]byte {
	return s.Box.Blinds("known_device.hash", person.String()+browser)
}

// known finds a browser among those of these people; nil when it is new.
func (s *Service) known(ctx context.Context, tx bun.IDB, browser string, people ...uuid.UUID) (*knownDevice, error) {
	if browser == "" || len(people) == 0 {
		return nil, nil
	}
	var hashes [][]byte
	for _, p := range people {
		hashes = append(hashes, s.deviceHashes(browser, p)...)
	}
	var out []knownDevice
	if err := tx.NewSelect().Model(&out).Where("hash in (?)", bun.List(hashes)).Limit(1).Scan(ctx); err != nil {
		return nil, fmt.Errorf("find browser: %w", err)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return &out[0], nil
}

// meet keeps that a person has signed in with a browser, and tells whether the
// second step was done there not long ago.
func (s *Service) meet(ctx context.Context, tx bun.IDB, browser string, person uuid.UUID, now time.Time) (remembered bool, err error) {
	if browser == "" {
		return false, nil
	}
	row := knownDevice{Hash: s.Box.Blind("known_device.hash", person.String()+browser), PersonID: person, CreatedAt: now, UsedAt: now}
	old, err := s.known(ctx, tx, browser, person)
	if err != nil {
		return false, err
	}
	if old != nil { // perhaps from before the key was changed
		row.Hash = old.Hash
	}
	if _, err := tx.NewInsert().Model(&row).On("conflict (hash) do update").Set("used_at = excluded.used_at").Returning("second_until").Exec(ctx); err != nil {
		return false, fmt.Errorf("keep browser: %w", err)
	}
	return row.SecondUntil != nil && now.Before(*row.SecondUntil), nil
}

// remember lets the second step be left out in this browser for a while.
func (s *Service) remember(ctx context.Context, tx bun.IDB, browser string, person uuid.UUID, now time.Time) error {
	if browser == "" {
		return nil
	}
	_, err := tx.NewUpdate().Model((*knownDevice)(nil)).Set("second_until = ?", now.Add(secondLife)).Where("hash in (?)", bun.List(s.deviceHashes(browser, person))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("remember browser: %w", err)
	}
	return nil
}

// endDevices forgets in which browsers somebody has signed in.
func endDevices(ctx context.Context, tx bun.IDB, person uuid.UUID) error {
	if _, err := tx.NewDelete().Model((*knownDevice)(nil)).Where("person_id = ?", person).Exec(ctx); err != nil {
		return fmt.Errorf("forget browsers: %w", err)
	}
	return nil
}

// tell writes what happened at the door into the log: what, who where it is known,
// from which network, never an address, a number or a code. Sign-ins and refusals
// are told (ASVS 16.3.1, 16.3.2); whoever runs the time bank can see an attack.
func (s *Service) tell(ctx context.Context, what string, from Knock, more ...any) {
	log := s.Log
	if log == nil {
		log = slog.Default()
	}
	log.InfoContext(ctx, what, append(more, "network", nearby(from.IP), "request", web.RequestID(ctx))...)
}
