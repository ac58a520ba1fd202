package migrations_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"timebank/app/platform/dbtest"
	"timebank/migrations"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestManyStartsMigrateOnce(t *testing.T) {
	t.Parallel()
	url := dbtest.Empty(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := migrations.Up(context.Background(), url, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var again []string
	if err := migrations.Up(context.Background(), url, func(s string) { again = append(again, s) }); err != nil || len(again) > 0 {
		t.Errorf("a second run does %v, %v", again, err)
	}
}

func TestDatabaseOfAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ tamper, want string }{
		"a newer program's": {"insert into directory.migration (name, hash) values ('bank/9999_later.sql', 'x')", "newer timebank"},
		"a changed file":    {"update directory.migration set hash = 'x' where name = 'foundation/0001_roles.sql'", "not the one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.New(t)
			if _, err := d.Owner.Exec(c.tamper); err != nil {
				t.Fatal(err)
			}
			err := migrations.Up(context.Background(), d.OwnerURL, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Up = %v; want a refusal with %q", err, c.want)
			}
		})
	}
}

// The schema rules that let a distributed Postgres shard by bank, and that make
// row-level security complete, read from the catalogue of the migrated database.
const rules = `
with t as (
  select c.oid, n.nspname || '.' || c.relname as name, c.relrowsecurity, c.relforcerowsecurity
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and n.nspname in ('public', 'ledger')
     and c.oid::regclass::text <> all ($1)),
k as (
  select t.*, a.attnum, a.attnotnull, a.atttypid::regtype::text as type
    from t left join pg_attribute a on a.attrelid = t.oid and a.attname = 'bank_id' and not a.attisdropped)
select name || ': has no bank_id' from k where attnum is null
union all select name || ': bank_id may be null' from k where attnum is not null and not attnotnull
union all select name || ': bank_id is no uuid' from k where type <> 'uuid'
union all select k.name || ': unique index ' || i.indexrelid::regclass || ' does not begin with bank_id'
  from pg_index i join k on k.oid = i.indrelid where (i.indisunique or i.indisexclusion) and i.indkey[0] <> k.attnum
union all select k.name || ': index ' || i.indexrelid::regclass || ' does not begin with bank_id'
  from pg_index i join k on k.oid = i.indrelid where not i.indisunique and i.indkey[0] <> k.attnum
union all select k.name || ': no primary key' from k
  where not exists (select 1 from pg_index i where i.indrelid = k.oid and i.indisprimary)
union all select k.name || ': foreign key ' || c.conname || ' does not pair bank_id with bank_id'
  from pg_constraint c join k on k.oid = c.conrelid join k f on f.oid = c.confrelid
  where c.contype = 'f' and (c.conkey[1] <> k.attnum or c.confkey[1] <> f.attnum)
union all select k.name || ': trigger ' || g.tgname from pg_trigger g join k on k.oid = g.tgrelid where not g.tgisinternal
union all select name || ': row-level security is not forced' from k where not relrowsecurity or not relforcerowsecurity
union all select k.name || ': no policy for all commands' from k
  where not exists (select 1 from pg_policy p where p.polrelid = k.oid and p.polcmd = '*' and p.polqual is not null and p.polwithcheck is not null)
union all select k.name || ': the application may delete or truncate' from k
  where has_table_privilege('timebank_app', k.oid, 'delete') or has_table_privilege('timebank_app', k.oid, 'truncate')
union all select k.name || ': the application may move rows to another bank' from k
  where k.attnum is not null and has_column_privilege('timebank_app', k.oid, k.attnum, 'update')
union all select k.name || ': a journal that the application may change' from k
  where k.name in ('public.audit', 'public.exchange_event', 'public.referral_event', 'public.referral_permission', 'public.concern_note', 'ledger.transfer', 'ledger.entry')
    and has_any_column_privilege('timebank_app', k.oid, 'update')
union all select k.name || ': default of ' || a.attname || ' is made by the database' from k
  join pg_attribute a on a.attrelid = k.oid join pg_attrdef d on d.adrelid = k.oid and d.adnum = a.attnum
  where pg_get_expr(d.adbin, d.adrelid) ~ 'now\(|nextval|gen_random|clock_timestamp'
order by 1`

// shared are tables without a bank: small, rarely written, the same for all.
var shared = []string{"ledger.kind"}

func TestSchemaRules(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	conn, err := pgx.Connect(t.Context(), d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	check := func() []string {
		rows, err := conn.Query(t.Context(), rules, shared)
		if err != nil {
			t.Fatal(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for _, line := range check() {
		t.Error(line)
	}
	// The rules themselves are tried on tables that break them.
	_, err = conn.Exec(t.Context(), `create table bad_key (id uuid primary key, bank_id uuid not null);
		create table bad_none (id uuid primary key);
		create table bad_time (bank_id uuid not null, id uuid, at timestamptz default now(), primary key (bank_id, id));
		grant delete on bad_time to timebank_app`)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(check(), "\n")
	for _, want := range []string{
		"bad_key: unique index bad_key_pkey does not begin with bank_id", "bad_none: has no bank_id", "bad_time: default of at is made by the database",
		"bad_time: row-level security is not forced", "bad_time: the application may delete",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the rules do not find %q", want)
		}
	}
}

func TestWithoutABankNothingShows(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	var tables []string
	err := d.Owner.NewRaw(`select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('public', 'ledger') and c.relkind = 'r' and has_table_privilege('timebank_app', c.oid, 'select') and c.relrowsecurity`).Scan(t.Context(), &tables)
	if err != nil || len(tables) < 14 {
		t.Fatalf("tables: %v, %v", tables, err)
	}
	for _, name := range tables {
		var n int
		if err := d.Bun.NewRaw("select count(*) from "+name).Scan(t.Context(), &n); err != nil || n != 0 {
			t.Errorf("%s: %d rows, %v", name, n, err)
		}
	}
}
