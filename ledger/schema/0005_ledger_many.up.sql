-- Posting in bulk: two calls for thousands of transfers. The program decides between them, on rows that
-- are locked, with the same rules in the same order as ledger.post; the CHECKs hold whatever it decides.

-- Locks accounts in ascending id and answers them one per line, with what the given keys have posted
-- before. The keys are looked up after the locks are held, as in ledger.post.
create function ledger.lock_many(p_bank uuid, p_accounts uuid[], p_keys text[], out locked text, out seen jsonb)
language plpgsql as $$
begin
  select string_agg(x::text, E'\n') into locked
    from (select a.id, a.kind, a.closed_at is not null, a.books_closed_through, a.posted, a.held_out, a.held_in, a.low,
                 a.high, a.soft_floor, a.floor, a.ceiling, a.n, a.last_at at time zone 'UTC'
            from ledger.account a
           where a.bank_id = p_bank and a.id = any (p_accounts)
           order by a.id for no key update) x;
  select jsonb_agg(jsonb_build_object('key', t.key, 'hash', encode(t.hash, 'hex'), 'id', r.id, 'posted_at', r.posted_at,
           'accounts', r.accounts, 'figures', r.figures)) into seen
    from ledger.transfer t
   cross join lateral ledger.replay(p_bank, t.key, t.hash) r
   where t.bank_id = p_bank and t.key = any (p_keys);
end $$;

-- Writes what was decided. False, with nothing written, where one of the keys has been taken meanwhile by
-- a posting that shares no account with these: look again. Rows go in in the order of their keys, so that
-- two of these never wait for each other's keys crosswise.
create function ledger.write_many(
  p_bank uuid, p_ids uuid[], p_kinds text[], p_keys text[], p_hashes bytea[], p_actors uuid[], p_behalf uuid[],
  p_categories text[], p_ref_kinds text[], p_ref_ids uuid[], p_effective date[], p_posted timestamptz[], p_reasons text[],
  p_accounts text[], p_minutes text[],
  e_accounts uuid[], e_n bigint[], e_transfers uuid[], e_minutes bigint[], e_balances bigint[], e_posted timestamptz[],
  a_ids uuid[], a_posted bigint[], a_n bigint[], a_last timestamptz[])
returns boolean
language plpgsql as $$
declare
  broken text;
begin
  insert into ledger.transfer (bank_id, id, kind, key, hash, actor, on_behalf_of, category, ref_kind, ref_id, effective_on,
      posted_at, reason, accounts, minutes)
  select p_bank, v.id, v.kind, v.key, v.hash, v.actor, v.behalf, v.category, v.ref_kind, v.ref_id, v.effective, v.posted,
         v.reason, v.accounts::uuid[], v.minutes::bigint[]
    from unnest(p_ids, p_kinds, p_keys, p_hashes, p_actors, p_behalf, p_categories, p_ref_kinds, p_ref_ids, p_effective,
           p_posted, p_reasons, p_accounts, p_minutes)
         v (id, kind, key, hash, actor, behalf, category, ref_kind, ref_id, effective, posted, reason, accounts, minutes)
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

revoke all on all functions in schema ledger from public;
grant execute on all functions in schema ledger to timebank_app;
