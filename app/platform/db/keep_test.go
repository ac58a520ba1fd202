package db_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/app/platform/db"
	"timebank/app/platform/dbtest"
)

// names counts the statements that the server keeps for a pool of one connection.
func names(t *testing.T, pool *bun.DB) (n int) {
	t.Helper()
	if err := pool.NewRaw("select count(*) from pg_prepared_statements where name like 'timebank%'").Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Whatever a value holds, it arrives as it was sent: the first time, when it is told
// to be kept, and kept.
func TestValuesArriveAsTheyWereSent(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	d.Bun.SetMaxOpenConns(1)
	for _, text := range []string{"", "'", "''", "it's", `\`, `\'; drop table once; --`, "\f", "\f'x'", "a\f''b", "$1", "?", "-- no\n", "/* no", `"`, ";", "{a,b}", "é\u202e🙂", strings.Repeat("x'", 5000)} {
		for range 4 {
			var a, b, static string
			var n, none *string
			err := d.Bun.NewRaw(`select ?, ? || 'y', 'it''s; $1 -- x', null::text, ?::text -- the end`, text, text, none).Scan(t.Context(), &a, &b, &static, &n, &none)
			if err != nil || a != text || b != text+"y" || static != "it's; $1 -- x" || n != nil || none != nil {
				t.Fatalf("%.40q: %.40q, %.40q, %q, %v, %v: %v", text, a, b, static, n, none, err)
			}
		}
	}
	if n := names(t, d.Bun); n == 0 {
		t.Error("nothing was kept")
	}
}

type every struct {
	bun.BaseModel `bun:"table:every"`
	ID            uuid.UUID
	Small         int16
	Big           int64
	Part          float64
	Yes           bool
	At            time.Time
	Day           time.Time `bun:",type:date"`
	Raw           []byte
	Words         []string `bun:",array"`
	Numbers       []int64  `bun:",array"`
	Perhaps       *int64
	Doc           map[string]any `bun:"type:jsonb"`
}

func TestColumnsOfEveryTypeAreWrittenAndFoundAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	d.Owner.SetMaxOpenConns(1)
	if _, err := d.Owner.Exec("create table every (id uuid, small smallint, big bigint, part float8, yes bool, at timestamptz, day date, raw bytea, words text[], numbers bigint[], perhaps bigint, doc jsonb)"); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	n := int64(-7)
	for i := range 4 {
		in := every{ID: uuid.New(), Small: -int16(i), Big: 1 << 60, Part: 0.5, Yes: true, At: day.Add(time.Microsecond), Day: day, Raw: []byte{0, '\'', '\\', '\f'},
			Words: []string{`a'"\` + "\f'", ""}, Numbers: []int64{-1, 2}, Perhaps: &n, Doc: map[string]any{"it's": "\f'"}}
		if i%2 == 1 {
			in.Raw, in.Words, in.Perhaps = nil, nil, nil
		}
		if _, err := d.Owner.NewInsert().Model(&in).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		var out every
		err := d.Owner.NewSelect().Model(&out).Where("id = any(?)", db.List([]uuid.UUID{in.ID, uuid.New()})).Where("small = ?", in.Small).Scan(t.Context())
		if out.At, out.Day = out.At.UTC(), out.Day.UTC(); err != nil || !reflect.DeepEqual(in, out) {
			t.Fatalf("in %+v\nout %+v: %v", in, out, err)
		}
		in.Big = int64(i)
		if r, err := d.Owner.NewUpdate().Model(&in).Column("big").Where("id = ?", in.ID).Exec(t.Context()); err != nil {
			t.Fatal(err)
		} else if n, _ := r.RowsAffected(); n != 1 {
			t.Fatalf("%d rows changed", n)
		}
	}
	if n := names(t, d.Owner); n < 2 {
		t.Errorf("%d statements are kept, though their values differ only", n)
	}
}

// What a connection keeps may be lost, or of no use any more: the transaction is run
// again, and nobody notices.
func TestTransactionSurvivesWhatItsConnectionKept(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"somebody else gave the connection back": "deallocate all",
		"another type of column":                 "alter table fact alter n type text",
		"a column more":                          "alter table fact add column more int; alter table fact drop column other",
	} {
		d := dbtest.New(t)
		d.Owner.SetMaxOpenConns(1)
		if _, err := d.Owner.Exec("create table fact (n int, other int); insert into fact values (1, 2)"); err != nil {
			t.Fatal(err)
		}
		for i := range 6 {
			if i == 4 {
				if _, err := d.Owner.Exec(change); err != nil {
					t.Fatal(err)
				}
			}
			var got string
			err := db.InTx(t.Context(), d.Owner, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
				return tx.NewRaw("select n from fact where ? = ?", i, i).Scan(ctx, &got)
			})
			if err == nil {
				err = db.InTx(t.Context(), d.Owner, db.NoBank, func(ctx context.Context, tx bun.IDB) error {
					return tx.NewRaw("select * from (select n from fact) f where ? <> 'x'", fmt.Sprint(i)).Scan(ctx, &got)
				})
			}
			if err != nil || got != "1" {
				t.Fatalf("%s: round %d reads %q: %v", name, i, got, err)
			}
		}
	}
}

func TestConnectionKeepsOnlySoMany(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	d.Owner.SetMaxOpenConns(1)
	for i := range 400 {
		for range 2 {
			var n int
			if err := d.Owner.NewRaw(fmt.Sprintf("select %d", i)).Scan(t.Context(), &n); err != nil || n != i {
				t.Fatal(n, err)
			}
		}
	}
	if n := names(t, d.Owner); n < 100 || n > 160 {
		t.Errorf("%d statements are kept", n)
	}
}

func TestStatementThatFailsIsNotKeptAndHarmsNoOther(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	d.Bun.SetMaxOpenConns(1)
	bank := uuid.New()
	for range 4 {
		key := uuid.New()
		err := db.InTx(t.Context(), d.Bun, bank, func(ctx context.Context, tx bun.IDB) error {
			for range 2 { // the second has the key of the first
				if _, err := tx.ExecContext(db.Later(ctx), addOnce, bank, bank, key, key); err != nil {
					return err
				}
			}
			var n int
			return tx.NewRaw("select count(*) from once where key = ?", key).Scan(ctx, &n)
		})
		if db.State(err) != "23505" {
			t.Fatalf("the same key twice: %v", err)
		}
		err = db.InTx(t.Context(), d.Bun, bank, func(ctx context.Context, tx bun.IDB) error {
			if err := add(db.Later(ctx), tx, bank); err != nil {
				return err
			}
			var n int
			return tx.NewRaw("select count(*) from no_such_table where n = ?", key).Scan(db.Last(ctx), &n)
		})
		if db.State(err) != "42P01" {
			t.Fatalf("no such table: %v", err)
		}
	}
	if n := kept(t, d, bank); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
}
