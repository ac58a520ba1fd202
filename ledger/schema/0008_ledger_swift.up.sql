-- Postings with fewer statements, and values that come beside them. What holds, and what is refused in
-- which order, is as before.
--
--   * All accounts of a transfer are locked and read by one statement, in ascending id, and written by one.
--   * ledger.post and ledger.reverse answer one line of text: outcome|id|posted at|accounts|figures. A
--     function in the FROM of a query costs a fifth of a posting to set up.
--   * Plans are made once. With the very accounts in hand Postgres thinks a plan cheaper than without, and
--     would make one for every posting, which costs more than the posting.
--   * A batch looks its keys up only when something in it was refused or its keys turn out to be taken.

drop function ledger.reverse;
drop function ledger.post;
drop function ledger.lock_many;
drop function ledger.write_many;

-- As before, the usual case without a second call.
create or replace function ledger.transfer_ok(kind text, reversal_of uuid, reason text, a uuid[], m bigint[]) returns boolean
language plpgsql immutable parallel safe as $$
begin
  if (kind = 'reversal') <> (reversal_of is not null) or (kind in ('reversal', 'adjustment') and reason = '') then
    return false;
  end if;
  if cardinality(a) = 2 and cardinality(m) = 2 and a[1] < a[2] and m[1] <> 0 and m[1] + m[2] = 0 then
    return true;
  end if;
  return ledger.legs_ok(a, m);
end $$;

-- Moves minutes. p_accounts come in ascending order.
--
-- outcome: posted | replayed | key-reused | already-reversed | no-account | closed | books-closed |
--          wrong-account | insufficient | ceiling | overflow
-- accounts and figures of a posting: per leg (minutes, balance after, number, soft floor); of a refusal: the
-- account and (posted, minutes, held out, held in, low, high).
create function ledger.post(
  p_bank uuid, p_id uuid, p_kind text, p_key text, p_hash bytea, p_actor uuid, p_on_behalf_of uuid,
  p_category text, p_ref_kind text, p_ref_id uuid, p_effective_on date, p_at timestamptz,
  p_reversal_of uuid, p_reason text, p_accounts uuid[], p_minutes bigint[],
  p_givers text[], p_receivers text[], p_needs text[])
returns text
language plpgsql security definer set plan_cache_mode = force_generic_plan as $$
declare
  a        record;
  i        integer := 0;
  outcome  text;
  at       timestamptz := p_at;
  said     uuid;                                  -- the transfer that is answered
  accounts uuid[];
  figures  bigint[];
  balances bigint[];
  numbers  bigint[];
  beyond   uuid[];                                -- accounts that were outside a limit set later
  wanted   boolean := p_needs is not null;
