package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Balance is an account as it stands.
type Balance struct {
	Account  uuid.UUID
	Kind     AccountKind
	Posted   Minutes
	HeldOut  Minutes // promised away by open holds
	HeldIn   Minutes // on its way in by open holds
	Limits   Limits
	N        int64 // number of the latest entry
	Closed   bool
	OpenedAt time.Time
	LastAt   time.Time // of the latest entry or change
}

// Spendable is what the account may give away now; nil when nothing limits it.
func (b Balance) Spendable() *Minutes {
	if b.Limits.Floor == nil {
		return nil
	}
	m := max(0, b.Posted-b.HeldOut-*b.Limits.Floor)
	return &m
}

// BalanceOf is what the account stands at now. Refusals: ErrNoAccount.
func BalanceOf(ctx context.Context, db bun.IDB, bank, account uuid.UUID) (Balance, error) {
	b := Balance{Account: account}
	err := db.NewRaw(`select kind, posted, held_out, held_in, soft_floor, floor, ceiling, n, closed_at is not null, opened_at, last_at
from ledger.account where bank_id = ? and id = ?`, bank, account).Scan(ctx, &b.Kind, &b.Posted, &b.HeldOut, &b.HeldIn,
		&b.Limits.SoftFloor, &b.Limits.Floor, &b.Limits.Ceiling, &b.N, &b.Closed, &b.OpenedAt, &b.LastAt)
	if errors.Is(err, sql.ErrNoRows) {
		return b, ErrNoAccount{account}
	}
	if err != nil {
		return b, fmt.Errorf("ledger: balance: %w", err)
	}
	b.OpenedAt, b.LastAt = b.OpenedAt.UTC(), b.LastAt.UTC()
	return b, nil
}

// BalanceAt is what the account stood at at an instant, with everything posted
// up to and including it. Zero before the first entry. Refusals: ErrNoAccount.
func BalanceAt(ctx context.Context, db bun.IDB, bank, account uuid.UUID, at time.Time) (Minutes, error) {
	if err := instant("instant", at); err != nil {
		return 0, err
	}
	var m Minutes
	err := db.NewRaw(`select coalesce((select e.balance from ledger.entry e
  where e.bank_id = ? and e.account_id = ? and e.posted_at <= ? order by e.posted_at desc limit 1), 0)
from ledger.account where bank_id = ? and id = ?`, bank, account, stamp(at), bank, account).Scan(ctx, &m)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrNoAccount{account}
	}
	if err != nil {
		return 0, fmt.Errorf("ledger: balance at an instant: %w", err)
	}
	return m, nil
}

// Record is a transfer as it stands in the journal.
type Record struct {
	ID          uuid.UUID
	Kind        Kind
	Key         string
	Actor       uuid.UUID
	OnBehalfOf  uuid.UUID // nil: for themselves
	Category    string
	Reference   Reference
	EffectiveOn Date
	PostedAt    time.Time
	Reason      string
	ReversalOf  uuid.UUID // nil: not a reversal
	ReversedBy  uuid.UUID // nil: stands
	Hold        uuid.UUID // nil: settles none
	Legs        []Leg     // in ascending account id
}

// Line is one line of a statement.
type Line struct {
	N       int64 // 1 is the account's first
	Minutes Minutes
	Balance Minutes // afterwards
	Record  Record
}

// Page asks for a part of a statement: the entries numbered below Before (0: the
// newest), at most Limit of them (0: 50, at most 500).
type Page struct {
	Before int64
	Limit  int
}

const recordColumns = `t.id, t.kind, t.key, t.actor, t.on_behalf_of, t.category, t.ref_kind, t.ref_id, t.effective_on::text,
t.posted_at, t.reason, t.reversal_of, r.id, t.hold_id, t.accounts::text, t.minutes::text`

