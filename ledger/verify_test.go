package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// lively is a book with something in every corner that has an API.
func lively(t *testing.T) (b *book, a, c uuid.UUID, r, back ledger.Receipt) {
	b = newBook(t)
	a, c = b.open(ledger.Member, ledger.Limits{SoftFloor: hours(-10), Floor: hours(-20), Ceiling: hours(30)}), b.member()
	x := b.transfer(a, c, 60)
	x.OnBehalfOf, x.Reference = uuid.Must(uuid.NewV7()), ledger.Reference{Kind: "exchange", ID: uuid.Must(uuid.NewV7())}
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
	b.clean()
	return b, a, c, r, back
}

// Somebody with the keys to the server changes one value, with the guards of the
// database taken away: whichever column it is, verify names the row.
func TestVerifyNamesWhatWasTamperedWith(t *testing.T) {
	b, a, c, r, back := lively(t)
	unguard(t, b)
	id := uuid.Must(uuid.NewV7())
	transfer := func(set string) (string, []string) {
		return "update ledger.transfer set " + set + " where id = '" + r.ID.String() + "'", []string{"transfer " + r.ID.String()}
	}
	entry := func(set string) (string, []string) {
		return fmt.Sprintf("update ledger.entry set %s where account_id = '%s' and n = 2", set, c), []string{"entry ", c.String()}
	}
	account := func(set string) (string, []string) {
		return fmt.Sprintf("update ledger.account set %s where id = '%s'", set, a), []string{"account " + a.String()}
	}
	change := func(set string) (string, []string) {
		return fmt.Sprintf("update ledger.account_change set %s where account_id = '%s' and n = 2", set, a), []string{a.String()}
	}
	type plant struct {
		query string
		want  []string
	}
	var plants []plant
	add := func(query string, want []string) { plants = append(plants, plant{query, want}) }
	for _, set := range []string{"kind = 'gathering'", "key = 'another'", "hash = sha256('x')", "actor = '" + id.String() + "'",
		"on_behalf_of = null", "category = 'other'", "ref_kind = 'x'", "ref_id = null", "effective_on = effective_on - 1",
		"posted_at = posted_at + interval '1 second'", "reversal_of = '" + id.String() + "'", "reason = 'x'", "minutes = '{-61,61}'",
		"minutes = '{-60,61}'", "accounts = array[accounts[1], '" + id.String() + "']", "hold_id = '" + id.String() + "'"} {
		add(transfer(set))
	}
	add("update ledger.transfer set id = '"+id.String()+"' where id = '"+back.ID.String()+"'", []string{"no transfer " + back.ID.String()})
	add("update ledger.transfer set bank_id = '"+id.String()+"' where id = '"+back.ID.String()+"'", []string{"no transfer " + back.ID.String()})
	for _, set := range []string{"n = 7", "minutes = minutes + 1", "balance = balance + 1", "transfer_id = '" + r.ID.String() + "'",
		"posted_at = posted_at + interval '1 microsecond'"} {
		add(entry(set))
	}
	add(fmt.Sprintf("update ledger.entry set account_id = '%s' where account_id = '%s' and n = 4", id, c), []string{"account " + id.String(), "no such account"})
	for _, set := range []string{"kind = 'pot'", "opened_at = opened_at - interval '1 day'", "closed_at = last_at", "posted = posted + 1",
		"held_out = 1", "held_in = 1", "n = n + 1", "changes = changes + 1", "last_at = last_at + interval '1 second'", "soft_floor = 0",
		"floor = floor - 1", "ceiling = null", "low = low - 60", "high = null"} {
		add(account(set))
	}
	for _, set := range []string{"n = 3", "what = 'reopened'", "kind = 'organisation'", "soft_floor = -1", "floor = 0", "ceiling = 1",
		"at = at + interval '1 second'"} {
		add(change(set))
	}
	add(fmt.Sprintf("delete from ledger.entry where account_id = '%s' and n = 2", c), []string{c.String()})
	add(fmt.Sprintf("delete from ledger.entry where account_id = '%s' and n = (select max(n) from ledger.entry where account_id = '%s')", c, c), []string{c.String()})
	add("delete from ledger.transfer where id = '"+r.ID.String()+"'", []string{r.ID.String()})
	add(fmt.Sprintf("delete from ledger.account where id = '%s'", a), []string{a.String()})
	add(fmt.Sprintf("delete from ledger.account_change where account_id = '%s' and n = 2", a), []string{a.String()})

	for _, p := range plants {
		undo(t, b, p.query, func() { b.faultyTo(p.query, p.want...) })
	}
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
		if r.Accounts != 4 || r.Transfers != 4 || r.Entries != 9 || !r.OK() || steps < 10 {
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

// undo runs query, then fn, then puts the rows back.
func undo(t *testing.T, b *book, query string, fn func()) {
	t.Helper()
	tables := []string{"transfer", "entry", "account", "account_change", "hold", "hold_end"}
	do := func(format string) {
		for _, table := range tables {
			if _, err := b.Owner.Exec(fmt.Sprintf(format, table, table)); err != nil {
				t.Fatal(query, err)
			}
		}
	}
	do("create table if not exists public.kept_%s as select * from ledger.%s")
	res, err := b.Owner.Exec(query)
	if err != nil {
		t.Fatal(query, err)
	}
	if n, _ := res.RowsAffected(); n != 1 {
		t.Fatalf("%s: %d rows", query, n)
	}
	fn()
	do("truncate ledger.%s; insert into ledger.%[1]s select * from public.kept_%s")
}

func (b *book) faultyTo(query string, words ...string) {
	b.t.Helper()
	r := b.verify()
	for _, f := range r.Faults {
		all := true
		for _, w := range words {
			all = all && strings.Contains(f.String(), w)
		}
		if all {
			return
		}
	}
	b.t.Errorf("%s\n  verify names no fault with %q, but %v", query, words, r.Faults)
}
