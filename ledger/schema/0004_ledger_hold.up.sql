-- Holds: minutes promised now, moved or given back later.
--
-- Placing and ending a hold are events, numbered 1, 2, 3 … on the hold's first account, which every one
-- of them has locked. So a hold that vanished leaves a gap, and a seal can say how far it reaches.

alter table ledger.account add column hold_events bigint not null default 0;
grant update (hold_events) on ledger.account to timebank_app;

alter table ledger.hold add column n bigint not null;
create unique index hold_number on ledger.hold (bank_id, (accounts[1]), n);
grant insert (n) on ledger.hold to timebank_app;

alter table ledger.hold_end add column account_id uuid not null, add column n bigint not null,
  add constraint hold_end_number unique (bank_id, account_id, n);

-- Places a hold. Locks and refusals are those of ledger.post, in the same order, with what is held taken
-- for gone and for arrived: a hold that can be placed can be settled.
--
-- outcome: held | replayed | key-reused | no-account | closed | wrong-account | insufficient | ceiling |
--          overflow
-- accounts and figures of a refusal: the account and (posted, minutes, held out, held in, low, high).
create function ledger.place_hold(
  p_bank uuid, p_id uuid, p_kind text, p_key text, p_hash bytea, p_actor uuid, p_on_behalf_of uuid,
  p_category text, p_ref_kind text, p_ref_id uuid, p_at timestamptz, p_expires_at timestamptz,
  p_accounts uuid[], p_minutes bigint[], p_givers text[], p_receivers text[], p_needs text[],
  out outcome text, out id uuid, out posted_at timestamptz, out accounts uuid[], out figures bigint[])
language plpgsql as $$
declare
  a      record;
  v_n    bigint;
  same   boolean;
  wanted boolean := p_needs is not null;
begin
  for i in 1 .. cardinality(p_accounts) loop
    select x.kind, x.closed_at, x.posted, x.held_out, x.held_in, x.low, x.high, x.hold_events into a
      from ledger.account x
     where x.bank_id = p_bank and x.id = p_accounts[i]
       for no key update;
    if not found then
      outcome := 'no-account';
    elsif a.closed_at is not null then
      outcome := 'closed';
    elsif a.posted - a.held_out + least(p_minutes[i], 0) < -9007199254740991
          or a.posted + a.held_in + greatest(p_minutes[i], 0) > 9007199254740991
          or greatest(a.held_out, a.held_in) + abs(p_minutes[i]) > 9007199254740991 then
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
    if i = 1 then
      v_n := a.hold_events + 1;
    end if;
    if a.kind = any (p_needs) then
      wanted := false;
    end if;
  end loop;
  if outcome is null and wanted then
    outcome := 'wrong-account';
  end if;
  if outcome is null then
    insert into ledger.hold (bank_id, id, kind, key, hash, actor, on_behalf_of, category, ref_kind, ref_id, placed_at,
        expires_at, accounts, minutes, n)
    values (p_bank, p_id, p_kind, p_key, p_hash, p_actor, p_on_behalf_of, p_category, p_ref_kind, p_ref_id, p_at,
        p_expires_at, p_accounts, p_minutes, v_n)
    on conflict (bank_id, key) do nothing;
    if found then
      for i in 1 .. cardinality(p_accounts) loop
        update ledger.account x
           set held_out = x.held_out - least(p_minutes[i], 0),
               held_in = x.held_in + greatest(p_minutes[i], 0),
               hold_events = x.hold_events + case i when 1 then 1 else 0 end
         where x.bank_id = p_bank and x.id = p_accounts[i];
      end loop;
      outcome := 'held';
      id := p_id;
      posted_at := p_at;
      return;
    end if;
  end if;
  select h.hash = p_hash, h.id, h.placed_at into same, id, posted_at
    from ledger.hold h where h.bank_id = p_bank and h.key = p_key;
  if same is not null then
    outcome := case when same then 'replayed' else 'key-reused' end;
    accounts := null;
    figures := null;
  end if;
end $$;

-- Takes a hold's minutes off its accounts, moving p_settled of them (by position, null: none), and marks
-- it ended. The caller has locked the accounts and found the hold open. The bounds of an account that was
-- beyond a limit follow it back, as in ledger.post.
create function ledger.lift_hold(
  p_bank uuid, p_hold uuid, p_accounts uuid[], p_held bigint[], p_settled bigint[], p_transfer uuid,
  p_how text, p_actor uuid, p_reason text, p_at timestamptz, out figures bigint[])
language plpgsql as $$
declare
  m        bigint;
  v_n      bigint;
  v_posted bigint;
  v_soft   bigint;
  v_event  bigint;
