package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
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
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/pgembed"
	"timebank/ledger"
	"timebank/migrations"
)

const (
	clients    = 32
	rounds     = 5
	benchUsers = dbtest.FloorAccounts
)

var roundTime = func() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("LEDGER_BENCH_ROUND")); err == nil {
		return d
	}
	return 4 * time.Second
}()

// BenchmarkAgainstFloor prints postings per second beside the floor of the same
// server, durable, 32 clients, in interleaved rounds. It asserts nothing about
// time. LEDGER_BENCH_URL names a server to use, as a superuser, instead of one
// of its own; LEDGER_BENCH_ROUND is the length of a round, such as 1s. Run it with
// -run '^$' -bench AgainstFloor -benchtime 1x.
func BenchmarkAgainstFloor(b *testing.B) {
	r := newRig(b)
	poster := ledger.NewPoster(r.pool)
	defer poster.Close()
	runs := []struct {
		name  string
		floor int // index of what it is compared with
		run   func() float64
		per   []float64
		cost  []float64 // processor time of server and client, in µs per transfer
	}{
		{"floor, uniform", 0, func() float64 { return r.floor(b, false) }, nil, nil},
		{"post, own transaction", 0, func() float64 { return r.posts(b, false) }, nil, nil},
		{"shared commits", 0, func() float64 { return r.shared(b, poster, false) }, nil, nil},
		{"PostMany of 1,000", 0, func() float64 { return r.many(b, false) }, nil, nil},
		{"floor, one hot account", 4, func() float64 { return r.floor(b, true) }, nil, nil},
		{"post, hot", 4, func() float64 { return r.posts(b, true) }, nil, nil},
		{"shared commits, hot", 4, func() float64 { return r.shared(b, poster, true) }, nil, nil},
		{"PostMany of 1,000, hot", 4, func() float64 { return r.many(b, true) }, nil, nil},
	}
	for b.Loop() {
		for round := range rounds {
			for i := range runs {
				spent, start := r.spent(), time.Now()
				rate := runs[i].run()
				runs[i].per = append(runs[i].per, rate)
				runs[i].cost = append(runs[i].cost, float64((r.spent()-spent).Microseconds())/(rate*time.Since(start).Seconds()))
			}
			fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
		}
	}
	fmt.Printf("\nledger, %d clients, durable, medians of %d rounds of %s, transfers a second; floor by %s\n", clients, rounds, roundTime, r.tool)
	for i := range runs {
		slices.Sort(runs[i].per)
		slices.Sort(runs[i].cost)
	}
	for _, x := range runs {
		f := runs[x.floor].per
		median, floor := x.per[len(x.per)/2], f[len(f)/2]
		fmt.Printf("  %-24s %8.0f  (%.0f to %.0f)  = %.2f of the floor; %.0f µs of processor each, %.2f\n", x.name, median, x.per[0], x.per[len(x.per)-1],
			median/floor, x.cost[len(x.cost)/2], runs[x.floor].cost[len(x.cost)/2]/x.cost[len(x.cost)/2])
		b.ReportMetric(median/floor, strings.ReplaceAll(strings.ReplaceAll(x.name, ",", ""), " ", "-")+"/floor")
	}
}

// BenchmarkPost reports what one posting takes of the program: bytes and
// allocations, by one client.
func BenchmarkPost(b *testing.B) {
	bk := newBook(b)
	from, to := bk.member(), bk.member()
	tx, err := bk.Bun.BeginTx(context.Background(), &sql.TxOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec("select set_config('timebank.bank', ?, true)", bk.bank.String()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ledger.Post(context.Background(), tx, bk.transfer(from, to, 5)); err != nil {
			b.Fatal(err)
		}
	}
}

// rig is a durable server with a bank of ten thousand accounts and the floor.
type rig struct {
	url, tool string
	pool      *bun.DB
	bank      uuid.UUID
	accounts  []uuid.UUID
	keys      atomic.Int64
	spent     func() time.Duration // processor time of server and program
}

func newRig(b *testing.B) *rig {
	ctx := context.Background()
	r := &rig{url: os.Getenv("LEDGER_BENCH_URL"), bank: uuid.Must(uuid.NewV7())}
	if r.url == "" {
		s, err := pgembed.Start(ctx, pgembed.Config{Root: filepath.Join(b.TempDir(), "state"), Durable: true, Database: "bench",
			Progress: func(line string) { fmt.Fprintln(os.Stderr, line) }})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = s.Close() })
		r.url = s.URL
	}
	if err := migrations.Up(ctx, r.url, nil); err != nil {
		b.Fatal(err)
	}
	cfg, err := pgx.ParseConfig(r.url)
	if err != nil {
		b.Fatal(err)
	}
	owner, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = owner.Close(ctx) }()
	if _, err := owner.Exec(ctx, dbtest.FloorSQL); err != nil {
		b.Fatal(err)
	}
	r.accounts = openAccounts(b, owner, r.bank, benchUsers)
	for _, q := range []string{"vacuum analyze", "checkpoint"} {
		if _, err := owner.Exec(ctx, q); err != nil {
			b.Fatal(err)
		}
	}
	if r.pool, err = db.Open(ctx, r.url, db.Options{AppRole: true, MaxConns: clients}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.pool.Close() })
	if r.spent, err = dbtest.Spent(r.pool); err != nil {
		b.Fatal(err)
	}
	if r.tool = dbtest.Pgbench(); r.tool == "" {
		r.tool = "raw pgx, for want of pgbench"
	}
	return r
}