// Statement is an account's entries, newest first, each with its transfer. The
// next page starts Before the last line's N; an empty one is the end. Refusals:
// ErrNoAccount.
func Statement(ctx context.Context, db bun.IDB, bank, account uuid.UUID, page Page) ([]Line, error) {
	if page.Before <= 0 {
		page.Before = 1 << 62
	}
	if page.Limit <= 0 {
		page.Limit = 50
	}
	rows, err := db.QueryContext(ctx, `select e.n, e.minutes, e.balance, `+recordColumns+`
from (select * from ledger.entry where bank_id = ? and account_id = ? and n < ? order by n desc limit ?) e
join ledger.transfer t on t.bank_id = ? and t.id = e.transfer_id
left join ledger.transfer r on r.bank_id = ? and r.reversal_of = t.id
order by e.n desc`, bank, account, page.Before, min(page.Limit, 500), bank, bank)
	if err != nil {
		return nil, fmt.Errorf("ledger: statement: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var lines []Line
	for rows.Next() {
		var l Line
		if l.Record, err = scanRecord(rows, &l.N, &l.Minutes, &l.Balance); err != nil {
			return nil, fmt.Errorf("ledger: statement: %w", err)
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("ledger: statement: %w", err)
	}
	if len(lines) == 0 {
		_, err = BalanceOf(ctx, db, bank, account)
	}
	return lines, err
}

// Find is one transfer of the journal. Refusals: ErrNoTransfer.
func Find(ctx context.Context, db bun.IDB, bank, id uuid.UUID) (Record, error) {
	rows, err := db.QueryContext(ctx, `select `+recordColumns+` from ledger.transfer t
left join ledger.transfer r on r.bank_id = ? and r.reversal_of = t.id
where t.bank_id = ? and t.id = ?`, bank, bank, id)
	if err != nil {
		return Record{}, fmt.Errorf("ledger: find: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return Record{}, fmt.Errorf("ledger: find: %w", err)
		}
		return Record{}, ErrNoTransfer{id}
	}
	r, err := scanRecord(rows)
	if err != nil {
		return r, fmt.Errorf("ledger: find: %w", err)
	}
	return r, nil
}

// scanRecord reads recordColumns, after whatever stands before them.
func scanRecord(rows *sql.Rows, before ...any) (Record, error) {
	var r Record
	var behalf, ref, original, reversal, hold uuid.NullUUID
	var day, accounts, minutes string
	err := rows.Scan(append(before, &r.ID, &r.Kind, &r.Key, &r.Actor, &behalf, &r.Category, &r.Reference.Kind, &ref, &day,
		&r.PostedAt, &r.Reason, &original, &reversal, &hold, &accounts, &minutes)...)
	if err != nil {
		return r, err
	}
	r.PostedAt = r.PostedAt.UTC()
	r.OnBehalfOf, r.Reference.ID, r.ReversalOf, r.ReversedBy = behalf.UUID, ref.UUID, original.UUID, reversal.UUID
	r.Hold = hold.UUID
	if r.EffectiveOn, err = ParseDate(day); err != nil {
		return r, err
	}
	r.Legs, err = pairLegs(r.ID, accounts, minutes)
	return r, err
}

// pairLegs reads the legs of the row with the given id.
func pairLegs(id uuid.UUID, accounts, minutes string) ([]Leg, error) {
	ids, err := parseIDs(accounts)
	if err != nil {
		return nil, err
	}
	amounts, err := parseMinutes(minutes)
	if err != nil {
		return nil, err
	}
	if len(ids) != len(amounts) {
		return nil, fmt.Errorf("%s has %d accounts and %d amounts", id, len(ids), len(amounts))
	}
	legs := make([]Leg, len(ids))
	for i, account := range ids {
		if amounts[i] == nil {
			return nil, fmt.Errorf("%s has an empty amount", id)
		}
		legs[i] = Leg{account, *amounts[i]}
	}
	return legs, nil
}

// Term is one change of an account's terms.
type Term struct {
	N      int64
	What   string // opened, limits, closed, reopened
	Limits Limits // in force from then on
	Actor  uuid.UUID
	Reason string
	At     time.Time
}

// Terms is the history of an account's terms, oldest first. Refusals:
// ErrNoAccount.
func Terms(ctx context.Context, db bun.IDB, bank, account uuid.UUID) ([]Term, error) {
	rows, err := db.QueryContext(ctx, `select n, what, soft_floor, floor, ceiling, actor, reason, at
from ledger.account_change where bank_id = ? and account_id = ? order by n`, bank, account)
	if err != nil {
		return nil, fmt.Errorf("ledger: terms: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var terms []Term
	for rows.Next() {
		var t Term
		if err := rows.Scan(&t.N, &t.What, &t.Limits.SoftFloor, &t.Limits.Floor, &t.Limits.Ceiling, &t.Actor, &t.Reason, &t.At); err != nil {
			return nil, fmt.Errorf("ledger: terms: %w", err)
		}
		t.At = t.At.UTC()
		terms = append(terms, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("ledger: terms: %w", err)
	}
	if terms == nil {
		return nil, ErrNoAccount{account}
	}
	return terms, nil
}
