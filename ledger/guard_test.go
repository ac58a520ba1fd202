package ledger_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"timebank/ledger"
)

// The application's role reads the books and adds seals. Hours move by the
// functions alone, so that no statement of the program can set a balance.
func TestTheApplicationCannotWriteTheBooks(t *testing.T) {
	b := newBook(t)
	a, c := b.member(), b.member()
	b.post(b.transfer(a, c, 60))
	rows, err := b.Owner.Query(`select c.relname, a.attname,
		has_column_privilege('timebank_app', c.oid, a.attnum, 'insert'), has_column_privilege('timebank_app', c.oid, a.attnum, 'update'),
		has_table_privilege('timebank_app', c.oid, 'delete') or has_table_privilege('timebank_app', c.oid, 'truncate')
		  or has_table_privilege('timebank_app', c.oid, 'references') or has_table_privilege('timebank_app', c.oid, 'trigger')
		from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where c.relnamespace = 'ledger'::regnamespace and c.relkind in ('r', 'p')`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		var table, column string
		var insert, update, remove bool
		if err := rows.Scan(&table, &column, &insert, &update, &remove); err != nil {
			t.Fatal(err)
		}
		n++
		if insert != (table == "block" || table == "seal") || update || remove {
			t.Errorf("%s.%s: insert %v, update %v, delete %v", table, column, insert, update, remove)
		}
	}
	if n < 80 {
		t.Errorf("only %d columns seen", n)
	}
	for _, q := range []string{"update ledger.transfer set reason = 'x'", "update ledger.account set posted = 600",
		"insert into ledger.entry select * from ledger.entry", "select ledger.lift_hold(null, null, null, null, null, null, null, null, null, null)", "update ledger.entry set minutes = 1", "delete from ledger.account",
		"update ledger.account_change set floor = 0", "update ledger.account set bank_id = gen_random_uuid()", "drop table ledger.seal",
		"alter table ledger.entry disable row level security", "create table ledger.x ()"} {
		err := b.in(func(ctx context.Context, tx bun.IDB) error {
			_, err := tx.ExecContext(ctx, q)
			return err
		})
		if state(err) != "42501" {
			t.Errorf("%s: %v", q, err)
		}
	}
}

// Every table is walled off by bank, every key leads with it, no trigger runs.
func TestSchemaRules(t *testing.T) {
	b := newBook(t)
	for rule, query := range map[string]string{
		"row-level security is on, forced, and one policy covers both ways": `select count(*) from pg_class c where relnamespace = 'ledger'::regnamespace
			and relkind = 'r' and not (relrowsecurity and relforcerowsecurity and (select count(*) from pg_policy p where p.polrelid = c.oid
			and p.polcmd = '*' and p.polqual is not null and p.polwithcheck is not null) = 1)`,
		"bank_id is a uuid, not null, the first column": `select count(*) from pg_class c where relnamespace = 'ledger'::regnamespace and relkind = 'r'
			and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum = 1 and a.attname = 'bank_id' and a.attnotnull
			and a.atttypid = 'uuid'::regtype)`,
		"every index leads with bank_id": `select count(*) from pg_index i join pg_class c on c.oid = i.indrelid
			where c.relnamespace = 'ledger'::regnamespace and i.indkey[0] <> 1`,
		"every foreign key leads with bank_id": `select count(*) from pg_constraint where connamespace = 'ledger'::regnamespace and contype = 'f'
			and not (conkey[1] = 1 and confkey[1] = 1)`,
		"no trigger": `select count(*) from pg_trigger g join pg_class c on c.oid = g.tgrelid where c.relnamespace = 'ledger'::regnamespace
			and not g.tgisinternal`,
		"no sequence":    `select count(*) from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'S'`,
		"public may not": `select count(*) from pg_proc where pronamespace = 'ledger'::regnamespace and has_function_privilege('public', oid, 'execute')`,
		"functions run as the caller or as the ledger's own role": `select count(*) from pg_proc where pronamespace = 'ledger'::regnamespace
			and prosecdef and proowner <> 'timebank_ledger'::regrole`,
		"which cannot pass by the policies, sign in or make anything": `select count(*) from pg_roles where rolname = 'timebank_ledger'
			and (rolsuper or rolbypassrls or rolcanlogin or rolcreaterole or rolcreatedb or has_schema_privilege(oid, 'ledger', 'create'))`,
	} {
		if n := b.count(query); n != 0 {
			t.Errorf("%s: %d exceptions", rule, n)
		}
	}
}

