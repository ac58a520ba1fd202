-- The one way minutes move: lock, check, write, answer, in one round trip.
--
-- Locks come first and in ascending account id, before the key and before anything is written. Hence
-- no deadlock between two postings; a refusal has nothing to undo and leaves the caller's transaction
-- usable; and a replay, having locked a row, has written to the log, so that its commit waits for the
-- standby like the first one's did (a bare read could report what a failover then loses).
--
-- outcome: posted | replayed | key-reused | already-reversed | no-account | closed | books-closed |
--          wrong-account | insufficient | ceiling | overflow
-- accounts and figures: for posted and replayed, per leg (minutes, balance, entry number, soft floor at
-- that time); for a refusal, the account and (posted, minutes, held out, held in, low, high).
-- p_givers, p_receivers: account kinds that may stand on either side, null for any. p_needs: kinds of
-- which one must take part, null for none.
create function ledger.post(
  p_bank uuid, p_id uuid, p_kind text, p_key text, p_hash bytea, p_actor uuid, p_on_behalf_of uuid,
  p_category text, p_ref_kind text, p_ref_id uuid, p_effective_on date, p_at timestamptz,
  p_reversal_of uuid, p_reason text, p_accounts uuid[], p_minutes bigint[],
  p_givers text[], p_receivers text[], p_needs text[],
  out outcome text, out id uuid, out posted_at timestamptz, out accounts uuid[], out figures bigint[])
language plpgsql as $$
declare
  a_kind   text;
  a_closed timestamptz;
  a_books  date;
  a_posted bigint;
  a_out    bigint;
  a_in     bigint;
  a_low    bigint;
  a_high   bigint;
  a_last   timestamptz;
  a_n      bigint;
  a_soft   bigint;
  a_id     uuid;
  a_ids    uuid[];
  same     boolean;
  wanted   boolean := p_needs is not null;
begin
  posted_at := p_at;
  for i in 1 .. cardinality(p_accounts) loop
    select x.kind, x.closed_at, x.books_closed_through, x.posted, x.held_out, x.held_in, x.low, x.high, x.last_at
      into a_kind, a_closed, a_books, a_posted, a_out, a_in, a_low, a_high, a_last
      from ledger.account x
     where x.bank_id = p_bank and x.id = p_accounts[i]
       for no key update;
    if not found then
      outcome := 'no-account';
    elsif a_closed is not null then
      outcome := 'closed';
    elsif p_effective_on <= a_books then
      outcome := 'books-closed';
    elsif a_posted + p_minutes[i] not between -9007199254740991 and 9007199254740991 then
      outcome := 'overflow';
    elsif p_minutes[i] < 0 then
      if a_kind <> all (p_givers) then
        outcome := 'wrong-account';
      elsif a_posted + p_minutes[i] - a_out < a_low then
        outcome := 'insufficient';
      end if;
    elsif a_kind <> all (p_receivers) then
      outcome := 'wrong-account';
    elsif a_posted + p_minutes[i] + a_in > a_high then
      outcome := 'ceiling';
    end if;
    if outcome is not null then
      accounts := array[p_accounts[i]];
      figures := array[a_posted, p_minutes[i], a_out, a_in, a_low, a_high];
      exit;
    end if;
    if a_kind = any (p_needs) then
      wanted := false;
    end if;
    if a_last >= posted_at then                   -- another machine's clock is ahead: keep the order
      posted_at := a_last + interval '1 microsecond';
    end if;
  end loop;
  if outcome is null and wanted then
    outcome := 'wrong-account';
  end if;
  if outcome is null and p_reversal_of is not null then
    -- Any other reversal has locked the same accounts, so it is either visible by now or behind us.
    select t.id into id from ledger.transfer t where t.bank_id = p_bank and t.reversal_of = p_reversal_of;
    if found then
      outcome := 'already-reversed';
    end if;
  end if;

  if outcome is null then
    insert into ledger.transfer (bank_id, id, kind, key, hash, actor, on_behalf_of, category, ref_kind, ref_id,
        effective_on, posted_at, reversal_of, reason, accounts, minutes)
    values (p_bank, p_id, p_kind, p_key, p_hash, p_actor, p_on_behalf_of, p_category, p_ref_kind, p_ref_id,
        p_effective_on, post.posted_at, p_reversal_of, p_reason, p_accounts, p_minutes)
    on conflict (bank_id, key) do nothing;
    if found then
      for i in 1 .. cardinality(p_accounts) loop
        update ledger.account x
           set posted = x.posted + p_minutes[i],
               n = x.n + 1,
               last_at = post.posted_at,
               low = case when x.low < x.floor then least(x.floor, x.posted + p_minutes[i] - x.held_out) else x.low end,
               high = case when x.high > x.ceiling then greatest(x.ceiling, x.posted + p_minutes[i] + x.held_in) else x.high end
         where x.bank_id = p_bank and x.id = p_accounts[i]
        returning x.posted, x.n, x.soft_floor into a_posted, a_n, a_soft;
        insert into ledger.entry (bank_id, account_id, n, transfer_id, minutes, balance, posted_at)
        values (p_bank, p_accounts[i], a_n, p_id, p_minutes[i], a_posted, post.posted_at);
        figures := figures || array[p_minutes[i], a_posted, a_n, a_soft];
      end loop;
      outcome := 'posted';
      id := p_id;
      accounts := p_accounts;
      return;
    end if;
  end if;

  -- Refused, or the key is taken. A replay answers as the first time, even where it would be refused now.
  select t.hash = p_hash, t.id, t.posted_at, t.accounts into same, a_id, a_last, a_ids
    from ledger.transfer t where t.bank_id = p_bank and t.key = p_key;
  if same is null then
    return;
  end if;
  id := a_id;
  posted_at := a_last;
  accounts := a_ids;
  figures := null;
  if not same then
    outcome := 'key-reused';
    return;
  end if;
  outcome := 'replayed';
  for i in 1 .. cardinality(accounts) loop
    select e.minutes, e.balance, e.n into strict a_out, a_posted, a_n
      from ledger.entry e
     where e.bank_id = p_bank and e.account_id = accounts[i] and e.posted_at = post.posted_at;
    select c.soft_floor into a_soft
      from ledger.account_change c
     where c.bank_id = p_bank and c.account_id = accounts[i] and c.at < post.posted_at
     order by c.n desc limit 1;
    figures := figures || array[a_out, a_posted, a_n, a_soft];
  end loop;
