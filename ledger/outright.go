package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/uptrace/bun"
)

// outrightFrom is the size of batches that are first tried outright. Small ones
// are mostly those of a Poster, where it would not pay.
var outrightFrom = 100 // tests lower it

// path is how far an account goes in a batch, whatever it stands at before.
type path struct {
	id                   uuid.UUID
	net, lowest, highest Minutes // lowest and highest after giving and receiving
	first, last          time.Time
	day                  time.Time // the earliest on which something takes effect
	kinds                int32
	legs                 []step
	place                int32 // among the paths in ascending id, from 1
}

// step is a leg on its account's path.
type step struct {
	row, leg int
	sum      Minutes // that the account has got by then
}

// outright is a batch as it will be if nothing in it is refused.
type outright struct {
	rows  []*item
	at    []time.Time
	order []int // of rows, by key
	paths []*path
	by    map[uuid.UUID]*path
}

// postOutright posts rows as one, in one round trip, or answers false with nothing
// written: something in the batch is to be refused, was posted before, or asks for
// another look.
func postOutright(ctx context.Context, db bun.IDB, bank uuid.UUID, rows []*item) (bool, error) {
	o := outright{rows: rows, at: make([]time.Time, len(rows)), order: make([]int, len(rows)),
		by: make(map[uuid.UUID]*path, 2*len(rows))}
	for i := range rows {
		if !o.add(i) {
			return false, nil
		}
		o.order[i] = i
	}
	slices.SortFunc(o.order, func(a, b int) int { return strings.Compare(rows[a].t.Key, rows[b].t.Key) })
	for i := 1; i < len(o.order); i++ {
		if rows[o.order[i]].t.Key == rows[o.order[i-1]].t.Key {
			return false, nil
		}
	}
	slices.SortFunc(o.paths, func(a, b *path) int { return bytes.Compare(a.id[:], b.id[:]) })
	for i, p := range o.paths {
		p.place = int32(i + 1)
	}
	return o.post(ctx, db, bank)
}

// add takes in a row; false where it cannot be told how it would go.
func (o *outright) add(i int) bool {
	r := o.rows[i]
	if rules[r.t.Kind].needs != nil {
		return false
	}
	may := bits[r.t.Kind]
	at, day := stamp(r.t.At), r.t.EffectiveOn.time()
	for _, l := range r.legs {
		if p := o.by[l.Account]; p != nil && !p.last.Before(at) {
			at = p.last.Add(time.Microsecond)
		}
	}
	o.at[i] = at
	for k, l := range r.legs {
		p := o.by[l.Account]
		if p == nil {
			p = &path{id: l.Account, first: at, day: day, kinds: -1}
			o.by[l.Account] = p
			o.paths = append(o.paths, p)
		}
		p.net += l.Minutes
		if p.net > 2*MaxMinutes || p.net < -2*MaxMinutes {
			return false
		}
		if l.Minutes < 0 {
			p.lowest = min(p.lowest, p.net)
			p.kinds &= may.giving
		} else {
			p.highest = max(p.highest, p.net)
			p.kinds &= may.receiving
		}
		if day.Before(p.day) {
			p.day = day
		}
		p.last = at
		p.legs = append(p.legs, step{i, k, p.net})
	}
	return true
}

// bits is rules as sets of kinds of account, in the order in which post_many has
// them, made once.
var bits = func() map[Kind]struct{ giving, receiving int32 } {
	set := func(kinds []AccountKind) (b int32) {
		for _, k := range kinds {
			b |= 1 << slices.Index([]AccountKind{Member, Organisation, Pot, Issuance, Adjustment, Clearing}, k)
		}
		return b
	}
	m := make(map[Kind]struct{ giving, receiving int32 }, len(rules))
	for k, r := range rules {
		m[k] = struct{ giving, receiving int32 }{set(r.givers), set(r.receivers)}
	}
	return m
}()

const sqlPostMany = `select ledger.post_many($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
$20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)`