begin
  for a in
    select x.id, x.kind, x.closed_at, x.books_closed_through as books, x.posted, x.held_out, x.held_in, x.low, x.high,
           x.floor, x.ceiling, x.last_at, x.n, x.soft_floor
      from ledger.account x
     where x.bank_id = p_bank and x.id = any (p_accounts)
     order by x.id
       for no key update
  loop
    i := i + 1;
    if a.id <> p_accounts[i] then                 -- the one before it is missing
      outcome := 'no-account';
    elsif a.closed_at is not null then
      outcome := 'closed';
    elsif p_effective_on <= a.books then
      outcome := 'books-closed';
    elsif a.posted + p_minutes[i] not between -9007199254740991 and 9007199254740991 then
      outcome := 'overflow';
    elsif p_minutes[i] < 0 then
      if a.kind <> all (p_givers) then
        outcome := 'wrong-account';
      elsif a.posted + p_minutes[i] - a.held_out < a.low then
        outcome := 'insufficient';
      end if;
    elsif a.kind <> all (p_receivers) then
      outcome := 'wrong-account';
    elsif a.posted + p_minutes[i] + a.held_in > a.high then
      outcome := 'ceiling';
    end if;
    if outcome is not null then
      accounts := array[p_accounts[i]];
      figures := array[a.posted, p_minutes[i], a.held_out, a.held_in, a.low, a.high];
      exit;
    end if;
    balances[i] := a.posted + p_minutes[i];
    numbers[i] := a.n + 1;
    figures := figures || array[p_minutes[i], balances[i], numbers[i], a.soft_floor];
    if a.low < a.floor or a.high > a.ceiling then
      beyond := beyond || a.id;
    end if;
    if a.kind = any (p_needs) then
      wanted := false;
    end if;
    if a.last_at >= at then                       -- another machine's clock is ahead: keep the order
      at := a.last_at + interval '1 microsecond';
    end if;
  end loop;
  if outcome is null and i < cardinality(p_accounts) then
    outcome := 'no-account';
    accounts := array[p_accounts[i + 1]];
  elsif outcome is null and wanted then
    outcome := 'wrong-account';
    figures := null;
  end if;
  if outcome is null and p_reversal_of is not null then
    -- Any other reversal has locked the same accounts, so it is either visible by now or behind us.
    select t.id into said from ledger.transfer t where t.bank_id = p_bank and t.reversal_of = p_reversal_of;
    if found then
      outcome := 'already-reversed';
    end if;
  end if;

  if outcome is null then
    insert into ledger.transfer (bank_id, id, kind, key, hash, actor, on_behalf_of, category, ref_kind, ref_id,
        effective_on, posted_at, reversal_of, reason, accounts, minutes)
    values (p_bank, p_id, p_kind, p_key, p_hash, p_actor, p_on_behalf_of, p_category, p_ref_kind, p_ref_id,
        p_effective_on, at, p_reversal_of, p_reason, p_accounts, p_minutes)
    on conflict (bank_id, key) do nothing;
    if found then
      update ledger.account x
         set posted = balances[array_position(p_accounts, x.id)], n = numbers[array_position(p_accounts, x.id)], last_at = at
       where x.bank_id = p_bank and x.id = any (p_accounts);
      if beyond is not null then                  -- its bounds follow it back, never further out
        update ledger.account x
           set low = case when x.low < x.floor then least(x.floor, x.posted - x.held_out) else x.low end,
               high = case when x.high > x.ceiling then greatest(x.ceiling, x.posted + x.held_in) else x.high end
         where x.bank_id = p_bank and x.id = any (beyond);
      end if;
      if cardinality(p_accounts) = 2 then         -- the usual case, in one statement and without unnest
        insert into ledger.entry (bank_id, account_id, n, transfer_id, minutes, balance, posted_at)
        values (p_bank, p_accounts[1], numbers[1], p_id, p_minutes[1], balances[1], at),
               (p_bank, p_accounts[2], numbers[2], p_id, p_minutes[2], balances[2], at);
      else
        insert into ledger.entry (bank_id, account_id, n, transfer_id, minutes, balance, posted_at)
        select p_bank, v.account, v.n, p_id, v.minutes, v.balance, at
          from unnest(p_accounts, numbers, p_minutes, balances) v (account, n, minutes, balance);
      end if;
      return concat('posted|', p_id, '|', at, '|', p_accounts, '|', figures);
    end if;
  end if;

  -- Refused, or the key is taken. A replay answers as the first time, even where it would be refused now.
  select * into a from ledger.replay(p_bank, p_key, p_hash);
  if a.outcome is not null then
    return concat(a.outcome, '|', a.id, '|', a.posted_at, '|', a.accounts, '|', a.figures);
  end if;
  return concat(outcome, '|', said, '|', at, '|', accounts, '|', figures);
end $$;

-- Takes a transfer back: the same legs with the signs turned, linked, once per original. Further
-- outcomes: no-transfer, reversal-of-reversal. The category and reference are the original's, so that
-- a sum by either nets to nothing without a join.
create function ledger.reverse(
  p_bank uuid, p_id uuid, p_key text, p_hash bytea, p_actor uuid, p_on_behalf_of uuid,
  p_effective_on date, p_at timestamptz, p_original uuid, p_reason text)
returns text
language plpgsql security definer set plan_cache_mode = force_generic_plan as $$
declare
  o record;
begin
  select t.kind, t.category, t.ref_kind, t.ref_id, t.accounts, t.minutes into o
    from ledger.transfer t where t.bank_id = p_bank and t.id = p_original;
  if not found then
    return 'no-transfer||||';
  end if;
  if o.kind = 'reversal' then
    return 'reversal-of-reversal||||';
  end if;
  return ledger.post(p_bank, p_id, 'reversal', p_key, p_hash, p_actor, p_on_behalf_of, o.category, o.ref_kind, o.ref_id,
    p_effective_on, p_at, p_original, p_reason, o.accounts, (select array_agg(-m order by i) from unnest(o.minutes) with ordinality u (m, i)),
    null, null, null);
end $$;

-- Locks accounts in ascending id and answers them one per line.
create function ledger.lock_many(p_bank uuid, p_accounts uuid[]) returns text
language plpgsql security definer set plan_cache_mode = force_generic_plan as $$
declare
  locked text;
