package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// readers is how many accounts of each bank are read, all with more than a page, so
// that only the size of the books differs.
const readers = 200

// BenchmarkRead reports how long it takes to read a balance and the first page of a
// statement in a bank of ten thousand entries and in one of many, both on one
// server and read in turn, one by one: the medians over five rounds of each round's
// median and 99th percentile. What the small bank took while it was alone on the
// server comes first. LEDGER_BENCH_ENTRIES is how many are many.
func BenchmarkRead(b *testing.B) {
	many := 500_000
	if n, err := strconv.Atoi(os.Getenv("LEDGER_BENCH_ENTRIES")); err == nil {
		many = n
	}
	r := newRig(b)
	for b.Loop() {
		small := r.shelf(b, readers, 10_000)
		alone := r.reads(b, small)
		start := time.Now()
		large := r.shelf(b, min(benchUsers, many/50), many)
		fmt.Fprintf(os.Stderr, "%d entries planted in %s\n", many, time.Since(start).Round(time.Second))
		both := r.reads(b, small, large)
		fmt.Printf("\nbalance and first page, median and p99: 10,000 entries alone %v; beside %d entries %v; those %v\n", alone[0], many, both[0], both[1])
		b.ReportMetric(float64(both[1].p99)/float64(both[0].p99), "p99-ratio")
		b.ReportMetric(float64(both[1].median)/float64(both[0].median), "median-ratio")
		b.ReportMetric(float64(both[1].p99)/float64(alone[0].p99), "p99-to-alone")
	}
}

// shelf is a bank whose books were planted, with the accounts that are read.
type shelf struct {
	bank     uuid.UUID
	accounts []uuid.UUID
}

// shelf plants a bank straight into the tables, so that it has many entries soon.
// In each round every account gives once and receives once; the receiver moves on
// by one from round to round.
func (r *rig) shelf(b *testing.B, among, entries int) shelf {
	ctx := context.Background()
	owner, err := pgx.Connect(ctx, r.url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = owner.Close(ctx) }()
	s := shelf{bank: uuid.Must(uuid.NewV7())}
	all := openAccounts(b, owner, s.bank, among)
	for i := range readers {
		s.accounts = append(s.accounts, all[i*among/readers])
	}
	for _, q := range []string{
		"drop table if exists public.planted",
		fmt.Sprintf("create table public.planted as select id, row_number() over (order by id) - 1 as k from ledger.account where bank_id = '%s'", s.bank),
		"create index on public.planted (k) include (id)",
		"set work_mem = '256MB'",
		fmt.Sprintf(`with t as (select i, i / %[2]d as round, i %% %[2]d as a, (i + 1 + i / %[2]d %% (%[2]d - 1)) %% %[2]d as b,
   (lpad(to_hex(1772442000000 + i * 1000), 12, '0') || '7' || substr(md5(i::text), 1, 3) || '8' || substr(md5(i::text), 4, 15))::uuid as id,
   timestamptz '2026-03-02 09:00Z' + i * interval '1 second' as at from generate_series(0::bigint, %[3]d) i),
 l as materialized (select t.*, x.id as xa, y.id as ya from t join public.planted x on x.k = t.a join public.planted y on y.k = t.b),
 j as (insert into ledger.transfer (bank_id, id, kind, key, hash, actor, category, ref_kind, ref_id, effective_on, posted_at, reason, accounts, minutes)
  select '%[1]s', id, 'exchange', 'planted/' || i, sha256(int8send(i)), xa, 'garden', 'exchange', id, '2026-03-02', at, '',
   array[least(xa, ya), greatest(xa, ya)], case when xa < ya then '{-5,5}' else '{5,-5}' end::bigint[] from l order by i),
 e as (select id, at, i, xa as account, -5 as minutes, round * 2 + 1 + (b_at < a)::int as n, b_at < a as second
   from (select l.*, (a - 1 - round %% (%[2]d - 1) + %[2]d) %% %[2]d as b_at from l) l
  union all select id, at, i, ya, 5, round * 2 + 1 + (b < a)::int, b < a from l)
 insert into ledger.entry (bank_id, account_id, n, transfer_id, minutes, balance, posted_at)
 select '%[1]s', account, n, id, minutes, case when second then 0 else minutes end, at from e order by i`, s.bank, among, entries/2-1),
		"vacuum analyze", "checkpoint"} { // as a server does by itself in time
		if _, err := owner.Exec(ctx, q); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// took is how long reads took.
type took struct{ median, p99 time.Duration }

// reads reads in turn in each of some banks.
func (r *rig) reads(b *testing.B, from ...shelf) []took {
	rnd := rand.New(rand.NewPCG(1, 2))
	read := func(s shelf) time.Duration {
		account, start := s.accounts[rnd.IntN(len(s.accounts))], time.Now()
		err := inBank(r.pool, s.bank, func(ctx context.Context, tx bun.IDB) error {
			if _, err := ledger.BalanceOf(ctx, tx, s.bank, account); err != nil {
				return err
			}
			lines, err := ledger.Statement(ctx, tx, s.bank, account, ledger.Page{Limit: 30})
			if err == nil && len(lines) != 30 {
				err = fmt.Errorf("%d lines", len(lines))
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	medians, tails := make([][]time.Duration, len(from)), make([][]time.Duration, len(from))
	for round := range rounds + 1 {
		times := make([][]time.Duration, len(from))
		for range 2000 {
			for i, s := range from {
				times[i] = append(times[i], read(s))
			}
		}
		for i, t := range times {
			slices.Sort(t)
			if round > 0 { // the first one is to warm up
				medians[i], tails[i] = append(medians[i], t[len(t)/2]), append(tails[i], t[len(t)*99/100])
			}
		}
	}
	out := make([]took, len(from))
	for i := range out {
		slices.Sort(medians[i])
		slices.Sort(tails[i])
		out[i] = took{medians[i][rounds/2], tails[i][rounds/2]}
	}
	return out
}
