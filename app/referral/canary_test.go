package referral

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/identity"
	"timebank/app/platform/db"
	"timebank/app/platform/id"
	"timebank/app/platform/job"
	"timebank/app/platform/web"
)

// canaries are what may be readable nowhere but in the answers to brokers, in
// lower case. The number stands as it was typed and as it is kept.
var canaries = []string{"canary-quill", "canaryquill", "960982", "960 982", "zither", "qx-7781", "seagull", "albatross", "pelican"}

// wire is a house behind its HTTP edge, with all that it logs.
type wire struct {
	*house
	server *web.Server
	keys   *identity.Keys
	log    *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWire(t *testing.T) *wire {
	h := setup(t)
	w := &wire{house: h, log: &lockedBuffer{}}
	log := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	before := slog.Default()
	slog.SetDefault(log)
	t.Cleanup(func() { slog.SetDefault(before) })
	h.in(db.NoBank, func(ctx context.Context, tx bun.IDB) (err error) {
		w.keys, err = identity.LoadKeys(ctx, tx, h.Box, h.clock, "test")
		return err
	})
	gate := &identity.Service{Pool: h.db.Bun, Clock: h.clock, Box: h.Box, Keys: w.keys,
		Member: func(context.Context, bun.IDB, uuid.UUID, uuid.UUID) (uuid.UUID, error) { return uuid.Nil, nil }}
	var err error
	if w.server, err = web.New(web.Options{Log: log, Gate: gate, Ready: func(context.Context) error { return nil }}); err != nil {
		t.Fatal(err)
	}
	h.Routes(w.server.Routes)
	return w
}

// call makes a request as somebody and returns status and answer.
func (w *wire) call(as identity.Actor, method, path string, key uuid.UUID, body any) (int, string) {
	w.t.Helper()
	session := id.New()
	now := w.clock.Now()
	hash := session[:]
	w.in(db.NoBank, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewInsert().Model(&identity.Session{ID: session, PersonID: as.Person, RefreshHash: hash, PreviousHash: append([]byte{1}, hash...),
			Second: "none", CreatedAt: now, RenewedAt: now, ExpiresAt: now.Add(time.Hour)}).Exec(ctx)
		return err
	})
	token, err := w.keys.Sign(as.Person, session)
	if err != nil {
		w.t.Fatal(err)
	}
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, "/api/banks/"+w.bank.Slug+path, in)
	r.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != uuid.Nil {
		r.Header.Set("Idempotency-Key", key.String())
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

// want calls and ends the test on another status; it reads the answer into out.
func (w *wire) want(status int, as identity.Actor, method, path string, body, out any) string {
	w.t.Helper()
	code, text := w.call(as, method, path, uuid.Nil, body)
	if code != status {
		w.t.Fatalf("%s %s: %d %s", method, path, code, text)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			w.t.Fatal(err)
		}
	}
	return text
}

// leaks names the canaries that stand in a text, also as hexadecimal bytes.
func leaks(text string) []string {
	var out []string
	text = strings.ToLower(text)
	for _, c := range canaries {
		for _, form := range []string{c, hex.EncodeToString([]byte(c))} {
			if strings.Contains(text, form) {
				out = append(out, form)
			}
		}
	}
	return out
}

// dump is the text of every column of every table, the named ones left out.
func (w *wire) dump(but ...string) string {
	w.t.Helper()
	var tables []string
	err := w.db.Owner.NewRaw(`select format('%I.%I', schemaname, tablename) from pg_tables
		where schemaname not in ('pg_catalog', 'information_schema') order by 1`).Scan(w.t.Context(), &tables)
	if err != nil || len(tables) < 20 {
		w.t.Fatalf("%d tables: %v", len(tables), err)
	}
	var out strings.Builder
	for _, table := range tables {
		if oneOf(table, but...) {
			continue
		}
		var rows []string
		if err := w.db.Owner.NewRaw("select x::text from "+table+" as x").Scan(w.t.Context(), &rows); err != nil {
			w.t.Fatalf("%s: %v", table, err)
		}
		fmt.Fprintln(&out, table, rows)
	}
	return out.String()
}