// openAccounts opens accounts of a bank, with limits that are checked and never met.
func openAccounts(b *testing.B, owner *pgx.Conn, bank uuid.UUID, n int) (accounts []uuid.UUID) {
	far := ledger.Limits{SoftFloor: hours(-1e6), Floor: hours(-2e6), Ceiling: hours(2e6)}
	rows := make([][]any, n)
	changes := make([][]any, n)
	for i := range rows {
		id := uuid.Must(uuid.NewV7())
		accounts = append(accounts, id)
		l := []any{*far.SoftFloor, *far.Floor, *far.Ceiling}
		rows[i] = append([]any{bank, id, "member", epoch, epoch, *far.Floor, *far.Ceiling}, l...)
		changes[i] = append([]any{bank, id, 1, "opened", "member", bank, "", epoch}, l...)
	}
	for _, c := range []struct {
		table   string
		columns []string
		rows    [][]any
	}{
		{"account", []string{"bank_id", "id", "kind", "opened_at", "last_at", "low", "high", "soft_floor", "floor", "ceiling"}, rows},
		{"account_change", []string{"bank_id", "account_id", "n", "what", "kind", "actor", "reason", "at", "soft_floor", "floor", "ceiling"}, changes},
	} {
		if _, err := owner.CopyFrom(context.Background(), pgx.Identifier{"ledger", c.table}, c.columns, pgx.CopyFromRows(c.rows)); err != nil {
			b.Fatal(err)
		}
	}
	return accounts
}

// each runs fn by so many clients for one round and answers how often a second.
func (r *rig) each(b *testing.B, by int, fn func(client int, rnd *rand.Rand) error) float64 {
	rate, err := dbtest.Each(by, roundTime, fn)
	if err != nil {
		b.Error(err)
	}
	return rate
}

// transfer is the next one between two accounts of the rig.
func (r *rig) transfer(from, to int) ledger.Transfer {
	return ledger.Transfer{Bank: r.bank, Kind: ledger.Exchange, Key: "bench/" + strconv.FormatInt(r.keys.Add(1), 10), Actor: r.bank,
		Category: "garden", Reference: ledger.Reference{Kind: "exchange", ID: r.bank}, EffectiveOn: ledger.DateOf(epoch), At: time.Now(),
		Legs: []ledger.Leg{{Account: r.accounts[from], Minutes: -5}, {Account: r.accounts[to], Minutes: 5}}}
}

// posts runs single posts, each in a transaction of its own: begin, tenant, post,
// commit.
func (r *rig) posts(b *testing.B, hot bool) float64 {
	return r.each(b, clients, func(_ int, rnd *rand.Rand) error {
		t := r.transfer(dbtest.Pair(rnd, hot))
		return db.InTx(context.Background(), r.pool, r.bank, func(ctx context.Context, tx bun.IDB) error {
			_, err := ledger.Post(ctx, tx, t)
			return err
		})
	})
}

// shared runs single posts that share commits.
func (r *rig) shared(b *testing.B, p *ledger.Poster, hot bool) float64 {
	return r.each(b, clients, func(_ int, rnd *rand.Rand) error {
		_, err := p.Post(context.Background(), r.transfer(dbtest.Pair(rnd, hot)))
		return err
	})
}

// many runs batches of a thousand by two clients and answers transfers a second.
func (r *rig) many(b *testing.B, hot bool) float64 {
	const size = 1000
	return size * r.each(b, 2, func(_ int, rnd *rand.Rand) error {
		ts := make([]ledger.Transfer, size)
		for i := range ts {
			ts[i] = r.transfer(dbtest.Pair(rnd, hot))
		}
		return inBank(r.pool, r.bank, func(ctx context.Context, tx bun.IDB) error {
			results, err := ledger.PostMany(ctx, tx, ts)
			for _, x := range results {
				if err == nil {
					err = x.Err
				}
			}
			return err
		})
	})
}

// floor runs the floor for one round.
func (r *rig) floor(b *testing.B, hot bool) float64 {
	rate, err := dbtest.Floor(context.Background(), r.url, clients, roundTime, hot)
	if err != nil {
		b.Fatal(err)
	}
	return rate
}
