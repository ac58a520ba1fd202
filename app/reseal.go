package app

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/platform/db"
	"timebank/app/platform/seal"
)

// sealedColumn is one column of sealed values, and how its rows are found.
type sealedColumn struct {
	table, column string
	tenant        bool
	key           string // SQL of a text that names the row
	save          string // SQL with new value, bank (of tenants), key's parts and old value, in this order
	row           func(parts []string) uuid.UUID
}

// byID is a column of rows that are named by their own id.
func byID(table, column string, tenant bool) sealedColumn {
	c := sealedColumn{table: table, column: column, tenant: tenant, key: "id::text", row: func(p []string) uuid.UUID { return uuid.MustParse(p[0]) }}
	c.save = "update " + table + " set " + column + " = ?0 where id = ?2::uuid and " + column + " = ?4"
	if tenant {
		c.save = "update " + table + " set " + column + " = ?0 where bank_id = ?1 and id = ?2::uuid and " + column + " = ?4"
	}
	return c
}

// sealedColumns are all of them; a test finds one that is missing.
func sealedColumns() []sealedColumn {
	totp := byID("directory.totp", "sealed", false)
	totp.key, totp.save = "person_id::text", "update directory.totp set sealed = ?0 where person_id = ?2::uuid and sealed = ?4"
	signing := byID("directory.signing_key", "sealed", false)
	signing.key, signing.save = "kid", "update directory.signing_key set sealed = ?0 where kid = ?2 and sealed = ?4"
	signing.row = func(p []string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte(p[0])) }
	event := byID("referral_event", "sealed", true)
	event.key, event.save = "referral_id::text || '/' || seq", "select reseal_referral_event(?1, ?2::uuid, ?3::int, ?4, ?0)"
	event.row = func(p []string) uuid.UUID {
		n, _ := strconv.ParseUint(p[1], 10, 32)
		return uuid.NewSHA1(uuid.MustParse(p[0]), binary.BigEndian.AppendUint32(nil, uint32(n)))
	}
	concern := byID("concern", "sealed", true)
	concern.save = "select reseal_concern(?1, ?2::uuid, ?4, ?0)"
	note := byID("concern_note", "sealed", true)
	note.key, note.save = "concern_id::text || '/' || seq", "select reseal_concern_note(?1, ?2::uuid, ?3::int, ?4, ?0)"
	note.row = func(p []string) uuid.UUID {
		n, _ := strconv.ParseUint(p[1], 10, 16)
		return uuid.NewSHA1(uuid.MustParse(p[0]), binary.BigEndian.AppendUint16(nil, uint16(n)))
	}
	return []sealedColumn{
		byID("directory.sign_in_code", "sealed", false), byID("directory.email_change", "sealed", false), byID("directory.passkey", "sealed", false), byID("directory.push_key", "sealed", false), totp, signing,
		byID("referral", "sealed", true), byID("application", "sealed", true), byID("application", "reply", true), event, concern, note,
	}
}

// place is where a row's value stands; slices name it without the schema.
func (c sealedColumn) place(parts []string) seal.Place {
	return seal.Place{Column: strings.TrimPrefix(c.table, "directory.") + "." + c.column, Row: c.row(parts)}
}

// RotateSeal makes a new sealing key. Replicas that run find it by themselves, and
// the job below seals what there is anew. Refuses with seal.ErrRotating.
func (a *App) RotateSeal(ctx context.Context) error {
	return db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error { return a.Box.Rotate(ctx, tx, a.Clock.Now()) })
}

// WatchSeal reads the sealing keys again and again until ctx ends.
func (a *App) WatchSeal(ctx context.Context) {
	tick := time.NewTicker(seal.KeysEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := db.InTx(ctx, a.Pool, db.NoBank, a.Box.Load); err != nil && ctx.Err() == nil {
				a.Log.Warn("sealing keys could not be read again", "error", err)
			}
		}
	}
}

// Reseal is the job that seals anew what older keys sealed, and retires them when
// nothing is left.
type Reseal struct{}

// Kind implements job.Args.
func (Reseal) Kind() string { return "reseal" }

// How much at a time: a batch holds its rows for a few milliseconds.
const (
	resealBatch = 50
	resealPause = 20 * time.Millisecond
)

// Reseal seals every value anew that the newest key did not seal, in small batches
// beside the work of the day, and retires the older keys when it found none. A row
// that somebody holds is left for the next time.
func (a *App) Reseal(ctx context.Context) error {
	var banks []bank.Bank
	settled := false
	err := db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		if err = a.Box.Load(ctx, tx); err != nil {
			return err
		}
		if settled, err = a.Box.Settled(ctx, tx, a.Clock.Now()); err != nil || !settled {
			return err
		}
		banks, err = bank.All(ctx, tx)
		return err
	})
	if err != nil || !settled {
		return err
	}
	left := 0
	for _, c := range sealedColumns() {
		for _, b := range owners(banks, c.tenant) {
			n, err := a.resealColumn(ctx, b, c)
			if err != nil {
				return err
			}
			left += n
		}
	}
	n, err := a.wrapAll(ctx, banks)
	if err != nil {
		return err
	}
	if left += n; left > 0 {
		return nil // held by somebody just now
	}
	return db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		n, err := a.Box.Retire(ctx, tx, a.Clock.Now())
		if n > 0 {
			a.Log.InfoContext(ctx, "sealing keys that nothing uses any more are retired", "keys", n)
		}
		return err
	})
}

