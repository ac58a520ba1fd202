package dbtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// FloorAccounts is how many accounts the floor has.
const FloorAccounts = 10_000

// FloorSQL makes the floor that postings are measured against: the least that a
// double-entry transfer needs, as one call. No keys, no limits, no tenants, no
// history of who and why; integer ids.
const FloorSQL = `
drop schema if exists floor cascade;
create schema floor;
create table floor.account (id bigint primary key, balance bigint not null default 0) with (fillfactor = 70);
create table floor.transfer (id bigint generated always as identity primary key, giver bigint not null, receiver bigint not null,
  minutes bigint not null, at timestamptz not null default now());
create table floor.entry (account_id bigint not null, transfer_id bigint not null, minutes bigint not null, balance bigint not null,
  primary key (account_id, transfer_id));
insert into floor.account select generate_series(1, 10000);
create function floor.move(giver bigint, receiver bigint, m bigint) returns bigint language plpgsql as $$
declare t bigint; g bigint; r bigint;
begin
  if giver < receiver then
    update floor.account set balance = balance - m where id = giver returning balance into g;
    update floor.account set balance = balance + m where id = receiver returning balance into r;
  else
    update floor.account set balance = balance + m where id = receiver returning balance into r;
    update floor.account set balance = balance - m where id = giver returning balance into g;
  end if;
  insert into floor.transfer (giver, receiver, minutes) values (giver, receiver, m) returning id into t;
  insert into floor.entry values (giver, t, -m, g), (receiver, t, m, r);
  return t;
end $$;`

// Pair draws two different accounts, counted from 0; hot: the first is always 0.
func Pair(rnd *rand.Rand, hot bool) (from, to int) {
	if !hot {
		from = rnd.IntN(FloorAccounts)
	}
	return from, (from + 1 + rnd.IntN(FloorAccounts-1)) % FloorAccounts
}

// Each runs fn by so many clients for a while and answers how often a second. The
// first error ends it.
func Each(clients int, long time.Duration, fn func(client int, rnd *rand.Rand) error) (float64, error) {
	var n atomic.Int64
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	start := time.Now()
	for c := range clients {
		all.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(c), uint64(start.UnixNano())))
			for time.Since(start) < long && failed.Load() == nil {
				if err := fn(c, rnd); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				n.Add(1)
			}
		})
	}
	all.Wait()
	rate := float64(n.Load()) / time.Since(start).Seconds()
	if err := failed.Load(); err != nil {
		return rate, *err
	}
	return rate, nil
}

// Floor runs the floor for whole seconds and answers transfers a second: by
// pgbench or, where that is missing, by raw pgx.
func Floor(ctx context.Context, url string, clients int, long time.Duration, hot bool) (float64, error) {
	if tool := Pgbench(); tool != "" {
		return byPgbench(ctx, tool, url, clients, long, hot)
	}
	conns := make([]*pgx.Conn, clients)
	for i := range conns {
		c, err := pgx.Connect(ctx, url)
		if err != nil {
			return 0, fmt.Errorf("connect for the floor: %w", err)
		}
		defer func() { _ = c.Close(ctx) }()
		conns[i] = c
	}
	return Each(clients, long, func(client int, rnd *rand.Rand) error {
		from, to := Pair(rnd, hot)
		_, err := conns[client].Exec(ctx, "select floor.move($1, $2, 5)", from+1, to+1)
		return err
	})
}

func byPgbench(ctx context.Context, tool, url string, clients int, long time.Duration, hot bool) (float64, error) {
	dir, err := os.MkdirTemp("", "floor")
	if err != nil {
		return 0, fmt.Errorf("script of the floor: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	script, from := filepath.Join(dir, "floor.sql"), "\\set a random(1, 10000)\n"
	if hot {
		from = "\\set a 1\n"
	}
	if err := os.WriteFile(script, []byte(from+"\\set b 1 + (:a + random(0, 9998)) % 10000\nselect floor.move(:a, :b, 5);\n"), 0o600); err != nil {
		return 0, fmt.Errorf("script of the floor: %w", err)
	}
	out, err := exec.CommandContext(ctx, tool, "-n", "-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(max(1, int(long.Seconds()))), "-f", script, url).CombinedOutput()
	m := regexp.MustCompile(`tps = ([0-9.]+)`).FindSubmatch(out)
	if err != nil || m == nil {
		return 0, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

// Pgbench is the path of the program, or "".
func Pgbench() string {
	if p, err := exec.LookPath("pgbench"); err == nil {
		return p
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}
