package ledger_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
	"timebank/app/platform/pgembed"
	"timebank/ledger"
	"timebank/migrations"
)

// loadEnv makes this test binary a program that posts until it is killed. Its
// value is the JSON of a load.
const loadEnv = "LEDGER_TEST_LOAD"

type load struct {
	URL      string
	Bank     uuid.UUID
	Accounts []uuid.UUID
	Name     string
}

// run posts in every way there is, and prints each key once its transfer has been
// acknowledged. What fails is sent again with its key.
func (l load) run() {
	pool, err := db.Open(context.Background(), l.URL, db.Options{AppRole: true, MaxConns: 8})
	if err != nil {
		panic(err)
	}
	p := ledger.NewPoster(pool)
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			for i := 0; ; {
				size := 1
				if g >= 4 {
					size = 7
				}
				ts := make([]ledger.Transfer, size)
				for k := range ts {
					from := (g + i + k) % len(l.Accounts)
					ts[k] = ledger.Transfer{Bank: l.Bank, Kind: ledger.Gift, Key: fmt.Sprintf("%s/%d/%d", l.Name, g, i+k), Actor: l.Bank,
						EffectiveOn: ledger.DateOf(epoch), At: time.Now(),
						Legs: []ledger.Leg{{Account: l.Accounts[from], Minutes: -1}, {Account: l.Accounts[(from+1)%len(l.Accounts)], Minutes: 1}}}
				}
				if err := l.send(pool, p, g, ts); err != nil {
					time.Sleep(20 * time.Millisecond) // the server is gone: again, until it is back
					continue
				}
				for _, t := range ts {
					_, _ = os.Stdout.WriteString(t.Key + "\n") // one write per line: no line is torn
				}
				i += size
			}
		})
	}
	wg.Go(func() {
		for {
			_ = inBank(pool, l.Bank, func(ctx context.Context, tx bun.IDB) error {
				_, _, err := ledger.Seal(ctx, tx, l.Bank, time.Now())
				return err
			})
			time.Sleep(100 * time.Millisecond)
		}
	})
	wg.Wait()
}

func (l load) send(pool *bun.DB, p *ledger.Poster, way int, ts []ledger.Transfer) error {
	switch {
	case way < 2:
		_, err := p.Post(context.Background(), ts[0])
		return err
	case way < 4:
		return inBank(pool, l.Bank, func(ctx context.Context, tx bun.IDB) error {
			_, err := ledger.Post(ctx, tx, ts[0])
			return err
		})
	}
	return inBank(pool, l.Bank, func(ctx context.Context, tx bun.IDB) error {
		results, err := ledger.PostMany(ctx, tx, ts)
		for _, r := range results {
			if err == nil {
				err = r.Err
			}
		}
		return err
	})
}

// faulted is a durable server of the test's own, and what has been acknowledged.
type faulted struct {
	t      *testing.T
	root   string
	server *pgembed.Server

	mu    sync.Mutex
	acked map[string]bool
}

func (f *faulted) start() {
	f.t.Helper()
	s, err := pgembed.Start(context.Background(), pgembed.Config{Root: f.root, Durable: true, Database: "books"})
	if err != nil {
		f.t.Skipf("no durable server can be started here: %v", err)
	}
	f.server = s
	f.t.Cleanup(func() { _ = s.Close() }) // an earlier lease may be on a server that was killed
}

// spawn starts a process that posts, and takes down what it says.
func (f *faulted) spawn(l load) (kill func()) {
	f.t.Helper()
	what, err := json.Marshal(l)
	if err != nil {
		f.t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), loadEnv+"="+string(what), "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	var read sync.WaitGroup
	read.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			f.mu.Lock()
			f.acked[lines.Text()] = true
			f.mu.Unlock()
		}
	})
	return func() {
		_ = cmd.Process.Kill()
		read.Wait()
		_ = cmd.Wait()
	}
}

func (f *faulted) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.acked)
}

