package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// lively is a book with something in every table.
func lively(t *testing.T) (b *book, a, c uuid.UUID, r, back ledger.Receipt) {
	b = newBook(t)
	a, c = b.open(ledger.Member, ledger.Limits{SoftFloor: hours(-10), Floor: hours(-20), Ceiling: hours(30)}), b.member()
	x := b.transfer(a, c, 60)
	x.OnBehalfOf, x.Reference = uuid.Must(uuid.NewV7()), ledger.Reference{Kind: "exchange", ID: uuid.Must(uuid.NewV7())}
	x.EffectiveOn = ledger.DateOf(epoch.AddDate(0, 0, -9))
	r = b.post(x)
	b.post(b.transfer(c, a, 15))
	y := b.transfer(a, c, 30)
	y.Legs = append(y.Legs, ledger.Leg{Account: b.member(), Minutes: -10})
	y.Legs[1].Minutes += 10
	b.post(y)
	back, err := b.reverse(b.reversing(r.ID))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.limit(a, ledger.Limits{Floor: hours(-12), Ceiling: hours(40)}); err != nil {
		t.Fatal(err)
	}
	e := b.member()
	if err := b.change(e, ledger.CloseAccount); err != nil {
		t.Fatal(err)
	}
	if err := b.change(e, ledger.ReopenAccount); err != nil {
		t.Fatal(err)
	}
	h := b.holding(a, c, 20)
	h.OnBehalfOf, h.Reference = uuid.Must(uuid.NewV7()), ledger.Reference{Kind: "exchange", ID: uuid.Must(uuid.NewV7())}
	if _, err := b.settle(b.settling(b.place(h), ledger.Leg{Account: a, Minutes: -15}, ledger.Leg{Account: c, Minutes: 15})); err != nil {
		t.Fatal(err)
	}
	b.seal()
	if err := b.closeBooks(b.closing(ledger.DateOf(epoch.AddDate(0, 0, -5)))); err != nil {
		t.Fatal(err)
	}
	if err := b.release(b.place(b.holding(c, a, 2)), "not needed"); err != nil {
		t.Fatal(err)
	}
	b.place(b.holding(c, a, 3))
	b.seal()
	b.clean()
	return b, a, c, r, back
}

// tampering says how each column is changed where adding one, or turning round,
// would not do, and by what a row is told: every fault must name it.
var tampering = map[string]string{
	"account.kind": "'pot'", "account_change.kind": "'organisation'", "hold.kind": "'gift'", "transfer.kind": "'gathering'",
	"account.closed_at": "last_at", "account_change.what": "'reopened'", "hold_end.how": "'expired'",
	"account.soft_floor": "7", "account.floor": "floor - 1", "account_change.soft_floor": "coalesce(soft_floor, 0) - 1",
	"transfer.reversal_of": "gen_random_uuid()", "transfer.hold_id": "gen_random_uuid()", "transfer.on_behalf_of": "id", "transfer.ref_id": "id", "hold.on_behalf_of": "id",
	"hold.ref_id": "id", "account.books_closed_through": "'2020-01-01'", "block.closed_through": "'2026-02-01'",
}

var named = map[string]string{
	"account": "id", "account_change": "account_id", "hold": "id", "hold_end": "hold_id", "transfer": "id", "entry": "account_id",
	"block": "'block ' || height", "seal": "account_id", "closing": "through", "closing_balance": "account_id",
}

// pick is which row of each table is tampered with.
var pick = map[string]string{
	"account": "floor is not null", "account_change": "n = 2 and floor is not null", "hold": "ref_id is not null", "hold_end": "transfer_id is not null",
	"transfer": "ref_id is not null and reversal_of is null and hold_id is null", "entry": "n = 2", "block": "height = 1",
	"seal": "height = 1 and n > 2", "closing": "true", "closing_balance": "balance <> 0",
}

