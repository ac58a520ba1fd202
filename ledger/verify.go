package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// maxFaults bounds what one rule reports: the first rows name the trouble, and
// memory stays flat however bad the books are.
const maxFaults = 50

// Fault is a row that breaks a rule of the books.
type Fault struct {
	Rule   string // in words
	Row    string // table and key
	Detail string // what is wrong with it
}

func (f Fault) String() string { return f.Row + ": " + f.Detail + " (" + f.Rule + ")" }

// Report is what Verify found.
type Report struct {
	Bank      uuid.UUID
	Accounts  int64
	Transfers int64
	Entries   int64
	Head      Block   // the latest seal
	Faults    []Fault // at most 50 per rule
}

// OK reports whether the books are sound.
func (r Report) OK() bool { return len(r.Faults) == 0 }

// Progress tells how far Verify has come: it is about to check rule Done+1 of All.
type Progress struct {
	Done, All int
	Rule      string
}

// Verify proves a bank's books from its rows alone: every balance, number, sum,
// hash, link and limit is derived again by code of its own, which nothing else
// uses. It writes nothing and takes no lock; postings may go on meanwhile, as
// each rule sees one consistent state. progress may be nil.
//
// Faults are no error: they are in the report, each naming its row. An error
// means that the books could not be read.
func Verify(ctx context.Context, db bun.IDB, bank uuid.UUID, progress func(Progress)) (Report, error) {
	r := Report{Bank: bank}
	// Sorts and joins of whole books: bounded, but not by what suits a request. What is read once is read in the
	// order in which it was asked for.
	if _, err := db.ExecContext(ctx, `select set_config('work_mem', '64MB', true), set_config('max_parallel_workers_per_gather', '0', true)`); err != nil {
		return r, fmt.Errorf("ledger: verify: %w", err)
	}
	b := newBooks(bank)
	defer b.close()
	all := []check{{transferRule, b.read}, {historyRule, b.histories}, {rootRule, b.roots}, {keyCheck.rule, b.suspects}}
	for _, q := range slices.Concat(checks, holdChecks, sealChecks) {
		all = append(all, check{q.rule, func(ctx context.Context, db bun.IDB) error { return b.ask(ctx, db, q) }})
	}
	for i, c := range all {
		if progress != nil {
			progress(Progress{Done: i, All: len(all), Rule: c.rule})
		}
		if err := c.run(ctx, db); err != nil {
			return r, fmt.Errorf("ledger: verify that %s: %w", c.rule, err)
		}
	}
	r.Transfers, r.Entries, r.Faults = b.transfers, b.counted, b.faults
	for _, s := range b.accounts {
		if s.known {
			r.Accounts++
		}
	}
	var err error
	r.Head, err = Head(ctx, db, bank)
	return r, err
}

// check is a rule, or several that are looked at together.
type check struct {
	rule string
	run  func(context.Context, bun.IDB) error
}

// query is one rule and the query that names the rows which break it, as (row,
// detail). ?0 is the bank.
type query struct{ rule, query string }

func (b *books) ask(ctx context.Context, db bun.IDB, q query) error {
	rows, err := db.QueryContext(ctx, "select f.at_row, f.detail from ("+q.query+") f (at_row, detail) limit ?1", b.bank, maxFaults)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		f := Fault{Rule: q.rule}
		if err := rows.Scan(&f.Row, &f.Detail); err != nil {
			return err
		}
		b.faults = append(b.faults, f)
	}
	return rows.Err()
}

// suspects asks for the rows where what has been read may break a rule that looks
// at several transfers, or accounts, at once.
func (b *books) suspects(ctx context.Context, db bun.IDB) error {
	shared, err := b.sharedKey()
	if err == nil && shared {
		err = b.ask(ctx, db, keyCheck)
	}
	if err == nil && b.odd {
		err = b.ask(ctx, db, kindCheck)
	}
	return err
}
