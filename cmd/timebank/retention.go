package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"timebank/app"
	"timebank/app/platform/config"
	"timebank/app/platform/keep"
)

type retentionCmd struct {
	Bank   string `help:"Address of the bank. Without one: what signing in leaves behind, which belongs to no bank."`
	DryRun bool   `help:"Show what the nightly run would forget, and forget nothing."`
}

// over is one rule and what is over by it.
type over struct {
	keep.Rule
	days int
	keep.Due
}

// Run does what the nightly run does, now; with --dry-run it only tells.
func (r retentionCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		zone, plan, forget, err := r.plan(ctx, a)
		if err != nil {
			return err
		}
		out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		for _, k := range plan {
			oldest := ""
			if k.Oldest != nil {
				oldest = "the oldest of " + k.Oldest.In(zone).Format("2 January 2006")
			}
			_, _ = fmt.Fprintf(out, "%s\tkept %d days\t%d over\t%s\n", k.Title, k.days, k.Due.Count, oldest)
		}
		if err := out.Flush(); err != nil || r.DryRun {
			if err == nil {
				say("Nothing was changed. Without --dry-run this is forgotten now; the program does it by itself.")
			}
			return err
		}
		done, err := forget(ctx)
		for _, k := range plan {
			if n := done[k.Name]; n > 0 {
				say(fmt.Sprintf("forgotten: %d, %s", n, k.Title))
			}
		}
		return err
	})
}

// plan is what would be forgotten, and how.
func (r retentionCmd) plan(ctx context.Context, a *app.App) (*time.Location, []over, func(context.Context) (map[string]int64, error), error) {
	var out []over
	if r.Bank == "" {
		all, err := a.Identity.Retention(ctx)
		for _, k := range all {
			out = append(out, over{k.Rule, k.Days, k.Due})
		}
		return time.UTC, out, a.Identity.ForgetOld, err
	}
	banks, err := banksOf(ctx, a.Pool, r.Bank)
	if err != nil {
		return nil, nil, nil, err
	}
	b := banks[0]
	all, err := a.Rights.Retention(ctx, b.ID)
	for _, k := range all {
		out = append(out, over{k.Rule, k.Days, k.Due})
	}
	return b.Location(), out, func(ctx context.Context) (map[string]int64, error) { return a.Rights.ForgetOld(ctx, b.ID) }, err
}
