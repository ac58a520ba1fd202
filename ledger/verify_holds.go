package ledger

// Rules of holds, as in checks.
var holdChecks = []query{
	{"what an account has promised is what its open holds say", `
select format('account %s', a.id), format('held %s out and %s in; open holds say %s and %s', a.held_out, a.held_in,
       coalesce(h.o, 0), coalesce(h.i, 0))
  from ledger.account a
  left join (select l.a, -sum(l.m) filter (where l.m < 0) as o, sum(l.m) filter (where l.m > 0) as i
          from ledger.hold h cross join lateral unnest(h.accounts, h.minutes) l (a, m)
         where h.bank_id = ?0 and not h.ended group by l.a) h on h.a = a.id
 where a.bank_id = ?0 and (a.held_out <> coalesce(h.o, 0) or a.held_in <> coalesce(h.i, 0))`},

	{"placing and ending holds is numbered without a gap on their first account", `
select format('%s of account %s', coalesce(e.what, 'hold'), e.account_id), format('event %s follows %s; the account says %s', e.n, e.before, a.hold_events)
  from (select *, lag(n, 1, 0::bigint) over w as before, lead(n) over w as after
          from (select 'hold ' || id as what, accounts[1] as account_id, n from ledger.hold where bank_id = ?0
                union all
                select 'end of hold ' || hold_id, account_id, n from ledger.hold_end where bank_id = ?0) x
        window w as (partition by account_id order by n)) e
  left join ledger.account a on a.bank_id = ?0 and a.id = e.account_id
 where e.n <> e.before + 1 or a.id is null or (e.after is null and e.n <> a.hold_events)
union all
select format('account %s', a.id), format('%s events of holds, none on record', a.hold_events)
  from ledger.account a
 where a.bank_id = ?0 and a.hold_events <> 0
   and not exists (select from ledger.hold h where h.bank_id = ?0 and h.accounts[1] = a.id)`},

	{"a hold is what was asked for: its hash is that of its contents", `
select format('hold %s', id), 'the contents do not have the hash that was stored'
  from ledger.hold h where h.bank_id = ?0 and h.hash <> sha256(` + canonicalHoldSQL + `)`},

	{"the legs of a hold are at least two, none zero, none twice, and sum to zero, each of an account", `
select format('hold %s', h.id), format('legs %s', h.minutes)
  from ledger.hold h
 where h.bank_id = ?0
   and (cardinality(accounts) < 2 or cardinality(accounts) <> cardinality(minutes)
        or (select count(distinct l.a) <> count(*) or sum(l.m) <> 0 or bool_or(l.m is null or l.m = 0)
              or count(a.id) <> count(*)
              from unnest(h.accounts, h.minutes) l (a, m) left join ledger.account a on a.bank_id = ?0 and a.id = l.a))`},

	{"a hold has ended exactly when its end is on record, in its time and after it was placed", `
select format('hold %s', coalesce(h.id, e.hold_id)),
       format('placed %s, expires %s, ended: %s; on record: %s at %s by account %s', h.placed_at, h.expires_at, h.ended, e.how, e.at, e.account_id)
  from (select * from ledger.hold where bank_id = ?0) h
  full join (select * from ledger.hold_end where bank_id = ?0) e on e.hold_id = h.id
 where h.id is null or h.ended <> (e.hold_id is not null)
    or e.account_id <> h.accounts[1] or e.n <= h.n or e.at < h.placed_at or h.expires_at <= h.placed_at
    or (e.how = 'expired' and (e.at >= h.expires_at) is not true) or (e.how = 'settled' and e.at >= h.expires_at)
    or (e.how = 'settled') <> (e.transfer_id is not null) or e.how not in ('settled', 'released', 'expired')
    or (e.hold_id is not null and h.placed_at > e.at)`},

	{"a hold is settled by its own transfer, with at most what it holds", `
select format('hold %s', coalesce(h.id, t.hold_id)),
       format('settled by transfer %s, on record by %s (%s)', t.id, e.transfer_id, e.how)
  from (select * from ledger.hold where bank_id = ?0) h
  left join ledger.hold_end e on e.bank_id = ?0 and e.hold_id = h.id
  full join (select * from ledger.transfer where bank_id = ?0 and hold_id is not null) t on t.hold_id = h.id
 where h.id is null or e.transfer_id is distinct from t.id
    or (t.id is not null and (t.kind::text <> h.kind::text or t.category <> h.category or t.ref_kind <> h.ref_kind
          or t.ref_id is distinct from h.ref_id or e.at <> t.posted_at or e.actor <> t.actor or e.reason <> t.reason
          or not t.accounts <@ h.accounts
          or exists (select from unnest(t.accounts, t.minutes) l (a, m)
               where (sign(l.m) = sign(h.minutes[array_position(h.accounts, l.a)])
                      and abs(l.m) <= abs(h.minutes[array_position(h.accounts, l.a)])) is not true)))`},
}

// canonicalHoldSQL builds the canonical form of a hold, version 1, from a row h of
// ledger.hold.
const canonicalHoldSQL = `
  int4send(22) || 'timebank-ledger-hold/1'::bytea
  || int4send(16) || uuid_send(h.bank_id)
  || int4send(octet_length(h.kind)) || convert_to(h.kind, 'UTF8')
  || int4send(octet_length(convert_to(h.key, 'UTF8'))) || convert_to(h.key, 'UTF8')
  || int4send(16) || uuid_send(h.actor)
  || coalesce(int4send(16) || uuid_send(h.on_behalf_of), int4send(0))
  || int4send(octet_length(convert_to(h.category, 'UTF8'))) || convert_to(h.category, 'UTF8')
  || int4send(octet_length(convert_to(h.ref_kind, 'UTF8'))) || convert_to(h.ref_kind, 'UTF8')
  || coalesce(int4send(16) || uuid_send(h.ref_id), int4send(0))
  || coalesce(int4send(8) || int8send((extract(epoch from h.expires_at) * 1000000)::bigint), int4send(0))
  || int4send(24 * cardinality(h.accounts)) || (
       select string_agg(uuid_send(l.a) || int8send(l.m), ''::bytea order by l.i)
         from unnest(h.accounts, h.minutes) with ordinality l (a, m, i))`
