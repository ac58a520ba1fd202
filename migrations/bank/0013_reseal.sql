-- A new sealing key replaces the old one row by row. What the application may not
-- change otherwise it may seal anew here: only where the words that are replaced are
-- named exactly, never emptied, and in the transaction's own bank.
create function reseal_referral_event(of_bank uuid, of_id uuid, of_seq int, old bytea, fresh bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if of_bank is distinct from current_bank() or octet_length(fresh) <> octet_length(old) then
    raise exception 'not the same words of this bank';
  end if;
  update referral_event set sealed = fresh where bank_id = of_bank and referral_id = of_id and seq = of_seq and sealed = old;
  return found;
end $$;
create function reseal_concern(of_bank uuid, of_id uuid, old bytea, fresh bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if of_bank is distinct from current_bank() or octet_length(fresh) <> octet_length(old) then
    raise exception 'not the same words of this bank';
  end if;
  update concern set sealed = fresh where bank_id = of_bank and id = of_id and sealed = old;
  return found;
end $$;
create function reseal_concern_note(of_bank uuid, of_id uuid, of_seq int, old bytea, fresh bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if of_bank is distinct from current_bank() or octet_length(fresh) <> octet_length(old) then
    raise exception 'not the same words of this bank';
  end if;
  update concern_note set sealed = fresh where bank_id = of_bank and concern_id = of_id and seq = of_seq and sealed = old;
  return found;
end $$;
revoke all on function reseal_referral_event(uuid, uuid, int, bytea, bytea), reseal_concern(uuid, uuid, bytea, bytea), reseal_concern_note(uuid, uuid, int, bytea, bytea) from public;
grant execute on function reseal_referral_event(uuid, uuid, int, bytea, bytea), reseal_concern(uuid, uuid, bytea, bytea), reseal_concern_note(uuid, uuid, int, bytea, bytea) to timebank_app;