begin
  for i in 1 .. cardinality(p_accounts) loop
    m := coalesce(p_settled[i], 0);
    update ledger.account x
       set posted = x.posted + m,
           held_out = x.held_out + least(p_held[i], 0),
           held_in = x.held_in - greatest(p_held[i], 0),
           n = x.n + case m when 0 then 0 else 1 end,
           last_at = case m when 0 then x.last_at else p_at end,
           hold_events = x.hold_events + case i when 1 then 1 else 0 end,
           low = case when x.low < x.floor
                      then least(x.floor, x.posted + m - x.held_out - least(p_held[i], 0)) else x.low end,
           high = case when x.high > x.ceiling
                       then greatest(x.ceiling, x.posted + m + x.held_in - greatest(p_held[i], 0)) else x.high end
     where x.bank_id = p_bank and x.id = p_accounts[i]
    returning x.posted, x.n, x.soft_floor, case i when 1 then x.hold_events else v_event end
         into v_posted, v_n, v_soft, v_event;
    if m <> 0 then
      insert into ledger.entry (bank_id, account_id, n, transfer_id, minutes, balance, posted_at)
      values (p_bank, p_accounts[i], v_n, p_transfer, m, v_posted, p_at);
      figures := figures || array[m, v_posted, v_n, v_soft];
    end if;
  end loop;
  update ledger.hold x set ended = true where x.bank_id = p_bank and x.id = p_hold;
  insert into ledger.hold_end (bank_id, hold_id, account_id, n, how, actor, reason, at, transfer_id)
  values (p_bank, p_hold, p_accounts[1], v_event, p_how, p_actor, p_reason, p_at, p_transfer);
end $$;

-- What a key has posted before: replayed, key-reused or, where it has not, null. Limits in force and
-- balances are those of that time.
create function ledger.replay(
  p_bank uuid, p_key text, p_hash bytea,
  out outcome text, out id uuid, out posted_at timestamptz, out accounts uuid[], out figures bigint[])
language plpgsql stable as $$
declare
  same boolean;
begin
  select t.hash = p_hash, t.id, t.posted_at, t.accounts into same, id, posted_at, accounts
    from ledger.transfer t where t.bank_id = p_bank and t.key = p_key;
  if not same then
    outcome := 'key-reused';
  elsif same then
    outcome := 'replayed';
    select array_agg(f.v order by l.i, f.j) into figures
      from unnest(accounts) with ordinality l (account_id, i)
      join ledger.entry e on e.bank_id = p_bank and e.account_id = l.account_id and e.posted_at = replay.posted_at
      left join lateral (select c.soft_floor from ledger.account_change c
         where c.bank_id = p_bank and c.account_id = l.account_id and c.at < replay.posted_at
         order by c.n desc limit 1) c on true
     cross join lateral (values (1, e.minutes::bigint), (2, e.balance::bigint), (3, e.n), (4, c.soft_floor)) f (j, v);
  end if;
end $$;

-- Settles a hold, in full or with less: posts the transfer and gives the rest back. outcome: posted |
-- replayed | key-reused | no-hold | hold-ended | hold-expired | more-than-held | books-closed |
-- overflow. A limit cannot refuse it: the minutes have counted since the hold was placed.
-- For hold-ended and hold-expired, id and posted_at are the transfer, if any, and when; how says how.
create function ledger.settle_hold(
  p_bank uuid, p_hold uuid, p_id uuid, p_key text, p_hash bytea, p_actor uuid, p_on_behalf_of uuid,
  p_effective_on date, p_at timestamptz, p_reason text, p_accounts uuid[], p_minutes bigint[],
  out outcome text, out id uuid, out posted_at timestamptz, out accounts uuid[], out figures bigint[], out how text)
language plpgsql as $$
declare
  h       record;
  a       record;
  m       bigint;
  at_leg  int;
  matched int := 0;
  settled bigint[];
  v_at    timestamptz := p_at;
