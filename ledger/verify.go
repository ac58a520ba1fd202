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
	// Sorts and joins of whole books: bounded, but not by what suits a request.
	if _, err := db.ExecContext(ctx, "select set_config('work_mem', '64MB', true), set_config('datestyle', 'ISO, YMD', true)"); err != nil {
		return r, fmt.Errorf("ledger: verify: %w", err)
	}
	err := db.NewRaw(`select (select count(*) from ledger.account where bank_id = ?0),
(select count(*) from ledger.transfer where bank_id = ?0), (select count(*) from ledger.entry where bank_id = ?0)`, bank).
		Scan(ctx, &r.Accounts, &r.Transfers, &r.Entries)
	if err != nil {
		return r, fmt.Errorf("ledger: verify: %w", err)
	}
	all := []check{{historyRule, checkHistory}, {transferRule, checkTransfers}}
	for _, q := range slices.Concat(checks, holdChecks, sealChecks) {
		all = append(all, check{q.rule, q.run})
	}
	all = append(all, check{rootRule, checkRoots})
	for i, c := range all {
		if progress != nil {
			progress(Progress{Done: i, All: len(all), Rule: c.rule})
		}
		found, err := c.run(ctx, db, bank)
		if err != nil {
			return r, fmt.Errorf("ledger: verify that %s: %w", c.rule, err)
		}
		r.Faults = append(r.Faults, found...)
	}
	r.Head, err = Head(ctx, db, bank)
	return r, err
}

// check is a rule, or several that are looked at together.
type check struct {
	rule string
	run  func(context.Context, bun.IDB, uuid.UUID) ([]Fault, error)
}

// query is one rule and the query that names the rows which break it, as (row,
// detail). ?0 is the bank.
type query struct{ rule, query string }

func (c query) run(ctx context.Context, db bun.IDB, bank uuid.UUID) ([]Fault, error) {
	rows, err := db.QueryContext(ctx, "select f.at_row, f.detail from ("+c.query+") f (at_row, detail) limit ?1", bank, maxFaults)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []Fault
	for rows.Next() {
		f := Fault{Rule: c.rule}
		if err := rows.Scan(&f.Row, &f.Detail); err != nil {
			return nil, err
		}
		found = append(found, f)
	}
	return found, rows.Err()
}
