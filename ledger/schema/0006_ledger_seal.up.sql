-- Seals say what they cover: a digest over the account's entries, changes and hold events since its seal
-- before. A block's root is that of a Merkle tree over its seals in ascending account id, so that one
-- account's history can be proved to its owner without showing anybody else's. A block also fixes the
-- closings made since the block before.

alter table ledger.seal
  add column hold_events  bigint not null,
  add column entries_hash ledger.digest not null,
  add column changes_hash ledger.digest not null,
  add column holds_hash   ledger.digest not null;

alter table ledger.block
  add column closed_through date,                 -- the latest closing it fixes; null: none so far
  add column closings_hash  ledger.digest not null;

-- An account opens with the books closed as far as the bank's are. The shared lock keeps a closing from
-- passing by an account that is just being opened.
create or replace function ledger.open_account(
  p_bank uuid, p_account uuid, p_kind text, p_soft bigint, p_floor bigint, p_ceiling bigint,
  p_actor uuid, p_reason text, p_at timestamptz, out outcome text)
language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('ledger.closing ' || p_bank, 0));
  insert into ledger.account (bank_id, id, kind, opened_at, last_at, soft_floor, floor, ceiling, low, high,
      books_closed_through)
  values (p_bank, p_account, p_kind, p_at, p_at, p_soft, p_floor, p_ceiling, case when p_floor is not null then least(p_floor, 0) end,
      case when p_ceiling is not null then greatest(p_ceiling, 0) end, (select max(c.through) from ledger.closing c where c.bank_id = p_bank))
  on conflict (bank_id, id) do nothing;
  if not found then
    outcome := 'exists';
    return;
  end if;
  insert into ledger.account_change (bank_id, account_id, n, what, kind, soft_floor, floor, ceiling, actor, reason, at)
  values (p_bank, p_account, 1, 'opened', p_kind, p_soft, p_floor, p_ceiling, p_actor, p_reason, p_at);
  outcome := 'opened';
end $$;

-- Closes a bank's books: no transfer takes effect on or before p_through any more, and what each account
-- stood at by then is written down. Locks every account of the bank, in ascending id. The closing bears a
-- time after all that was posted before it, whatever the clocks say. outcome: closed | replayed |
-- not-after. latest: how far the books are closed.
create function ledger.close_books(
  p_bank uuid, p_through date, p_actor uuid, p_reason text, p_at timestamptz, out outcome text, out latest date)
language plpgsql as $$
declare
  c record;
begin
  perform pg_advisory_xact_lock(hashtextextended('ledger.closing ' || p_bank, 0));
  perform from ledger.account a where a.bank_id = p_bank order by a.id for no key update;
  select x.through, x.actor, x.reason into c
    from ledger.closing x where x.bank_id = p_bank order by x.through desc limit 1;
  if c.through >= p_through then
    latest := c.through;
    outcome := case when c.through = p_through and c.actor = p_actor and c.reason = p_reason then 'replayed' else 'not-after' end;
    return;
  end if;
  insert into ledger.closing (bank_id, through, actor, reason, closed_at)
  select p_bank, p_through, p_actor, p_reason, greatest(p_at, max(a.last_at) + interval '1 microsecond')
    from ledger.account a where a.bank_id = p_bank;
  insert into ledger.closing_balance (bank_id, account_id, through, balance)
  select p_bank, a.id, p_through, coalesce(s.m, 0)
    from ledger.account a
    left join (select l.account_id, sum(l.m) as m
            from ledger.transfer t cross join lateral unnest(t.accounts, t.minutes) l (account_id, m)
           where t.bank_id = p_bank and t.effective_on <= p_through group by l.account_id) s on s.account_id = a.id
   where a.bank_id = p_bank;
  update ledger.account a set books_closed_through = p_through where a.bank_id = p_bank;
  outcome := 'closed';
  latest := p_through;
end $$;

revoke all on all functions in schema ledger from public;
grant execute on all functions in schema ledger to timebank_app;
