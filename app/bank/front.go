package bank

import (
	"context"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"timebank/app/platform/clock"
	"timebank/app/platform/db"
	"timebank/app/platform/web"
	"timebank/app/platform/words"
)

// frontFor is how long a page may say what a bank has just changed.
const frontFor = 5 * time.Second

// frontWait is how long a page waits to hear it.
const frontWait = time.Second

// Front knows whose the pages are before anybody has signed in: the first bank's, as
// on the front page.
type Front struct {
	Pool  *bun.DB
	Clock clock.Clock

	mu    sync.Mutex
	until time.Time
	first *Bank
}

// Face is what pages say of it to a reader of l; false before there is a bank. When
// the database cannot be asked, it is as it was last.
func (f *Front) Face(ctx context.Context, l words.Language) (web.Face, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.Clock.Now(); !now.Before(f.until) {
		f.until = now.Add(frontFor) // also when it fails: pages do not queue for a database that is gone
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), frontWait)
		defer cancel()
		_ = db.InTx(ctx, f.Pool, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
			all, err := All(ctx, tx)
			if err == nil && len(all) > 0 {
				f.first = &all[0]
			}
			return err
		})
	}
	if f.first == nil {
		return web.Face{}, false
	}
	b := f.first
	hours, in := b.Hours(l)
	return web.Face{Name: b.Name, Phone: b.Phone, Hours: hours, HoursIn: string(in), Zone: b.Zone, Accent: b.Accent}, true
}
