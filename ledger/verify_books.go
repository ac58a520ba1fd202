package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// sqlBooks is everything in the books that is as long as they are, each table read
// once, in the order in which it lies there and by one statement, so that all of it
// is of one moment. Entries come by their columns, everything else packed by
// record_send with what it is in front.
const sqlBooks = `
select null::uuid, null::bigint, null::uuid, null::bigint, null::bigint, null::timestamptz,
       record_send(row(0, id, kind, n, changes, hold_events, posted, last_at)) from ledger.account where bank_id = $1
union all select null, null, null, null, null, null,
       record_send(row(1, account_id, n, what, kind, soft_floor, floor, ceiling, actor, reason, at)) from ledger.account_change where bank_id = $1
union all select null, null, null, null, null, null,
       record_send(row(2, id, kind, key, hash, actor, on_behalf_of, category, ref_kind, ref_id, effective_on, posted_at, reversal_of, hold_id,
         reason, accounts, minutes)) from ledger.transfer where bank_id = $1
union all select account_id, n, transfer_id, minutes, balance, posted_at, null from ledger.entry where bank_id = $1
union all select null, null, null, null, null, null,
       record_send(row(3, account_id, height, n, changes, hold_events, balance, entries_hash, changes_hash, holds_hash)) from ledger.seal where bank_id = $1
union all select null, null, null, null, null, null, record_send(row(4, height, root)) from ledger.block where bank_id = $1`

// The records of the piles, all numbers big-endian:
//
//	entry  account 4, n 8, transfer 16, minutes 8, balance 8, posted at 8: from n on as it is sealed
//	leg    account 4, posted at 8, transfer 16, minutes 8, hash 32, kind 1, whether it settled a hold 1
//	seal   account 4, n 8, height 8, changes 8, hold events 8, balance 8, hash of entries 32, of changes 32
//	leaf   height 8, 0 for the block or 1 for a seal, account 16, root or leaf 32
//	key    a hash 8
//
// An account is told by its place among those that were read. What may be below
// zero and is sorted by has its highest bit turned.
const (
	entryBytes = 4 + 8 + 16 + 8 + 8 + 8
	legBytes   = 4 + 8 + 16 + 8 + 32 + 1 + 1
	sealBytes  = 4 + 8 + 8 + 8 + 8 + 8 + 32 + 32
	leafBytes  = 8 + 1 + 16 + 32
	turned     = 1 << 63
)

// books is what has been read: accounts and their terms in memory, all else on
// piles.
type books struct {
	bank      uuid.UUID
	by        map[uuid.UUID]uint32
	accounts  []*story
	entries   pile
	legs      pile
	seals     pile
	leaves    pile
	keys      pile
	seed      maphash.Seed
	transfers int64
	counted   int64 // entries
	odd       bool  // a transfer may lack the account that its kind asks for
	form      []byte
	day       int32  // of the latest transfer
	dayText   []byte // the same as ISO has it

	faults []Fault
	seen   map[string]int // faults per rule
}

// story is what an account says of itself, and its terms.
type story struct {
	id                                 uuid.UUID
	known                              bool // there is such an account
	kind                               string
	n, changes, events, posted, lastAt int64
	terms                              []term
}

// term is the terms of an account from an instant on.
type term struct {
	n, at          int64
	what           string
	floor, ceiling *int64
	sealed         []byte // what a seal covers of it
}

func newBooks(bank uuid.UUID) *books {
	return &books{bank: bank, by: map[uuid.UUID]uint32{}, seed: maphash.MakeSeed(), seen: map[string]int{},
		entries: pile{size: entryBytes, key: entryBytes}, legs: pile{size: legBytes, key: legBytes}, seals: pile{size: sealBytes, key: 4 + 8 + 8},
		leaves: pile{size: leafBytes, key: 8 + 1 + 16}, keys: pile{size: 8, key: 8}}
}

func (b *books) close() {
	for _, p := range []*pile{&b.entries, &b.legs, &b.seals, &b.leaves, &b.keys} {
		p.close()
	}
}

func (b *books) fault(rule, row, detail string, args ...any) {
	if b.seen[rule]++; b.seen[rule] <= maxFaults {
		b.faults = append(b.faults, Fault{Rule: rule, Row: row, Detail: fmt.Sprintf(detail, args...)})
	}
}

// read reads it all, and looks at each transfer by itself as it passes.
func (b *books) read(ctx context.Context, db bun.IDB) error {
	return each(ctx, db, sqlBooks, b.bank, b.take)
}