// Another bank's accounts are no accounts, in either direction.
func TestBanksDoNotSeeEachOther(t *testing.T) {
	b := newBook(t)
	mine, mine2 := b.member(), b.member()
	own := b.post(b.transfer(mine, mine2, 60))
	theirs := &book{DB: b.DB, t: t, bank: uuid.Must(uuid.NewV7()), actor: b.actor}
	a, c := theirs.member(), theirs.member()
	r := theirs.post(theirs.transfer(a, c, 60))

	for _, table := range []string{"account", "account_change", "transfer", "entry"} {
		b.must(func(ctx context.Context, tx bun.IDB) error {
			var n int
			err := tx.NewRaw("select count(*) from ledger."+table+" where bank_id <> ?", b.bank).Scan(ctx, &n)
			if n != 0 {
				t.Errorf("%d rows of another bank's %s", n, table)
			}
			return err
		})
	}
	if _, err := b.try(b.transfer(mine, a, 5)); err != (ledger.ErrNoAccount{Account: a}) {
		t.Error(err)
	}
	if _, err := b.reverse(b.reversing(r.ID)); err != (ledger.ErrNoTransfer{ID: r.ID}) {
		t.Error(err)
	}
	b.must(func(ctx context.Context, tx bun.IDB) error {
		if _, err := ledger.BalanceOf(ctx, tx, b.bank, a); err != (ledger.ErrNoAccount{Account: a}) {
			t.Error(err)
		}
		// Nor does naming the other bank help: the tenant of the transaction decides.
		if _, err := ledger.BalanceOf(ctx, tx, theirs.bank, a); err != (ledger.ErrNoAccount{Account: a}) {
			t.Error(err)
		}
		if _, err := ledger.Find(ctx, tx, theirs.bank, r.ID); err != (ledger.ErrNoTransfer{ID: r.ID}) {
			t.Error(err)
		}
		_, err := ledger.Find(ctx, tx, b.bank, own.ID)
		return err
	})
	foreign := b.transfer(a, c, 5)
	foreign.Bank = theirs.bank
	if _, err := b.try(foreign); err != (ledger.ErrNoAccount{Account: a}) && err != (ledger.ErrNoAccount{Account: c}) {
		t.Error(err)
	}
	// Nor can a row be written into the other bank, or moved there.
	for _, q := range []string{
		"insert into ledger.account (bank_id, id, kind, opened_at, last_at) values ('" + theirs.bank.String() + "', gen_random_uuid(), 'pot', now(), now())",
		"insert into ledger.entry values ('" + theirs.bank.String() + "', '" + a.String() + "', 2, gen_random_uuid(), 5, 65, now())",
	} {
		err := b.in(func(ctx context.Context, tx bun.IDB) error {
			_, err := tx.ExecContext(ctx, q)
			return err
		})
		if state(err) != "42501" {
			t.Errorf("%s: %v", q, err)
		}
	}
	// The same key is another key in another bank.
	theirs.post(with(theirs.transfer(a, c, 1), "shared"))
	if r := b.post(with(b.transfer(mine, mine2, 1), "shared")); r.Replayed {
		t.Error("a key reaches across banks")
	}
	// Without a tenant there is nothing to see and nowhere to write.
	var n int
	if err := b.Bun.NewRaw("select count(*) from ledger.account").Scan(context.Background(), &n); err != nil || n != 0 {
		t.Errorf("%d rows without a tenant (%v)", n, err)
	}
	err := ledger.OpenAccount(context.Background(), b.Bun, ledger.Account{Bank: b.bank, ID: uuid.New(), Kind: ledger.Member, Actor: b.actor, At: epoch})
	if state(err) != "42501" {
		t.Error(err)
	}
	b.clean()
	theirs.clean()
}
