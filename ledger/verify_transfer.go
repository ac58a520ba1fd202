package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Rules that look at one transfer by itself.
const (
	transferRule = "every transfer by itself: its legs, its hash, its day, its accounts"

	legsRule = "the legs of a transfer are two at least, none zero, none twice, and sum to zero"
	hashRule = "a transfer is what was asked for: its hash is that of its contents"
	dayRule  = "a transfer takes effect no later than the day it was posted, anywhere on earth"
)

// kindCheck names what books.odd suspects.
var kindCheck = query{"adjustments, openings and halves between banks have their own account among the legs", `
select format('transfer %s', t.id), format('%s without an account for it', t.kind)
  from ledger.transfer t
 where t.bank_id = ?0 and t.kind in ('adjustment', 'opening', 'between')
   and not exists (select from ledger.account a where a.bank_id = ?0 and a.id = any (t.accounts)
     and a.kind = case t.kind when 'adjustment' then 'adjustment' when 'opening' then 'issuance' else 'clearing' end)`}

// keyCheck names transfers that share a key, where two keys have one hash.
var keyCheck = query{"a key has posted one transfer", `
select format('transfer %s', max(id::text)), format('%s transfers have its key', count(*))
  from ledger.transfer where bank_id = ?0 group by key having count(*) > 1`}

// kindNames are the kinds of transfer by the number that a leg's record has; the
// last one is any other.
var kindNames = []string{"exchange", "gathering", "gift", "donation", "grant", "starting", "adjustment", "reversal", "between", "opening", ""}

// special is the kind of account that a kind of transfer asks for among its legs.
var special = map[string]string{"adjustment": "adjustment", "opening": "issuance", "between": "clearing"}

// takeTransfer looks at a transfer and puts its legs and its key on their piles.
func (b *books) takeTransfer(f *packed) error {
	b.transfers++
	id := f.id()
	name := func() string { return "transfer " + id.String() }
	kind, key, sum, actor, behalf := f.next(), f.next(), f.next(), f.next(), f.next()
	category, refKind, ref, day, posted := f.next(), f.next(), f.next(), f.next(), f.next()
	original, hold, reason := f.next(), f.next(), f.next()
	accounts, fine := elements(f.next(), 16)
	minutes, also := elements(f.next(), 8)
	if !fine || !also || !balanced(accounts, minutes) {
		b.fault(legsRule, name(), "legs %d of %d accounts", numbers(minutes), len(accounts)/16)
	}
	took := int32(-1 << 31)
	if len(day) == 4 {
		took = int32(binary.BigEndian.Uint32(day))
	}
	at := whole(posted)
	if int64(took)*86_400_000_000 > at+14*3_600_000_000 {
		b.fault(dayRule, name(), "takes effect on %s, posted at %s", b.iso(took), moment(at))
	}

	// The canonical form of a request, version 1. A reversal was asked for without legs, category and reference.
	c := lengthened(b.form[:0], []byte("timebank-ledger-transfer/1"))
	c = lengthened(lengthened(lengthened(c, b.bank[:]), kind), key)
	c = lengthened(lengthened(c, actor), behalf)
	back := string(kind) == "reversal"
	if back {
		category, refKind, ref = nil, nil, nil
	}
	c = lengthened(lengthened(lengthened(c, category), refKind), ref)
	c = lengthened(lengthened(lengthened(c, b.iso(took)), original), hold)
	c = lengthened(c, reason)
	if back {
		c = lengthened(c, nil)
	} else {
		c = binary.BigEndian.AppendUint32(c, uint32(len(accounts)/16*24))
		for i := range len(accounts) / 16 {
			c = append(append(c, accounts[16*i:16*i+16]...), minutes[min(8*i, len(minutes)):min(8*i+8, len(minutes))]...)
		}
	}
	b.form = c
	if s := sha256.Sum256(c); !bytes.Equal(s[:], sum) {
		b.fault(hashRule, name(), "the contents do not have the hash that was stored")
	}

	k, err := b.keys.add()
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint64(k, maphash.Bytes(b.seed, key))
	number := slices.Index(kindNames, string(kind))
	if number < 0 {
		number = len(kindNames) - 1
	}
	return b.putLegs(id, at, number, sum, hold != nil, accounts, minutes)
}

func (b *books) putLegs(id uuid.UUID, at int64, kind int, sum []byte, held bool, accounts, minutes []byte) error {
	wants := special[kindNames[kind]]
	for i := range min(len(accounts)/16, len(minutes)/8) {
		account := b.place(uuid.UUID(accounts[16*i : 16*i+16]))
		if wants != "" && b.accounts[account].kind == wants {
			wants = ""
		}
		l, err := b.legs.add()
		if err != nil {
			return err
		}
		binary.BigEndian.PutUint32(l, account)
		binary.BigEndian.PutUint64(l[4:], uint64(at)^turned)
		copy(l[12:], id[:])
		copy(l[28:], minutes[8*i:8*i+8])
		clear(l[36:68])
		copy(l[36:68], sum)
		l[68], l[69] = byte(kind), 0
		if held {
			l[69] = 1
		}
	}
	b.odd = b.odd || wants != ""
	return nil
}

// balanced tells whether legs make a transfer: 2 to 500 accounts that ascend, each
// with minutes that are not zero nor more than any account may have, all of them
// coming to zero.
func balanced(accounts, minutes []byte) bool {
	n := len(accounts) / 16
	if n < 2 || n > 500 || n != len(minutes)/8 {
		return false
	}
	var total int64
	for i := range n {
		m := whole(minutes[8*i : 8*i+8])
		if m == 0 || m > 1<<53-1 || m < -1<<53+1 || i > 0 && bytes.Compare(accounts[16*i-16:16*i], accounts[16*i:16*i+16]) >= 0 {
			return false
		}
		total += m
	}
	return total == 0
}

// elements are those of an array of one dimension that begins at 1, each of so
// many bytes, one after the other; false where it is another, or one is null: then
// those before it.
func elements(array []byte, size int) (out []byte, fine bool) {
	const head = 20 // dimensions, whether there are nulls, type; length and beginning
	if len(array) < head || binary.BigEndian.Uint32(array) != 1 || binary.BigEndian.Uint32(array[16:]) != 1 {
		return nil, false
	}
	from := array[head:]
	out, fine = array[head:head], true // over what has been read
	for len(from) >= 4 {
		n := int32(binary.BigEndian.Uint32(from))
		from = from[4:]
		if int(n) != size || len(from) < size {
			return out, false
		}
		out = append(out, from[:size]...)
		from = from[size:]
	}
	return out, fine
}

func numbers(b []byte) (out []int64) {
	for ; len(b) >= 8; b = b[8:] {
		out = append(out, whole(b[:8]))
	}
	return out
}

// iso is a day, in days since the year 2000, as text.
func (b *books) iso(day int32) []byte {
	if b.dayText == nil || day != b.day {
		b.day = day
		b.dayText = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(day)).AppendFormat(b.dayText[:0], time.DateOnly)
	}
	return b.dayText
}