begin
  select x.kind, x.category, x.ref_kind, x.ref_id, x.accounts, x.minutes, x.expires_at into h
    from ledger.hold x where x.bank_id = p_bank and x.id = p_hold;
  if not found then
    outcome := 'no-hold';
    return;
  end if;
  for i in 1 .. cardinality(h.accounts) loop      -- all locks first, in the order of every posting
    select x.books_closed_through, x.posted, x.held_out, x.held_in, x.low, x.high, x.last_at into a
      from ledger.account x where x.bank_id = p_bank and x.id = h.accounts[i] for no key update;
    at_leg := array_position(p_accounts, h.accounts[i]);
    m := coalesce(p_minutes[at_leg], 0);
    settled := settled || m;
    matched := matched + case when at_leg is null then 0 else 1 end;
    if a.last_at >= v_at then
      v_at := a.last_at + interval '1 microsecond';
    end if;
    continue when outcome is not null;
    outcome := case
      when sign(m) not in (0, sign(h.minutes[i])) or abs(m) > abs(h.minutes[i]) then 'more-than-held'
      when m <> 0 and p_effective_on <= a.books_closed_through then 'books-closed'
      when a.posted + m not between -9007199254740991 and 9007199254740991 then 'overflow' end;
    if outcome is not null then
      accounts := array[h.accounts[i]];
      figures := array[a.posted, m, abs(h.minutes[i]), a.held_in, a.low, a.high];
    end if;
  end loop;
  if outcome is null and matched <> cardinality(p_accounts) then
    outcome := 'more-than-held';
  end if;
  -- Whoever ends a hold has locked its accounts, so its end is either visible by now or behind us.
  select e.how, e.transfer_id, e.at into how, id, posted_at
    from ledger.hold_end e where e.bank_id = p_bank and e.hold_id = p_hold;
  if found then
    outcome := 'hold-ended';
  elsif outcome is null and v_at >= h.expires_at then
    outcome := 'hold-expired';
    posted_at := h.expires_at;
  elsif outcome is null then
    insert into ledger.transfer (bank_id, id, kind, key, hash, actor, on_behalf_of, category, ref_kind, ref_id,
        effective_on, posted_at, hold_id, reason, accounts, minutes)
    values (p_bank, p_id, h.kind, p_key, p_hash, p_actor, p_on_behalf_of, h.category, h.ref_kind, h.ref_id,
        p_effective_on, v_at, p_hold, p_reason, p_accounts, p_minutes)
    on conflict (bank_id, key) do nothing;
    if found then
      figures := ledger.lift_hold(p_bank, p_hold, h.accounts, h.minutes, settled, p_id, 'settled', p_actor, p_reason, v_at);
      outcome := 'posted';
      id := p_id;
      posted_at := v_at;
      accounts := p_accounts;
      return;
    end if;
  end if;
  declare
    r record;
  begin
    select * into r from ledger.replay(p_bank, p_key, p_hash);
    if r.outcome is not null then
      outcome := r.outcome;
      id := r.id;
      posted_at := r.posted_at;
      accounts := r.accounts;
      figures := r.figures;
    end if;
  end;
end $$;

-- Ends an open hold with nothing moved. outcome: ended | replayed | no-hold | hold-ended | not-due.
-- how, transfer and ended_at say what ended it, now or before.
create function ledger.end_hold(
  p_bank uuid, p_hold uuid, p_how text, p_actor uuid, p_reason text, p_at timestamptz,
  out outcome text, out how text, out transfer uuid, out ended_at timestamptz)
language plpgsql as $$
declare
  h       record;
  e       record;
begin
  select x.accounts, x.minutes, x.placed_at, x.expires_at into h
    from ledger.hold x where x.bank_id = p_bank and x.id = p_hold;
  if not found then
    outcome := 'no-hold';
    return;
  end if;
  for i in 1 .. cardinality(h.accounts) loop
    perform from ledger.account x where x.bank_id = p_bank and x.id = h.accounts[i] for no key update;
  end loop;
  select x.how, x.transfer_id, x.at, x.actor, x.reason into e
    from ledger.hold_end x where x.bank_id = p_bank and x.hold_id = p_hold;
  if found then
    how := e.how;
    transfer := e.transfer_id;
    ended_at := e.at;
    outcome := case when e.how = p_how and e.actor = p_actor and e.reason = p_reason then 'replayed' else 'hold-ended' end;
  elsif p_how = 'expired' and (h.expires_at > p_at) is not false then
    outcome := 'not-due';
  else
    outcome := 'ended';
    how := p_how;
    ended_at := greatest(p_at, h.placed_at);
    perform ledger.lift_hold(p_bank, p_hold, h.accounts, h.minutes, null, null, p_how, p_actor, p_reason, ended_at);
  end if;
end $$;

-- Expires holds that are due, the longest overdue first, at most p_limit of them, and answers which. The
-- accounts of all of them are locked at once and in order, so that it cannot lock across a posting.
create function ledger.expire_holds(p_bank uuid, p_actor uuid, p_at timestamptz, p_limit int)
returns setof uuid
language plpgsql as $$
declare
  due  uuid[];
  v_id uuid;
begin
  select array_agg(d.id order by d.expires_at, d.id) into due
    from (select x.id, x.expires_at from ledger.hold x
           where x.bank_id = p_bank and not x.ended and x.expires_at <= p_at
           order by x.expires_at, x.id limit p_limit) d;
  perform from ledger.account a
    where a.bank_id = p_bank and a.id in (select unnest(x.accounts) from ledger.hold x where x.bank_id = p_bank and x.id = any (due))
    order by a.id for no key update;
  foreach v_id in array coalesce(due, '{}') loop
    if (select e.outcome from ledger.end_hold(p_bank, v_id, 'expired', p_actor, '', p_at) e) = 'ended' then
      return next v_id;
    end if;
  end loop;
end $$;

revoke all on all functions in schema ledger from public;
grant execute on all functions in schema ledger to timebank_app;