// What is told about a person is readable for brokers, and nowhere else: not in
// a copy of the database, not in a log, not in a refusal, not by the surgery.
func TestNothingOfThePersonLeaks(t *testing.T) {
	w := newWire(t)
	form := ReferralForm(sample(func(f *Form) { f.Reach = "01632 960 982" }))
	var sent struct{ Referral SurgeryReferral }
	var surgery []string
	bad := form
	bad.Reach, bad.SafeMessage, bad.BirthMonth = "01632 960 98two canary-quill", "", 0
	surgery = append(surgery, w.want(422, w.jo, "POST", "/referrals", bad, nil),
		w.want(422, w.jo, "POST", "/referrals", map[string]any{"name": "canary-quill", "nhs_number": "960982"}, nil),
		w.want(422, w.jo, "POST", "/referrals", map[string]any{"name": []string{"canary-quill"}, "birth_year": "zither"}, nil))
	surgery = append(surgery, strings.ReplaceAll(strings.ToLower(w.want(201, w.jo, "POST", "/referrals", form, &sent)), "qx-7781", "")) // their own reference
	at := "/referrals/" + sent.Referral.ID.String()
	mine := func() {
		t.Helper()
		for _, path := range []string{"/referrals/mine", "/referrals/mine/" + sent.Referral.ID.String()} {
			surgery = append(surgery, strings.ReplaceAll(strings.ToLower(w.want(200, w.jo, "GET", path, nil, nil)), "qx-7781", ""))
		}
	}
	version := 1
	act := func(op string, body map[string]any) {
		t.Helper()
		body["version"] = version
		var d ReferralDetail
		w.want(200, w.sam, "POST", at+"/"+op, body, &d)
		version = d.Referral.Version
		mine()
	}
	act("acknowledge", map[string]any{})
	act("ask", map[string]any{"question": "Which bell?"})
	w.want(200, w.jo, "POST", "/referrals/mine/"+sent.Referral.ID.String()+"/answer", map[string]any{"answer": "The albatross one"}, nil)
	version++
	act("accept", map[string]any{})
	act("attempt", map[string]any{"channel": "phone", "result": "no-answer", "note": "A seagull answered"})
	act("book", map[string]any{"at": "2026-11-24T10:00:00Z", "note": "At the pelican"})
	act("pause", map[string]any{"until": "2026-11-30", "why": "pelican"})
	act("resume", map[string]any{})
	act("hold", map[string]any{"tell_joined": true, "tell_progress": false, "how": "phone", "note": "seagull"})
	var d ReferralDetail
	if text := w.want(200, w.sam, "GET", at, nil, &d); len(leaks(text)) < 5 || d.Told.Name != form.Name {
		t.Errorf("the broker must see it all: %s", text)
	}
	if text := w.want(200, w.sam, "GET", "/referrals", nil, nil); leaks(text) != nil {
		t.Errorf("the broker's list shows %v", leaks(text))
	}
	w.want(409, w.sam, "POST", at+"/could-not-reach", map[string]any{"version": version, "note": "zither"}, nil)
	for i, text := range surgery {
		if got := leaks(text); got != nil {
			t.Errorf("answer %d to the surgery shows %v: %s", i, got, text)
		}
	}
	w.tick("2027-01-04 10:00")
	if got := leaks(w.dump()); got != nil {
		t.Errorf("readable in the database: %v", got)
	}
	// As a member they stand in the members' own tables, and still nowhere else.
	w.want(200, w.sam, "POST", at+"/join", map[string]any{"version": version, "consent": "phone", "area": "Hilltop"}, nil)
	if got := leaks(w.dump("public.member")); got != nil {
		t.Errorf("readable in the database outside the members: %v", got)
	}
	if got := leaks(w.dump()); got == nil {
		t.Error("the dump finds nothing where it must: it looks in the wrong place")
	}
	if got := leaks(w.log.String()); got != nil || !strings.Contains(w.log.String(), "refer") {
		t.Errorf("readable in the log: %v", got)
	}
}

