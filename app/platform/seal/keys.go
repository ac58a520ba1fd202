package seal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// How a new key takes over: every replica reads the keys so often, and a new one
// seals only after all of them must have read it.
const (
	KeysEvery = 15 * time.Second
	Lead      = time.Minute
)

// Key is one of the box's further keys. The text of it stands sealed by the first.
type Key struct {
	bun.BaseModel `bun:"table:directory.seal_key"`

	ID        uuid.UUID  `bun:"id,pk"`
	Sealed    []byte     `bun:"sealed"`
	Prefix    []byte     `bun:"prefix"` // with which what it seals begins
	CreatedAt time.Time  `bun:"created_at"`
	StartsAt  time.Time  `bun:"starts_at"`
	DoneAt    *time.Time `bun:"done_at"` // nothing is left that another key sealed
	RetiredAt *time.Time `bun:"retired_at"`
}

func (k Key) place() Place { return Place{Column: "seal_key.sealed", Row: k.ID} }

// ErrRotating refuses a new key while rows are still sealed by the one before.
var ErrRotating = errors.New("a new sealing key is already taking over; wait until the old one is retired")

// Load reads the keys that seal or open, and those of the blind indexes.
func (b *Box) Load(ctx context.Context, tx bun.IDB) error {
	rows, err := living(ctx, tx)
	if err != nil {
		return err
	}
	layers, err := b.loadLayers(ctx, tx)
	if err != nil {
		return err
	}
	keys := make([]sealer, len(rows))
	for i, r := range rows {
		text, _, err := b.openKey(r.place(), r.Sealed)
		if err != nil {
			return err
		}
		if keys[i], _, err = read(string(text)); err != nil {
			return err
		}
		keys[i].starts = r.StartsAt
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys, b.layers = keys, layers
	return nil
}

// openKey opens a key that one of the first keys sealed, and tells which.
func (b *Box) openKey(p Place, sealed []byte) (text []byte, root int, err error) {
	for i, r := range b.roots {
		if text, err := r.aead.Decrypt(sealed, p.data()); err == nil {
			return text, i, nil
		}
	}
	return nil, 0, fmt.Errorf("open %s; is TIMEBANK_KEY the key this database was made with? %w", p.Column, ErrOpen)
}

func living(ctx context.Context, tx bun.IDB) ([]Key, error) {
	var rows []Key
	if err := tx.NewSelect().Model(&rows).Where("retired_at is null").Order("starts_at", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read sealing keys: %w", err)
	}
	return rows, nil
}

// Rotate makes a new key that seals from a minute from now on, and a new layer of
// the blind indexes; what there is stays readable and follows row by row. Where the
// box has a key that is to follow the first, every key in the database is sealed
// anew with that one, in the same transaction: from then on the first is needed for
// nothing but what it sealed itself. Refuses with ErrRotating.
func (b *Box) Rotate(ctx context.Context, tx bun.IDB, now time.Time) error {
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock(hashtext('directory.seal_key'))"); err != nil {
		return fmt.Errorf("rotate sealing key: %w", err)
	}
	rows, err := living(ctx, tx)
	if err != nil {
		return err
	}
	if len(rows) > 0 && rows[len(rows)-1].DoneAt == nil {
		return ErrRotating
	}
	root, err := b.follow(ctx, tx, rows)
	if err != nil {
		return err
	}
	text, err := NewKey()
	if err != nil {
		return err
	}
	made, _, err := read(text)
	if err != nil {
		return err
	}
	k := Key{ID: uuid.New(), Prefix: made.prefix[:], CreatedAt: now, StartsAt: now.Add(Lead)}
	if k.Sealed, err = root.seal(k.place(), []byte(text)); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&k).Exec(ctx); err != nil {
		return fmt.Errorf("keep sealing key: %w", err)
	}
	if err := b.addLayer(ctx, tx, root, now); err != nil {
		return err
	}
	return b.Load(ctx, tx)
}

// follow seals the living keys with the newest of the first keys, and returns it.
func (b *Box) follow(ctx context.Context, tx bun.IDB, rows []Key) (sealer, error) {
	newest := len(b.roots) - 1
	for _, r := range rows {
		text, by, err := b.openKey(r.place(), r.Sealed)
		if err != nil {
			return sealer{}, err
		}
		if by == newest {
			continue
		}
		fresh, err := b.roots[newest].seal(r.place(), text)
		if err != nil {
			return sealer{}, err
		}
		if _, err := tx.NewUpdate().Model((*Key)(nil)).Set("sealed = ?", fresh).Where("id = ?", r.ID).Exec(ctx); err != nil {
			return sealer{}, fmt.Errorf("seal key anew: %w", err)
		}
	}
	return b.roots[newest], b.followLayers(ctx, tx, newest)
}

// NeedsFirst tells whether a key in the database is still sealed by the first key
// although another is to follow it. What that key sealed itself is the caller's to
// count.
func (b *Box) NeedsFirst(ctx context.Context, tx bun.IDB) (bool, error) {
	if len(b.roots) == 1 {
		return true, nil
	}
	rows, err := living(ctx, tx)
	if err != nil {
		return false, err
	}
	layers, err := livingLayers(ctx, tx)
	if err != nil || len(rows) == 0 || len(layers) == 0 {
		return true, err
	}
	for _, r := range rows {
		if _, by, err := b.openKey(r.place(), r.Sealed); err != nil || by == 0 {
			return true, err
		}
	}
	for _, r := range layers {
		if _, by, err := b.openKey(r.place(), r.Sealed); err != nil || by == 0 {
			return true, err
		}
	}
	return false, nil
}

// Settled tells whether there is something to seal anew: the newest key has sealed
// all that was written for long enough that no replica uses another, and it is not
// done. Only then is a search for what others sealed an answer.
func (b *Box) Settled(ctx context.Context, tx bun.IDB, now time.Time) (bool, error) {
	rows, err := living(ctx, tx)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	newest := rows[len(rows)-1]
	return newest.DoneAt == nil && !now.Before(newest.StartsAt.Add(Lead)), nil
}

// Retire empties every key but the newest. The caller has seen, after Settled, that
// nothing begins with theirs and that every blind index has the newest layer. The
// first key stays: it seals the others.
func (b *Box) Retire(ctx context.Context, tx bun.IDB, now time.Time) (int, error) {
	rows, err := living(ctx, tx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	if _, err := tx.NewUpdate().Model((*Key)(nil)).Set("done_at = ?", now).Where("id = ?", rows[len(rows)-1].ID).Exec(ctx); err != nil {
		return 0, fmt.Errorf("note sealing key: %w", err)
	}
	for _, r := range rows[:len(rows)-1] {
		if _, err := tx.NewUpdate().Model((*Key)(nil)).Set("sealed = null").Set("retired_at = ?", now).Where("id = ?", r.ID).Exec(ctx); err != nil {
			return 0, fmt.Errorf("retire sealing key: %w", err)
		}
	}
	return len(rows) - 1, b.Load(ctx, tx)
}

// At sets the clock by which keys begin to seal; tests move theirs.
func (b *Box) At(now func() time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = now
}
