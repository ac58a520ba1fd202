-- Somebody who wants to join. What they said stands sealed and goes when it is
-- decided; the blind hashes find the same person applying again.
create table application (
  bank_id      uuid not null,
  id           uuid not null,
  sealed       bytea,
  email_hash   bytea,
  phone_hash   bytea,                  -- of number and name: households share a number
  state        text not null check (state in ('waiting', 'accepted', 'declined')),
  times        int not null default 1, -- how often they applied
  member_id    uuid,
  first_at     timestamptz not null,
  last_at      timestamptz not null,
  decided_at   timestamptz,
  decided_by   uuid,
  primary key (bank_id, id),
  foreign key (bank_id, member_id) references member (bank_id, id),
  check ((state = 'waiting') = (decided_at is null)),
  check ((state = 'waiting') = (sealed is not null))
);
create index application_waiting on application (bank_id, first_at) where state = 'waiting';

-- A printed code with which somebody joins at once: a broker has met them.
create table invitation (
  bank_id    uuid not null,
  id         uuid not null,
  hash       bytea not null,
  uses_left  int not null check (uses_left >= 0),
  made_by    uuid not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (bank_id, id),
  unique (bank_id, hash)
);
do $$
declare t text;
begin
  foreach t in array array['application', 'invitation'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own_bank on %I using (bank_id = current_bank()) with check (bank_id = current_bank())', t);
    execute format('grant select, insert on %I to timebank_app', t);
  end loop;
end $$;
grant update (sealed, email_hash, phone_hash, state, times, member_id, last_at, decided_at, decided_by) on application to timebank_app;
grant update (uses_left) on invitation to timebank_app;
