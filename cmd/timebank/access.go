package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"timebank/app"
	"timebank/app/platform/config"
)

type rotateKeysCmd struct{}

func (rotateKeysCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		if err := a.RotateKeys(ctx); err != nil {
			return err
		}
		say("A new key signs from now on. The old one checks for another hour; nobody is signed out, and nothing has to be started again.")
		return nil
	})
}

type rotateSealCmd struct{}

func (rotateSealCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		if err := a.RotateSeal(ctx); err != nil {
			return err
		}
		say("A new key seals in a minute. What older keys sealed is sealed anew in the background, within half an hour for most; then they are retired. Nothing has to be started again.")
		return nil
	})
}

type checkSealCmd struct{}

func (checkSealCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		x, err := a.CheckSeal(ctx)
		if err != nil {
			return err
		}
		say(fmt.Sprintf("%d sealed values, and all of them open; %d were sealed by an older key. %d blind indexes; %d are still under an older key.", x.Rows, x.Older, x.Blind, x.Under))
		switch {
		case c.KeyNext == "":
		case x.NeedsFirstKey:
			say("TIMEBANK_KEY is still needed. Run `timebank admin rotate-seal`, or wait until it has gone through, and look again.")
		default:
			say("Nothing needs TIMEBANK_KEY any more: give TIMEBANK_KEY the value of TIMEBANK_KEY_NEXT, take TIMEBANK_KEY_NEXT away, and start again one after another.")
		}
		return nil
	})
}

type tokenCmd struct {
	Bank    string   `arg:"" help:"Address of the bank."`
	Name    string   `arg:"" help:"Who or what it is for; members can read it where it looked."`
	May     []string `required:"" help:"Permissions: work-the-desk, set-policy."`
	Minutes int      `default:"15" help:"How long it lives; at most 60."`
}

func (t tokenCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		banks, err := banksOf(ctx, a.Pool, t.Bank)
		if err != nil {
			return err
		}
		p, token, err := a.Identity.OperatorToken(ctx, banks[0], t.Name, t.May, time.Duration(t.Minutes)*time.Minute)
		if err != nil {
			return err
		}
		say(token)
		say("To end it early: timebank admin end-program " + p.ID.String())
		return nil
	})
}

type programCmd struct {
	Bank string   `arg:"" help:"Address of the bank."`
	Name string   `arg:"" help:"What it is; members can read it where it looked."`
	May  []string `required:"" help:"Permissions: work-the-desk, set-policy."`
}

func (p programCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		banks, err := banksOf(ctx, a.Pool, p.Bank)
		if err != nil {
			return err
		}
		made, secret, err := a.Identity.AddProgram(ctx, banks[0], p.Name, p.May)
		if err != nil {
			return err
		}
		say("client_id     " + made.ID.String())
		say("client_secret " + secret)
		say("The secret is shown once and not kept. Trade both for a token with POST /api/token.")
		return nil
	})
}

type endProgramCmd struct {
	ID uuid.UUID `arg:"" help:"Its client_id."`
}

func (e endProgramCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		if err := a.Identity.EndProgram(ctx, e.ID); err != nil {
			return err
		}
		say("It may not enter any more.")
		return nil
	})
}

type resetSecondCmd struct {
	Email string `arg:"" help:"E-mail address they sign in with."`
}

func (r resetSecondCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		if err := a.Identity.ResetSecond(ctx, r.Email); err != nil {
			return err
		}
		say("They sign in with a code alone now, and can set up an authenticator app again.")
		return nil
	})
}

type operatorCmd struct {
	Name  string `arg:"" help:"Full name."`
	Email string `arg:"" help:"E-mail address they sign in with."`
}

func (o operatorCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		if err := a.AddOperator(ctx, o.Name, o.Email); err != nil {
			return err
		}
		say("They can sign in now and see the banks at " + c.URL + "/operator.")
		return nil
	})
}

type endOperatorCmd struct {
	Email string `arg:"" help:"E-mail address they sign in with."`
}

func (o endOperatorCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		if err := a.Identity.EndOperator(ctx, o.Email); err != nil {
			return err
		}
		say("They see the banks no more, and are signed out everywhere.")
		return nil
	})
}

type signOutCmd struct {
	Contact  string `arg:"" optional:"" help:"Their e-mail address or phone number."`
	Everyone bool   `help:"Sign everybody out, of all banks."`
}

func (o signOutCmd) Run(ctx context.Context, c config.Config) error {
	return withApp(ctx, c, func(a *app.App) error {
		if o.Everyone == (o.Contact != "") {
			return errors.New("say whom: an e-mail address or a phone number, or --everyone")
		}
		if o.Everyone {
			n, err := a.Identity.SignOutEverybody(ctx)
			if err == nil {
				say(fmt.Sprintf("Everybody is signed out: %d sessions have ended. Programs have tokens of their own; end them with end-program.", n))
			}
			return err
		}
		n, err := a.Identity.SignOutPeople(ctx, o.Contact)
		if err == nil {
			say(fmt.Sprintf("Signed out everywhere: %d people with this address or number. They can sign in again as ever.", n))
		}
		return err
	})
}
