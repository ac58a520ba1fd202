package ledger

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/uptrace/bun"
)

// MaxMany is the most transfers that PostMany takes at once.
const MaxMany = 10_000

// Result is what became of one transfer of a batch: a receipt or a refusal.
type Result struct {
	Receipt Receipt
	Err     error
}

// PostMany posts transfers as if Post were called for each in turn, in the
// caller's transaction, with two round trips for all of a bank's, and more where
// something was refused or posted before: a result each,
// in the order given. A refused one is a typed error in its result and stops no
// other. Receipts, refusals, replays and hashes are those of Post, and the locks
// are taken in the same order: banks ascending, accounts ascending, then keys.
//
// The error is for the batch as a whole, which has then to be rolled back:
// ErrInvalid for more than MaxMany transfers, or trouble with the database.
func PostMany(ctx context.Context, db bun.IDB, transfers []Transfer) ([]Result, error) {
	if len(transfers) > MaxMany {
		return nil, ErrInvalid{"batch", fmt.Sprintf("has more than %d transfers", MaxMany)}
	}
	results := make([]Result, len(transfers))
	var rows []*item
	for i := range transfers {
		legs, err := transfers[i].check()
		if err != nil {
			results[i].Err = err
			continue
		}
		rows = append(rows, &item{t: &transfers[i], result: &results[i], legs: legs,
			hash: digest(transfers[i].canonical(legs, uuid.Nil))})
	}
	slices.SortStableFunc(rows, func(a, b *item) int { return bytes.Compare(a.t.Bank[:], b.t.Bank[:]) })
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].t.Bank == rows[0].t.Bank {
			n++
		}
		if err := postBank(ctx, db, rows[:n]); err != nil {
			return nil, fmt.Errorf("ledger: post many: %w", err)
		}
		rows = rows[n:]
	}
	return results, nil
}

// item is one transfer of a batch on its way.
type item struct {
	t      *Transfer
	result *Result
	legs   []Leg
	hash   []byte
}

// looks bounds how often a batch is decided again because a key was taken: before,
// or while it was being decided. Each further time a rival has committed, so more
// than three are a fault.
const looks = 6

// postBank posts the rows of one bank.
func postBank(ctx context.Context, db bun.IDB, rows []*item) error {
	bank := rows[0].t.Bank
	if len(rows) >= outrightFrom {
		if done, err := postOutright(ctx, db, bank, rows); done || err != nil {
			return err
		}
	}
	touched := make(map[uuid.UUID]bool, 2*len(rows))
	accounts, keys := make([]pgtype.UUID, 0, 2*len(rows)), make([]string, len(rows))
	for i, r := range rows {
		keys[i] = r.t.Key
		for _, l := range r.legs {
			if !touched[l.Account] {
				touched[l.Account] = true
				accounts = append(accounts, pgID(l.Account))
			}
		}
	}
	// A key that has posted before answers as it did then, whatever would be said now. It is looked up when
	// it matters: something was refused, or a key turned out to be taken.
	look := false
	for range looks {
		d := decision{accounts: make(map[uuid.UUID]*standing, len(accounts)), keys: make(map[string]earlier, len(rows))}
		if err := d.lock(ctx, db, bank, accounts); err != nil {
			return err
		}
		if look {
			if err := d.look(ctx, db, bank, keys); err != nil {
				return err
			}
		}
		refused := false
		for _, r := range rows {
			r.result.Receipt, r.result.Err = d.decide(r)
			refused = refused || r.result.Err != nil
		}
		if refused && !look {
			look = true
			continue
		}
		if len(d.posted) == 0 {
			return nil
		}
		if done, err := d.write(ctx, db, bank); done || err != nil {
			return err
		}
		look = true
	}
	return fmt.Errorf("keys were taken by others %d times over", looks)
}

// decision is what a batch has come to so far: balances run on in memory from row
// to row, as they would in the database.
type decision struct {
	accounts map[uuid.UUID]*standing
	keys     map[string]earlier
	posted   []accepted
}

