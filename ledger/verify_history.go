package ledger

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Rules that look at one account's whole history, in its order.
const (
	historyRule = "every account's history, entry by entry, with its transfers, its terms and its seals"

	numberRule = "entries are numbered without a gap, ascend in time, and each balance is the one before plus the minutes"
	legRule    = "every entry is a leg of its transfer, in an account that may stand on that side"
	entryRule  = "every leg of a transfer has its entry"
	limitRule  = "no entry went beyond the limits in force, or into a closed account"
	figureRule = "an account's figures are those of its latest entry and change"
	sealRule   = "the seals of an account follow each other and end where it stood"
	coverRule  = "what a seal covers has not changed since"
)

// history is what has been read of the account at hand.
type history struct {
	*story
	books   *books
	number  uint32 // the account's
	legs    *sorted
	last    pastEntry
	seal    pastSeal
	covered hash.Hash // of the entries since the latest seal
	sum     [32]byte

	// What has not met its other half, in books that do not add up.
	early  map[uuid.UUID]leg
	strays []entry
}

// mostUnmet bounds what waits for its other half.
const mostUnmet = 1000

type entry struct {
	n, minutes, balance, at int64
	transfer                uuid.UUID
	sealed                  []byte
}

type leg struct {
	at, minutes int64
	transfer    uuid.UUID
	hash        []byte
	kind        string
	held        bool // its transfer settled a hold
}

type pastEntry struct{ n, balance, at int64 }

type pastSeal struct{ n, changes, events int64 }

// histories goes through every account's entries with the legs of its transfers
// and its seals.
func (b *books) histories(context.Context, bun.IDB) error {
	h := history{books: b, covered: sha256.New()}
	entries, seals := b.entries.sorted(), b.seals.sorted()
	h.legs = b.legs.sorted()
	for i, s := range b.accounts {
		h.begin(s, uint32(i))
		for of(entries, h.number) {
			e := readEntry(entries.now)
			for of(seals, h.number) && whole(seals.now[4:12]) < e.n {
				h.sealed(seals)
			}
			h.entry(&e)
			entries.advance()
		}
		for of(seals, h.number) {
			h.sealed(seals)
		}
		h.end()
	}
	return errors.Join(entries.err, seals.err, h.legs.err)
}

// of tells whether the record at hand is one of an account's.
func of(s *sorted, account uint32) bool {
	return s.now != nil && binary.BigEndian.Uint32(s.now) == account
}

func readEntry(r []byte) (e entry) {
	e.n, e.minutes, e.balance, e.at = whole(r[4:12]), whole(r[28:36]), whole(r[36:44]), whole(r[44:52])
	copy(e.transfer[:], r[12:28])
	e.sealed = r[4:52]
	return e
}

func readLeg(r []byte) (l leg) {
	l.at, l.minutes = int64(binary.BigEndian.Uint64(r[4:])^turned), whole(r[28:36])
	copy(l.transfer[:], r[12:28])
	l.hash, l.kind, l.held = r[36:68], kindNames[r[68]], r[69] != 0
	return l
}

func (h *history) fault(rule, row, detail string, args ...any) {
	h.books.fault(rule, row, detail, args...)
}

func (h *history) begin(s *story, number uint32) {
	h.story, h.number = s, number
	h.last, h.seal = pastEntry{}, pastSeal{}
	h.covered.Reset()
	slices.SortFunc(s.terms, func(a, b term) int { return cmp.Compare(a.n, b.n) })
}

// entry holds an entry against the one before it, its leg and the terms that were
// in force.
func (h *history) entry(e *entry) {
	name := func() string { return fmt.Sprintf("entry %d of account %s", e.n, h.id) }
	switch b := h.last; {
	case e.n != b.n+1:
		h.fault(numberRule, name(), "follows entry %d", b.n)
	case e.balance != b.balance+e.minutes:
		h.fault(numberRule, name(), "balance %d after %d and %d minutes", e.balance, b.balance, e.minutes)
	case b.n > 0 && e.at <= b.at:
		h.fault(numberRule, name(), "posted at %s, not after %s", moment(e.at), moment(b.at))
	}
	l, met := h.meet(e)
	switch {
	case !h.known:
		h.fault(legRule, name(), "no such account")
	case !met:
		h.stray(e)
	case l.minutes != e.minutes || l.at != e.at:
		h.otherLeg(e)
	case !stands(h.kind, l.kind, e.minutes):
		h.fault(legRule, name(), "transfer %s, %s, moves %d minutes on %s account", e.transfer, l.kind, e.minutes, h.kind)
	}
	if t := h.inForce(e.at); t != nil {
		closed := t.what == "closed"
		beyond := (e.minutes < 0 && t.floor != nil && e.balance < *t.floor) || (e.minutes > 0 && t.ceiling != nil && e.balance > *t.ceiling)
		// What a hold promised under earlier limits still moves.
		if closed || beyond && !l.held {
			h.fault(limitRule, name(), "%d minutes to %d, beyond the limits in force or %s", e.minutes, e.balance, t.what)
		}
	}
	_, _ = h.covered.Write(e.sealed)
	_, _ = h.covered.Write(l.hash)
	h.last = pastEntry{e.n, e.balance, e.at}
}