// Somebody with the keys to the server changes one value, with the guards of the
// database taken away: whichever column of whichever table it is, verify names
// the row.
func TestVerifyNamesWhatWasTamperedWith(t *testing.T) {
	b, _, _, _, _ := lively(t)
	unguard(t, b)
	var columns []struct{ Table, Column, Type string }
	err := b.Owner.NewRaw(`select c.relname as "table", a.attname as "column", coalesce(nullif(t.typbasetype, 0), t.oid)::regtype::text as "type"
		from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid
		where c.relnamespace = 'ledger'::regnamespace and c.relkind = 'r' order by 1, a.attnum`).Scan(context.Background(), &columns)
	if err != nil || len(columns) < 90 {
		t.Fatal(len(columns), err)
	}
	for _, c := range columns {
		set := tampering[c.Table+"."+c.Column]
		if set == "" {
			set = map[string]string{
				"uuid": "gen_random_uuid()", "bigint": "coalesce(" + c.Column + ", 0) + 1", "text": c.Column + " || 'x'", "boolean": "not " + c.Column,
				"bytea": "sha256('x')", "timestamp with time zone": c.Column + " + interval '1 microsecond'", "date": c.Column + " - 1",
				"uuid[]": c.Column + "[2:2] || " + c.Column + "[1:1]", "bigint[]": "array[minutes[1] - 1, minutes[2] + 1]",
			}[c.Type]
		}
		if set == "" {
			t.Errorf("no way to tamper with a %s", c.Type)
			continue
		}
		row := fmt.Sprintf("ctid = (select ctid from ledger.%s where %s order by ctid limit 1)", c.Table, pick[c.Table])
		var name string
		if err := b.Owner.NewRaw(fmt.Sprintf("select (%s)::text from ledger.%s where %s", named[c.Table], c.Table, row)).Scan(context.Background(), &name); err != nil {
			t.Fatal(c.Table, err)
		}
		if c.Column == "bank_id" || c.Column == "account_id" || c.Column == "id" || c.Column == "hold_id" && c.Table == "hold_end" {
			name = "" // the row is gone under its name: what misses it is named
		}
		switch c.Table + "." + c.Column {
		case "block.height":
			name = "block 2"
		case "hold.placed_at": // in no hash of its own, only in the seal
			name = "hold events 1 to 2"
		}
		query := fmt.Sprintf("update ledger.%s set %s = %s where %s", c.Table, c.Column, set, row)
		b.faultyAfter(query, name)
	}
	b.clean()
}

// Books that do not fit into memory are sorted in files, with the same result.
func TestVerifySortsInFiles(t *testing.T) {
	defer ledger.SmallPiles()()
	b, a, c, _, _ := lively(t)
	for range 40 {
		b.post(b.transfer(a, c, 1))
		b.post(b.transfer(c, a, 1))
	}
	b.seal()
	b.clean()
	unguard(t, b)
	b.faultyAfter("update ledger.entry set balance = balance + 1 where n = 30 and account_id = '"+a.String()+"'", "entry 30 of account "+a.String())
	b.faultyAfter("update ledger.transfer set hash = sha256('x') where key = 'key-20'", "what was sealed")
	b.faultyAfter("delete from ledger.entry where n = 25 and account_id = '"+c.String()+"'", "no entry in account "+c.String())
	b.faultyAfter("update ledger.transfer set posted_at = posted_at + interval '3 hours' where key = 'key-30'", "has another leg")
	b.faultyAfter("update ledger.transfer set key = 'key-21' where key = 'key-20'", "2 transfers have its key")
	b.faultyAfter("update ledger.transfer set kind = 'adjustment' where key = 'key-20'", "without an account for it")
}

// A row that is deleted leaves a gap that verify names, in every table.
func TestVerifyNamesWhatWasDeleted(t *testing.T) {
	b, _, _, _, _ := lively(t)
	unguard(t, b)
	for table := range named {
		query := fmt.Sprintf("delete from ledger.%s where ctid = (select ctid from ledger.%[1]s where %s order by ctid limit 1)", table, pick[table])
		b.faultyAfter(query, "")
	}
	query := "delete from ledger.entry where ctid = (select ctid from ledger.entry order by n desc limit 1)"
	b.faultyAfter(query, "")
	b.clean()
}

