package ledger

// The rules, each a query for the rows that break it. They restate what posting
// guarantees in other words; neither may be written in terms of the other.
var checks = []query{
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
}
