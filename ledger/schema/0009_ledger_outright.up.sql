-- Big batches in one call, written before they are decided: what of a batch needs no lock is done without
-- any, and the accounts are locked by the very statement that changes them. A batch that is not good
-- from beginning to end leaves nothing behind, and is decided row by row as before.
--
-- The program says how far each account would go on the way, whatever it stands at now; whether that is
-- within what the account allows is asked here, under the lock, by the same rules as in ledger.post.
--
-- Transfers come in the order of their keys. Accounts come in ascending id: a_net is what they get in
-- all, a_lowest and a_highest how far they go on the way, a_count by how many entries, a_first and
-- a_last the instants of the first and the last, a_day the earliest day that one takes effect, a_kinds the kinds of account that all of them
-- may stand in, as bits. Entries name their account and transfer by place;
-- e_nth counts per account from 1 and e_sum is what the account has got by then.
--
-- Answers per account, in their order, the balance and the number before and the soft floor, as three
-- arrays with bars between; null, with nothing written, where anything is not as it should be.
--
-- Here keys are taken before accounts, everywhere else after. Whoever waits for one of our keys with an
-- account in hand that we need would wait for ever: so we wait a while only, let go, and come again in
-- the order of everybody else.
create function ledger.post_many(
  p_bank uuid, p_ids uuid[], p_kinds text[], p_keys text[], p_hashes bytea[], p_actors uuid[], p_behalf uuid[],
  p_categories text[], p_ref_kinds text[], p_ref_ids uuid[], p_effective date[], p_posted timestamptz[], p_reasons text[],
  p_first uuid[], p_second uuid[], p_minutes bigint[], p_accounts text[], p_legs text[],
  a_ids uuid[], a_net bigint[], a_lowest bigint[], a_highest bigint[], a_count bigint[], a_first timestamptz[],
  a_last timestamptz[], a_day date[], a_kinds integer[],
  e_account integer[], e_transfer integer[], e_nth bigint[], e_minutes bigint[], e_sum bigint[])
returns text
language plpgsql security definer
set plan_cache_mode = force_generic_plan set lock_timeout = '300ms'
-- Accounts are looked up one by one, in the order in which they come.
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  befores bigint[];
  numbers bigint[];
  softs   bigint[];
  good    boolean;
begin
  insert into ledger.transfer (bank_id, id, kind, key, hash, actor, on_behalf_of, category, ref_kind, ref_id, effective_on,
      posted_at, reason, accounts, minutes)
  select p_bank, p_ids[i], p_kinds[i], p_keys[i], p_hashes[i], p_actors[i], p_behalf[i], p_categories[i], p_ref_kinds[i],
         p_ref_ids[i], p_effective[i], p_posted[i], p_reasons[i],
         case when p_accounts[i] is null then array[p_first[i], p_second[i]] else p_accounts[i]::uuid[] end,
         case when p_legs[i] is null then array[p_minutes[i], -p_minutes[i]] else p_legs[i]::bigint[] end
    from generate_series(1, cardinality(p_ids)) i;

  -- What stands in the WHERE would have Postgres guess how many accounts pass; the answer is: all.
  with moved as (
    update ledger.account x
       set posted = x.posted + a_net[i], n = x.n + a_count[i], last_at = a_last[i]
      from generate_series(1, cardinality(a_ids)) i
     where x.bank_id = p_bank and x.id = a_ids[i] and x.last_at < a_first[i]
    returning i, x.posted - a_net[i] as before, x.n - a_count[i] as number, x.soft_floor as soft,
      x.closed_at is null and (x.books_closed_through is null or x.books_closed_through < a_day[i])
      and case x.kind when 'member' then 1 when 'organisation' then 2 when 'pot' then 4 when 'issuance' then 8
                      when 'adjustment' then 16 when 'clearing' then 32 else 0 end & a_kinds[i] <> 0
      and x.posted - a_net[i] + a_lowest[i] >= -9007199254740991 and x.posted - a_net[i] + a_highest[i] <= 9007199254740991
      and (x.low is null or (x.low = x.floor and x.posted - a_net[i] + a_lowest[i] - x.held_out >= x.low) is true)
      and (x.high is null or (x.high = x.ceiling and x.posted - a_net[i] + a_highest[i] + x.held_in <= x.high) is true) as good)
  select array_agg(m.before), array_agg(m.number), array_agg(m.soft), bool_and(m.good) into befores, numbers, softs, good
    from (select * from moved order by i) m;
  if not good or cardinality(befores) is distinct from cardinality(a_ids) then
    raise no_data_found;
  end if;

  insert into ledger.entry (bank_id, account_id, n, transfer_id, minutes, balance, posted_at)
  select p_bank, a_ids[e_account[i]], numbers[e_account[i]] + e_nth[i], p_ids[e_transfer[i]], e_minutes[i],
         befores[e_account[i]] + e_sum[i], p_posted[e_transfer[i]]
    from generate_series(1, cardinality(e_account)) i;
  return concat(befores, '|', numbers, '|', softs);
exception when no_data_found or unique_violation or check_violation or lock_not_available or deadlock_detected then
  return null;
end $$;

grant create on schema ledger to timebank_ledger;        -- owning a function asks for it; taken back below
do $$
declare
  f regprocedure := (select p.oid from pg_proc p where p.pronamespace = 'ledger'::regnamespace and p.proname = 'post_many');
begin
  execute format('alter function %s owner to timebank_ledger', f);
  execute format('revoke all on function %s from public', f);
  execute format('grant execute on function %s to timebank_app', f);
end $$;
revoke create on schema ledger from timebank_ledger;
