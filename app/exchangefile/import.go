package exchangefile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/platform/clock"
	"timebank/app/platform/db"
)

// Deps is what Import stands on.
type Deps struct {
	Pool      *bun.DB
	Clock     clock.Clock
	Requested Requested // puts a request on the brokers' desk; nil: nobody is told
}

// Options of Import.
type Options struct {
	Bank    string    // its address ("hilltop") or its name
	Actor   uuid.UUID // who imports; nil is the system
	DryRun  bool      // show the report and write nothing
	Reading Reading
	Shift   int // days by which every date is moved; for demonstrations

	Users, Posts, Transfers io.Reader
}

var (
	// ErrChanged refuses to write when the bank is no longer as the report says.
	ErrChanged = errors.New("the bank has changed since the report was made, so nothing was imported; run the import again")
	// errBank refuses names that no bank has.
	errBank = errors.New("there is no time bank of this name; give its address or its full name with --bank")
)

// Import reads the files, prints what they would change, and, unless it is a dry
// run, changes it in one transaction. Rows that cannot be read are printed with
// row and column, and returned as *Unreadable: nothing is written then.
func Import(ctx context.Context, deps Deps, o Options, stdout io.Writer) error {
	b, err := findBank(ctx, deps.Pool, o.Bank)
	if err != nil {
		return err
	}
	f, err := o.Reading.Read(o.Users, o.Posts, o.Transfers)
	if err != nil {
		return explain(stdout, err)
	}
	f.Shift(o.Shift)
	now := deps.Clock.Now()
	var planned *Difference
	err = db.InTx(ctx, deps.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error {
		planned, err = Plan(ctx, tx, b, f, now)
		return err
	})
	if err != nil {
		return explain(stdout, err)
	}
	if _, err := io.WriteString(stdout, planned.String()); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	switch {
	case planned.Empty():
		return nil
	case o.DryRun:
		_, err = fmt.Fprintln(stdout, "\nThis was a dry run: nothing was written. Run it again without --dry-run to import.")
		return err
	}
	if _, err := fmt.Fprintln(stdout, "\nWriting, all or nothing. A thousand transfers take about a second."); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	actor := o.Actor
	if actor == uuid.Nil {
		actor = identity.SystemPerson
	}
	err = db.InTx(ctx, deps.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error {
		if err := lock(ctx, tx, b.ID); err != nil {
			return err
		}
		again, err := Plan(ctx, tx, b, f, now)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(again, planned) {
			return ErrChanged
		}
		return Apply(ctx, tx, again, actor, deps.Requested)
	})
	if err != nil {
		return explain(stdout, err)
	}
	if n := planned.tally().requests[New]; n > 0 && deps.Requested == nil {
		if _, err := fmt.Fprintf(stdout, "\nThe %d new requests are on the list, but on no broker's desk.\n", n); err != nil {
			return fmt.Errorf("print the report: %w", err)
		}
	}
	_, err = fmt.Fprintln(stdout, "\nDone. Everything above was written in one piece; importing the same files again changes nothing.")
	return err
}

// findBank finds a bank by its address or its name.
func findBank(ctx context.Context, pool *bun.DB, name string) (b bank.Bank, err error) {
	err = db.InTx(ctx, pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		b, err = bank.BySlug(ctx, tx, name)
		if err == nil || !errors.Is(err, bank.ErrNoBank) {
			return err
		}
		all, err := bank.All(ctx, tx)
		if err != nil {
			return err
		}
		for _, one := range all {
			if strings.EqualFold(strings.TrimSpace(name), one.Name) {
				b = one
				return nil
			}
		}
		return errBank
	})
	return b, err
}

// explain prints the rows that cannot be read, all of them.
func explain(stdout io.Writer, err error) error {
	bad, ok := errors.AsType[*Unreadable](err)
	if !ok {
		return err
	}
	if _, werr := fmt.Fprintf(stdout, "Nothing was imported. Please mend this first:\n"); werr != nil {
		return fmt.Errorf("print the report: %w", werr)
	}
	for _, r := range bad.Rows {
		if _, werr := fmt.Fprintf(stdout, "  - %s\n", r); werr != nil {
			return fmt.Errorf("print the report: %w", werr)
		}
	}
	return err
}
