package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"timebank/app"
	"timebank/app/bank"
	"timebank/app/identity"
	"timebank/app/listing"
	"timebank/app/member"
	"timebank/app/platform/clock"
	"timebank/app/platform/config"
	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/id"
	"timebank/app/platform/mail"
	"timebank/app/platform/mail/mailsink"
	"timebank/app/platform/push"
	"timebank/app/platform/seal"
	"timebank/app/referral"

	"github.com/uptrace/bun"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// monday is a working Monday, 10 in the morning in London.
var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// house is the whole product on a database of its own, with a mail server that
// keeps what it is sent, a clock that moves when told to, and one bank.
type house struct {
	t     testing.TB
	app   *app.App
	db    *dbtest.DB
	clock *clock.Fake
	sink  *mailsink.Sink
	web   *httptest.Server
	log   *safeBuffer
	bank  bank.Bank
	key   string // of the box
	push  push.Options
	done  <-chan string
}

// open builds the house; change may put something else in its place before.
func open(t *testing.T, change ...func(*house)) *house {
	t.Helper()
	return openOn(t, dbtest.New(t), change...)
}

// openOn is open on a database that the caller has made.
func openOn(t testing.TB, data *dbtest.DB, change ...func(*house)) *house {
	t.Helper()
	h := &house{t: t, db: data, clock: clock.NewFake(monday), log: &safeBuffer{}}
	for _, c := range change {
		c(h)
	}
	var err error
	if h.sink, err = mailsink.New(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.sink.Close() })
	sender, err := mail.NewSMTP(h.sink.URL(), "Hilltop Time Bank <hello@hilltop.example>")
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	h.key = key
	box, err := seal.New(key, "")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.app, err = app.New(t.Context(), app.Deps{Config: config.Config{URL: "http://timebank.test"}, Log: log, Clock: h.clock, Pool: h.db.Bun, Box: box, Mail: sender, Push: h.push, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.app.Queue.Start(context.WithoutCancel(t.Context()), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	done, stop := h.app.Queue.Done()
	h.done = done
	h.web = httptest.NewServer(h.app.Web)
	t.Cleanup(func() {
		h.web.Close()
		stop()
		last, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := h.app.Queue.Stop(last); err != nil {
			t.Error(err)
		}
	})
	h.bank = h.openBank("hilltop", "Hilltop Time Bank")
	return h
}

func (h *house) openBank(slug, name string) bank.Bank {
	b := app.NewBank(slug, name, h.clock.Now())
	b.Phone, b.PhoneHours = "01632 960 100", "9 to 5"
	if err := h.app.OpenBank(h.t.Context(), b); err != nil {
		h.t.Fatal(err)
	}
	return b
}

// in runs fn as the bank, under row-level security.
func (h *house) in(b uuid.UUID, fn func(ctx context.Context, tx bun.IDB) error) {
	h.t.Helper()
	if err := db.InTx(h.t.Context(), h.db.Bun, b, fn); err != nil {
		h.t.Fatal(err)
	}
}

// joins makes somebody a member; an empty address means no e-mail.
func (h *house) joins(b bank.Bank, name, email string) member.Member {
	h.t.Helper()
	var m member.Member
	h.in(b.ID, func(ctx context.Context, tx bun.IDB) (err error) {
		phone := ""
		if email == "" {
			phone = "01632 960 021"
		}
		m, err = member.Join(ctx, tx, identity.System(b), id.New(), member.Joining{Name: name, Email: email, Phone: phone, Area: "Northgate"}, h.clock.Now())
		return err
	})
	return m
}

func (h *house) staff(b bank.Bank, name, email string, role identity.Role, org *uuid.UUID) {
	h.t.Helper()
	if _, err := h.app.AddStaff(h.t.Context(), b, name, name, email, role, org); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) surgery(b bank.Bank, name string) uuid.UUID {
	h.t.Helper()
	today := b.Today(h.clock.Now())
	ref := "agreement 1"
	o := referral.Organisation{BankID: b.ID, ID: id.New(), Name: name, Kind: "surgery", AgreementRef: &ref,
		AgreedOn: new(today.AddDate(0, -1, 0)), ReviewOn: new(today.AddDate(0, 6, 0)), CreatedAt: h.clock.Now()}
	h.in(b.ID, func(ctx context.Context, tx bun.IDB) error { return referral.AddOrganisation(ctx, tx, o) })
	return o.ID
}

// wait blocks until a job of this kind has ended well.
func (h *house) wait(kind string) {
	h.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case k := <-h.done:
			if k == kind {
				return
			}
		case <-limit:
			h.t.Fatalf("no job %s ended", kind)
		}
	}
}

