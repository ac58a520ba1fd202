package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/uptrace/bun"

	"timebank/app/platform/config"
	"timebank/app/platform/db"
	"timebank/app/platform/pgembed"
	"timebank/app/platform/seal"
	"timebank/migrations"
)

// Database is an open, migrated database, embedded or one's own.
type Database struct {
	Pool     *bun.DB // as the application's role
	OwnerURL string
	embedded *pgembed.Server
}

// State is the folder that holds the embedded database and the key file.
func State(c config.Config) string {
	if c.State != "" {
		return c.State
	}
	return pgembed.DefaultRoot("timebank")
}

// OpenDatabase finds the database: DATABASE_URL, else the embedded server, which
// it starts or joins. It migrates, and refuses a server that could lose hours.
// progress is told of whatever takes long.
func OpenDatabase(ctx context.Context, c config.Config, progress func(string)) (_ *Database, err error) {
	d := &Database{OwnerURL: string(c.Owner)}
	appURL := string(c.Database)
	if appURL == "" {
		d.embedded, err = pgembed.Start(ctx, pgembed.Config{Root: filepath.Join(State(c), "postgres"), Durable: true, Database: "timebank", Progress: progress})
		if err != nil {
			return nil, err
		}
		appURL, d.OwnerURL = d.embedded.URL, d.embedded.URL
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if err := migrations.Up(ctx, d.OwnerURL, func(name string) { progress("preparing the database: " + name) }); err != nil {
		return nil, err
	}
	if d.Pool, err = db.Open(ctx, appURL, db.Options{AppRole: true}); err != nil {
		return nil, err
	}
	return d, db.Check(ctx, d.Pool, true)
}

// Close closes the pool and lets go of the embedded server, which stops when
// nobody else uses it.
func (d *Database) Close() error {
	var errs []error
	if d.Pool != nil {
		errs = append(errs, d.Pool.Close())
	}
	if d.embedded != nil {
		errs = append(errs, d.embedded.Close())
	}
	return errors.Join(errs...)
}

// OpenBox opens the box that seals sensitive columns: with TIMEBANK_KEY, else
// with the key file in the state folder, made at the first start. TIMEBANK_KEY_NEXT
// is the key that is to follow it.
func OpenBox(c config.Config) (*seal.Box, error) {
	key := string(c.Key)
	if key == "" {
		var err error
		if key, err = seal.KeyFile(filepath.Join(State(c), "key")); err != nil {
			return nil, fmt.Errorf("%w; set TIMEBANK_STATE to a folder this user can write to, or set TIMEBANK_KEY", err)
		}
	}
	return seal.New(key, string(c.KeyNext))
}
