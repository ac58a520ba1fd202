package app

import (
	"context"

	"github.com/uptrace/bun"

	"timebank/app/platform/db"
)

// RotateKeys makes a new signing key. Replicas that run find it by themselves.
func (a *App) RotateKeys(ctx context.Context) error {
	return db.InTx(ctx, a.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error { return a.Identity.Keys.Rotate(ctx, tx) })
}