// post sends the batch and, where it was taken, fills in the receipts.
func (o *outright) post(ctx context.Context, db bun.IDB, bank uuid.UUID) (bool, error) {
	t := newTransferRows(len(o.rows))
	places := make([]int32, len(o.rows)) // of the rows among the transfers, from 1
	for i, row := range o.order {
		r := o.rows[row]
		r.result.Receipt = Receipt{ID: newID(r.t.At), PostedAt: o.at[row], Legs: make([]Posted, len(r.legs))}
		t.set(i, r)
		places[row] = int32(i + 1)
	}
	a, e := newPathRows(len(o.paths)), newStepRows(len(o.rows))
	for _, p := range o.paths {
		a.add(p)
		for n, s := range p.legs {
			e.add(p.place, places[s.row], n+1, o.rows[s.row].legs[s.leg].Minutes, s.sum)
		}
	}
	var said sql.NullString
	err := one(ctx, db, &said, sqlPostMany, append(append(append([]any{pgID(bank)}, t.args()...), a.args()...), e.args()...)...)
	if err != nil || !said.Valid {
		return false, err
	}
	return true, o.fill(said.String)
}

// fill makes receipts of what the accounts stood at before.
func (o *outright) fill(said string) error {
	f := strings.Split(said, "|")
	if len(f) != 3 {
		return fmt.Errorf("read %d fields for three", len(f))
	}
	var figures [3][]*Minutes
	for i := range f {
		var err error
		if figures[i], err = parseMinutes(f[i]); err != nil {
			return err
		}
		if len(figures[i]) != len(o.paths) {
			return fmt.Errorf("read %d figures for %d accounts", len(figures[i]), len(o.paths))
		}
	}
	for i, p := range o.paths {
		before, number := *figures[0][i], *figures[1][i]
		for n, s := range p.legs {
			r := o.rows[s.row]
			r.result.Receipt.Legs[s.leg] = Posted{Leg: r.legs[s.leg], Balance: before + s.sum, N: int64(number) + int64(n) + 1, SoftFloor: figures[2][i]}
		}
	}
	return nil
}

// pathRows and stepRows are what post_many wants to know of accounts and entries.
type pathRows struct {
	ids                         column[pgtype.UUID]
	net, lowest, highest, count column[pgtype.Int8]
	first, last                 column[pgtype.Timestamptz]
	day                         column[pgtype.Date]
	kinds                       column[pgtype.Int4]
}

func newPathRows(n int) *pathRows {
	return &pathRows{make(column[pgtype.UUID], 0, n), make(column[pgtype.Int8], 0, n), make(column[pgtype.Int8], 0, n),
		make(column[pgtype.Int8], 0, n), make(column[pgtype.Int8], 0, n), make(column[pgtype.Timestamptz], 0, n),
		make(column[pgtype.Timestamptz], 0, n), make(column[pgtype.Date], 0, n), make(column[pgtype.Int4], 0, n)}
}

func (a *pathRows) add(p *path) {
	a.ids = append(a.ids, pgID(p.id))
	a.net = append(a.net, pgInt(p.net))
	a.lowest = append(a.lowest, pgInt(p.lowest))
	a.highest = append(a.highest, pgInt(p.highest))
	a.count = append(a.count, pgInt(len(p.legs)))
	a.first = append(a.first, pgTime(p.first))
	a.last = append(a.last, pgTime(p.last))
	a.day = append(a.day, pgtype.Date{Time: p.day, Valid: true})
	a.kinds = append(a.kinds, pgtype.Int4{Int32: p.kinds, Valid: true})
}

func (a *pathRows) args() []any {
	return []any{a.ids, a.net, a.lowest, a.highest, a.count, a.first, a.last, a.day, a.kinds}
}

type stepRows struct {
	account, transfer column[pgtype.Int4]
	nth, minutes, sum column[pgtype.Int8]
}

func newStepRows(transfers int) *stepRows {
	n := 2 * transfers
	return &stepRows{make(column[pgtype.Int4], 0, n), make(column[pgtype.Int4], 0, n), make(column[pgtype.Int8], 0, n),
		make(column[pgtype.Int8], 0, n), make(column[pgtype.Int8], 0, n)}
}

func (e *stepRows) add(account, transfer int32, nth int, minutes, sum Minutes) {
	e.account = append(e.account, pgtype.Int4{Int32: account, Valid: true})
	e.transfer = append(e.transfer, pgtype.Int4{Int32: transfer, Valid: true})
	e.nth = append(e.nth, pgInt(nth))
	e.minutes = append(e.minutes, pgInt(minutes))
	e.sum = append(e.sum, pgInt(sum))
}

func (e *stepRows) args() []any { return []any{e.account, e.transfer, e.nth, e.minutes, e.sum} }
