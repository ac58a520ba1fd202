package ledger_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/dbtest"
	"timebank/ledger"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(loadEnv); what != "" {
		var l load
		if err := json.Unmarshal([]byte(what), &l); err != nil {
			panic(err)
		}
		l.run()
	}
	// Most properties here cost a database's answer each; -rapid.checks asks for more.
	if err := flag.Set("rapid.checks", "50"); err != nil {
		panic(err)
	}
	dbtest.Main(m)
}

// book is one bank's ledger in a database of the test's own, with a clock that
// moves a minute per posting.
type book struct {
	*dbtest.DB
	t     testing.TB
	bank  uuid.UUID
	actor uuid.UUID
	clock atomic.Int64
	keys  atomic.Int64
}

var epoch = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func newBook(t testing.TB) *book {
	t.Helper()
	return &book{DB: dbtest.New(t), t: t, bank: uuid.Must(uuid.NewV7()), actor: uuid.Must(uuid.NewV7())}
}

func (b *book) now() time.Time { return epoch.Add(time.Duration(b.clock.Add(1)) * time.Minute) }

// in runs fn in a transaction of this bank and returns its error.
func (b *book) in(fn func(ctx context.Context, tx bun.IDB) error) error {
	return inBank(b.Bun, b.bank, fn)
}

// inBank runs fn in a transaction of the given bank, and again where Postgres
// asks for it.
func inBank(pool *bun.DB, bank uuid.UUID, fn func(ctx context.Context, tx bun.IDB) error) error {
	for {
		err := pool.RunInTx(context.Background(), nil, func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.ExecContext(ctx, "select set_config('timebank.bank', ?, true)", bank.String()); err != nil {
				return err
			}
			return fn(ctx, tx)
		})
		if s := state(err); s != "40P01" && s != "40001" {
			return err
		}
	}
}

// state is the SQLSTATE in err's chain, or "".
func state(err error) string {
	if e, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return e.SQLState()
	}
	return ""
}

func (b *book) must(fn func(ctx context.Context, tx bun.IDB) error) {
	b.t.Helper()
	if err := b.in(fn); err != nil {
		b.t.Fatal(err)
	}
}

func (b *book) open(kind ledger.AccountKind, l ledger.Limits) uuid.UUID {
	b.t.Helper()
	id := uuid.Must(uuid.NewV7())
	b.must(func(ctx context.Context, tx bun.IDB) error {
		return ledger.OpenAccount(ctx, tx, ledger.Account{Bank: b.bank, ID: id, Kind: kind, Limits: l, Actor: b.actor, At: epoch})
	})
	return id
}

func (b *book) member() uuid.UUID { return b.open(ledger.Member, ledger.Limits{}) }

// transfer is an exchange in which from was helped and to helped.
func (b *book) transfer(from, to uuid.UUID, m ledger.Minutes) ledger.Transfer {
	at := b.now()
	return ledger.Transfer{Bank: b.bank, Kind: ledger.Exchange, Key: fmt.Sprintf("key-%d", b.keys.Add(1)), Actor: b.actor,
		Category: "garden", EffectiveOn: ledger.DateOf(at), At: at, Legs: []ledger.Leg{{Account: from, Minutes: -m}, {Account: to, Minutes: m}}}
}

func (b *book) try(t ledger.Transfer) (r ledger.Receipt, err error) {
	err = b.in(func(ctx context.Context, tx bun.IDB) error {
		r, err = ledger.Post(ctx, tx, t)
		return err
	})
	return r, err
}

func (b *book) post(t ledger.Transfer) ledger.Receipt {
	b.t.Helper()
	r, err := b.try(t)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *book) reversing(original uuid.UUID) ledger.Reversing {
	at := b.now()
	return ledger.Reversing{Bank: b.bank, Original: original, Key: fmt.Sprintf("key-%d", b.keys.Add(1)), Actor: b.actor,
		Reason: "entered twice", EffectiveOn: ledger.DateOf(at), At: at}
}

func (b *book) reverse(v ledger.Reversing) (r ledger.Receipt, err error) {
	err = b.in(func(ctx context.Context, tx bun.IDB) error {
		r, err = ledger.Reverse(ctx, tx, v)
		return err
	})
	return r, err
}

func (b *book) balance(account uuid.UUID) ledger.Minutes {
	b.t.Helper()
	var out ledger.Balance
	b.must(func(ctx context.Context, tx bun.IDB) (err error) {
		out, err = ledger.BalanceOf(ctx, tx, b.bank, account)
		return err
	})
	return out.Posted
}

func (b *book) statement(account uuid.UUID) (lines []ledger.Line) {
	b.t.Helper()
	b.must(func(ctx context.Context, tx bun.IDB) (err error) {
		lines, err = ledger.Statement(ctx, tx, b.bank, account, ledger.Page{})
		return err
	})
	return lines
}

// count answers a count as the owner, past row-level security.
func (b *book) count(query string, args ...any) (n int) {
	b.t.Helper()
	if err := b.Owner.NewRaw(query, args...).Scan(context.Background(), &n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

// want fails unless the account stands at m and its newest entry says so too.
func (b *book) want(account uuid.UUID, m ledger.Minutes) {
	b.t.Helper()
	if got := b.balance(account); got != m {
		b.t.Errorf("balance %d, want %d", got, m)
	}
	if l := b.statement(account); len(l) > 0 && l[0].Balance != m {
		b.t.Errorf("statement ends at %d, want %d", l[0].Balance, m)
	}
}

// clean fails unless verify finds nothing.
func (b *book) clean() {
	b.t.Helper()
	if r := b.verify(); len(r.Faults) > 0 {
		b.t.Errorf("verify: %v", r.Faults)
	}
}

func (b *book) verify() (r ledger.Report) {
	b.t.Helper()
	b.must(func(ctx context.Context, tx bun.IDB) (err error) {
		r, err = ledger.Verify(ctx, tx, b.bank, nil)
		return err
	})
	return r
}

// faulty fails unless verify names a fault with all of the given words.
func (b *book) faulty(words ...string) {
	b.t.Helper()
	r := b.verify()
next:
	for _, f := range r.Faults {
		for _, w := range words {
			if !strings.Contains(f.String(), w) {
				continue next
			}
		}
		return
	}
	b.t.Errorf("verify names no fault with %q, but %v", words, r.Faults)
}

func hours(h float64) *ledger.Minutes { return new(ledger.Minutes(h * 60)) }

// nth is a fixed id, for vectors.
func nth(n uint64) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[8:], n)
	id[6], id[8] = 0x70, 0x80
	return id
}