// standing is a locked account.
type standing struct {
	kind              AccountKind
	closed, touched   bool
	books             string // books closed through this day; empty: none
	posted, out, in   Minutes
	low, high         *Minutes
	soft, floor, ceil *Minutes
	n                 int64
	last              time.Time
}

// earlier is a key that has posted, before or in this batch.
type earlier struct {
	hash    []byte
	receipt Receipt
}

type accepted struct {
	row     *item
	receipt Receipt
}

// decide is ledger.post without the database: the same questions in the same
// order, so that the same refusal comes first.
func (d *decision) decide(r *item) (Receipt, error) {
	at, err := d.refusal(r)
	if e, ok := d.keys[r.t.Key]; ok {
		if !bytes.Equal(e.hash, r.hash) {
			return Receipt{}, ErrKeyReused{Key: r.t.Key, First: e.receipt.ID}
		}
		again := e.receipt
		again.Replayed = true
		again.Legs = slices.Clone(again.Legs)
		return again, nil
	}
	if err != nil {
		return Receipt{}, err
	}
	receipt := Receipt{ID: newID(r.t.At), PostedAt: at, Legs: make([]Posted, len(r.legs))}
	for i, l := range r.legs {
		a := d.accounts[l.Account]
		a.move(l.Minutes, at)
		receipt.Legs[i] = Posted{Leg: l, Balance: a.posted, N: a.n, SoftFloor: a.soft}
	}
	d.keys[r.t.Key] = earlier{r.hash, receipt}
	d.posted = append(d.posted, accepted{r, receipt})
	return receipt, nil
}

// refusal answers why a transfer cannot be posted or, where it can, when it is.
func (d *decision) refusal(r *item) (time.Time, error) {
	at := stamp(r.t.At)
	rule := rules[r.t.Kind]
	wanted := rule.needs != nil
	day := r.t.EffectiveOn.String()
	for _, l := range r.legs {
		a := d.accounts[l.Account]
		switch {
		case a == nil:
			return at, ErrNoAccount{l.Account}
		case a.closed:
			return at, ErrClosed{l.Account}
		case day <= a.books:
			return at, ErrBooksClosed{l.Account, r.t.EffectiveOn}
		case a.posted+l.Minutes > MaxMinutes || a.posted+l.Minutes < -MaxMinutes:
			return at, ErrOverflow{Account: l.Account, Balance: a.posted, Minutes: l.Minutes}
		case l.Minutes < 0 && !slices.Contains(rule.givers, a.kind), l.Minutes > 0 && !slices.Contains(rule.receivers, a.kind):
			return at, ErrWrongAccount{l.Account, r.t.Kind}
		case l.Minutes < 0 && a.low != nil && a.posted+l.Minutes-a.out < *a.low:
			return at, ErrInsufficient{Account: l.Account, Balance: a.posted, Held: a.out, Needed: -l.Minutes, Floor: *a.low}
		case l.Minutes > 0 && a.high != nil && a.posted+l.Minutes+a.in > *a.high:
			return at, ErrCeiling{Account: l.Account, Balance: a.posted, Held: a.in, Added: l.Minutes, Ceiling: *a.high}
		}
		wanted = wanted && !slices.Contains(rule.needs, a.kind)
		if !a.last.Before(at) {
			at = a.last.Add(time.Microsecond)
		}
	}
	if wanted {
		return at, ErrWrongAccount{uuid.Nil, r.t.Kind}
	}
	return at, nil
}

func (a *standing) move(m Minutes, at time.Time) {
	a.posted += m
	a.n++
	a.last = at
	a.touched = true
	// The bounds of an account that is beyond a limit follow it back.
	if a.low != nil && a.floor != nil && *a.low < *a.floor {
		a.low = new(min(*a.floor, a.posted-a.out))
	}
	if a.high != nil && a.ceil != nil && *a.high > *a.ceil {
		a.high = new(max(*a.ceil, a.posted+a.in))
	}
}
