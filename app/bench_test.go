package app_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"timebank/app/exchange"
	"timebank/app/identity"
	"timebank/app/member"
	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/pgembed"
	"timebank/app/platform/web"
	"timebank/ledger"
	"timebank/migrations"
)

const (
	benchClients = 32
	benchSigned  = 16  // members who are signed in; two clients each
	benchMembers = 400 // who help them
	benchRounds  = 5
	benchRound   = 3 * time.Second
	benchSettled = 1200 // exchanges confirmed in a round
)

// BenchmarkOverHTTP prints, beside the floor of the same durable server and in
// interleaved rounds, what the whole house does a second, and what processor time each takes: sign-in, permission,
// row-level security and one posting (shared commits); the settling of an exchange, with
// its state, audit row, posting and job in one transaction; and the authorised
// reading of a home page. It asserts nothing about time.
func BenchmarkOverHTTP(b *testing.B) {
	data, url := durable(b)
	h := openOn(b, data)
	people := make([]member.Member, benchMembers)
	for i := range people {
		people[i] = h.joins(h.bank, "Neighbour "+strconv.Itoa(i), "")
	}
	devices := make([]*browser, benchSigned)
	own := make([]member.Member, benchSigned)
	for i := range devices {
		email := fmt.Sprintf("m%d@example.org", i)
		own[i] = h.joins(h.bank, "Member "+strconv.Itoa(i), email)
		devices[i] = h.signIn(email)
	}
	// Nobody runs out of hours, and every limit is still asked for.
	if _, err := h.db.Owner.Exec("update ledger.account set low = -1000000, floor = -1000000, high = 1000000, ceiling = 1000000"); err != nil {
		b.Fatal(err)
	}
	h.benchPost(people)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchClients}}
	call := func(client *http.Client, device *browser, method, path, body string) error {
		r, err := http.NewRequestWithContext(b.Context(), method, h.web.URL+"/api"+path, strings.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+device.token)
		r.Header.Set("Content-Type", "application/json")
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode >= 300 { // an answer that is not read costs its connection
			return fmt.Errorf("%s %s: %d %w", method, path, res.StatusCode, err)
		}
		return nil
	}
	timed := func(fn func(c int, rnd *rand.Rand) error) float64 {
		rate, err := dbtest.Each(benchClients, benchRound, fn)
		if err != nil {
			b.Fatal(err)
		}
		return rate
	}
	const settling = "settle an exchange"
	waiting := make([]uuid.UUID, benchSettled)
	runs := []struct {
		name string
		run  func() float64
		per  []float64 // a second
		cost []float64 // µs of processor, of server, program and client
	}{
		{"floor", func() float64 {
			rate, err := dbtest.Floor(b.Context(), url, benchClients, benchRound, false)
			h.must(err)
			return rate
		}, nil, nil},
		{"bare post", func() float64 {
			return timed(func(c int, _ *rand.Rand) error {
				return call(client, devices[c%benchSigned], "POST", hilltop+"/bench", "{}")
			})
		}, nil, nil},
		{settling, func() float64 {
			return h.each(b, benchClients, func(i int) error {
				return call(client, devices[i%benchSigned], "POST", hilltop+"/exchanges/"+waiting[i].String()+"/confirm", "{}")
			})
		}, nil, nil},
		{"read a home page", func() float64 {
			return timed(func(c int, _ *rand.Rand) error {
				i := c % benchSigned
				return call(client, devices[i], "GET", hilltop+"/members/"+own[i].ID.String()+"/home", "")
			})
		}, nil, nil},
	}
	spent, err := dbtest.Spent(h.db.Owner)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for range benchRounds {
			for i := range runs {
				if runs[i].name == settling {
					h.prepare(b, own, people, waiting)
					if len(runs[i].per) == 0 { // as autovacuum does within a minute; else plans are made for empty tables
						_, err := h.db.Owner.Exec("analyze")
						h.must(err)
					}
				}
				from, start := spent(), time.Now()
				rate := runs[i].run()
				runs[i].per = append(runs[i].per, rate)
				runs[i].cost = append(runs[i].cost, float64((spent()-from).Microseconds())/(rate*time.Since(start).Seconds()))
			}
		}
	}
	fmt.Printf("\nover HTTP, %d clients, durable, medians of %d rounds, a second\n", benchClients, benchRounds)
	var floor float64
	for i, r := range runs {
		slices.Sort(r.per)
		slices.Sort(r.cost)
		median := r.per[len(r.per)/2]
		if i == 0 {
			floor = median
		}
		fmt.Printf("  %-20s %7.0f  (%.0f to %.0f)  = %.2f of the floor; %.0f µs of processor each, %.2f\n", r.name, median, r.per[0], r.per[len(r.per)-1],
			median/floor, r.cost[len(r.cost)/2], runs[0].cost[len(r.cost)/2]/r.cost[len(r.cost)/2])
		b.ReportMetric(median/floor, strings.ReplaceAll(r.name, " ", "-")+"/floor")
	}
}

