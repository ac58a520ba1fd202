package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// The canonical forms of what is sealed, version 1. Numbers are 64 bits, big
// endian; instants microseconds since the beginning of 2000 in UTC; what may be
// absent has a byte in front, 0 or 1; texts and ids are as in a transfer's form.

const canonicalBlock = "timebank-ledger-block/1"

var century = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (f *form) number(v int64)      { *f = binary.BigEndian.AppendUint64(*f, uint64(v)) }
func (f *form) instant(t time.Time) { f.number(t.UnixMicro() - century.UnixMicro()) }

func (f *form) maybe(v *Minutes) {
	if v == nil {
		*f = append(*f, 0)
		return
	}
	*f = append(*f, 1)
	f.number(int64(*v))
}

// sealLeaf is a leaf of the tree. The 0 in front sets it apart from a node, which
// has a 1.
func sealLeaf(account uuid.UUID, n, changes, holds int64, balance Minutes, entriesHash, changesHash, holdsHash []byte) [32]byte {
	f := make(form, 0, 1+16+4*8+3*32)
	f = append(f, 0)
	f = append(f, account[:]...)
	f.number(n)
	f.number(changes)
	f.number(holds)
	f.number(int64(balance))
	f = append(append(append(f, entriesHash...), changesHash...), holdsHash...)
	return sha256.Sum256(f)
}

func (b Block) digest() [32]byte {
	f := make(form, 0, 200)
	f.text(canonicalBlock)
	f.id(b.Bank)
	f.number(b.Height)
	f.instant(b.SealedAt)
	f.number(b.Entries)
	f.text(b.closedThrough.String)
	f = append(append(append(f, b.closings...), b.Root[:]...), b.Previous[:]...)
	return sha256.Sum256(f)
}

// newClosings takes the closings since the given day into b.
func newClosings(ctx context.Context, db bun.IDB, b *Block, since sql.NullString) (n int, err error) {
	b.closedThrough = since
	h := sha256.New()
	rows, err := db.QueryContext(ctx, `select through::text, actor, reason, closed_at from ledger.closing
where bank_id = ? and (?::date is null or through > ?::date) order by through`, b.Bank, since, since)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var actor uuid.UUID
		var day, reason string
		var at time.Time
		if err := rows.Scan(&day, &actor, &reason, &at); err != nil {
			return 0, err
		}
		var f form
		f.text(day)
		f.id(actor)
		f.text(reason)
		f.instant(at)
		_, _ = h.Write(f)
		b.closedThrough = sql.NullString{String: day, Valid: true}
		n++
	}
	b.closings = h.Sum(nil)
	return n, rows.Err()
}

