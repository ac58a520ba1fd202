package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/db"
)

// blindColumn is one column of blind indexes.
type blindColumn struct {
	table, column string
	tenant        bool
}

// blindColumns are all of them; a test finds one that is missing. Counts of tries
// are not among them: they are kept for a day at most, and begin anew.
var blindColumns = []blindColumn{
	{"directory.sign_in_code", "hash", false}, {"directory.sign_in_code", "asked", false}, {"directory.email_change", "hash", false},
	{"directory.known_device", "hash", false}, {"directory.recovery_code", "hash", false},
	{"invitation", "hash", true}, {"application", "email_hash", true}, {"application", "phone_hash", true}, {"referral", "key_hash", true},
}

// BlindColumns names every column of blind indexes, as "table.column".
func BlindColumns() []string {
	var out []string
	for _, c := range blindColumns {
		out = append(out, c.table+"."+c.column)
	}
	return out
}

// under is the condition for hashes with fewer layers than are laid now, of one
// bank or of none.
func (c blindColumn) under(b uuid.UUID, layers int) (where string, args []any) {
	where = c.column + " is not null and case octet_length(" + c.column + ") when 32 then 1 else get_byte(" + c.column + ", 0) end < ?"
	if args = []any{layers}; c.tenant {
		where, args = where+" and bank_id = ?", append(args, b)
	}
	return where, args
}

// name is the column as slices name it to the box.
func (c blindColumn) name() string {
	return strings.TrimPrefix(c.table, "directory.") + "." + c.column
}

// wrapAll lays the newest layer over every blind index that lacks it, in small
// batches beside the work of the day, and counts what it had to leave.
func (a *App) wrapAll(ctx context.Context, banks []bank.Bank) (left int, err error) {
	for _, c := range blindColumns {
		for _, b := range owners(banks, c.tenant) {
			for n := 1; n > 0; {
				if n, err = a.wrapSome(ctx, b, c); err != nil {
					return 0, err
				}
				select {
				case <-ctx.Done():
					return 0, ctx.Err()
				case <-time.After(resealPause):
				}
			}
			_, under, err := a.countBlind(ctx, b, c)
			if err != nil {
				return 0, err
			}
			left += under
		}
	}
	return left, nil
}

// wrapSome wraps one batch of hashes and tells how many it did. A row that changes
// meanwhile keeps what was written: only the hash that was read is replaced.
func (a *App) wrapSome(ctx context.Context, b uuid.UUID, c blindColumn) (done int, err error) {
	err = db.InTx(ctx, a.Pool, b, func(ctx context.Context, tx bun.IDB) error {
		done = 0
		var hashes [][]byte
		where, args := c.under(b, a.Box.Layers())
		if err := tx.NewRaw("select distinct "+c.column+" from "+c.table+" where "+where+" limit ?", append(args, resealBatch)...).Scan(ctx, &hashes); err != nil {
			return fmt.Errorf("find what to wrap in %s: %w", c.table, err)
		}
		for _, old := range hashes {
			fresh := a.Box.Wrap(c.name(), old)
			if c.table == "directory.known_device" { // met again meanwhile: the newer row counts
				if _, err := tx.ExecContext(ctx, "delete from directory.known_device where hash = ? and exists (select from directory.known_device where hash = ?)", old, fresh); err != nil {
					return fmt.Errorf("forget browser: %w", err)
				}
			}
			set, args := "update "+c.table+" set "+c.column+" = ? where "+c.column+" = ?", []any{fresh, old}
			if c.tenant {
				set, args = set+" and bank_id = ?", append(args, b)
			}
			res, err := tx.ExecContext(ctx, set, args...)
			if err != nil {
				return fmt.Errorf("wrap %s: %w", c.table, err)
			}
			n, err := res.RowsAffected()
			if err != nil {
				return fmt.Errorf("wrap %s: %w", c.table, err)
			}
			done += int(n)
		}
		return nil
	})
	return done, err
}

// countBlind counts a column's hashes, and those that lack a layer.
func (a *App) countBlind(ctx context.Context, b uuid.UUID, c blindColumn) (n, under int, err error) {
	err = db.InTx(ctx, a.Pool, b, func(ctx context.Context, tx bun.IDB) error {
		where, args := c.under(b, a.Box.Layers())
		all := "select count(*), count(*) filter (where " + where + ") from " + c.table + " where " + c.column + " is not null"
		if c.tenant {
			all, args = all+" and bank_id = ?", append(args, b)
		}
		if err := tx.NewRaw(all, args...).Scan(ctx, &n, &under); err != nil {
			return fmt.Errorf("count %s: %w", c.table, err)
		}
		return nil
	})
	return n, under, err
}
