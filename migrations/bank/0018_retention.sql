-- How long a bank keeps things, where it has decided otherwise than the program's
-- own periods. The journal of who did and saw what is kept a year at least.
create table retention (
  bank_id    uuid not null,
  what       text not null,
  days       int not null check (days between 7 and 36500),
  changed_by uuid not null,
  changed_at timestamptz not null,
  primary key (bank_id, what),
  check (what <> 'journal' or days >= 365)
);
alter table retention enable row level security;
alter table retention force row level security;
create policy own_bank on retention using (bank_id = current_bank()) with check (bank_id = current_bank());
grant select, insert on retention to timebank_app;
grant update (days, changed_by, changed_at) on retention to timebank_app;

-- The application may delete nothing. This function deletes what is over, of the
-- transaction's own bank, so many rows at a time, and nothing else.
create function forget_old(of_bank uuid, what text, before timestamptz, most int) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  n bigint := 0;
begin
  if of_bank is distinct from current_bank() then
    raise exception 'another bank';
  end if;
  case what
  when 'messages' then
    delete from message where bank_id = of_bank and id in (select id from message where bank_id = of_bank and created_at < before and state <> 'queued' order by id limit most);
  when 'tasks' then
    delete from task where bank_id = of_bank and id in (select id from task where bank_id = of_bank and done_at < before order by id limit most);
  when 'journal' then
    delete from audit where bank_id = of_bank and id in (select id from audit where bank_id = of_bank and at < before order by id limit most);
  when 'repeats' then
    delete from once where bank_id = of_bank and (actor_id, key) in (select actor_id, key from once where bank_id = of_bank and at < before limit most);
  when 'applications' then
    delete from application where bank_id = of_bank and id in (select id from application where bank_id = of_bank and decided_at < before and reply is null order by id limit most);
  when 'invitations' then
    delete from invitation where bank_id = of_bank and id in (select id from invitation where bank_id = of_bank and expires_at < before order by id limit most);
  when 'concerns' then
    update concern_note set sealed = null where bank_id = of_bank and sealed is not null
      and concern_id in (select id from concern where bank_id = of_bank and closed_at < before);
    update concern set sealed = null where bank_id = of_bank and closed_at < before and sealed is not null;
  else
    raise exception 'nothing of this name is forgotten';
  end case;
  get diagnostics n = row_count;
  return n;
end $$;
revoke all on function forget_old(uuid, text, timestamptz, int) from public;
grant execute on function forget_old(uuid, text, timestamptz, int) to timebank_app;
