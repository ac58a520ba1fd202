package app_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"timebank/app"
	"timebank/app/identity"
	"timebank/app/joining"
	"timebank/app/platform/config"
	"timebank/app/platform/db"
	"timebank/app/platform/mail"
	"timebank/app/platform/seal"
	"timebank/app/referral"
)

// Every column of bytes is sealed and follows a new key, or is known to be a hash.
func TestEverySealedColumnFollowsANewKey(t *testing.T) {
	t.Parallel()
	h := open(t)
	var columns []string
	err := h.db.Owner.NewRaw(`select case table_schema when 'public' then '' else table_schema || '.' end || table_name || '.' || column_name
		from information_schema.columns where udt_name = 'bytea' and table_schema in ('public', 'directory') order by 1`).Scan(t.Context(), &columns)
	if err != nil || len(columns) < 20 {
		t.Fatal(columns, err)
	}
	sealed := app.SealedColumns()
	for _, c := range columns {
		name := c[strings.LastIndexByte(c, '.')+1:]
		plain := strings.HasSuffix(name, "hash") || slices.Contains([]string{"asked", "credential", "head", "public"}, name) || c == "directory.seal_key.sealed"
		if slices.Contains(sealed, c) == plain {
			t.Errorf("%s: is it sealed? Say so in app/reseal.go, or here that it is not", c)
		}
	}
	for _, c := range sealed {
		if !slices.Contains(columns, c) {
			t.Errorf("%s is no column", c)
		}
	}
}

// A new key takes over while two replicas write and read: nothing is unreadable at
// any moment, and the old key goes when nothing uses it.
func TestSealingKeyRotatesWhileWritesGoOn(t *testing.T) {
	t.Parallel()
	h := open(t)
	surgery := h.surgery(h.bank, "Millbrook Surgery")
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	h.signIn("maria@example.org").do("POST", "/me/authenticator", nil, http.StatusOK)
	other := h.twin()
	receptionist := identity.Actor{Person: uuid.New(), Bank: h.bank, Roles: []identity.Role{identity.Receptionist}, Organisation: surgery}
	// The clock moves only between the rounds, as fast as no replica's does.
	rounds := 0
	round := func(what string) {
		t.Helper()
		rounds++
		var wg sync.WaitGroup
		var mu sync.Mutex
		var all error
		fail := func(err error) { mu.Lock(); defer mu.Unlock(); all = errors.Join(all, err) }
		for i := range 6 {
			wg.Go(func() {
				a := []*app.App{h.app, other}[i%2]
				v, _, err := a.Referral.Refer(t.Context(), receptionist, referral.Form{Agreed: "now", Name: "Ada Whitlock", BirthYear: 1951, ReachBy: "call",
					Reach: fmt.Sprintf("07700 900 4%02d", i), SafeMessage: "yes", Wants: []string{"company"}}, uuid.New())
				if err == nil {
					_, err = []*app.App{other, h.app}[i%2].Referral.MyReferral(t.Context(), receptionist, v.Referral.ID)
				}
				if err != nil {
					fail(fmt.Errorf("refer: %w", err))
				}
				_, err = a.Joining.Apply(t.Context(), h.bank.Slug, joining.Wish{Name: "Ann", Email: fmt.Sprintf("a%s@example.org", uuid.NewString())}, "", fmt.Sprintf("192.0.%d.%d", rounds, i)) // tries are rationed
				if err != nil {
					fail(fmt.Errorf("apply: %w", err))
				}
			})
		}
		wg.Go(func() {
			if err := errors.Join(h.app.Reseal(t.Context()), other.Reseal(t.Context())); err != nil {
				fail(err)
			}
		})
		wg.Wait()
		for _, a := range []*app.App{h.app, other} {
			if _, _, err := a.CheckSeal(t.Context()); err != nil {
				fail(err)
			}
		}
		if all != nil {
			t.Fatalf("%s: %v", what, all)
		}
	}
	for turn := range 3 {
		round("before")
		h.must(h.app.RotateSeal(t.Context()))
		if err := other.RotateSeal(t.Context()); !errors.Is(err, seal.ErrRotating) {
			t.Errorf("two rotations at once: %v", err)
		}
		h.must(db.InTx(t.Context(), h.db.Bun, db.NoBank, other.Box.Load)) // what its watch does within seconds
		round("known, not in use")
		h.clock.Advance(seal.Lead)
		round("in use by both")
		h.clock.Advance(seal.Lead)
		round("sealed anew")
		for range 3 {
			h.must(h.app.Reseal(t.Context()))
		}
		rows, older, err := h.app.CheckSeal(t.Context())
		if err != nil || older != 0 || rows < 20 {
			t.Fatalf("turn %d: %d rows, %d of an older key, %v", turn, rows, older, err)
		}
		var living int
		if err := h.db.Owner.NewRaw("select count(*) from directory.seal_key where sealed is not null").Scan(t.Context(), &living); err != nil || living != 1 {
			t.Errorf("turn %d: %d keys live, %v", turn, living, err)
		}
	}
	late := h.twin() // one that starts now opens everything
	if _, _, err := late.CheckSeal(t.Context()); err != nil {
		t.Error(err)
	}
}

// twin is another replica, with a box of its own.
func (h *house) twin() *app.App {
	h.t.Helper()
	box, err := seal.New(h.key)
	h.must(err)
	sender, err := mail.NewSMTP(h.sink.URL(), "Hilltop Time Bank <hello@hilltop.example>")
	h.must(err)
	a, err := app.New(h.t.Context(), app.Deps{Config: config.Config{URL: "http://timebank.test"}, Log: slog.New(slog.DiscardHandler), Clock: h.clock, Pool: h.db.Bun, Box: box, Mail: sender, Version: "test"})
	h.must(err)
	return a
}
