package ledger

import (
	"context"
	"database/sql"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// The rules, each a query for the rows that break it. They restate what posting
// guarantees in other words; neither may be written in terms of the other.
var checks = []query{
	{"an account's figures are those of its latest entry and change", `
select format('account %s', a.id),
       format('posted %s, number %s, last at %s; the rows say %s, %s, %s', a.posted, a.n, a.last_at,
              coalesce(e.balance, 0), coalesce(e.n, 0), greatest(e.posted_at, c.at))
  from ledger.account a
  left join lateral (select n, balance, posted_at from ledger.entry
     where bank_id = ?0 and account_id = a.id order by n desc limit 1) e on true
  left join lateral (select at from ledger.account_change
     where bank_id = ?0 and account_id = a.id order by n desc limit 1) c on true
 where a.bank_id = ?0
   and (a.posted <> coalesce(e.balance, 0) or a.n <> coalesce(e.n, 0)
        or a.last_at is distinct from greatest(e.posted_at, c.at))`},

	{"an account's terms are those of its latest change, and it was opened by its first", `
select format('account %s', a.id),
       format('%s, change %s, soft floor %s, floor %s, ceiling %s, opened %s, closed %s; the latest change is %s: %s, %s, %s, %s, %s',
              a.kind, a.changes, a.soft_floor, a.floor, a.ceiling, a.opened_at, a.closed_at,
              c.n, c.what, c.kind, c.soft_floor, c.floor, c.ceiling)
  from ledger.account a
  left join lateral (select * from ledger.account_change
     where bank_id = ?0 and account_id = a.id order by n desc limit 1) c on true
  left join ledger.account_change o on o.bank_id = ?0 and o.account_id = a.id and o.n = 1
 where a.bank_id = ?0
   and (c.n is null or o.n is null or a.changes <> c.n or a.kind::text <> c.kind::text or a.opened_at <> o.at
        or a.soft_floor is distinct from c.soft_floor or a.floor is distinct from c.floor
        or a.ceiling is distinct from c.ceiling
        or a.closed_at is distinct from case when c.what = 'closed' then c.at end)`},

	{"changes of terms are numbered without a gap, ascend in time, and do only what they say", `
select format('change %s of account %s', n, account_id), format('%s at %s does not follow %s at %s', what, at, was, from_time)
  from (select *, lag(n, 1, 0::bigint) over w as before, lag(what) over w as was, lag(at) over w as from_time,
               lag(kind) over w as from_kind, lag(soft_floor) over w as from_soft, lag(floor) over w as from_floor,
               lag(ceiling) over w as from_ceiling
          from ledger.account_change where bank_id = ?0 window w as (partition by account_id order by n)) c
 where n <> before + 1 or at <= from_time or kind::text <> from_kind::text
    or (n = 1) <> (what = 'opened') or (what = 'reopened') <> (was is not distinct from 'closed')
    or (what in ('closed', 'reopened') and (soft_floor is distinct from from_soft or floor is distinct from from_floor
                                            or ceiling is distinct from from_ceiling))`},

	{"the bounds that Postgres enforces on an account are its limits, or its own balance where that is beyond them", `
select format('account %s', id), format('bounds %s to %s for limits %s to %s', low, high, floor, ceiling)
  from ledger.account
 where bank_id = ?0
   and (low is distinct from case when closed_at is not null then 0 when floor < posted - held_out then floor
                                  when floor is not null then posted - held_out end
     or high is distinct from case when closed_at is not null then 0 when ceiling > posted + held_in then ceiling
                                   when ceiling is not null then posted + held_in end)`},

	// Every entry matches a leg (see history) and no two match the same one, since posted_at ascends: so
	// where the numbers of both agree, no leg is without its entry, and the join need not run.
	{"every leg of a transfer has its entry", `
select format('transfer %s', t.id), format('no entry in account %s', l.account_id)
  from ledger.transfer t cross join lateral unnest(t.accounts) l (account_id)
  left join ledger.entry e on e.bank_id = ?0 and e.account_id = l.account_id and e.posted_at = t.posted_at and e.transfer_id = t.id
 where t.bank_id = ?0 and e.n is null
   and (select count(*) from ledger.entry where bank_id = ?0)
       <> (select coalesce(sum(cardinality(accounts)), 0) from ledger.transfer where bank_id = ?0)`},

	{"the minutes of all accounts sum to zero", `
select 'bank ' || ?0::text, format('the accounts sum to %s', sum(posted))
  from ledger.account where bank_id = ?0 having sum(posted) <> 0`},

	{"a reversal is its original with the signs turned, once, and never of a reversal", `
select format('transfer %s', r.id),
       case when o.id is null then format('reverses %s, which is not there', r.reversal_of)
            when o.kind = 'reversal' then format('reverses %s, itself a reversal', o.id)
            when r.others > 1 then format('one of %s reversals of %s', r.others, o.id)
            else format('is not %s with the signs turned', o.id) end
  from (select *, count(*) over (partition by reversal_of) as others
          from ledger.transfer where bank_id = ?0 and (kind = 'reversal' or reversal_of is not null)) r
  left join ledger.transfer o on o.bank_id = ?0 and o.id = r.reversal_of
 where o.id is null or o.kind = 'reversal' or r.kind <> 'reversal' or r.others > 1 or r.accounts <> o.accounts
    or r.category <> o.category or r.ref_kind <> o.ref_kind or r.ref_id is distinct from o.ref_id
    or r.posted_at <= o.posted_at
    or exists (select from unnest(r.minutes, o.minutes) m (a, b) where m.a is distinct from -m.b)`},

	{"a key has posted one transfer", `
select format('transfer %s', max(id::text)), format('%s transfers have its key', count(*))
  from ledger.transfer where bank_id = ?0 group by key having count(*) > 1`},
}

// transferRules look at one transfer by itself, all in one pass: what is broken where
// it is true of a row t, and what is then said.
var transferRules = []struct{ rule, broken, detail string }{
	{"the legs of a transfer are at least two, none zero, none twice, and sum to zero", `
case when cardinality(t.accounts) = 2 and cardinality(t.minutes) = 2
     then (t.minutes[1] = -t.minutes[2] and t.minutes[1] <> 0 and t.accounts[1] <> t.accounts[2]) is not true
     else cardinality(t.accounts) < 2 or cardinality(t.accounts) <> cardinality(t.minutes)
          or (select count(distinct l.a) <> count(*) or sum(l.m) <> 0 or bool_or(l.m is null or l.m = 0)
                from unnest(t.accounts, t.minutes) l (a, m)) end`,
		`format('legs %s', t.minutes)`},

	{"a transfer is what was asked for: its hash is that of its contents",
		`t.hash <> sha256(` + canonicalSQL + `)`, `'the contents do not have the hash that was stored'`},

	{"a transfer takes effect no later than the day it was posted, anywhere on earth",
		`t.effective_on > ((t.posted_at at time zone 'UTC') + interval '14 hours')`,
		`format('takes effect on %s, posted at %s', t.effective_on, t.posted_at)`},

	{"adjustments, openings and halves between banks have their own account among the legs", `
t.kind in ('adjustment', 'opening', 'between')
and not exists (select from ledger.account a where a.bank_id = ?0 and a.id = any (t.accounts)
  and a.kind = case t.kind when 'adjustment' then 'adjustment' when 'opening' then 'issuance' else 'clearing' end)`,
		`format('%s without an account for it', t.kind)`},
}

const transferRule = "every transfer by itself: its legs, its hash, its day, its accounts"

// checkTransfers reads every transfer once and answers what is wrong with it.
func checkTransfers(ctx context.Context, db bun.IDB, bank uuid.UUID) ([]Fault, error) {
	var broken, details []string
	for _, r := range transferRules {
		broken = append(broken, "("+r.broken+")")
		details = append(details, "case when "+r.broken+" then "+r.detail+" end")
	}
	rows, err := db.QueryContext(ctx, "select format('transfer %s', t.id), "+strings.Join(details, ", ")+
		" from ledger.transfer t where t.bank_id = ?0 and ("+strings.Join(broken, " or ")+")", bank)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []Fault
	seen := make([]int, len(transferRules))
	for rows.Next() {
		var row string
		said := make([]sql.NullString, len(transferRules))
		to := []any{&row}
		for i := range said {
			to = append(to, &said[i])
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		for i, d := range said {
			if d.Valid && seen[i] < maxFaults {
				seen[i]++
				found = append(found, Fault{Rule: transferRules[i].rule, Row: row, Detail: d.String})
			}
		}
	}
	return found, rows.Err()
}

// canonicalSQL builds the canonical form of a request, version 1, from a row t of
// ledger.transfer, in a database and on a connection of UTF-8 and with dates as ISO
// has them. A reversal was asked for without legs, category and reference.
const canonicalSQL = `
  int4send(26) || 'timebank-ledger-transfer/1'::bytea
  || int4send(16) || uuid_send(t.bank_id)
  || int4send(octet_length(t.kind)) || textsend(t.kind)
  || int4send(octet_length(t.key)) || textsend(t.key)
  || int4send(16) || uuid_send(t.actor)
  || coalesce(int4send(16) || uuid_send(t.on_behalf_of), int4send(0))
  || case when t.kind = 'reversal' then int4send(0) || int4send(0) || int4send(0) else
       int4send(octet_length(t.category)) || textsend(t.category)
       || int4send(octet_length(t.ref_kind)) || textsend(t.ref_kind)
       || coalesce(int4send(16) || uuid_send(t.ref_id), int4send(0)) end
  || int4send(10) || textsend(t.effective_on::text)
  || coalesce(int4send(16) || uuid_send(t.reversal_of), int4send(0))
  || coalesce(int4send(16) || uuid_send(t.hold_id), int4send(0))
  || int4send(octet_length(t.reason)) || textsend(t.reason)
  || case when t.kind = 'reversal' then int4send(0)
          when cardinality(t.accounts) = 2 and cardinality(t.minutes) = 2 then
            int4send(48) || uuid_send(t.accounts[1]) || int8send(t.minutes[1]) || uuid_send(t.accounts[2]) || int8send(t.minutes[2])
          else int4send(24 * cardinality(t.accounts)) || (
            select string_agg(uuid_send(l.a) || int8send(l.m), ''::bytea order by l.i)
              from unnest(t.accounts, t.minutes) with ordinality l (a, m, i)) end`
