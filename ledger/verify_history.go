package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"hash"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Rules that look at one account's whole history, read once and in its order.
const (
	historyRule = "every account's history, entry by entry, with its transfers, its terms and its seals"

	numberRule = "entries are numbered without a gap, ascend in time, and each balance is the one before plus the minutes"
	legRule    = "every entry is a leg of its transfer, in an account that may stand on that side"
	limitRule  = "no entry went beyond the limits in force, or into a closed account"
	sealRule   = "the seals of an account follow each other and end where it stood"
	coverRule  = "what a seal covers has not changed since"
)

// sqlHistory is one stream of everything that an account's history consists of,
// each row packed by record_send: the account, its terms in the order of their
// numbers, its entries, and each seal behind the last entry that it covers. An
// entry of the usual kind, which agrees with its transfer, is packed as plain.
const sqlHistory = `select b from (
select id, -4611686018427387904, 0::bigint, record_send(row(0, id, kind, n, changes, hold_events))
  from ledger.account where bank_id = ?0
union all
select account_id, -4611686018427387903, n, record_send(row(1, account_id, at, what, floor, ceiling))
  from ledger.account_change where bank_id = ?0
union all
select e.account_id, e.n, 0,
       case when t.posted_at = e.posted_at and t.hold_id is null and t.kind in ('exchange', 'gathering') and octet_length(t.hash) = 32
                 and case e.account_id when t.accounts[1] then t.minutes[1] when t.accounts[2] then t.minutes[2] end = e.minutes
            then '\x02'::bytea || uuid_send(e.account_id) || int8send(e.n) || uuid_send(e.transfer_id) || int8send(e.minutes)
                 || int8send(e.balance) || timestamptz_send(e.posted_at) || t.hash
            else record_send(row(2, e.account_id, e.n, e.transfer_id, e.minutes, e.balance, e.posted_at, t.posted_at,
                 t.minutes[array_position(t.accounts, e.account_id)], t.kind, t.hash, t.hold_id is not null)) end
  from ledger.entry e left join ledger.transfer t on t.bank_id = ?0 and t.id = e.transfer_id
 where e.bank_id = ?0
union all
select s.account_id, s.n, s.height, record_send(row(3, s.account_id, s.height, s.n, s.changes, s.hold_events, s.balance, s.entries_hash, b.height))
  from ledger.seal s left join ledger.block b on b.bank_id = ?0 and b.height = s.height
 where s.bank_id = ?0
) x (account, place, number, b) order by account, place, number`

// checkHistory reads every account's history and answers what is wrong with it.
func checkHistory(ctx context.Context, db bun.IDB, bank uuid.UUID) ([]Fault, error) {
	rows, err := db.QueryContext(ctx, sqlHistory, bank)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	h := history{covered: sha256.New(), seen: map[string]int{}}
	var row sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&row); err != nil {
			return nil, err
		}
		if err := h.take(row); err != nil {
			return nil, err
		}
	}
	return h.faults, rows.Err()
}

// history is what has been read of the account at hand.
type history struct {
	id                 uuid.UUID
	known              bool // there is such an account
	kind               string
	n, changes, events int64 // as the account says
	terms              []term
	last               pastEntry
	seal               pastSeal
	covered            hash.Hash // of the entries since the latest seal
	at                 beside

	faults []Fault
	seen   map[string]int // faults per rule
}

// term is the terms of an account from an instant on.
type term struct {
	at             int64
	what           string
	floor, ceiling *int64
}

type pastEntry struct{ n, balance, at int64 }

type pastSeal struct{ n, changes, events int64 }

func (h *history) fault(rule, row, detail string, args ...any) {
	if h.seen[rule]++; h.seen[rule] <= maxFaults {
		h.faults = append(h.faults, Fault{Rule: rule, Row: row, Detail: fmt.Sprintf(detail, args...)})
	}
}

// turn goes on to an account, where it is another.
func (h *history) turn(id uuid.UUID) {
	if id != h.id {
		h.id, h.known, h.terms = id, false, h.terms[:0]
		h.last, h.seal = pastEntry{}, pastSeal{}
		h.covered.Reset()
	}
}

func (h *history) take(row []byte) error {
	if len(row) == 1+16+sealedForm && row[0] == plain {
		h.turn(uuid.UUID(row[1:17]))
		h.plain(row[17:])
		return nil
	}
	f := packed(row[4:]) // behind the number of fields
	what := f.small()
	h.turn(f.id())
	switch what {
	case 0:
		h.known, h.kind = true, string(f.next())
		h.n, h.changes, h.events = f.number(), f.number(), f.number()
	case 1:
		h.terms = append(h.terms, term{f.number(), string(f.next()), f.maybe(), f.maybe()})
	case 2:
		h.entry(&f)
	case 3:
		h.sealed(&f)
	default:
		return fmt.Errorf("a row of kind %d", what)
	}
	return nil
}

// beside is an entry beside its transfer.
type beside struct {
	n, minutes, balance, at int64
	transfer                uuid.UUID
	posted, leg             *int64 // the transfer's instant and leg; nil where there is none
	kind                    string // of the transfer
	held                    bool   // it settled a hold
}

const (
	plain      = 2                       // the first byte of a plain row, in which a packed one has 0
	sealedForm = 8 + 16 + 8 + 8 + 8 + 32 // what a seal covers of an entry
)

// plain is an entry that agrees with its transfer, an exchange or a gathering that
// settled no hold: as it is sealed.
func (h *history) plain(b []byte) {
	l := &h.at
	l.n, l.minutes, l.balance = int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[24:])), int64(binary.BigEndian.Uint64(b[32:]))
	l.at = int64(binary.BigEndian.Uint64(b[40:]))
	l.transfer = uuid.UUID(b[8:24])
	l.posted, l.leg, l.kind, l.held = &l.at, &l.minutes, "exchange", false
	h.check()
	_, _ = h.covered.Write(b)
}

