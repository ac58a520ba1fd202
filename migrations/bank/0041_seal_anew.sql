-- Blind indexes follow a new key like sealed values do.
grant update (hash) on invitation to timebank_app;
grant update (key_hash) on referral to timebank_app;

-- Journals may be sealed anew, and until now whoever had the application's role
-- could put any bytes of the same length in the place of any entry, at any time.
-- Now only while a key takes over, only with that key, and only what it did not
-- seal: one entry once a rotation, and a rotation leaves a row that the
-- application cannot take away.
create function taking_over(old bytea, fresh bytea) returns boolean
language sql stable set search_path = directory, pg_temp as $$
  select coalesce((
    select done_at is null and substring(fresh from 1 for 5) = coalesce(prefix, substring(fresh from 1 for 5))
      and substring(old from 1 for 5) <> substring(fresh from 1 for 5) and octet_length(fresh) = octet_length(old)
    from directory.seal_key where retired_at is null order by starts_at desc, id desc limit 1), false)
$$;
revoke all on function taking_over(bytea, bytea) from public;

create or replace function reseal_referral_event(of_bank uuid, of_id uuid, of_seq int, old bytea, fresh bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if of_bank is distinct from current_bank() or not taking_over(old, fresh) then
    raise exception 'not the same words of this bank, or no key takes over';
  end if;
  update referral_event set sealed = fresh where bank_id = of_bank and referral_id = of_id and seq = of_seq and sealed = old;
  return found;
end $$;
create or replace function reseal_concern(of_bank uuid, of_id uuid, old bytea, fresh bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if of_bank is distinct from current_bank() or not taking_over(old, fresh) then
    raise exception 'not the same words of this bank, or no key takes over';
  end if;
  update concern set sealed = fresh where bank_id = of_bank and id = of_id and sealed = old;
  return found;
end $$;
create or replace function reseal_concern_note(of_bank uuid, of_id uuid, of_seq int, old bytea, fresh bytea) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if of_bank is distinct from current_bank() or not taking_over(old, fresh) then
    raise exception 'not the same words of this bank, or no key takes over';
  end if;
  update concern_note set sealed = fresh where bank_id = of_bank and concern_id = of_id and seq = of_seq and sealed = old;
  return found;
end $$;
