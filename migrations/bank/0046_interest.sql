-- What a member wants to be told about: offers or requests of a kind, or with words in
-- them. Of what is ended nothing is left but that there was something.
create table interest (
  bank_id    uuid not null,
  id         uuid not null,
  member_id  uuid not null,
  type       text not null check (type in ('offer', 'request')),
  kind       text not null default '' check (length(kind) <= 60),     -- empty: any
  words      text not null default '' check (length(words) <= 100),
  created_by uuid not null,
  created_at timestamptz not null,
  told_from  timestamptz not null,      -- what is newer has not been looked at
  looked_on  date not null,             -- the last day on which it was, in the bank's zone
  ended_at   timestamptz,
  primary key (bank_id, id),
  foreign key (bank_id, member_id) references member (bank_id, id),
  check ((ended_at is null) = (kind <> '' or words <> ''))
);
create unique index interest_once on interest (bank_id, member_id, type, kind, lower(words)) where ended_at is null;

-- Which listings a member was told of, so that nothing is told twice. All that were
-- told at once have one digest.
create table interest_found (
  bank_id    uuid not null,
  member_id  uuid not null,
  listing_id uuid not null,
  digest_id  uuid not null,
  found_at   timestamptz not null,
  primary key (bank_id, member_id, listing_id),
  foreign key (bank_id, member_id) references member (bank_id, id),
  foreign key (bank_id, listing_id) references listing (bank_id, id)
);
create index interest_digest on interest_found (bank_id, digest_id);
create index listing_new on listing (bank_id, type, created_at) where state = 'open';

do $$
declare t text;
begin
  foreach t in array array['interest', 'interest_found'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own_bank on %I using (bank_id = current_bank()) with check (bank_id = current_bank())', t);
    execute format('grant select, insert on %I to timebank_app', t);
  end loop;
end $$;
grant update (kind, words, told_from, looked_on, ended_at) on interest to timebank_app;

-- Forgets what members were told of, and what they no longer want to be told, up to so
-- many of each.
create function forget_interests(of_bank uuid, before timestamptz, most int) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  n bigint;
  m bigint;
begin
  if of_bank is distinct from current_bank() then
    raise exception 'another bank';
  end if;
  delete from interest_found where bank_id = of_bank and (member_id, listing_id) in
    (select member_id, listing_id from interest_found where bank_id = of_bank and found_at < before limit most);
  get diagnostics n = row_count;
  delete from interest where bank_id = of_bank and id in (select id from interest where bank_id = of_bank and ended_at < before limit most);
  get diagnostics m = row_count;
  return n + m;
end $$;
revoke all on function forget_interests(uuid, timestamptz, int) from public;
grant execute on function forget_interests(uuid, timestamptz, int) to timebank_app;
