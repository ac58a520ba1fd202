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
	CreatedAt time.Time  `bun:"created_at"`
	StartsAt  time.Time  `bun:"starts_at"`
	DoneAt    *time.Time `bun:"done_at"` // nothing is left that another key sealed
	RetiredAt *time.Time `bun:"retired_at"`
}

func (k Key) place() Place { return Place{Column: "seal_key.sealed", Row: k.ID} }

// ErrRotating refuses a new key while rows are still sealed by the one before.
var ErrRotating = errors.New("a new sealing key is already taking over; wait until the old one is retired")

// Load reads the keys that seal or open.
func (b *Box) Load(ctx context.Context, tx bun.IDB) error {
	rows, err := living(ctx, tx)
	if err != nil {
		return err
	}
	keys := make([]sealer, len(rows))
	for i, r := range rows {
		text, err := b.root.aead.Decrypt(r.Sealed, r.place().data())
		if err != nil {
			return fmt.Errorf("open sealing key; is this the key the database was made with? %w", ErrOpen)
		}
		if keys[i], _, err = read(string(text)); err != nil {
			return err
		}
		keys[i].starts = r.StartsAt
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys = keys
	return nil
}

func living(ctx context.Context, tx bun.IDB) ([]Key, error) {
	var rows []Key
	if err := tx.NewSelect().Model(&rows).Where("retired_at is null").Order("starts_at", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read sealing keys: %w", err)
	}
	return rows, nil
}

// Rotate makes a new key that seals from a minute from now on; what there is stays
// readable and is sealed anew row by row. Refuses with ErrRotating.
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
	text, err := NewKey()
	if err != nil {
		return err
	}
	k := Key{ID: uuid.New(), CreatedAt: now, StartsAt: now.Add(Lead)}
	if k.Sealed, err = b.root.seal(k.place(), []byte(text)); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&k).Exec(ctx); err != nil {
		return fmt.Errorf("keep sealing key: %w", err)
	}
	return b.Load(ctx, tx)
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
// nothing begins with theirs. The first key stays: it seals the others.
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
