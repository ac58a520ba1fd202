package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"

	"timebank/app"
	"timebank/app/platform/config"
)

type retentionCmd struct {
	Bank   string `required:"" help:"Address of the bank."`
	DryRun bool   `help:"Show what the nightly run would forget, and forget nothing."`
}

// Run does what the nightly run does, now; with --dry-run it only tells.
func (r retentionCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		banks, err := banksOf(ctx, a.Pool, r.Bank)
		if err != nil {
			return err
		}
		b := banks[0]
		plan, err := a.Rights.Retention(ctx, b.ID)
		if err != nil {
			return err
		}
		out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		for _, k := range plan {
			oldest := ""
			if k.Oldest != nil {
				oldest = "the oldest of " + k.Oldest.In(b.Location()).Format("2 January 2006")
			}
			_, _ = fmt.Fprintf(out, "%s\tkept %d days\t%d over\t%s\n", k.Title, k.Days, k.Due.Count, oldest)
		}
		if err := out.Flush(); err != nil || r.DryRun {
			if err == nil {
				say("Nothing was changed. Without --dry-run this is forgotten now; the nightly run does it at ten past two.")
			}
			return err
		}
		done, err := a.Rights.ForgetOld(ctx, b.ID)
		for _, k := range plan {
			if n := done[k.Name]; n > 0 {
				say(fmt.Sprintf("forgotten: %d, %s", n, k.Title))
			}
		}
		return err
	})
}