// under waits until so many more are acknowledged, so that a fault falls into
// load and not into silence.
func (f *faulted) under(more int) {
	f.t.Helper()
	want := f.count() + more
	for end := time.Now().Add(30 * time.Second); f.count() < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("only %d of %d acknowledged", f.count(), want)
		}
	}
}

// killServer kills the server and every process of it, as a power cut would.
func (f *faulted) killServer() {
	f.t.Helper()
	found, _ := filepath.Glob(filepath.Join(f.root, "data*", "postmaster.pid"))
	if len(found) == 0 {
		f.t.Fatal("no server is running")
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		f.t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		f.t.Fatal(err)
	}
	all := dbtest.Children(pid)
	for _, p := range append([]int{pid}, all...) {
		_ = syscall.Kill(p, syscall.SIGKILL)
	}
	for _, p := range append([]int{pid}, all...) {
		for end := time.Now().Add(10 * time.Second); syscall.Kill(p, 0) == nil && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if spent, _ := os.ReadFile("/proc/" + strconv.Itoa(p) + "/stat"); strings.Contains(string(spent), ") Z ") {
				break // dead, and waiting for its parent to notice
			}
		}
	}
}

// The server and the program are killed under load again and again. Each transfer
// that was acknowledged is there once, none is there twice, and the books are
// sound. LEDGER_FAULT_ROUNDS says how often.
func TestKilledUnderLoadNothingIsLostOrDoubled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills servers for some seconds")
	}
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv("LEDGER_FAULT_ROUNDS")); err == nil {
		rounds = n
	}
	f := &faulted{t: t, root: filepath.Join(t.TempDir(), "state"), acked: map[string]bool{}}
	f.start()
	if err := migrations.Up(t.Context(), f.server.URL, nil); err != nil {
		t.Fatal(err)
	}
	l := load{URL: f.server.URL, Bank: uuid.Must(uuid.NewV7())}
	pool, err := db.Open(t.Context(), f.server.URL, db.Options{AppRole: true, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	for range 5 {
		id := uuid.Must(uuid.NewV7())
		l.Accounts = append(l.Accounts, id)
		if err := inBank(pool, l.Bank, func(ctx context.Context, tx bun.IDB) error {
			return ledger.OpenAccount(ctx, tx, ledger.Account{Bank: l.Bank, ID: id, Kind: ledger.Member, Actor: l.Bank, At: epoch})
		}); err != nil {
			t.Fatal(err)
		}
	}
	for round := range rounds {
		l.Name = fmt.Sprint("round ", round)
		kill := f.spawn(l)
		f.under(150)
		if round%2 == 0 {
			f.killServer()
			f.start()
			f.under(150) // the same program goes on with what it had not heard of
		}
		kill()
	}
	f.prove(pool, l)
}

func (f *faulted) prove(pool *bun.DB, l load) {
	f.t.Helper()
	var report ledger.Report
	keys := map[string]int{}
	var err error
	for try := 0; try < 5; try++ { // the pool still holds connections to the dead
		clear(keys)
		err = inBank(pool, l.Bank, func(ctx context.Context, tx bun.IDB) (err error) {
			if report, err = ledger.Verify(ctx, tx, l.Bank, nil); err != nil {
				return err
			}
			return ledger.Journal(ctx, tx, l.Bank, func(r ledger.Record) error {
				keys[r.Key]++
				return nil
			})
		})
		if err == nil {
			break
		}
	}
	if err != nil || !report.OK() {
		f.t.Fatal(err, report.Faults)
	}
	for key := range f.acked {
		if keys[key] != 1 {
			f.t.Errorf("%q was acknowledged and is there %d times", key, keys[key])
		}
	}
	for key, n := range keys {
		if n != 1 {
			f.t.Errorf("%q is there %d times", key, n)
		}
	}
	if report.Head.Height == 0 {
		f.t.Error("nothing was sealed under load")
	}
	f.t.Logf("%d acknowledged, %d in the books, %d blocks", len(f.acked), len(keys), report.Head.Height)
}