// A whole forged transfer, complete with entries and balances that add up, is
// still not one that anybody asked for.
func TestVerifyNamesAForgedTransfer(t *testing.T) {
	b, a, c, _, _ := lively(t)
	if bytes := strings.Compare(a.String(), c.String()); bytes > 0 {
		a, c = c, a
	}
	id := uuid.Must(uuid.NewV7())
	at := b.now()
	for _, q := range []string{
		`insert into ledger.transfer (bank_id, id, kind, key, hash, actor, category, ref_kind, effective_on, posted_at, reason, accounts, minutes)
		 values (?0, ?1, 'exchange', 'forged', sha256('x'), ?0, 'garden', '', '2026-03-02', ?2, '', array[?3, ?4]::uuid[], '{-60,60}')`,
		`insert into ledger.entry select ?0, id, n + 1, ?1, case id when ?3 then -60 else 60 end, posted + case id when ?3 then -60 else 60 end, ?2
		 from ledger.account where id in (?3, ?4)`,
		`update ledger.account set posted = posted + case id when ?3 then -60 else 60 end, n = n + 1, last_at = ?2 where id in (?3, ?4)`,
	} {
		if _, err := b.Owner.Exec(q, b.bank, id, at, a, c); err != nil {
			t.Fatal(err)
		}
	}
	b.faulty("transfer "+id.String(), "hash")
}

// Verify tells how far it is, and what it saw.
func TestVerifyReports(t *testing.T) {
	b, _, _, _, _ := lively(t)
	b.must(func(ctx context.Context, tx bun.IDB) error {
		steps := 0
		r, err := ledger.Verify(ctx, tx, b.bank, func(p ledger.Progress) {
			if p.Done != steps || p.All < 10 || p.Rule == "" {
				t.Errorf("%+v", p)
			}
			steps++
		})
		if r.Accounts != 4 || r.Transfers != 5 || r.Entries != 11 || !r.OK() || steps < 10 {
			t.Errorf("%+v after %d steps", r, steps)
		}
		return err
	})
}

// unguard takes away what would stop even the owner, as a thief with the files
// in hand would.
func unguard(t *testing.T, b *book) {
	t.Helper()
	if _, err := b.Owner.Exec(`do $$ declare r record; begin
		for r in select conrelid::regclass as t, conname from pg_constraint where connamespace = 'ledger'::regnamespace and conrelid <> 0
			and contype in ('c', 'f') loop execute format('alter table %s drop constraint %I', r.t, r.conname); end loop;
		for r in select conrelid::regclass as t, conname from pg_constraint where connamespace = 'ledger'::regnamespace and conrelid <> 0
			and contype in ('u', 'p') loop execute format('alter table %s drop constraint %I', r.t, r.conname); end loop; end $$`); err != nil {
		t.Fatal(err)
	}
}

// faultyAfter fails unless verify, after the given tampering with one row, names a
// fault with the given words. Nothing of it stays.
func (b *book) faultyAfter(query string, words string) {
	b.t.Helper()
	tx, err := b.Owner.BeginTx(context.Background(), &sql.TxOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	res, err := tx.Exec(query)
	if err != nil {
		b.t.Fatal(query, err)
	}
	if n, _ := res.RowsAffected(); n != 1 {
		b.t.Fatalf("%s: %d rows", query, n)
	}
	r, err := ledger.Verify(context.Background(), tx, b.bank, nil)
	if err != nil {
		b.t.Fatal(query, err)
	}
	for _, f := range r.Faults {
		if strings.Contains(f.String(), words) {
			return
		}
	}
	b.t.Errorf("%s\n  verify names no fault with %q, but %v", query, words, r.Faults)
}
