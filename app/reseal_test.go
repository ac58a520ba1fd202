package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"
	"github.com/uptrace/bun"

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
	sealed, blind := app.SealedColumns(), app.BlindColumns()
	// Hashes without a key: of random bits, or of what is no secret; and the keys themselves.
	plain := []string{"directory.session.refresh_hash", "directory.session.previous_hash", "directory.client.secret_hash", "once.input_hash",
		"directory.seal_key.sealed", "directory.seal_key.prefix", "directory.blind_key.sealed", "directory.passkey.credential", "directory.push_key.public",
		"listing_photo.large", "listing_photo.small"} // what every member of the bank may see
	for _, c := range columns {
		known := slices.Contains(plain, c) || strings.HasPrefix(c, "ledger_") || strings.HasSuffix(c, ".head")
		if !known && !slices.Contains(sealed, c) && !slices.Contains(blind, c) {
			t.Errorf("%s: is it sealed, or a blind index? Say so in app/reseal.go or rewrap.go, or here that it is neither", c)
		}
	}
	for _, c := range append(sealed, blind...) {
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
			if _, err := a.CheckSeal(t.Context()); err != nil {
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
		x, err := h.app.CheckSeal(t.Context())
		if err != nil || x.Older != 0 || x.Under != 0 || x.Rows < 20 || x.Blind < 20 {
			t.Fatalf("turn %d: %+v, %v", turn, x, err)
		}
		var living int
		if err := h.db.Owner.NewRaw("select count(*) from directory.seal_key where sealed is not null").Scan(t.Context(), &living); err != nil || living != 1 {
			t.Errorf("turn %d: %d keys live, %v", turn, living, err)
		}
	}
	late := h.twin() // one that starts now opens everything
	if _, err := late.CheckSeal(t.Context()); err != nil {
		t.Error(err)
	}
}

// twin is another replica, with a box of its own.
func (h *house) twin() *app.App {
	h.t.Helper()
	a, err := h.keyed(h.key, "")
	h.must(err)
	return a
}

