package app

import (
	"context"

	"github.com/uptrace/bun"

	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/platform/db"
)

// RotateKeys makes a new signing key. Replicas that run find it by themselves.
func (a *App) RotateKeys(ctx context.Context) error {
	return db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error { return a.Identity.Keys.Rotate(ctx, tx) })
}

// DemandSecond decides, for an operator, whether a bank's staff and surgeries need
// a second step at sign-in.
func (a *App) DemandSecond(ctx context.Context, b bank.Bank, demand bool) error {
	return db.InTx(ctx, a.Pool, b.ID, func(ctx context.Context, tx bun.IDB) error {
		return identity.SetDemand(ctx, tx, b.ID, demand, a.Clock.Now())
	})
}
