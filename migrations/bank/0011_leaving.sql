-- Leaving unties a membership and its message log from the person.
grant update (person_id) on member to timebank_app;
grant update (person_id) on message to timebank_app;

-- What was told about somebody is forgotten when its time is over. Events stay a
-- journal: the application may not change them, and this function only empties
-- the sealed words of a closed referral of the transaction's own bank.
alter table referral add column forgotten_at timestamptz;
create function forget_referral(of_bank uuid, of_id uuid, nobody bytea, key bytea, now_at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if of_bank is distinct from current_bank() then
    raise exception 'another bank';
  end if;
  update referral set sealed = nobody, key_hash = key, forgotten_at = now_at
   where bank_id = of_bank and id = of_id and closed_at is not null;
  if not found then
    raise exception 'no closed referral';
  end if;
  update referral_event set sealed = null where bank_id = of_bank and referral_id = of_id;
end $$;
revoke all on function forget_referral(uuid, uuid, bytea, bytea, timestamptz) from public;
grant execute on function forget_referral(uuid, uuid, bytea, bytea, timestamptz) to timebank_app;
