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

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// heavy is how many accounts are read: each has more than a page in any case, so that
// only the size of the books differs.
const heavy = 200

// BenchmarkRead reports the median and the 99th percentile of reading a balance
// and the first page of a statement, with few and with many entries in the books.
// LEDGER_BENCH_ENTRIES is how many are many.
func BenchmarkRead(b *testing.B) {
	many := 500_000
	if n, err := strconv.Atoi(os.Getenv("LEDGER_BENCH_ENTRIES")); err == nil {
		many = n
	}
	r := newRig(b)
	for b.Loop() {
		r.plant(b, 0, 10_000, heavy)
		few50, few99 := r.reads(b)
		r.plant(b, 10_000, many, benchUsers)
		many50, many99 := r.reads(b)
		fmt.Printf("\nbalance and first page, 10,000 and %d entries: median %s and %s, p99 %s and %s\n", many, few50, many50, few99, many99)
		b.ReportMetric(float64(many99)/float64(few99), "p99-ratio")
		b.ReportMetric(float64(many50)/float64(few50), "median-ratio")
	}
}

// plant writes transfers straight into the tables, so that there are many soon.
func (r *rig) plant(b *testing.B, from, to, among int) {
	ctx := context.Background()
	owner, err := pgx.Connect(ctx, r.url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = owner.Close(ctx) }()
	for _, q := range []string{
		fmt.Sprintf(`create table if not exists public.planted as select id, row_number() over (order by id) - 1 as k from ledger.account where bank_id = '%s';`, r.bank),
		fmt.Sprintf(`with t as (select i, gen_random_uuid() as id, (i * 7919) %% %d as a, (i * 7919 + 1 + i %% 97) %% %[1]d as b from generate_series(%[2]d::bigint, %[3]d::bigint) i),
 l as (select t.*, x.id as xa, y.id as ya from t join public.planted x on x.k = t.a join public.planted y on y.k = t.b where x.id <> y.id),
 j as (insert into ledger.transfer (bank_id, id, kind, key, hash, actor, category, ref_kind, effective_on, posted_at, reason, accounts, minutes)
  select '%[4]s', id, 'exchange', 'planted/' || i, sha256('x'), id, 'garden', '', '2026-03-02', timestamptz '2026-03-02' + i * interval '1 second', '',
   array[least(xa, ya), greatest(xa, ya)], '{-5,5}' from l)
 insert into ledger.entry select '%[4]s', p.account, i * 2 + side, id, case side when 0 then -5 else 5 end, 0, timestamptz '2026-03-02' + i * interval '1 second'
  from (select l.*, 0 as side, least(xa, ya) as account from l union all select l.*, 1, greatest(xa, ya) from l) p`, among, from/2, to/2-1, r.bank),
		"analyze", "checkpoint"} {
		if _, err := owner.Exec(ctx, q); err != nil {
			b.Fatal(err)
		}
	}
}

// reads is the median and the 99th percentile of some thousand reads.
func (r *rig) reads(b *testing.B) (median, p99 time.Duration) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for i := range 4000 {
		account := r.accounts[rnd.IntN(heavy)]
		start := time.Now()
		err := inBank(r.pool, r.bank, func(ctx context.Context, tx bun.IDB) error {
			if _, err := ledger.BalanceOf(ctx, tx, r.bank, account); err != nil {
				return err
			}
			_, err := ledger.Statement(ctx, tx, r.bank, account, ledger.Page{Limit: 30})
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		if i >= 1000 { // warm
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100]
}
