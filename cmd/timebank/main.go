// Command timebank is the whole product: web, API, workers, schedule, and the
// tools of whoever looks after it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a bank's zone must not depend on the machine

	"github.com/alecthomas/kong"

	"timebank/app/platform/config"
)

// commands is the command line.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Run everything: web, workers and schedule."`
	Demo    demoCmd    `cmd:"" help:"Run everything with a demo bank to play with."`
	Migrate migrateCmd `cmd:"" help:"Bring the database to this version and stop."`
	Ledger  ledgerCmd  `cmd:"" help:"Look after the hour ledger."`
	Import  importCmd  `cmd:"" help:"Bring in the books of another system."`
	Admin   adminCmd   `cmd:"" help:"Make banks and their first people."`
	OpenAPI openAPICmd `cmd:"" name:"openapi" help:"Print the API's OpenAPI document."`
	Key     keyCmd     `cmd:"" help:"Print a new sealing key for TIMEBANK_KEY."`
	Health  healthCmd  `cmd:"" help:"Ask the running program whether it is ready; for containers."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c, kong.Name("timebank"), kong.Description("A community time bank: neighbours give and receive help, every hour worth the same."),
		kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))
	cfg, err := config.Load()
	if err == nil {
		err = k.Run(cfg)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "timebank: "+err.Error())
		os.Exit(1)
	}
}

func say(line string) { fmt.Println(line) }