// browser is one signed-in device.
type browser struct {
	h       *house
	token   string
	refresh string
	known   string // what the browser is known by
	lang    string // that was chosen in it
	agent   string // what it calls itself, where a test minds
}

var digits = regexp.MustCompile(`\b(\d{3}) (\d{3})\b`)

// signIn goes the way a person goes: ask for a code, read the mail, type it in.
func (h *house) signIn(email string) *browser {
	h.t.Helper()
	return h.signInAt(&browser{h: h}, email)
}

// signInAt is the same in a browser that was there before.
func (h *house) signInAt(b *browser, email string) *browser {
	h.t.Helper()
	codes := func() (n int, newest string) {
		for _, m := range h.sink.Messages() {
			if m.To == strings.ToLower(email) && m.Subject == "Your sign-in code" {
				if n++; n == 1 {
					newest = m.Text
				}
			}
		}
		return n, newest
	}
	before, _ := codes()
	b.do("POST", "/session/code", map[string]any{"contact": email}, http.StatusAccepted)
	h.wait("send-sign-in-code")
	after, text := codes()
	if after != before+1 {
		h.t.Fatalf("%d codes arrived for %s", after-before, email)
	}
	m := digits.FindStringSubmatch(text)
	if m == nil {
		h.t.Fatalf("no code in %q", text)
	}
	b.token = b.do("POST", "/session", map[string]any{"contact": email, "code": m[1] + " " + m[2]}, http.StatusOK).str("access")
	return b
}

// renewed is the device with a token that lives.
func (h *house) renewed(b *browser) *browser {
	h.t.Helper()
	again := &browser{h: h, refresh: b.refresh}
	again.token = again.do("POST", "/session/renew", nil, http.StatusOK).str("access")
	return again
}

// answer is a JSON body, read by keys.
type answer map[string]any

func (a answer) str(k string) string { s, _ := a[k].(string); return s }
func (a answer) num(k string) int64  { n, _ := a[k].(float64); return int64(n) }
func (a answer) sub(k string) answer { m, _ := a[k].(map[string]any); return m }
func (a answer) list(k string) []answer {
	raw, _ := a[k].([]any)
	out := make([]answer, len(raw))
	for i, x := range raw {
		m, _ := x.(map[string]any)
		out[i] = m
	}
	return out
}

// do sends a request and fails the test unless the status is as wanted.
func (b *browser) do(method, path string, body any, want int, keys ...string) answer {
	b.h.t.Helper()
	status, out, raw := b.try(method, path, body, keys...)
	if status != want {
		b.h.t.Fatalf("%s %s: %d, want %d: %s", method, path, status, want, raw)
	}
	return out
}

func (b *browser) try(method, path string, body any, keys ...string) (int, answer, string) {
	b.h.t.Helper()
	var in io.Reader
	if body != nil {
		j, err := json.Marshal(body)
		if err != nil {
			b.h.t.Fatal(err)
		}
		in = bytes.NewReader(j)
	}
	r, err := http.NewRequestWithContext(b.h.t.Context(), method, b.h.web.URL+"/api"+path, in)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if b.agent != "" {
		r.Header.Set("User-Agent", b.agent)
	}
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	if len(keys) > 0 {
		r.Header.Set("Idempotency-Key", keys[0])
	}
	if b.known != "" {
		r.AddCookie(&http.Cookie{Name: "timebank-browser", Value: b.known})
	}
	if b.lang != "" {
		r.AddCookie(&http.Cookie{Name: "lang", Value: b.lang})
	}
	if b.refresh != "" {
		r.AddCookie(&http.Cookie{Name: "timebank-renew", Value: b.refresh})
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	for _, c := range res.Cookies() {
		switch c.Name {
		case "timebank-renew":
			b.refresh = c.Value
		case "timebank-browser":
			b.known = c.Value
		}
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if res.StatusCode >= 400 && res.Header.Get("Content-Type") != "application/problem+json" {
		b.h.t.Errorf("%s %s: %d is no problem+json: %q", method, path, res.StatusCode, res.Header.Get("Content-Type"))
	}
	var out answer
	_ = json.Unmarshal(raw, &out)
	return res.StatusCode, out, string(raw)
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func wantRequest(who uuid.UUID, kind string) listing.Want {
	return listing.Want{Type: listing.Request, Kind: kind, OnBehalf: identity.OnBehalf{For: &who, Consent: "phone"}}
}