// digestSegments reads what the segments cover, in three passes, each in the
// order of the segments and of the numbers within them.
func digestSegments(ctx context.Context, db bun.IDB, bank uuid.UUID, segments []*segment) error {
	var ids, n, toN, changes, toChanges, holds, toHolds list
	by := make(map[uuid.UUID]*segment, len(segments))
	for _, s := range segments {
		by[s.account] = s
		ids.id(s.account)
		n.int(s.fromN)
		toN.int(s.n)
		changes.int(s.fromChanges)
		toChanges.int(s.changes)
		holds.int(s.fromHolds)
		toHolds.int(s.holds)
	}
	who := ids.String()
	for _, pass := range []struct {
		query    string
		from, to string
		scan     func(*sql.Rows) (*segment, []byte, error)
		write    func(*segment, []byte)
	}{
		{sqlSealEntries, n.String(), toN.String(), entryForm(by), func(s *segment, f []byte) { _, _ = s.entriesHash.Write(f) }},
		{sqlSealChanges, changes.String(), toChanges.String(), changeForm(by), func(s *segment, f []byte) { _, _ = s.changesHash.Write(f) }},
		{sqlSealHolds, holds.String(), toHolds.String(), holdForm(by), func(s *segment, f []byte) { _, _ = s.holdsHash.Write(f) }},
	} {
		rows, err := db.QueryContext(ctx, pass.query, bank, who, pass.from, pass.to)
		if err != nil {
			return err
		}
		for rows.Next() {
			s, f, err := pass.scan(rows)
			if err != nil {
				_ = rows.Close()
				return err
			}
			pass.write(s, f)
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	for _, s := range segments {
		s.entriesDigest, s.changesDigest, s.holdEventsSeen = s.entriesHash.Sum(nil), s.changesHash.Sum(nil), s.holdsHash.Sum(nil)
	}
	return nil
}

const sqlSealEntries = `select e.account_id, e.n, e.transfer_id, e.minutes, e.balance, e.posted_at, t.hash
from unnest(?1::uuid[], ?2::bigint[], ?3::bigint[]) v (account_id, after, upto)
join ledger.entry e on e.bank_id = ?0 and e.account_id = v.account_id and e.n > v.after and e.n <= v.upto
join ledger.transfer t on t.bank_id = ?0 and t.id = e.transfer_id
order by e.account_id, e.n`

func entryForm(by map[uuid.UUID]*segment) func(*sql.Rows) (*segment, []byte, error) {
	var account, transfer uuid.UUID
	var n int64
	var minutes, balance Minutes
	var at time.Time
	var sum sql.RawBytes
	return func(rows *sql.Rows) (*segment, []byte, error) {
		if err := rows.Scan(&account, &n, &transfer, &minutes, &balance, &at, &sum); err != nil {
			return nil, nil, err
		}
		var f form
		f.number(n)
		f = append(f, transfer[:]...)
		f.number(int64(minutes))
		f.number(int64(balance))
		f.instant(at)
		s := by[account]
		s.balance = balance
		return s, append(f, sum...), nil
	}
}

const sqlSealChanges = `select c.account_id, c.n, c.what, c.kind, c.soft_floor, c.floor, c.ceiling, c.actor, c.reason, c.at
from unnest(?1::uuid[], ?2::bigint[], ?3::bigint[]) v (account_id, after, upto)
join ledger.account_change c on c.bank_id = ?0 and c.account_id = v.account_id and c.n > v.after and c.n <= v.upto
order by c.account_id, c.n`

func changeForm(by map[uuid.UUID]*segment) func(*sql.Rows) (*segment, []byte, error) {
	return func(rows *sql.Rows) (*segment, []byte, error) {
		var account, actor uuid.UUID
		var n int64
		var what, kind, reason string
		var soft, floor, ceiling *Minutes
		var at time.Time
		if err := rows.Scan(&account, &n, &what, &kind, &soft, &floor, &ceiling, &actor, &reason, &at); err != nil {
			return nil, nil, err
		}
		var f form
		f.number(n)
		f.text(what)
		f.text(kind)
		f.maybe(soft)
		f.maybe(floor)
		f.maybe(ceiling)
		f.id(actor)
		f.text(reason)
		f.instant(at)
		return by[account], f, nil
	}
}

const sqlSealHolds = `select x.account_id, x.n, x.hold_id, x.how, x.actor, x.reason, x.at, x.transfer_id, x.hash
from unnest(?1::uuid[], ?2::bigint[], ?3::bigint[]) v (account_id, after, upto)
cross join lateral (
  select h.accounts[1], h.n, h.id, 'placed', h.actor, '', h.placed_at, null::uuid, h.hash
    from ledger.hold h where h.bank_id = ?0 and h.accounts[1] = v.account_id and h.n > v.after and h.n <= v.upto
  union all
  select e.account_id, e.n, e.hold_id, e.how, e.actor, e.reason, e.at, e.transfer_id, ''::bytea
    from ledger.hold_end e where e.bank_id = ?0 and e.account_id = v.account_id and e.n > v.after and e.n <= v.upto
) x (account_id, n, hold_id, how, actor, reason, at, transfer_id, hash)
order by x.account_id, x.n`

func holdForm(by map[uuid.UUID]*segment) func(*sql.Rows) (*segment, []byte, error) {
	return func(rows *sql.Rows) (*segment, []byte, error) {
		var account, hold, actor uuid.UUID
		var transfer uuid.NullUUID
		var n int64
		var how, reason string
		var at time.Time
		var sum []byte
		if err := rows.Scan(&account, &n, &hold, &how, &actor, &reason, &at, &transfer, &sum); err != nil {
			return nil, nil, err
		}
		var f form
		f.number(n)
		f = append(f, hold[:]...)
		f.text(how)
		f.id(actor)
		f.text(reason)
		f.instant(at)
		f.id(transfer.UUID)
		return by[account], append(f, sum...), nil
	}
}

// writeBlock adds the block and its seals; false where the height is taken.
func writeBlock(ctx context.Context, db bun.IDB, b Block, segments []*segment) (bool, error) {
	res, err := db.ExecContext(ctx, `insert into ledger.block (bank_id, height, sealed_at, entries, root, previous, hash, closed_through, closings_hash)
values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (bank_id, height) do nothing`, b.Bank, b.Height, b.SealedAt, b.Entries, b.Root[:], b.Previous[:],
		b.Hash[:], b.closedThrough, b.closings)
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	var c [8]list
	for _, s := range segments {
		c[0].id(s.account)
		c[1].int(s.n)
		c[2].int(s.changes)
		c[3].int(s.holds)
		c[4].int(int64(s.balance))
		c[5].bytes(s.entriesDigest)
		c[6].bytes(s.changesDigest)
		c[7].bytes(s.holdEventsSeen)
	}
	args := []any{b.Bank, b.Height}
	for i := range c {
		args = append(args, c[i].String())
	}
	_, err = db.ExecContext(ctx, `insert into ledger.seal (bank_id, height, account_id, n, changes, hold_events, balance, entries_hash, changes_hash, holds_hash)
select ?0, ?1, * from unnest(?2::uuid[], ?3::bigint[], ?4::bigint[], ?5::bigint[], ?6::bigint[], ?7::bytea[], ?8::bytea[], ?9::bytea[])`, args...)
	if err != nil {
		return false, fmt.Errorf("write seals: %w", err)
	}
	return true, nil
}