// entry is any other.
func (h *history) entry(f *packed) {
	l := &h.at
	l.n, l.transfer, l.minutes, l.balance, l.at = f.number(), f.id(), f.number(), f.number(), f.number()
	l.posted, l.leg, l.kind = f.maybe(), f.maybe(), string(f.next())
	sum, held := f.next(), f.next()
	l.held = held != nil && held[0] != 0
	h.check()
	if l.posted != nil {
		b := make([]byte, 0, sealedForm)
		b = binary.BigEndian.AppendUint64(b, uint64(l.n))
		b = append(b, l.transfer[:]...)
		for _, v := range []int64{l.minutes, l.balance, l.at} {
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		}
		_, _ = h.covered.Write(append(b, sum...))
	}
}

// check holds the entry at hand against the one before it, its transfer and the
// terms that were in force.
func (h *history) check() {
	l := &h.at
	name := func() string { return fmt.Sprintf("entry %d of account %s", l.n, h.id) }
	switch b := h.last; {
	case l.n != b.n+1:
		h.fault(numberRule, name(), "follows entry %d", b.n)
	case l.balance != b.balance+l.minutes:
		h.fault(numberRule, name(), "balance %d after %d and %d minutes", l.balance, b.balance, l.minutes)
	case b.n > 0 && l.at <= b.at:
		h.fault(numberRule, name(), "posted at %s, not after %s", moment(l.at), moment(b.at))
	}
	switch {
	case !h.known:
		h.fault(legRule, name(), "no such account")
	case l.posted == nil:
		h.fault(legRule, name(), "no transfer %s", l.transfer)
	case l.leg == nil || *l.leg != l.minutes || *l.posted != l.at:
		h.fault(legRule, name(), "%d minutes at %s; transfer %s has another leg, or none, at %s", l.minutes, moment(l.at), l.transfer, moment(*l.posted))
	case !stands(h.kind, l.kind, l.minutes):
		h.fault(legRule, name(), "transfer %s, %s, moves %d minutes on %s account", l.transfer, l.kind, l.minutes, h.kind)
	}
	if t := h.inForce(l.at); t != nil {
		closed := t.what == "closed"
		beyond := (l.minutes < 0 && t.floor != nil && l.balance < *t.floor) || (l.minutes > 0 && t.ceiling != nil && l.balance > *t.ceiling)
		// What a hold promised under earlier limits still moves.
		if closed || beyond && !l.held {
			h.fault(limitRule, name(), "%d minutes to %d, beyond the limits in force or %s", l.minutes, l.balance, t.what)
		}
	}
	h.last = pastEntry{l.n, l.balance, l.at}
}

// inForce is the latest of the terms that began before an instant.
func (h *history) inForce(at int64) *term {
	for i := len(h.terms) - 1; i >= 0; i-- {
		if h.terms[i].at < at {
			return &h.terms[i]
		}
	}
	return nil
}

// sealed checks a seal against the one before it, the account, and the entries
// that it covers.
func (h *history) sealed(f *packed) {
	height, n, changes, events, balance, sum, block := f.number(), f.number(), f.number(), f.number(), f.number(), f.next(), f.next()
	name := fmt.Sprintf("seal %d of account %s", height, h.id)
	b, stood := h.seal, int64(0)
	if h.last.n == n {
		stood = h.last.balance
	}
	if !h.known || block == nil || n < b.n || changes < b.changes || events < b.events || n+changes+events == b.n+b.changes+b.events ||
		n > h.n || changes > h.changes || events > h.events || balance != stood {
		h.fault(sealRule, name, "to entry %d, change %d, event %d at %d, after %d, %d, %d; the account is at %d, %d, %d, entry %d at %d",
			n, changes, events, balance, b.n, b.changes, b.events, h.n, h.changes, h.events, n, stood)
	}
	if !bytes.Equal(h.covered.Sum(nil), sum) {
		h.fault(coverRule, name, "entries %d to %d of account %s: not what was sealed", b.n+1, n, h.id)
	}
	h.covered.Reset()
	h.seal = pastSeal{n, changes, events}
}

// stands tells whether a transfer of a kind may take minutes from an account of a
// kind (below zero) or give it some. A reversal turns its original round, which
// has been looked at.
func stands(account, transfer string, minutes int64) bool {
	gives := minutes < 0
	switch transfer {
	case "reversal":
		return true
	case "adjustment":
		return account == "adjustment" || ordinary(account)
	case "between":
		return account == "clearing" || ordinary(account)
	case "opening":
		return account == "issuance" || ordinary(account)
	case "exchange", "gathering":
		return ordinary(account)
	case "gift":
		return account == "member" || account == "organisation"
	case "donation":
		return gives && (account == "member" || account == "organisation") || !gives && account == "pot"
	case "grant":
		return gives && account == "pot" || !gives && (account == "member" || account == "organisation")
	case "starting":
		return gives && account == "issuance" || !gives && ordinary(account)
	}
	return false
}

func ordinary(account string) bool {
	return account == "member" || account == "organisation" || account == "pot"
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

func (p *packed) number() int64 { return int64(binary.BigEndian.Uint64(p.next())) }

func (p *packed) maybe() *int64 {
	b := p.next()
	if b == nil {
		return nil
	}
	return new(int64(binary.BigEndian.Uint64(b)))
}

// moment is an instant as Postgres sends it: microseconds since the year 2000.
func moment(at int64) string {
	return time.UnixMicro(at + century.UnixMicro()).UTC().Format(time.RFC3339Nano)
}