func (b *books) take(row [][]byte) error {
	if row[6] == nil {
		return b.takeEntry(row)
	}
	f := packed(row[6][4:]) // behind the number of fields
	switch what := f.small(); what {
	case 0:
		s := b.accounts[b.place(f.id())]
		s.known, s.kind = true, string(f.next())
		s.n, s.changes, s.events, s.posted, s.lastAt = f.number(), f.number(), f.number(), f.number(), f.number()
	case 1:
		b.takeChange(&f)
	case 2:
		return b.takeTransfer(&f)
	case 3:
		return b.takeSeal(&f)
	case 4:
		l, err := b.leaves.add()
		if err != nil {
			return err
		}
		clear(l)
		copy(l, f.next())
		copy(l[25:], f.next())
	default:
		return fmt.Errorf("a row of kind %d", what)
	}
	return nil
}

// place is an account's place among those that were read, also where only others
// speak of it.
func (b *books) place(id uuid.UUID) uint32 {
	at, ok := b.by[id]
	if !ok {
		at = uint32(len(b.accounts))
		b.by[id], b.accounts = at, append(b.accounts, &story{id: id})
	}
	return at
}

func (b *books) takeEntry(row [][]byte) error {
	b.counted++
	var id uuid.UUID
	copy(id[:], row[0])
	for _, v := range row[:6] {
		if v == nil {
			b.fault(numberRule, fmt.Sprintf("entry %d of account %s", whole(row[1]), id), "a column of it is empty")
			return nil
		}
	}
	e, err := b.entries.add()
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint32(e, b.place(id))
	to := e[4:]
	for _, v := range row[1:6] {
		to = to[copy(to, v):]
	}
	return nil
}

func (b *books) takeChange(f *packed) {
	s := b.accounts[b.place(f.id())]
	var t term
	n := f.next()
	what, kind := f.next(), f.next()
	soft, floor, ceiling := f.next(), f.next(), f.next()
	actor, reason, at := f.next(), f.next(), f.next()
	t.n, t.at, t.what = whole(n), whole(at), string(what)
	t.sealed = append(t.sealed, n...)
	t.sealed = lengthened(lengthened(t.sealed, what), kind)
	for _, l := range [][]byte{soft, floor, ceiling} {
		if l == nil {
			t.sealed = append(t.sealed, 0)
		} else {
			t.sealed = append(append(t.sealed, 1), l...)
		}
	}
	t.sealed = append(lengthened(lengthened(t.sealed, actor), reason), at...)
	if floor != nil {
		t.floor = new(whole(floor))
	}
	if ceiling != nil {
		t.ceiling = new(whole(ceiling))
	}
	s.terms = append(s.terms, t)
}

func (b *books) takeSeal(f *packed) error {
	id := f.id()
	height, n, changes, events, balance := f.next(), f.next(), f.next(), f.next(), f.next()
	entriesHash, changesHash, holdsHash := f.next(), f.next(), f.next()
	s, err := b.seals.add()
	if err != nil {
		return err
	}
	clear(s)
	binary.BigEndian.PutUint32(s, b.place(id))
	for i, v := range [][]byte{n, height, changes, events, balance} {
		copy(s[4+8*i:], v)
	}
	copy(s[44:76], entriesHash)
	copy(s[76:], changesHash)
	l, err := b.leaves.add()
	if err != nil {
		return err
	}
	clear(l)
	copy(l, height)
	l[8] = 1
	copy(l[9:], id[:])
	leaf := append(b.form[:0], 0)
	leaf = append(leaf, id[:]...)
	for _, v := range [][]byte{n, changes, events, balance, entriesHash, changesHash, holdsHash} {
		leaf = append(leaf, v...)
	}
	sum := sha256.Sum256(leaf)
	copy(l[25:], sum[:])
	b.form = leaf
	return nil
}

// lengthened is a value with its length in front, behind what there is.
func lengthened(to, value []byte) []byte {
	return append(binary.BigEndian.AppendUint32(to, uint32(len(value))), value...)
}

// packed is the fields of a row that record_send has packed, from the first on:
// each its type and length, 32 bits big-endian, and its bytes; no bytes for null.
type packed []byte

func (p *packed) next() []byte {
	b := *p
	n := int32(binary.BigEndian.Uint32(b[4:]))
	if n < 0 {
		*p = b[8:]
		return nil
	}
	*p = b[8+n:]
	return b[8 : 8+n : 8+n]
}

func (p *packed) id() (id uuid.UUID) {
	copy(id[:], p.next())
	return id
}

func (p *packed) small() int32 { return int32(binary.BigEndian.Uint32(p.next())) }

func (p *packed) number() int64 { return whole(p.next()) }

// nothing stands for an empty column where a number should be: no number that the
// books could hold.
const nothing = -1 << 63

// whole is a number of 64 bits.
func whole(b []byte) int64 {
	if len(b) != 8 {
		return nothing
	}
	return int64(binary.BigEndian.Uint64(b))
}

// moment is an instant as Postgres sends it: microseconds since the year 2000.
func moment(at int64) string {
	return time.UnixMicro(at + 946_684_800_000_000).UTC().Format(time.RFC3339Nano)
}