end $$;

-- Takes a transfer back: the same legs with the signs turned, linked, once per original. Further
-- outcomes: no-transfer, reversal-of-reversal. The category and reference are the original's, so that
-- a sum by either nets to nothing without a join.
create function ledger.reverse(
  p_bank uuid, p_id uuid, p_key text, p_hash bytea, p_actor uuid, p_on_behalf_of uuid,
  p_effective_on date, p_at timestamptz, p_original uuid, p_reason text,
  out outcome text, out id uuid, out posted_at timestamptz, out accounts uuid[], out figures bigint[])
language plpgsql as $$
declare
  o_kind     text;
  o_category text;
  o_ref_kind text;
  o_ref_id   uuid;
  o_accounts uuid[];
  o_minutes  bigint[];
begin
  select t.kind, t.category, t.ref_kind, t.ref_id, t.accounts, t.minutes
    into o_kind, o_category, o_ref_kind, o_ref_id, o_accounts, o_minutes
    from ledger.transfer t where t.bank_id = p_bank and t.id = p_original;
  if not found then
    outcome := 'no-transfer';
    return;
  end if;
  if o_kind = 'reversal' then
    outcome := 'reversal-of-reversal';
    return;
  end if;
  for i in 1 .. cardinality(o_minutes) loop
    o_minutes[i] := -o_minutes[i];
  end loop;
  select p.outcome, p.id, p.posted_at, p.accounts, p.figures into outcome, id, posted_at, accounts, figures
    from ledger.post(p_bank, p_id, 'reversal', p_key, p_hash, p_actor, p_on_behalf_of, o_category, o_ref_kind,
      o_ref_id, p_effective_on, p_at, p_original, p_reason, o_accounts, o_minutes, null, null, null) p;
end $$;

-- Changes an account's terms: its limits, or whether it is open. outcome: changed | no-account | closed |
-- not-closed | not-empty | held. figures: (posted, held out, held in).
create function ledger.change_terms(
  p_bank uuid, p_account uuid, p_what text, p_soft bigint, p_floor bigint, p_ceiling bigint,
  p_actor uuid, p_reason text, p_at timestamptz,
  out outcome text, out figures bigint[])
language plpgsql as $$
declare
  a      record;
  v_at   timestamptz := p_at;
  v_low  bigint;
  v_high bigint;
begin
  select x.kind, x.closed_at, x.posted, x.held_out, x.held_in, x.changes, x.last_at, x.soft_floor, x.floor, x.ceiling
    into a
    from ledger.account x
   where x.bank_id = p_bank and x.id = p_account
     for no key update;
  if not found then
    outcome := 'no-account';
    return;
  end if;
  figures := array[a.posted, a.held_out, a.held_in];
  outcome := case
    when p_what = 'reopened' and a.closed_at is null then 'not-closed'
    when p_what <> 'reopened' and a.closed_at is not null then 'closed'
    when p_what = 'closed' and a.posted <> 0 then 'not-empty'
    when p_what = 'closed' and (a.held_out <> 0 or a.held_in <> 0) then 'held'
    else 'changed' end;
  if outcome <> 'changed' then
    return;
  end if;
  if p_what <> 'limits' then                      -- closing and reopening keep the limits
    p_soft := a.soft_floor;
    p_floor := a.floor;
    p_ceiling := a.ceiling;
  end if;
  if a.last_at >= v_at then
    v_at := a.last_at + interval '1 microsecond';
  end if;
  if p_what = 'closed' then
    v_low := 0;
    v_high := 0;
  else
    v_low := case when p_floor is not null then least(p_floor, a.posted - a.held_out) end;
    v_high := case when p_ceiling is not null then greatest(p_ceiling, a.posted + a.held_in) end;
  end if;
  insert into ledger.account_change (bank_id, account_id, n, what, kind, soft_floor, floor, ceiling, actor, reason, at)
  values (p_bank, p_account, a.changes + 1, p_what, a.kind, p_soft, p_floor, p_ceiling, p_actor, p_reason, v_at);
  update ledger.account x
     set changes = a.changes + 1, last_at = v_at, soft_floor = p_soft, floor = p_floor, ceiling = p_ceiling,
         low = v_low, high = v_high,
         closed_at = case p_what when 'closed' then v_at when 'reopened' then null else x.closed_at end
   where x.bank_id = p_bank and x.id = p_account;
end $$;

-- Opens an account. outcome: opened | exists.
create function ledger.open_account(
  p_bank uuid, p_account uuid, p_kind text, p_soft bigint, p_floor bigint, p_ceiling bigint,
  p_actor uuid, p_reason text, p_at timestamptz, out outcome text)
language plpgsql as $$
begin
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
