-- Two things. The application's role no longer writes the books at all: it calls the functions, which run
-- as a role of their own. That role is bound by row-level security like everybody, so the wall between
-- banks is where it was. And a posting costs a quarter less: Postgres parses every CHECK of a table anew
-- for each statement that writes to it, so those of the three tables of a posting are short.

-- Roles belong to the whole server; another database's migration may be making it at this moment.
do $$
begin
  create role timebank_ledger nologin nosuperuser nobypassrls nocreatedb nocreaterole;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
  if not pg_has_role(current_user, 'timebank_ledger', 'member') then
    grant timebank_ledger to current_user;
  end if;
exception when internal_error then
  if sqlerrm !~ 'concurrently updated' then raise; end if;
end $$;

-- A null limit makes the comparison null, and a CHECK takes null for true.
alter table ledger.account
  drop constraint account_low,
  drop constraint account_high,
  add constraint account_low check (posted - held_out >= low),
  add constraint account_high check (posted + held_in <= high);

-- What must hold between the columns of a transfer, as one call.
create function ledger.transfer_ok(kind text, reversal_of uuid, reason text, a uuid[], m bigint[]) returns boolean
language plpgsql immutable parallel safe as $$
begin
  if (kind = 'reversal') <> (reversal_of is not null) or (kind in ('reversal', 'adjustment') and reason = '') then
    return false;
  end if;
  return ledger.legs_ok(a, m);
end $$;
alter table ledger.transfer
  drop constraint transfer_why,
  drop constraint transfer_balanced,
  add constraint transfer_consistent check (ledger.transfer_ok(kind, reversal_of, reason, accounts, minutes));

-- As before, with fewer statements: what was read under the lock is not asked for again.
create or replace function ledger.post(
  p_bank uuid, p_id uuid, p_kind text, p_key text, p_hash bytea, p_actor uuid, p_on_behalf_of uuid,
  p_category text, p_ref_kind text, p_ref_id uuid, p_effective_on date, p_at timestamptz,
  p_reversal_of uuid, p_reason text, p_accounts uuid[], p_minutes bigint[],
  p_givers text[], p_receivers text[], p_needs text[],
  out outcome text, out id uuid, out posted_at timestamptz, out accounts uuid[], out figures bigint[])
language plpgsql as $$
declare
  a_kind    text;
  a_closed  timestamptz;
  a_books   date;
  a_posted  bigint;
  a_out     bigint;
  a_in      bigint;
  a_low     bigint;
  a_high    bigint;
  a_floor   bigint;
  a_ceiling bigint;
  a_last    timestamptz;
  a_n       bigint;
  a_soft    bigint;
  balances  bigint[];
  numbers   bigint[];
  beyond    uuid[];                               -- accounts that were outside a limit set later
  r         record;
  wanted    boolean := p_needs is not null;
begin
  posted_at := p_at;
  for i in 1 .. cardinality(p_accounts) loop
    select x.kind, x.closed_at, x.books_closed_through, x.posted, x.held_out, x.held_in, x.low, x.high, x.floor, x.ceiling,
           x.last_at, x.n, x.soft_floor
      into a_kind, a_closed, a_books, a_posted, a_out, a_in, a_low, a_high, a_floor, a_ceiling, a_last, a_n, a_soft
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
    balances[i] := a_posted + p_minutes[i];
    numbers[i] := a_n + 1;
    figures := figures || array[p_minutes[i], balances[i], numbers[i], a_soft];
    if a_low < a_floor or a_high > a_ceiling then
      beyond := beyond || p_accounts[i];
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
    figures := null;
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
        update ledger.account x set posted = balances[i], n = numbers[i], last_at = post.posted_at
         where x.bank_id = p_bank and x.id = p_accounts[i];
      end loop;
      if beyond is not null then                  -- its bounds follow it back, never further out
        update ledger.account x
           set low = case when x.low < x.floor then least(x.floor, x.posted - x.held_out) else x.low end,
               high = case when x.high > x.ceiling then greatest(x.ceiling, x.posted + x.held_in) else x.high end
         where x.bank_id = p_bank and x.id = any (beyond);
      end if;
      if cardinality(p_accounts) = 2 then         -- the usual case, in one statement and without unnest
        insert into ledger.entry (bank_id, account_id, n, transfer_id, minutes, balance, posted_at)
        values (p_bank, p_accounts[1], numbers[1], p_id, p_minutes[1], balances[1], post.posted_at),
               (p_bank, p_accounts[2], numbers[2], p_id, p_minutes[2], balances[2], post.posted_at);
      else
        insert into ledger.entry (bank_id, account_id, n, transfer_id, minutes, balance, posted_at)
        select p_bank, v.account, v.n, p_id, v.minutes, v.balance, post.posted_at
          from unnest(p_accounts, numbers, p_minutes, balances) v (account, n, minutes, balance);
      end if;
      outcome := 'posted';
      id := p_id;
      accounts := p_accounts;
      return;
    end if;
  end if;

  -- Refused, or the key is taken. A replay answers as the first time, even where it would be refused now.
  select * into r from ledger.replay(p_bank, p_key, p_hash);
  if r.outcome is not null then
    outcome := r.outcome;
    id := r.id;
    posted_at := r.posted_at;
    accounts := r.accounts;
    figures := r.figures;
  end if;
end $$;

do $$
declare
  f regprocedure;
  t text;
begin
  grant usage on schema ledger to timebank_ledger;
  grant create on schema ledger to timebank_ledger;      -- owning a function asks for it; taken back below
  foreach t in array array['account', 'account_change', 'hold', 'hold_end', 'transfer', 'entry', 'closing',
                           'closing_balance'] loop
    execute format('revoke insert, update on ledger.%I from timebank_app', t);
    execute format('grant select, insert on ledger.%I to timebank_ledger', t);
  end loop;
  revoke insert (bank_id, id, kind, opened_at, last_at, soft_floor, floor, ceiling, low, high, books_closed_through),
    update (posted, held_out, held_in, n, changes, last_at, soft_floor, floor, ceiling, low, high, closed_at,
      books_closed_through, hold_events) on ledger.account from timebank_app;
  revoke insert (bank_id, id, kind, key, hash, actor, on_behalf_of, category, ref_kind, ref_id, placed_at, expires_at,
    accounts, minutes, n), update (ended) on ledger.hold from timebank_app;
  grant update (posted, held_out, held_in, n, changes, last_at, soft_floor, floor, ceiling, low, high, closed_at,
    books_closed_through, hold_events) on ledger.account to timebank_ledger;
  grant update (ended) on ledger.hold to timebank_ledger;
  foreach f in array array(
      select p.oid from pg_proc p where p.pronamespace = 'ledger'::regnamespace
         and p.proname in ('post', 'reverse', 'replay', 'change_terms', 'open_account', 'close_books', 'place_hold', 'lift_hold',
           'settle_hold', 'end_hold', 'expire_holds', 'lock_many', 'write_many')) loop
    -- Every name inside is written with its schema, and nobody but the owner can make anything in one.
    execute format('alter function %s security definer', f);
    execute format('alter function %s owner to timebank_ledger', f);
    execute format('revoke all on function %s from public', f);
    execute format('grant execute on function %s to timebank_app', f);
  end loop;
  -- Only other functions of the ledger call it.
  revoke execute on function ledger.lift_hold from timebank_app;
  revoke create on schema ledger from timebank_ledger;
end $$;
revoke all on function ledger.transfer_ok from public;
grant execute on function ledger.transfer_ok, ledger.legs_ok to timebank_app, timebank_ledger;
