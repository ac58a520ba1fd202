package ledger

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// read takes in the answer of ledger.lock_many.
func (d *decision) read(locked, seen string) error {
	for line := range strings.SplitSeq(locked, "\n") {
		if line == "" {
			continue
		}
		id, a, err := parseStanding(line)
		if err != nil {
			return fmt.Errorf("read account %q: %w", line, err)
		}
		d.accounts[id] = a
	}
	if seen == "" {
		return nil
	}
	var known []struct {
		Key, Hash string
		ID        uuid.UUID
		PostedAt  time.Time `json:"posted_at"`
		Accounts  []uuid.UUID
		Figures   []*Minutes
	}
	if err := json.Unmarshal([]byte(seen), &known); err != nil {
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

// parseStanding reads one account as a row literal of fourteen fields, none of
// which can contain a comma.
func parseStanding(line string) (id uuid.UUID, a *standing, err error) {
	var f [14]string
	line = strings.TrimSuffix(strings.TrimPrefix(line, "("), ")")
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
	a.last, err = time.Parse("2006-01-02 15:04:05", strings.Trim(f[13], `"`))
	return id, a, err
}

func minutesOf(s string) (Minutes, error) {
	v, err := strconv.ParseInt(s, 10, 64)
	return Minutes(v), err
}

const sqlWriteMany = `select ledger.write_many(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// write writes what was accepted; false when a key has been taken meanwhile.
func (d *decision) write(ctx context.Context, db bun.IDB, bank uuid.UUID) (done bool, err error) {
	var t [14]list // of transfers
	var e [6]list  // of entries
	var a [4]list  // of accounts
	for _, p := range d.posted {
		x := p.row.t
		t[0].id(p.receipt.ID)
		t[1].text(string(x.Kind))
		t[2].text(x.Key)
		t[3].bytes(p.row.hash)
		t[4].id(x.Actor)
		t[5].id(x.OnBehalfOf)
		t[6].text(x.Category)
		t[7].text(x.Reference.Kind)
		t[8].id(x.Reference.ID)
		t[9].text(x.EffectiveOn.String())
		t[10].time(p.receipt.PostedAt)
		t[11].text(x.Reason)
		accounts, minutes := arrays(p.row.legs)
		t[12].text(accounts)
		t[13].text(minutes)
		for _, l := range p.receipt.Legs {
			e[0].id(l.Account)
			e[1].int(l.N)
			e[2].id(p.receipt.ID)
			e[3].int(int64(l.Minutes))
			e[4].int(int64(l.Balance))
			e[5].time(p.receipt.PostedAt)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(d.accounts), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }) {
		if s := d.accounts[id]; s.touched {
			a[0].id(id)
			a[1].int(int64(s.posted))
			a[2].int(s.n)
			a[3].time(s.last)
		}
	}
	args := []any{bank}
	for _, group := range [][]list{t[:], e[:], a[:]} {
		for i := range group {
			args = append(args, group[i].String())
		}
	}
	err = db.NewRaw(sqlWriteMany, args...).Scan(ctx, &done)
	return done, err
}
