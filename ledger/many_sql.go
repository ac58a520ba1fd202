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
	n := len(d.posted)
	t := transferRows{
		ids: make([]pgtype.UUID, n), actors: make([]pgtype.UUID, n), behalf: make([]pgtype.UUID, n), refIDs: make([]pgtype.UUID, n),
		first: make([]pgtype.UUID, n), second: make([]pgtype.UUID, n), kinds: make([]string, n), keys: make([]string, n),
		categories: make([]string, n), refKinds: make([]string, n), reasons: make([]string, n), hashes: make([][]byte, n),
		effective: make([]pgtype.Date, n), posted: make([]time.Time, n), minutes: make([]int64, n),
		accounts: make([]pgtype.Text, n), legs: make([]pgtype.Text, n),
	}
	var e entryRows
	for i, p := range d.posted {
		t.set(i, p)
		for _, l := range p.receipt.Legs {
			e.accounts = append(e.accounts, pgID(l.Account))
			e.n = append(e.n, l.N)
			e.transfers = append(e.transfers, t.ids[i])
			e.minutes = append(e.minutes, int64(l.Minutes))
			e.balances = append(e.balances, int64(l.Balance))
			e.posted = append(e.posted, p.receipt.PostedAt)
		}
	}
	var a accountRows
	for id, s := range d.accounts {
		if s.touched {
			a.ids = append(a.ids, pgID(id))
			a.posted = append(a.posted, int64(s.posted))
			a.n = append(a.n, s.n)
			a.last = append(a.last, s.last)
		}
	}
	err = one(ctx, db, &done, sqlWriteMany, pgID(bank), t.ids, t.kinds, t.keys, t.hashes, t.actors, t.behalf, t.categories,
		t.refKinds, t.refIDs, t.effective, t.posted, t.reasons, t.first, t.second, t.minutes, t.accounts, t.legs,
		e.accounts, e.n, e.transfers, e.minutes, e.balances, e.posted, a.ids, a.posted, a.n, a.last)
	return done, err
}

// transferRows, entryRows and accountRows are the columns of what a batch writes.
type transferRows struct {
	ids, actors, behalf, refIDs, first, second []pgtype.UUID
	kinds, keys, categories, refKinds, reasons []string
	hashes                                     [][]byte
	effective                                  []pgtype.Date
	posted                                     []time.Time
	minutes                                    []int64
	accounts, legs                             []pgtype.Text // of a transfer with more than two legs
}

type entryRows struct {
	accounts, transfers  []pgtype.UUID
	n, minutes, balances []int64
	posted               []time.Time
}

type accountRows struct {
	ids       []pgtype.UUID
	posted, n []int64
	last      []time.Time
}

func (t *transferRows) set(i int, p accepted) {
	x, legs := p.row.t, p.row.legs
	t.ids[i], t.posted[i] = pgID(p.receipt.ID), p.receipt.PostedAt
	t.kinds[i], t.keys[i], t.hashes[i] = string(x.Kind), x.Key, p.row.hash
	t.actors[i], t.behalf[i], t.refIDs[i] = pgID(x.Actor), pgID(x.OnBehalfOf), pgID(x.Reference.ID)
	t.categories[i], t.refKinds[i], t.reasons[i] = x.Category, x.Reference.Kind, x.Reason
	t.effective[i] = pgDate(x.EffectiveOn)
	if len(legs) == 2 {
		t.first[i], t.second[i], t.minutes[i] = pgID(legs[0].Account), pgID(legs[1].Account), int64(legs[0].Minutes)
		return
	}
	accounts, minutes := arrays(legs)
	t.accounts[i], t.legs[i] = pgtype.Text{String: accounts, Valid: true}, pgtype.Text{String: minutes, Valid: true}
}
