package main

import (
	"context"
	"fmt"
	"os"

	"github.com/uptrace/bun"

	"timebank/app"
	"timebank/app/bank"
	"timebank/app/platform/config"
	"timebank/app/platform/db"
	"timebank/ledger"
)

type ledgerCmd struct {
	Verify verifyCmd `cmd:"" help:"Prove from the rows alone that every hour adds up."`
	Export exportCmd `cmd:"" help:"Write the journal out, for other programs to read."`
}

type verifyCmd struct {
	Bank string `help:"Address of one bank; all of them without."`
}

// Run says what was proved, and fails where anything is wrong, naming it.
func (v verifyCmd) Run(ctx context.Context, c config.Config) error {
	faults := 0
	err := eachBank(ctx, c, v.Bank, func(ctx context.Context, tx bun.IDB, b bank.Bank) error {
		report, err := ledger.Verify(ctx, tx, b.ID, func(p ledger.Progress) { progress(fmt.Sprintf("%s, %d of %d: %s", b.Name, p.Done+1, p.All, p.Rule)) })
		progress("")
		if err != nil {
			return err
		}
		say(fmt.Sprintf("%s: %d accounts, %d transfers, %d entries, sealed up to %s", b.Name, report.Accounts, report.Transfers, report.Entries, report.Head))
		for _, f := range report.Faults {
			say("  " + f.String())
		}
		faults += len(report.Faults)
		return nil
	})
	if err == nil && faults > 0 {
		err = fmt.Errorf("%d faults found", faults)
	}
	return err
}

// eachBank runs do as one bank, or as every one in turn, each in a transaction of
// its own without a time limit: large books take minutes to read.
func eachBank(ctx context.Context, c config.Config, slug string, do func(context.Context, bun.IDB, bank.Bank) error) error {
	d, err := app.OpenDatabase(ctx, c, func(line string) { fmt.Fprintln(os.Stderr, line) })
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	banks, err := banksOf(ctx, d.Pool, slug)
	if err != nil {
		return err
	}
	for _, b := range banks {
		err := db.InTx(ctx, d.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error {
			if _, err := tx.ExecContext(ctx, "set local statement_timeout = 0"); err != nil {
				return err
			}
			return do(ctx, tx, b)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
	}
	return nil
}

// progress shows one line that the next one replaces, where a person looks on.
func progress(line string) {
	if info, err := os.Stderr.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	fmt.Fprintf(os.Stderr, "\r\x1b[K%.100s", line)
}

type exportCmd struct {
	Bank   string `required:"" help:"Address of the bank."`
	Format string `enum:"hledger,csv,json" default:"hledger" help:"hledger (which beancount reads too), csv or json."`
}

// Run writes the journal to standard output.
func (e exportCmd) Run(ctx context.Context, c config.Config) error {
	return eachBank(ctx, c, e.Bank, func(ctx context.Context, tx bun.IDB, b bank.Bank) error {
		return ledger.Export(ctx, tx, b.ID, ledger.Format(e.Format), os.Stdout)
	})
}
