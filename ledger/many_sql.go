package ledger

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/uptrace/bun"
)

// lock locks accounts and takes in how they stand.
func (d *decision) lock(ctx context.Context, db bun.IDB, bank uuid.UUID, accounts []pgtype.UUID) error {
	var locked sql.NullString
	if err := one(ctx, db, &locked, "select ledger.lock_many($1, $2)", pgID(bank), accounts); err != nil {
		return err
	}
	for line := range strings.SplitSeq(locked.String, "\n") {
		if line == "" {
			continue
		}
		id, a, err := parseStanding(line)
		if err != nil {
			return fmt.Errorf("read account %q: %w", line, err)
		}
		d.accounts[id] = a
	}
	return nil
}

// look takes in what keys have posted before.
func (d *decision) look(ctx context.Context, db bun.IDB, bank uuid.UUID, keys []string) error {
	var seen sql.NullString
	if err := one(ctx, db, &seen, "select ledger.seen_many($1, $2)", pgID(bank), keys); err != nil || !seen.Valid {
		return err
	}
	var known []struct {
		Key, Hash string
		ID        uuid.UUID
		PostedAt  time.Time `json:"posted_at"`
		Accounts  []uuid.UUID
		Figures   []*Minutes
	}
	if err := json.Unmarshal([]byte(seen.String), &known); err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	for _, k := range known {
		hash, err := hex.DecodeString(k.Hash)
		if err != nil {
			return fmt.Errorf("read keys: %w", err)
		}
		a := answer{outcome: "replayed", accounts: k.Accounts, figures: k.Figures}
		a.id.UUID, a.postedAt.Time = k.ID, k.PostedAt
		r, err := a.receipt(Transfer{})
		if err != nil {
			return err
		}
		d.keys[k.Key] = earlier{hash, r}
	}
	return nil
}

// parseStanding reads one account as a line of fourteen fields, none of which can
// contain a comma.
func parseStanding(line string) (id uuid.UUID, a *standing, err error) {
	var f [14]string
	for i := range f {
		field, rest, more := strings.Cut(line, ",")
		if more == (i == len(f)-1) {
			return id, nil, fmt.Errorf("not %d fields", len(f))
		}
		f[i], line = field, rest
	}
	a = &standing{kind: AccountKind(f[1]), closed: f[2] == "t", books: f[3]}
	if id, err = uuid.Parse(f[0]); err != nil {
		return id, nil, err
	}
	for i, p := range map[int]*Minutes{4: &a.posted, 5: &a.out, 6: &a.in} {
		if *p, err = minutesOf(f[i]); err != nil {
			return id, nil, err
		}
	}
	for i, p := range []**Minutes{&a.low, &a.high, &a.soft, &a.floor, &a.ceil} {
		if s := f[7+i]; s != "" {
			m, err := minutesOf(s)
			if err != nil {
				return id, nil, err
			}
			*p = &m
		}
	}
	if a.n, err = strconv.ParseInt(f[12], 10, 64); err != nil {
		return id, nil, err
	}
	a.last, err = instantOf(f[13])
	return id, a, err
}

func minutesOf(s string) (Minutes, error) {
	v, err := strconv.ParseInt(s, 10, 64)
	return Minutes(v), err
}

const sqlWriteMany = `select ledger.write_many($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
$20, $21, $22, $23, $24, $25, $26, $27, $28)`

// write writes what was accepted; false when a key is taken.
func (d *decision) write(ctx context.Context, db bun.IDB, bank uuid.UUID) (done bool, err error) {
	t := newTransferRows(len(d.posted))
	var e entryRows
	for i, p := range d.posted {
		p.row.result.Receipt = p.receipt
		t.set(i, p.row)
		for _, l := range p.receipt.Legs {
			e.accounts = append(e.accounts, pgID(l.Account))
			e.n = append(e.n, pgInt(l.N))
			e.transfers = append(e.transfers, t.ids[i])
			e.minutes = append(e.minutes, pgInt(l.Minutes))
			e.balances = append(e.balances, pgInt(l.Balance))
			e.posted = append(e.posted, pgTime(p.receipt.PostedAt))
		}
	}
	var a accountRows
	for id, s := range d.accounts {
		if s.touched {
			a.ids = append(a.ids, pgID(id))
			a.posted = append(a.posted, pgInt(s.posted))
			a.n = append(a.n, pgInt(s.n))
			a.last = append(a.last, pgTime(s.last))
		}
	}
	err = one(ctx, db, &done, sqlWriteMany, append(append([]any{pgID(bank)}, t.args()...),
		e.accounts, e.n, e.transfers, e.minutes, e.balances, e.posted, a.ids, a.posted, a.n, a.last)...)
	return done, err
}

// transferRows, entryRows and accountRows are the columns of what a batch writes.
type transferRows struct {
	ids, actors, behalf, refIDs, first, second column[pgtype.UUID]
	kinds, keys, categories, refKinds, reasons column[pgtype.Text]
	hashes                                     column[sum]
	effective                                  column[pgtype.Date]
	posted                                     column[pgtype.Timestamptz]
	minutes                                    column[pgtype.Int8]
	accounts, legs                             column[pgtype.Text] // of a transfer with more than two legs
}

type entryRows struct {
	accounts, transfers  column[pgtype.UUID]
	n, minutes, balances column[pgtype.Int8]
	posted               column[pgtype.Timestamptz]
}

type accountRows struct {
	ids       column[pgtype.UUID]
	posted, n column[pgtype.Int8]
	last      column[pgtype.Timestamptz]
}

func newTransferRows(n int) *transferRows {
	ids := func() column[pgtype.UUID] { return make(column[pgtype.UUID], n) }
	texts := func() column[pgtype.Text] { return make(column[pgtype.Text], n) }
	return &transferRows{ids: ids(), actors: ids(), behalf: ids(), refIDs: ids(), first: ids(), second: ids(), kinds: texts(), keys: texts(),
		categories: texts(), refKinds: texts(), reasons: texts(), hashes: make(column[sum], n), effective: make(column[pgtype.Date], n),
		posted: make(column[pgtype.Timestamptz], n), minutes: make(column[pgtype.Int8], n), accounts: texts(), legs: texts()}
}

// set puts a row with its receipt in a place.
func (t *transferRows) set(i int, r *item) {
	x, legs := r.t, r.legs
	t.ids[i], t.posted[i] = pgID(r.result.Receipt.ID), pgTime(r.result.Receipt.PostedAt)
	t.kinds[i], t.keys[i], t.hashes[i] = pgText(x.Kind), pgText(x.Key), r.hash
	t.actors[i], t.behalf[i], t.refIDs[i] = pgID(x.Actor), pgID(x.OnBehalfOf), pgID(x.Reference.ID)
	t.categories[i], t.refKinds[i], t.reasons[i] = pgText(x.Category), pgText(x.Reference.Kind), pgText(x.Reason)
	t.effective[i] = pgDate(x.EffectiveOn)
	if len(legs) == 2 {
		t.first[i], t.second[i], t.minutes[i] = pgID(legs[0].Account), pgID(legs[1].Account), pgInt(legs[0].Minutes)
		return
	}
	accounts, minutes := arrays(legs)
	t.accounts[i], t.legs[i] = pgText(accounts), pgText(minutes)
}

func (t *transferRows) args() []any {
	return []any{t.ids, t.kinds, t.keys, t.hashes, t.actors, t.behalf, t.categories, t.refKinds, t.refIDs, t.effective, t.posted, t.reasons,
		t.first, t.second, t.minutes, t.accounts, t.legs}
}
