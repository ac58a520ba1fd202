package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app"
	"timebank/app/bank"
	"timebank/app/exchangefile"
	"timebank/app/identity"
	"timebank/app/platform/clock"
	"timebank/app/platform/config"
	"timebank/app/platform/db"
	"timebank/app/platform/seal"
)

type serveCmd struct{}

func (serveCmd) Run(ctx context.Context, c config.Config) error { return app.Serve(ctx, c, say) }

type demoCmd struct{}

func (demoCmd) Run(ctx context.Context, c config.Config) error {
	c.Demo = true
	return app.Serve(ctx, c, say)
}

type migrateCmd struct{}

func (migrateCmd) Run(ctx context.Context, c config.Config) error {
	d, err := app.OpenDatabase(ctx, c, say)
	if err != nil {
		return err
	}
	say("the database is ready for this version")
	return d.Close()
}

type openAPICmd struct{}

func (openAPICmd) Run(ctx context.Context, c config.Config) error {
	doc, err := app.Document()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(doc)
	return err
}

type keyCmd struct{}

func (keyCmd) Run() error {
	key, err := seal.NewKey()
	if err == nil {
		say(key)
	}
	return err
}

type healthCmd struct{}

func (healthCmd) Run(ctx context.Context, c config.Config) error {
	ctx, stop := context.WithTimeout(ctx, 3*time.Second)
	defer stop()
	port := c.Addr[strings.LastIndexByte(c.Addr, ':')+1:]
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+port+"/readyz", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return errors.New("not ready: it does not answer")
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return errors.New("not ready")
	}
	return nil
}

func banksOf(ctx context.Context, pool *bun.DB, slug string) (out []bank.Bank, err error) {
	err = db.InTx(ctx, pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		if slug == "" {
			out, err = bank.All(ctx, tx)
			return err
		}
		b, err := bank.BySlug(ctx, tx, slug)
		out = []bank.Bank{b}
		return err
	})
	return out, err
}

type importCmd struct {
	Timeoverflow timeoverflowCmd `cmd:"" help:"CSV files as TimeOverflow banks export them."`
}

type timeoverflowCmd struct {
	Bank         string `required:"" help:"Address or name of the bank."`
	DryRun       bool   `help:"Show what would change and write nothing."`
	Unit         string `enum:"auto,seconds,minutes,hours" default:"auto" help:"Unit of the hours, where the files do not tell."`
	Dates        string `enum:"auto,day-first,month-first" default:"auto" help:"Order of days written with slashes, where the files do not tell."`
	Organisation string `help:"The bank's own name in its transfers, where they name several."`
	Users        string `arg:"" type:"existingfile" help:"users.csv"`
	Posts        string `arg:"" type:"existingfile" help:"posts.csv"`
	Transfers    string `arg:"" type:"existingfile" help:"transfers.csv"`
}

func (t timeoverflowCmd) Run(ctx context.Context, c config.Config) error {
	d, err := app.OpenDatabase(ctx, c, say)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	o := exchangefile.Options{Bank: t.Bank, DryRun: t.DryRun}
	if t.Unit != "auto" {
		o.Reading.Unit = exchangefile.Unit(t.Unit)
	}
	if t.Dates != "auto" {
		o.Reading.Dates = exchangefile.DateOrder(t.Dates)
	}
	o.Reading.Organisation = t.Organisation
	var open []*os.File
	for _, name := range []string{t.Users, t.Posts, t.Transfers} {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		open = append(open, f)
	}
	o.Users, o.Posts, o.Transfers = open[0], open[1], open[2]
	return exchangefile.Import(ctx, app.Importing(d.Pool, clock.System{}), o, os.Stdout)
}

type adminCmd struct {
	Bank        newBankCmd     `cmd:"" help:"Make a time bank."`
	Staff       newStaffCmd    `cmd:"" help:"Give somebody a role in a bank; they sign in with a code sent to their e-mail."`
	Retention   retentionCmd   `cmd:"" help:"Forget what a bank has kept long enough, or show what that would be."`
	Operator    operatorCmd    `cmd:"" help:"Let somebody see the list of banks with counts, and nothing in them."`
	RotateSeal  rotateSealCmd  `cmd:"" help:"Seal sensitive columns with a new key; what there is follows in the background."`
	CheckSeal   checkSealCmd   `cmd:"" help:"Open every sealed value and say how many there are."`
	RotateKeys  rotateKeysCmd  `cmd:"" help:"Sign with a new key; nobody is signed out."`
	Program     programCmd     `cmd:"" help:"Let an integration into one bank; prints its secret."`
	Token       tokenCmd       `cmd:"" help:"Print a bearer token for an hour at most."`
	EndProgram  endProgramCmd  `cmd:"" help:"Stop an integration or a token, at once."`
	ResetSecond resetSecondCmd `cmd:"" help:"Take the second step from somebody who lost phone and recovery codes."`
	SignOut     signOutCmd     `cmd:"" help:"Sign somebody out everywhere, as when a phone was stolen; or everybody."`
	EndOperator endOperatorCmd `cmd:"" help:"Take the list of banks from somebody, at once."`
}

type newBankCmd struct {
	Slug  string `arg:"" help:"Its address: small letters and dashes, as in hilltop."`
	Name  string `arg:"" help:"Its name, as in 'Hilltop Time Bank'."`
	Phone string `required:"" help:"The number people ring."`
	Hours string `default:"Monday to Friday, 9am to 5pm" help:"When the phone is answered."`
	Zone  string `default:"Europe/London" help:"IANA time zone."`
	Plain bool   `help:"Let staff and surgeries work without a second step at sign-in."`
}

func (n newBankCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		b := app.NewBank(n.Slug, n.Name, a.Clock.Now())
		b.Phone, b.PhoneHours, b.Zone = n.Phone, n.Hours, n.Zone
		if _, err := time.LoadLocation(n.Zone); err != nil {
			return fmt.Errorf("%q is no time zone; write it as Europe/London", n.Zone)
		}
		if err := a.OpenBank(ctx, b); err != nil {
			return err
		}
		if err := a.DemandSecond(ctx, b, !n.Plain); err != nil {
			return err
		}
		say(n.Name + " is made. Next: timebank admin staff " + n.Slug + " coordinator 'Sam Taylor' sam@example.org")
		return nil
	})
}

type newStaffCmd struct {
	Bank  string `arg:"" help:"Address of the bank."`
	Role  string `arg:"" enum:"broker,coordinator,safeguarding-lead,co-chair" help:"broker, coordinator, safeguarding-lead or co-chair."`
	Name  string `arg:"" help:"Full name."`
	Email string `arg:"" help:"E-mail address they sign in with."`
}

func (n newStaffCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		banks, err := banksOf(ctx, a.Pool, n.Bank)
		if err != nil {
			return err
		}
		called, _, _ := strings.Cut(n.Name, " ")
		if _, err := a.AddStaff(ctx, banks[0], n.Name, called, n.Email, identity.Role(n.Role), (*uuid.UUID)(nil)); err != nil {
			return err
		}
		say(called + " can sign in now.")
		return nil
	})
}

func withApp(ctx context.Context, c config.Config, do func(*app.App) error) error {
	d, err := app.OpenDatabase(ctx, c, say)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	box, err := app.OpenBox(c)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, app.Deps{Config: c, Log: app.NewLog(c), Clock: clock.System{}, Pool: d.Pool, Box: box, Version: app.Version()})
	if err != nil {
		return err
	}
	return do(a)
}
