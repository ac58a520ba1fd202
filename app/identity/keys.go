package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/seal"
)

// How keys change: each replica reads them again so often, and once more when it
// meets a token of a key it does not know, but not more often than the pause.
const (
	keysEvery = 15 * time.Second
	keysPause = time.Second
)

// LoadKeys reads the signing keys, making the first one where there is none.
func LoadKeys(ctx context.Context, tx bun.IDB, box *seal.Box, c clock.Clock, issuer string) (*Keys, error) {
	// Two first starts at once: the lock makes one of them wait and find the other's key.
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock(hashtext('directory.signing_key'))"); err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	k := &Keys{issuer: issuer, clock: c, box: box}
	if err := k.load(ctx, tx); err != nil {
		return nil, err
	}
	if k.newest == "" {
		if err := k.add(ctx, tx); err != nil {
			return nil, err
		}
		if err := k.load(ctx, tx); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Rotate makes a new key, which signs from now on, and retires the others: they
// check until the last token they signed has died. Nobody is signed out.
func (k *Keys) Rotate(ctx context.Context, tx bun.IDB) error {
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock(hashtext('directory.signing_key'))"); err != nil {
		return fmt.Errorf("rotate signing keys: %w", err)
	}
	// A replica signs with the key it knows until it reads again.
	until := k.clock.Now().Add(programLife + 4*keysEvery)
	if _, err := tx.NewUpdate().Model((*signingKey)(nil)).Set("retired_at = ?", until).Where("retired_at is null").Exec(ctx); err != nil {
		return fmt.Errorf("retire signing keys: %w", err)
	}
	if err := k.add(ctx, tx); err != nil {
		return err
	}
	return k.load(ctx, tx)
}

func (k *Keys) add(ctx context.Context, tx bun.IDB) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make signing key: %w", err)
	}
	var kid [6]byte
	_, _ = rand.Read(kid[:])
	row := signingKey{Kid: hex.EncodeToString(kid[:]), CreatedAt: k.clock.Now()}
	if row.Sealed, err = k.box.Seal(keyPlace(row.Kid), key.Seed()); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("keep signing key: %w", err)
	}
	return nil
}

// load reads the keys that still check.
func (k *Keys) load(ctx context.Context, tx bun.IDB) error {
	var rows []signingKey
	err := tx.NewSelect().Model(&rows).Where("retired_at is null or retired_at > ?", k.clock.Now()).Order("created_at", "kid").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	keys, retired, newest := map[string]ed25519.PrivateKey{}, map[string]time.Time{}, ""
	for _, r := range rows {
		seed, err := k.box.Open(keyPlace(r.Kid), r.Sealed)
		if err != nil {
			return fmt.Errorf("open signing key; is this the key the database was made with? %w", err)
		}
		keys[r.Kid] = ed25519.NewKeyFromSeed(seed)
		if r.RetiredAt == nil {
			newest = r.Kid
		} else {
			retired[r.Kid] = *r.RetiredAt
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys, k.retired, k.newest = keys, retired, newest
	return nil
}

// Follow lets the keys be read again from the pool when they have changed.
func (k *Keys) Follow(pool *bun.DB) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pool = pool
}

// Reload reads the keys again.
func (k *Keys) Reload(ctx context.Context) error {
	k.mu.Lock()
	pool := k.pool
	k.read = time.Now() // the machine's clock: it only spares the database
	k.mu.Unlock()
	if pool == nil {
		return nil
	}
	return db.InTx(ctx, pool, db.NoBank, k.load)
}

// Watch reads the keys again and again until ctx ends; a failure is told and
// tried again.
func (k *Keys) Watch(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := k.Reload(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
	}
}

// find is an exact look-up: a kid is never a path or a query. One that is not
// known may be newer than what we read.
func (k *Keys) find(kid string) (ed25519.PrivateKey, bool) {
	k.mu.RLock()
	_, ok := k.keys[kid]
	stale := k.pool != nil && time.Since(k.read) > keysPause
	k.mu.RUnlock()
	if !ok && stale && len(kid) == 12 {
		ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
		defer stop()
		_ = k.Reload(ctx) // what cannot be read again stays unknown, and is refused
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, ok := k.keys[kid]
	until, ends := k.retired[kid]
	return key, ok && (!ends || k.clock.Now().Before(until))
}
