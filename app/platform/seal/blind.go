package seal

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// A blind index is a keyed hash, by which a row is found without its value being
// kept. Nobody can compute it anew under another key: the value is gone. So a new
// key is laid over the old one: the hash is hashed again, and a look-up does the
// same. Whoever learns an old key learns nothing from what lies under a newer one.
// The first layer is 32 bytes; a higher one begins with its number.

// layer is one key of the blind indexes.
type layer struct {
	key    []byte
	starts time.Time
}

// BlindKey is the key of one layer. It stands sealed by the first key.
type BlindKey struct {
	bun.BaseModel `bun:"table:directory.blind_key"`

	Layer     int       `bun:"layer,pk"`
	Sealed    []byte    `bun:"sealed"`
	CreatedAt time.Time `bun:"created_at"`
	StartsAt  time.Time `bun:"starts_at"`
}

func (k BlindKey) place() Place {
	return Place{Column: "blind_key.sealed", Row: uuid.NewSHA1(uuid.Nil, binary.BigEndian.AppendUint32(nil, uint32(k.Layer)))}
}

func (l layer) over(column string, inner []byte) []byte {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(column + "\x00"))
	mac.Write(inner)
	return mac.Sum(nil)
}

// numbered is a hash as it is kept under so many layers.
func numbered(n int, sum []byte) []byte {
	if n == 1 {
		return sum
	}
	return append([]byte{byte(n)}, sum...)
}

// layersNow are the layers there are, and how many of them are laid over what is
// written now.
func (b *Box) layersNow() (all []layer, use int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	now := b.now()
	use = 1
	for i, l := range b.layers {
		if !now.Before(l.starts) {
			use = i + 1
		}
	}
	return b.layers, use
}

// Blind returns a keyed hash of s, as it is kept now: equal for equal texts, and no
// help to anyone without the key.
func (b *Box) Blind(column, s string) []byte {
	all, use := b.layersNow()
	sum := []byte(s)
	for _, l := range all[:use] {
		sum = l.over(column, sum)
	}
	return numbered(use, sum)
}

// Blinds returns every form in which the hash of s may stand while a new key takes
// over, to look rows up.
func (b *Box) Blinds(column, s string) [][]byte {
	all, _ := b.layersNow()
	out := make([][]byte, len(all))
	sum := []byte(s)
	for i, l := range all {
		sum = l.over(column, sum)
		out[i] = numbered(i+1, sum)
	}
	return out
}

// IsBlind tells whether a kept hash is that of s, under however many layers. It
// takes the same time for every hash.
func (b *Box) IsBlind(hash []byte, column, s string) bool {
	fits := 0
	for _, x := range b.Blinds(column, s) {
		fits |= subtle.ConstantTimeCompare(hash, x)
	}
	return fits == 1
}

// Layers is how many layers lie over what is written now.
func (b *Box) Layers() int {
	_, use := b.layersNow()
	return use
}

// LayersOf is how many layers a hash has.
func LayersOf(hash []byte) int {
	if len(hash) == sha256.Size+1 {
		return int(hash[0])
	}
	return 1
}

// Wrap lays over a hash of a column the layers that it lacks.
func (b *Box) Wrap(column string, hash []byte) []byte {
	all, use := b.layersNow()
	n := LayersOf(hash)
	sum := hash
	if n > 1 {
		sum = hash[1:]
	}
	for _, l := range all[min(n, use):use] {
		sum = l.over(column, sum)
	}
	return numbered(max(n, use), sum)
}

func livingLayers(ctx context.Context, tx bun.IDB) ([]BlindKey, error) {
	var rows []BlindKey
	if err := tx.NewSelect().Model(&rows).Order("layer").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read keys of blind indexes: %w", err)
	}
	return rows, nil
}

func (b *Box) loadLayers(ctx context.Context, tx bun.IDB) ([]layer, error) {
	rows, err := livingLayers(ctx, tx)
	if err != nil {
		return nil, err
	}
	out := []layer{{key: b.blind}}
	for _, r := range rows {
		key, _, err := b.openKey(r.place(), r.Sealed)
		if err != nil {
			return nil, err
		}
		l := layer{key: key, starts: r.StartsAt}
		if r.Layer == 1 {
			out[0] = l
			continue
		}
		if r.Layer != len(out)+1 {
			return nil, fmt.Errorf("key %d of the blind indexes is missing", len(out)+1)
		}
		out = append(out, l)
	}
	return out, nil
}

// addLayer keeps the lowest layer in the database, if it is not there yet, and adds
// one that starts with the sealing key.
func (b *Box) addLayer(ctx context.Context, tx bun.IDB, root sealer, now time.Time) error {
	rows, err := livingLayers(ctx, tx)
	if err != nil {
		return err
	}
	var fresh []BlindKey
	if len(rows) == 0 {
		fresh = append(fresh, BlindKey{Layer: 1, Sealed: b.blind, CreatedAt: now, StartsAt: now})
	}
	text, err := NewKey() // as random as any other
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	fresh = append(fresh, BlindKey{Layer: max(len(rows), 1) + 1, Sealed: sum[:], CreatedAt: now, StartsAt: now.Add(Lead)})
	for _, k := range fresh {
		if k.Sealed, err = root.seal(k.place(), k.Sealed); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&k).Exec(ctx); err != nil {
			return fmt.Errorf("keep key of blind indexes: %w", err)
		}
	}
	return nil
}

// followLayers seals the keys of the blind indexes with another of the first keys.
func (b *Box) followLayers(ctx context.Context, tx bun.IDB, newest int) error {
	rows, err := livingLayers(ctx, tx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		key, by, err := b.openKey(r.place(), r.Sealed)
		if err != nil || by == newest {
			if err != nil {
				return err
			}
			continue
		}
		fresh, err := b.roots[newest].seal(r.place(), key)
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*BlindKey)(nil)).Set("sealed = ?", fresh).Where("layer = ?", r.Layer).Exec(ctx); err != nil {
			return fmt.Errorf("seal key anew: %w", err)
		}
	}
	return nil
}