func TestOverHTTP(t *testing.T) {
	w := newWire(t)
	key := uuid.New()
	code, first := w.call(w.jo, "POST", "/referrals", key, sample())
	again, second := w.call(w.jo, "POST", "/referrals", key, sample())
	if code != http.StatusCreated || again != code || first != second {
		t.Errorf("sent twice under one key: %d %s, then %d %s", code, first, again, second)
	}
	var sent struct {
		Referral SurgeryReferral
		Urgent   bool
	}
	if err := json.Unmarshal([]byte(first), &sent); err != nil || sent.Urgent || sent.Referral.Words != "Received" {
		t.Errorf("%s %v", first, err)
	}
	mine := "/referrals/mine/" + sent.Referral.ID.String()
	desk := "/referrals/" + sent.Referral.ID.String()
	for _, c := range []struct {
		name   string
		as     identity.Actor
		method string
		path   string
		body   any
		status int
		has    string
	}{
		{"own", w.jo, "GET", mine, nil, 200, `"initials":"AC"`},
		{"another surgery's", w.kit, "GET", mine, nil, 404, "no-such-referral"},
		{"another surgery takes it back", w.kit, "POST", mine + "/withdraw", map[string]any{"outcome": "by-surgery"}, 404, "no-such-referral"},
		{"a surgery at the desk", w.jo, "GET", desk, nil, 403, "not-allowed"},
		{"a surgery lists the desk", w.jo, "GET", "/referrals", nil, 403, "not-allowed"},
		{"a broker as a surgery", w.sam, "GET", "/referrals/mine", nil, 403, "not-allowed"},
		{"a broker refers", w.sam, "POST", "/referrals", sample(), 403, "not-allowed"},
		{"nothing there", w.sam, "GET", "/referrals/" + uuid.NewString(), nil, 404, "no-such-referral"},
		{"no id", w.sam, "GET", "/referrals/seven", nil, 422, "check-answers"},
		{"no version", w.sam, "POST", desk + "/acknowledge", map[string]any{}, 422, `"/version"`},
		{"stale", w.sam, "POST", desk + "/acknowledge", map[string]any{"version": 7}, 409, "stale"},
		{"not from here", w.sam, "POST", desk + "/complete", map[string]any{"version": 1, "outcome": "taking-part"}, 409, "not-from-here"},
		{"another ending's outcome", w.sam, "POST", desk + "/void", map[string]any{"version": 1, "outcome": "not-now"}, 422, `"/outcome"`},
		{"all six missing", w.jo, "POST", "/referrals", map[string]any{}, 422, "Enter a date of birth"},
		{"empty choices", w.jo, "POST", "/referrals", map[string]any{"agreed": "", "reach_by": "", "safe_message": ""}, 422, "Choose the best way to reach them"},
		{"not agreed", w.jo, "POST", "/referrals", map[string]any{"agreed": "no"}, 422, "calling card"},
		{"a clinical field", w.jo, "POST", "/referrals", map[string]any{"diagnosis": "x"}, 422, "We do not know this field."},
		{"the surgery's page", w.jo, "GET", "/surgery", nil, 200, `"agreement":"in-date"`},
		{"the list", w.sam, "GET", "/referrals", nil, 200, `"surgery":"Northgate Surgery"`},
		{"the closed ones", w.sam, "GET", "/referrals?show=closed", nil, 200, `"referrals":[]`},
	} {
		if code, text := w.call(c.as, c.method, c.path, uuid.Nil, c.body); code != c.status || !strings.Contains(text, c.has) {
			t.Errorf("%s: %d %s, want %d with %s", c.name, code, text, c.status, c.has)
		}
	}
}

// The queue runs the tick when cron has asked for it.
func TestTickIsAJob(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.refer()
	h.clock.Set(at("2026-11-24 10:00"))
	q, err := job.New(h.db.Bun, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h.Work(q)
	if err := q.Start(t.Context(), 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = q.Stop(context.WithoutCancel(t.Context())) }()
	done, stop := q.Done()
	defer stop()
	h.in(h.bank.ID, func(ctx context.Context, tx bun.IDB) error { return q.Enqueue(ctx, tx, Tick{h.bank.ID}) })
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the job did not run")
	}
	if n := h.count("referral_event", "kind = 'escalation'"); n != 1 {
		t.Errorf("%d escalations, want 1", n)
	}
}
