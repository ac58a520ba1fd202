-- Who may do what: the application reads and adds, and sees one bank at a time.

do $$
declare
  t text;
begin
  foreach t in array array['account', 'account_change', 'hold', 'hold_end', 'transfer', 'entry', 'block', 'seal',
                           'closing', 'closing_balance'] loop
    execute format('revoke all on ledger.%I from public', t);
    execute format('alter table ledger.%I enable row level security', t);
    execute format('alter table ledger.%I force row level security', t);
    execute format($f$create policy one_bank on ledger.%I
      using (bank_id = nullif(current_setting('timebank.bank', true), '')::uuid)
      with check (bank_id = nullif(current_setting('timebank.bank', true), '')::uuid)$f$, t);
    execute format('grant select on ledger.%I to timebank_app', t);
  end loop;
  foreach t in array array['account_change', 'hold_end', 'transfer', 'entry', 'block', 'seal', 'closing',
                           'closing_balance'] loop
    execute format('grant insert on ledger.%I to timebank_app', t);
  end loop;
end $$;

-- An account starts empty: posted, held and the counters cannot be given at insert.
grant insert (bank_id, id, kind, opened_at, last_at, soft_floor, floor, ceiling, low, high, books_closed_through)
  on ledger.account to timebank_app;
grant update (posted, held_out, held_in, n, changes, last_at, soft_floor, floor, ceiling, low, high, closed_at,
  books_closed_through) on ledger.account to timebank_app;
grant insert (bank_id, id, kind, key, hash, actor, on_behalf_of, category, ref_kind, ref_id, placed_at, expires_at,
  accounts, minutes) on ledger.hold to timebank_app;
grant update (ended) on ledger.hold to timebank_app;

revoke all on all functions in schema ledger from public;
grant execute on all functions in schema ledger to timebank_app;
