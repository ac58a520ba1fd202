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
// numbers, its entries, and each seal behind the last entry that it covers.
const sqlHistory = `select b from (
select id, -4611686018427387904, 0::bigint, record_send(row(0, id, kind, n, changes, hold_events))
  from ledger.account where bank_id = ?0
union all
select account_id, -4611686018427387903, n, record_send(row(1, account_id, at, what, floor, ceiling))
  from ledger.account_change where bank_id = ?0
union all
select e.account_id, e.n, 0, record_send(row(2, e.account_id, e.n, e.transfer_id, e.minutes, e.balance, e.posted_at, t.posted_at,
         t.minutes[array_position(t.accounts, e.account_id)], t.kind, t.hash, t.hold_id is not null))
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

func (h *history) take(row []byte) error {
	f := packed(row[4:]) // behind the number of fields
	what := f.small()
	id := f.id()
	if id != h.id {
		h.id, h.known, h.terms = id, false, h.terms[:0]
		h.last, h.seal = pastEntry{}, pastSeal{}
		h.covered.Reset()
	}
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

// entry checks one entry against the one before it, its transfer and the terms
// that were in force.
func (h *history) entry(f *packed) {
	n, transfer, minutes, balance, at := f.number(), f.id(), f.number(), f.number(), f.number()
	posted, leg, kind, sum, held := f.maybe(), f.maybe(), f.next(), f.next(), f.next()
	name := func() string { return fmt.Sprintf("entry %d of account %s", n, h.id) }
	switch b := h.last; {
	case n != b.n+1:
		h.fault(numberRule, name(), "follows entry %d", b.n)
	case balance != b.balance+minutes:
		h.fault(numberRule, name(), "balance %d after %d and %d minutes", balance, b.balance, minutes)
	case b.n > 0 && at <= b.at:
		h.fault(numberRule, name(), "posted at %s, not after %s", moment(at), moment(b.at))
	}
	switch {
	case !h.known:
		h.fault(legRule, name(), "no such account")
	case posted == nil:
		h.fault(legRule, name(), "no transfer %s", transfer)
	case leg == nil || *leg != minutes || *posted != at:
		h.fault(legRule, name(), "%d minutes at %s; transfer %s has another leg, or none, at %s", minutes, moment(at), transfer, moment(*posted))
	case !stands(h.kind, string(kind), minutes):
		h.fault(legRule, name(), "transfer %s, %s, moves %d minutes on %s account", transfer, kind, minutes, h.kind)
	}
	if t := h.inForce(at); t != nil {
		closed := t.what == "closed"
		beyond := (minutes < 0 && t.floor != nil && balance < *t.floor) || (minutes > 0 && t.ceiling != nil && balance > *t.ceiling)
		// What a hold promised under earlier limits still moves.
		if closed || beyond && (held == nil || held[0] == 0) {
			h.fault(limitRule, name(), "%d minutes to %d, beyond the limits in force or %s", minutes, balance, t.what)
		}
	}
	if posted != nil {
		var b [48]byte
		binary.BigEndian.PutUint64(b[:], uint64(n))
		copy(b[8:], transfer[:])
		binary.BigEndian.PutUint64(b[24:], uint64(minutes))
		binary.BigEndian.PutUint64(b[32:], uint64(balance))
		binary.BigEndian.PutUint64(b[40:], uint64(at))
		_, _ = h.covered.Write(b[:])
		_, _ = h.covered.Write(sum)
	}
	h.last = pastEntry{n, balance, at}
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