// The key outside the database is changed while the house serves: what was sealed
// opens, what is looked up by a blind index is found before, meanwhile and after,
// and at the end a replica with the new key alone has all it needs.
func TestFirstKeyIsChangedWhileServing(t *testing.T) {
	t.Parallel()
	h := open(t)
	surgery := h.surgery(h.bank, "Millbrook Surgery")
	h.joins(h.bank, "Maria Santos", "maria@example.org")
	maria := h.signIn("maria@example.org")
	recovery := []string{}
	secret := maria.do("POST", "/me/authenticator", nil, http.StatusOK).str("secret")
	code, err := totp.GenerateCode(secret, h.clock.Now())
	h.must(err)
	for _, c := range maria.do("POST", "/me/authenticator/confirm", map[string]any{"code": code}, http.StatusOK)["recovery_codes"].([]any) {
		recovery = append(recovery, c.(string))
	}
	browser, who := maria.known, maria.do("GET", "/me", nil, http.StatusOK).str("person_id")
	var session uuid.UUID
	h.must(h.db.Owner.NewRaw("select id from directory.session where person_id = ? and ended_at is null", who).Scan(t.Context(), &session))
	actor := identity.Actor{Person: uuid.MustParse(who), Session: session}
	sam := identity.Actor{Person: identity.SystemPerson, Bank: h.bank, Roles: []identity.Role{identity.Broker}}
	invitation, _, err := h.app.Joining.Invite(t.Context(), sam, 20)
	h.must(err)
	receptionist := identity.Actor{Person: uuid.New(), Bank: h.bank, Roles: []identity.Role{identity.Receptionist}, Organisation: surgery}
	form := referral.Form{Agreed: "now", Name: "Ada Whitlock", BirthYear: 1951, ReachBy: "call", Reach: "07700 900 401", SafeMessage: "yes", Wants: []string{"company"}}
	sent := uuid.New()
	first, _, err := h.app.Referral.Refer(t.Context(), receptionist, form, sent)
	h.must(err)

	_, err = h.app.Referral.Acknowledge(t.Context(), sam, referral.Target{Referral: first.Referral.ID})
	h.must(err)
	_, err = h.app.Referral.Ask(t.Context(), sam, referral.Target{Referral: first.Referral.ID}, "Which day suits?") // a line in the journal
	h.must(err)

	turn := 0
	works := func(when string, a *app.App) {
		t.Helper()
		turn++
		from := fmt.Sprintf("198.51.100.%d", turn)
		fail := func(what string, err error) {
			if err != nil {
				t.Errorf("%s: %s: %v", when, what, err)
			}
		}
		_, err := a.CheckSeal(t.Context())
		fail("open everything", err)
		fail("a recovery code", a.Identity.SecondStep(t.Context(), actor, recovery[turn], turn == 1, identity.Knock{IP: from, Browser: browser}))
		_, err = a.Joining.Apply(t.Context(), h.bank.Slug, joining.Wish{Name: fmt.Sprint("Guest ", turn), Email: fmt.Sprintf("guest%d@example.org", turn)}, invitation, from)
		fail("a printed invitation", err)
		_, err = a.Joining.Apply(t.Context(), h.bank.Slug, joining.Wish{Name: "Ann Again", Email: "ann@example.org"}, "", from)
		fail("an application", err)
		again, _, err := a.Referral.Refer(t.Context(), receptionist, form, sent)
		fail("a repeat", err)
		if again.Referral.ID != first.Referral.ID {
			t.Errorf("%s: a repeat made another referral", when)
		}
		_, _, err = a.Referral.Refer(t.Context(), receptionist, form, uuid.New())
		fail("refer again", err)
		d, err := a.Referral.See(t.Context(), sam, first.Referral.ID)
		fail("look", err)
		if len(d.SameAs) != turn {
			t.Errorf("%s: the same person is found %d times, want %d", when, len(d.SameAs), turn)
		}
		n, err := h.db.Owner.NewSelect().Table("application").Where("state = 'waiting'").Where("times = ?", turn).Count(t.Context())
		if err != nil || n != 1 {
			t.Errorf("%s: the same applicant waits %d times, %v", when, n, err)
		}
		n, err = h.db.Owner.NewSelect().Table("directory.known_device").Where("person_id = ?", who).Count(t.Context())
		if err != nil || n != 1 {
			t.Errorf("%s: the same browser is known %d times, %v", when, n, err)
		}
		h.clock.Advance(10 * time.Minute) // tries are rationed
	}
	next, err := seal.NewKey()
	h.must(err)
	works("before", h.app)
	if _, err := h.keyed(next, ""); err == nil {
		t.Error("a replica starts with a key that opens nothing")
	}
	one, err := h.keyed(h.key, next)
	h.must(err)
	two, err := h.keyed(h.key, next)
	h.must(err)
	works("with both keys", two)
	if x, err := one.CheckSeal(t.Context()); err != nil || !x.NeedsFirstKey {
		t.Errorf("before the change: %+v %v", x, err)
	}
	h.overwrites("before a key takes over", false)
	h.must(one.RotateSeal(t.Context()))
	h.must(db.InTx(t.Context(), h.db.Bun, db.NoBank, two.Box.Load))
	works("both laid over", one)
	h.overwrites("while a key takes over", true)
	if x, err := two.CheckSeal(t.Context()); err != nil || !x.NeedsFirstKey || x.Older == 0 || x.Under == 0 {
		t.Errorf("on the way: %+v %v", x, err)
	}
	works("on the way", two)
	for range 3 {
		h.must(two.Reseal(t.Context()))
	}
	if x, err := one.CheckSeal(t.Context()); err != nil || x.NeedsFirstKey || x.Older+x.Under != 0 {
		t.Errorf("after it: %+v %v", x, err)
	}
	h.overwrites("after it", false)
	alone, err := h.keyed(next, "")
	h.must(err)
	works("with the new key alone", alone)
	works("beside one that has both", two)
	if _, err := h.keyed(h.key, ""); err == nil {
		t.Error("the old key still opens the database")
	}
}

// overwrites tries, as the application's role, to put other bytes in the place of
// what stands in a journal; moving tells whether a key takes over.
func (h *house) overwrites(when string, moving bool) {
	h.t.Helper()
	var row struct {
		ReferralID uuid.UUID
		Seq        int
		Sealed     []byte
	}
	h.must(h.db.Owner.NewRaw("select referral_id, seq, sealed from referral_event where sealed is not null limit 1").Scan(h.t.Context(), &row))
	garbage := bytes.Repeat([]byte{7}, len(row.Sealed))
	for name, try := range map[string]struct {
		bank  uuid.UUID
		fresh []byte
	}{"garbage": {h.bank.ID, garbage}, "the old key": {h.bank.ID, append(bytes.Clone(row.Sealed[:5]), garbage[5:]...)}, "another bank": {uuid.New(), garbage}, "nothing": {h.bank.ID, nil}} {
		err := db.InTx(h.t.Context(), h.db.Bun, h.bank.ID, func(ctx context.Context, tx bun.IDB) error {
			var done bool
			return tx.NewRaw("select reseal_referral_event(?, ?, ?, ?, ?)", try.bank, row.ReferralID, row.Seq, row.Sealed, try.fresh).Scan(ctx, &done)
		})
		if err == nil {
			h.t.Errorf("%s: %s stands in the journal (a key takes over: %v)", when, name, moving)
		}
	}
}

// keyed is another replica with its own first keys.
func (h *house) keyed(key, next string) (*app.App, error) {
	h.t.Helper()
	box, err := seal.New(key, next)
	h.must(err)
	sender, err := mail.NewSMTP(h.sink.URL(), "Hilltop Time Bank <hello@hilltop.example>")
	h.must(err)
	return app.New(h.t.Context(), app.Deps{Config: config.Config{URL: "http://timebank.test"}, Log: slog.New(slog.DiscardHandler), Clock: h.clock, Pool: h.db.Bun, Box: box, Mail: sender, Version: "test"})
}