// SealState is what CheckSeal found.
type SealState struct {
	Rows, Older   int  // sealed values, and those that the newest key did not seal
	Blind, Under  int  // blind indexes, and those under fewer layers than are laid now
	NeedsFirstKey bool // the key outside the database is needed by something, or no other is to follow it
}

// CheckSeal opens every sealed value there is, and counts them and those that the
// newest keys did not make. It fails at the first that does not open.
func (a *App) CheckSeal(ctx context.Context) (out SealState, err error) {
	var banks []bank.Bank
	if err = db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		if err = a.Box.Load(ctx, tx); err != nil {
			return err
		}
		if banks, err = bank.All(ctx, tx); err != nil {
			return err
		}
		out.NeedsFirstKey, err = a.Box.NeedsFirst(ctx, tx)
		return err
	}); err != nil {
		return out, err
	}
	for _, c := range sealedColumns() {
		for _, b := range owners(banks, c.tenant) {
			n, old, err := a.checkColumn(ctx, b, c)
			if err != nil {
				return out, err
			}
			out.Rows, out.Older = out.Rows+n, out.Older+old
		}
	}
	for _, c := range blindColumns {
		for _, b := range owners(banks, c.tenant) {
			n, under, err := a.countBlind(ctx, b, c)
			if err != nil {
				return out, err
			}
			out.Blind, out.Under = out.Blind+n, out.Under+under
		}
	}
	out.NeedsFirstKey = out.NeedsFirstKey || out.Older+out.Under > 0
	return out, nil
}

// owners are the banks in which a table's rows are found one by one; none, for what
// belongs to no bank.
func owners(banks []bank.Bank, tenant bool) []uuid.UUID {
	if !tenant {
		return []uuid.UUID{db.NoBank}
	}
	out := make([]uuid.UUID, len(banks))
	for i, b := range banks {
		out[i] = b.ID
	}
	return out
}

func (a *App) checkColumn(ctx context.Context, b uuid.UUID, c sealedColumn) (n, older int, err error) {
	err = db.InTx(ctx, a.Pool, b, func(ctx context.Context, tx bun.IDB) error {
		n, older = 0, 0
		where, args := "", []any{}
		if c.tenant {
			where, args = "bank_id = ? and ", []any{b}
		}
		rows, err := tx.QueryContext(ctx, "select "+c.key+", "+c.column+" from "+c.table+" where "+where+c.column+" is not null", args...)
		if err != nil {
			return fmt.Errorf("read %s: %w", c.table, err)
		}
		defer func() { _ = rows.Close() }()
		prefix := a.Box.Primary()
		for rows.Next() {
			var key string
			var sealed []byte
			if err := rows.Scan(&key, &sealed); err != nil {
				return fmt.Errorf("read %s: %w", c.table, err)
			}
			if _, err := a.Box.Open(c.place(strings.Split(key, "/")), sealed); err != nil {
				return fmt.Errorf("%s, row %s: %w", c.table, key, err)
			}
			n++
			if !bytes.HasPrefix(sealed, prefix) {
				older++
			}
		}
		return rows.Err()
	})
	return n, older, err
}

// SealedColumns names every column that is sealed anew, as "table.column".
func SealedColumns() []string {
	var out []string
	for _, c := range sealedColumns() {
		out = append(out, c.table+"."+c.column)
	}
	return out
}

// resealColumn seals one column of one bank anew and counts what it had to leave.
func (a *App) resealColumn(ctx context.Context, b uuid.UUID, c sealedColumn) (left int, err error) {
	after := ""
	for {
		n, last := 0, after
		err := db.InTx(ctx, a.Pool, b, func(ctx context.Context, tx bun.IDB) error {
			last = after
			var rows []struct {
				Key    string
				Sealed []byte
			}
			where, args := "", []any{}
			if c.tenant {
				where, args = "bank_id = ? and ", []any{b}
			}
			prefix := a.Box.Primary()
			args = append(args, seal.PrefixLen, prefix, after, resealBatch)
			err := tx.NewRaw("select "+c.key+" as key, "+c.column+" as sealed from "+c.table+" where "+where+c.column+" is not null and substring("+c.column+
				" from 1 for ?) <> ? and "+c.key+" > ? order by 1 limit ?", args...).Scan(ctx, &rows)
			if err != nil {
				return fmt.Errorf("find what to seal anew in %s: %w", c.table, err)
			}
			for _, r := range rows {
				parts := strings.Split(r.Key, "/")
				p := c.place(parts)
				plain, err := a.Box.Open(p, r.Sealed)
				if err != nil {
					return err
				}
				fresh, err := a.Box.Seal(p, plain)
				if err != nil {
					return err
				}
				second := "0"
				if len(parts) > 1 {
					second = parts[1]
				}
				// Only where the old value still stands: what was written meanwhile is newer.
				if _, err := tx.ExecContext(ctx, c.save, fresh, b, parts[0], second, r.Sealed); err != nil {
					return fmt.Errorf("seal anew in %s: %w", c.table, err)
				}
				last = r.Key
			}
			n = len(rows)
			return nil
		})
		if err != nil {
			return 0, err
		}
		after = last
		if n == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(resealPause):
		}
	}
	err = db.InTx(ctx, a.Pool, b, func(ctx context.Context, tx bun.IDB) error {
		where, args := "", []any{}
		if c.tenant {
			where, args = "bank_id = ? and ", []any{b}
		}
		args = append(args, seal.PrefixLen, a.Box.Primary())
		return tx.NewRaw("select count(*) from "+c.table+" where "+where+c.column+" is not null and substring("+c.column+" from 1 for ?) <> ?", args...).Scan(ctx, &left)
	})
	return left, err
}