// meet finds the leg that an entry is of. In sound books it is the next one.
func (h *history) meet(e *entry) (leg, bool) {
	for of(h.legs, h.number) {
		l := readLeg(h.legs.now)
		if l.transfer != e.transfer {
			if l.at > e.at {
				break
			}
			h.wait(l)
			h.legs.advance()
			continue
		}
		// The record stays until the leg after it is asked for.
		h.legs.advance()
		return l, true
	}
	l, ok := h.early[e.transfer]
	delete(h.early, e.transfer)
	return l, ok
}

// wait keeps a leg whose entry did not come in time.
func (h *history) wait(l leg) {
	if len(h.early) >= mostUnmet {
		h.noEntry(l.transfer)
		return
	}
	if h.early == nil {
		h.early = map[uuid.UUID]leg{}
	}
	l.hash = bytes.Clone(l.hash)
	h.early[l.transfer] = l
}

// stray keeps an entry whose leg did not come in time.
func (h *history) stray(e *entry) {
	if len(h.strays) >= mostUnmet {
		h.noLeg(e)
		return
	}
	kept := *e
	kept.sealed = nil
	h.strays = append(h.strays, kept)
}

func (h *history) noEntry(transfer uuid.UUID) {
	h.fault(entryRule, "transfer "+transfer.String(), "no entry in account %s", h.id)
}

func (h *history) noLeg(e *entry) {
	h.fault(legRule, fmt.Sprintf("entry %d of account %s", e.n, h.id), "no transfer %s has it as a leg", e.transfer)
}

func (h *history) otherLeg(e *entry) {
	h.fault(legRule, fmt.Sprintf("entry %d of account %s", e.n, h.id), "%d minutes at %s; transfer %s has another leg", e.minutes, moment(e.at), e.transfer)
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

// end looks at what is left of an account when all of its entries have passed.
func (h *history) end() {
	for of(h.legs, h.number) {
		h.wait(readLeg(h.legs.now))
		h.legs.advance()
	}
	for i := range h.strays {
		e := &h.strays[i]
		if _, late := h.early[e.transfer]; late {
			h.otherLeg(e)
			delete(h.early, e.transfer)
		} else {
			h.noLeg(e)
		}
	}
	for transfer := range h.early {
		h.noEntry(transfer)
	}
	clear(h.early)
	h.strays = h.strays[:0]

	latest := h.last.at
	if n := len(h.terms); n > 0 && (h.last.n == 0 || h.terms[n-1].at > latest) {
		latest = h.terms[n-1].at
	}
	switch {
	case !h.known:
		h.fault(figureRule, fmt.Sprintf("account %s", h.id), "is not there, but others speak of it")
	case h.posted != h.last.balance || h.n != h.last.n || h.lastAt != latest:
		h.fault(figureRule, fmt.Sprintf("account %s", h.id), "posted %d, number %d, last at %s; the rows say %d, %d, %s", h.posted, h.n, moment(h.lastAt),
			h.last.balance, h.last.n, moment(latest))
	}
}

// sealed checks the seal at hand against the one before it, the account, and the
// entries and changes that it covers, and goes on to the next.
func (h *history) sealed(seals *sorted) {
	r := seals.now
	n, height, changes, events, balance := whole(r[4:12]), whole(r[12:20]), whole(r[20:28]), whole(r[28:36]), whole(r[36:44])
	name := fmt.Sprintf("seal %d of account %s", height, h.id)
	b, stood := h.seal, int64(0)
	if h.last.n == n {
		stood = h.last.balance
	}
	if !h.known || n < b.n || changes < b.changes || events < b.events || n+changes+events == b.n+b.changes+b.events ||
		n > h.n || changes > h.changes || events > h.events || balance != stood {
		h.fault(sealRule, name, "to entry %d, change %d, event %d at %d, after %d, %d, %d; the account is at %d, %d, %d, entry %d at %d",
			n, changes, events, balance, b.n, b.changes, b.events, h.n, h.changes, h.events, n, stood)
	}
	if !bytes.Equal(h.covered.Sum(h.sum[:0]), r[44:76]) {
		h.fault(coverRule, name, "entries %d to %d of account %s: not what was sealed", b.n+1, n, h.id)
	}
	h.covered.Reset()
	for i := range h.terms {
		if t := &h.terms[i]; t.n > b.changes && t.n <= changes {
			_, _ = h.covered.Write(t.sealed)
		}
	}
	if !bytes.Equal(h.covered.Sum(h.sum[:0]), r[76:108]) {
		h.fault(coverRule, name, "changes %d to %d of account %s: not what was sealed", b.changes+1, changes, h.id)
	}
	h.covered.Reset()
	h.seal = pastSeal{n, changes, events}
	seals.advance()
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
