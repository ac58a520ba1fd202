package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"timebank/app/platform/dbtest"
	"timebank/ledger"
)

// fill posts so many transfers, in batches, and seals now and then.
func (r *rig) fill(b *testing.B, transfers int) {
	const size = 2000
	rnd := rand.New(rand.NewPCG(1, 2))
	for done := 0; done < transfers; done += size {
		ts := make([]ledger.Transfer, size)
		for i := range ts {
			ts[i] = r.transfer(dbtest.Pair(rnd, false))
		}
		err := inBank(r.pool, r.bank, func(ctx context.Context, tx bun.IDB) error {
			_, err := ledger.PostMany(ctx, tx, ts)
			if err == nil && done%(20*size) == 0 {
				_, _, err = ledger.Seal(ctx, tx, r.bank, time.Now())
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify reports entries a second of a whole Verify, by the clock and by
// the processor time of server and program together, the most memory that the
// program's heap had in use between two rules: medians of five rounds. The time
// rule by rule is the last round's. LEDGER_BENCH_ENTRIES is how many entries the
// books have.
func BenchmarkVerify(b *testing.B) {
	entries := 200_000
	if n, err := strconv.Atoi(os.Getenv("LEDGER_BENCH_ENTRIES")); err == nil {
		entries = n
	}
	r := newRig(b)
	r.fill(b, entries/2)
	owner, err := pgx.Connect(context.Background(), r.url)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := owner.Exec(context.Background(), "vacuum analyze"); err != nil { // as a server does by itself in time
		b.Fatal(err)
	}
	_ = owner.Close(context.Background())
	for b.Loop() {
		var clock, processor, memory []float64
		var rules []string
		for range 5 {
			runtime.GC() // what filled the books is gone
			rules = nil
			spent, start := r.spent(), time.Now()
			report, most := r.verify(b, &rules)
			took, cost := time.Since(start), r.spent()-spent
			clock = append(clock, float64(report.Entries)/took.Seconds())
			processor = append(processor, float64(report.Entries)/cost.Seconds())
			memory = append(memory, float64(most)/1e6)
		}
		fmt.Fprintln(os.Stderr, strings.Join(rules, "\n"))
		b.ReportMetric(median(clock), "entries/s")
		b.ReportMetric(median(processor), "entries/cpu-s")
		b.ReportMetric(median(memory), "heap-MB")
	}
}

// verify proves the bank's books and says how long each rule took and how much of
// the heap was in use at most.
func (r *rig) verify(b *testing.B, rules *[]string) (report ledger.Report, most uint64) {
	last, rule := time.Now(), ""
	var heap runtime.MemStats
	step := func(next string) {
		runtime.ReadMemStats(&heap)
		most = max(most, heap.HeapInuse)
		if rule != "" {
			*rules = append(*rules, fmt.Sprintf("  %6.0f ms: %s", time.Since(last).Seconds()*1000, rule))
		}
		last, rule = time.Now(), next
	}
	err := inBank(r.pool, r.bank, func(ctx context.Context, tx bun.IDB) (err error) {
		report, err = ledger.Verify(ctx, tx, r.bank, func(p ledger.Progress) { step(p.Rule) })
		return err
	})
	if err != nil || !report.OK() {
		b.Fatal(err, report.Faults)
	}
	step("")
	return report, most
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}