// durable is a database on a server that waits for the disk, with the floor beside.
func durable(b *testing.B) (*dbtest.DB, string) {
	ctx := b.Context()
	s, err := pgembed.Start(ctx, pgembed.Config{Root: filepath.Join(b.TempDir(), "state"), Durable: true, Database: "bench",
		Progress: func(line string) { fmt.Fprintln(os.Stderr, line) }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if err := migrations.Up(ctx, s.URL, nil); err != nil {
		b.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, dbtest.FloorSQL); err != nil {
		b.Fatal(err)
	}
	pool, err := db.Open(ctx, s.URL, db.Options{AppRole: true, MaxConns: benchClients})
	if err != nil {
		b.Fatal(err)
	}
	owner, err := db.Open(ctx, s.URL, db.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = pool.Close(), owner.Close() })
	return &dbtest.DB{Bun: pool, Owner: owner, OwnerURL: s.URL}, s.URL
}

// benchPost hangs an operation that does nothing but post five minutes from one
// member to another, for who may take part.
func (h *house) benchPost(people []member.Member) {
	poster := ledger.NewPoster(h.db.Bun)
	h.t.Cleanup(poster.Close)
	var keys atomic.Int64
	type in struct {
		Bank string `path:"bank"`
	}
	web.Register(h.app.Web.Routes, web.Op{ID: "bench-post", Method: http.MethodPost, Path: "/banks/{bank}/bench", Room: "bench", Who: identity.TakePart, Summary: "Post", Status: http.StatusNoContent},
		func(ctx context.Context, _ *in) (*struct{}, error) {
			a, from := identity.ActorFrom(ctx), rand.IntN(len(people))
			to := (from + 1 + rand.IntN(len(people)-1)) % len(people)
			legs, err := ledger.Move(people[from].AccountID, people[to].AccountID, 1)
			if err != nil {
				return nil, err
			}
			_, err = poster.Post(ctx, ledger.Transfer{Bank: a.Bank.ID, Kind: ledger.Gift, Key: "bench/" + strconv.FormatInt(keys.Add(1), 10), Actor: a.Person,
				EffectiveOn: ledger.DateOf(h.clock.Now()), Legs: legs, At: h.clock.Now()})
			if ledger.Refused(err) { // somebody has given all they may: an answer too
				err = nil
			}
			return nil, err
		})
}

// prepare makes exchanges that wait for a yes, and waits until the jobs that came of
// them are done.
func (h *house) prepare(b *testing.B, own, people []member.Member, waiting []uuid.UUID) {
	h.clock.Advance(time.Second)
	h.each(b, 8, func(i int) error {
		helper := people[i%len(people)]
		a := identity.Actor{Person: helper.PersonID, Bank: h.bank, Member: helper.ID, Roles: []identity.Role{identity.Member}}
		id, err := h.app.Exchange.Record(b.Context(), a, uuid.Nil, exchange.Past{Helper: helper.ID, Helped: own[i%len(own)].ID, Kind: "out.lift", Word: exchange.Word{Minutes: 15}})
		waiting[i] = id
		return err
	})
	for range waiting {
		h.wait("send-message")
	}
}

// each does something once for every exchange of a round and answers how many a second.
func (h *house) each(b *testing.B, clients int, fn func(i int) error) float64 {
	var next atomic.Int64
	start := time.Now()
	_, err := dbtest.Each(clients, time.Hour, func(int, *rand.Rand) error {
		i := int(next.Add(1)) - 1
		if i >= benchSettled {
			return errEnough
		}
		return fn(i)
	})
	if err != errEnough {
		b.Fatal(err)
	}
	return benchSettled / time.Since(start).Seconds()
}

var errEnough = fmt.Errorf("enough")