begin
  select string_agg(concat(x.id, ',', x.kind, ',', x.closed_at is not null, ',', x.books_closed_through, ',', x.posted, ',',
           x.held_out, ',', x.held_in, ',', x.low, ',', x.high, ',', x.soft_floor, ',', x.floor, ',', x.ceiling, ',', x.n, ',',
           x.last_at), E'\n') into locked
    from (select a.id, a.kind, a.closed_at, a.books_closed_through, a.posted, a.held_out, a.held_in, a.low, a.high,
                 a.soft_floor, a.floor, a.ceiling, a.n, a.last_at
            from ledger.account a
           where a.bank_id = p_bank and a.id = any (p_accounts)
           order by a.id for no key update) x;
  return locked;
end $$;

-- What keys have posted before, as JSON. After the accounts have been locked, as in ledger.post.
create function ledger.seen_many(p_bank uuid, p_keys text[]) returns text
language plpgsql stable security definer set plan_cache_mode = force_generic_plan as $$
begin
  return (select jsonb_agg(jsonb_build_object('key', t.key, 'hash', encode(t.hash, 'hex'), 'id', r.id, 'posted_at', r.posted_at,
           'accounts', r.accounts, 'figures', r.figures))::text
    from ledger.transfer t
   cross join lateral ledger.replay(p_bank, t.key, t.hash) r
   where t.bank_id = p_bank and t.key = any (p_keys));
end $$;

-- Writes what was decided. False, with nothing written, where one of the keys is taken. Rows go in in the
-- order of their keys, so that two of these never wait for each other's keys crosswise. A transfer of two
-- legs comes as its two accounts and what the first one gets; any other as array literals.
create function ledger.write_many(
  p_bank uuid, p_ids uuid[], p_kinds text[], p_keys text[], p_hashes bytea[], p_actors uuid[], p_behalf uuid[],
  p_categories text[], p_ref_kinds text[], p_ref_ids uuid[], p_effective date[], p_posted timestamptz[], p_reasons text[],
  p_first uuid[], p_second uuid[], p_minutes bigint[], p_accounts text[], p_legs text[],
  e_accounts uuid[], e_n bigint[], e_transfers uuid[], e_minutes bigint[], e_balances bigint[], e_posted timestamptz[],
  a_ids uuid[], a_posted bigint[], a_n bigint[], a_last timestamptz[])
returns boolean
language plpgsql security definer set plan_cache_mode = force_generic_plan as $$
declare
  broken text;
begin
  insert into ledger.transfer (bank_id, id, kind, key, hash, actor, on_behalf_of, category, ref_kind, ref_id, effective_on,
      posted_at, reason, accounts, minutes)
  select p_bank, v.id, v.kind, v.key, v.hash, v.actor, v.behalf, v.category, v.ref_kind, v.ref_id, v.effective, v.posted,
         v.reason, coalesce(v.accounts::uuid[], array[v.first, v.second]), coalesce(v.legs::bigint[], array[v.minutes, -v.minutes])
    from unnest(p_ids, p_kinds, p_keys, p_hashes, p_actors, p_behalf, p_categories, p_ref_kinds, p_ref_ids, p_effective,
           p_posted, p_reasons, p_first, p_second, p_minutes, p_accounts, p_legs)
         v (id, kind, key, hash, actor, behalf, category, ref_kind, ref_id, effective, posted, reason, first, second, minutes,
            accounts, legs)
   order by v.key collate "C";
  insert into ledger.entry (bank_id, account_id, n, transfer_id, minutes, balance, posted_at)
  select p_bank, v.account, v.n, v.transfer, v.minutes, v.balance, v.posted
    from unnest(e_accounts, e_n, e_transfers, e_minutes, e_balances, e_posted) v (account, n, transfer, minutes, balance, posted);
  update ledger.account x
     set posted = v.posted, n = v.n, last_at = v.last,
         low = case when x.low < x.floor then least(x.floor, v.posted - x.held_out) else x.low end,
         high = case when x.high > x.ceiling then greatest(x.ceiling, v.posted + x.held_in) else x.high end
    from unnest(a_ids, a_posted, a_n, a_last) v (id, posted, n, last)
   where x.bank_id = p_bank and x.id = v.id;
  return true;
exception when unique_violation then
  get stacked diagnostics broken = constraint_name;
  if broken <> 'transfer_key' then
    raise;
  end if;
  return false;
end $$;

do $$
declare
  f regprocedure;
begin
  grant create on schema ledger to timebank_ledger;      -- owning a function asks for it; taken back below
  foreach f in array array(select p.oid from pg_proc p where p.pronamespace = 'ledger'::regnamespace
      and p.proname in ('post', 'reverse', 'lock_many', 'seen_many', 'write_many')) loop
    execute format('alter function %s owner to timebank_ledger', f);
    execute format('revoke all on function %s from public', f);
    execute format('grant execute on function %s to timebank_app', f);
  end loop;
  revoke create on schema ledger from timebank_ledger;
end $$;
