package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Block is a link of a bank's chain: it fixes everything that had been written
// when it was sealed, and through Previous all that came before. Whoever keeps a
// copy of one can tell later whether anything below it was changed.
type Block struct {
	Bank     uuid.UUID
	Height   int64 // 1, 2, 3 …; 0: nothing is sealed yet
	SealedAt time.Time
	Entries  int64 // that it adds
	Root     [32]byte
	Previous [32]byte
	Hash     [32]byte

	closedThrough sql.NullString
	closings      []byte
}

// String names the block in a form short enough for a log or a statement's foot.
func (b Block) String() string { return fmt.Sprintf("block %d %x", b.Height, b.Hash) }

// Head is the latest block; of height 0 where nothing is sealed yet.
func Head(ctx context.Context, db bun.IDB, bank uuid.UUID) (Block, error) {
	return oneBlock(ctx, db, bank, 1<<62)
}

// BlockAt is the block of a height, to hold an outside copy against; of height 0
// where there is none.
func BlockAt(ctx context.Context, db bun.IDB, bank uuid.UUID, height int64) (Block, error) {
	b, err := oneBlock(ctx, db, bank, height)
	if b.Height != height {
		return Block{Bank: bank}, err
	}
	return b, err
}

func oneBlock(ctx context.Context, db bun.IDB, bank uuid.UUID, most int64) (Block, error) {
	b := Block{Bank: bank}
	var root, previous, sum []byte
	err := db.NewRaw(`select height, sealed_at, entries, root, previous, hash, closed_through::text, closings_hash from ledger.block
where bank_id = ? and height <= ? order by height desc limit 1`, bank, most).
		Scan(ctx, &b.Height, &b.SealedAt, &b.Entries, &root, &previous, &sum, &b.closedThrough, &b.closings)
	if errors.Is(err, sql.ErrNoRows) {
		return b, nil
	}
	if err != nil {
		return b, fmt.Errorf("ledger: block: %w", err)
	}
	b.SealedAt = b.SealedAt.UTC()
	copy(b.Root[:], root)
	copy(b.Previous[:], previous)
	copy(b.Hash[:], sum)
	return b, nil
}

// longest bounds how many entries of one account a block covers, so that a single
// digest never needs more than some megabytes. The next block covers the rest.
const longest = 100_000

// segment is what one account has added since its latest seal.
type segment struct {
	account                                      uuid.UUID
	fromN, fromChanges, fromHolds                int64
	n, changes, holds                            int64
	balance                                      Minutes
	entriesHash, changesHash, holdsHash          hash.Hash
	entriesDigest, changesDigest, holdEventsSeen []byte
}

// Seal adds a block with everything committed since the latest one, and answers
// it; the latest one again, and false, where there is nothing new or another
// process sealed at the same time. Nothing waits for it: entries of an account
// become visible in the order of their numbers, so what a block covers can never
// grow. For a job; at is the time of sealing.
func Seal(ctx context.Context, db bun.IDB, bank uuid.UUID, at time.Time) (Block, bool, error) {
	last, err := Head(ctx, db, bank)
	if err != nil {
		return last, false, err
	}
	b := Block{Bank: bank, Height: last.Height + 1, SealedAt: stamp(at), Previous: last.Hash}
	if b.SealedAt.Before(last.SealedAt) {
		b.SealedAt = last.SealedAt
	}
	segments, err := moved(ctx, db, bank)
	if err != nil {
		return last, false, fmt.Errorf("ledger: seal: %w", err)
	}
	closings, err := newClosings(ctx, db, &b, last.closedThrough)
	if err != nil {
		return last, false, fmt.Errorf("ledger: seal: %w", err)
	}
	if len(segments) == 0 && closings == 0 {
		return last, false, nil
	}
	if err := digestSegments(ctx, db, bank, segments); err != nil {
		return last, false, fmt.Errorf("ledger: seal: %w", err)
	}
	leaves := make([][32]byte, len(segments))
	for i, s := range segments {
		b.Entries += s.n - s.fromN
		leaves[i] = sealLeaf(s.account, s.n, s.changes, s.holds, s.balance, s.entriesDigest, s.changesDigest, s.holdEventsSeen)
	}
	b.Root = merkle(leaves)
	b.Hash = b.digest()
	done, err := writeBlock(ctx, db, b, segments)
	if err != nil {
		return last, false, fmt.Errorf("ledger: seal: %w", err)
	}
	if !done {
		last, err = Head(ctx, db, bank)
		return last, false, err
	}
	return b, true, nil
}

// moved lists the accounts with something unsealed, in ascending id.
func moved(ctx context.Context, db bun.IDB, bank uuid.UUID) ([]*segment, error) {
	rows, err := db.QueryContext(ctx, `select a.id, coalesce(s.n, 0), coalesce(s.changes, 0), coalesce(s.hold_events, 0),
least(a.n, coalesce(s.n, 0) + ?), a.changes, a.hold_events, coalesce(s.balance, 0)
from ledger.account a left join lateral (select n, changes, hold_events, balance from ledger.seal
  where bank_id = ? and account_id = a.id order by height desc limit 1) s on true
where a.bank_id = ? and (a.n, a.changes, a.hold_events) is distinct from (s.n, s.changes, s.hold_events)
order by a.id`, longest, bank, bank)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []*segment
	for rows.Next() {
		s := &segment{entriesHash: sha256.New(), changesHash: sha256.New(), holdsHash: sha256.New()}
		if err := rows.Scan(&s.account, &s.fromN, &s.fromChanges, &s.fromHolds, &s.n, &s.changes, &s.holds, &s.balance); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// merkle is the root of a binary tree over leaves, an odd one at the end of a row
// going up as it is: as RFC 6962 has it. No leaves: the digest of nothing.
func merkle(leaves [][32]byte) [32]byte {
	if len(leaves) == 0 {
		return sha256.Sum256(nil)
	}
	var row []byte
	for len(leaves) > 1 {
		up := leaves[:0]
		for i := 0; i < len(leaves); i += 2 {
			if i+1 == len(leaves) {
				up = append(up, leaves[i])
				continue
			}
			row = append(append(append(row[:0], 1), leaves[i][:]...), leaves[i+1][:]...)
			up = append(up, sha256.Sum256(row))
		}
		leaves = up
	}
	return leaves[0]
}
