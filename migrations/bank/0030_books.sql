-- What each night's proof of a bank's books found, and hours on their way to another bank.
create table book_check (
  bank_id   uuid not null,
  id        uuid not null,
  at        timestamptz not null,
  accounts  bigint not null,
  transfers bigint not null,
  entries   bigint not null,
  height    bigint not null,           -- of the latest seal
  head      bytea,                     -- its digest; null: nothing is sealed yet
  faults    int not null,
  findings  text[] not null,           -- the first of them, in words, naming rows
  primary key (bank_id, id)
);
create index book_check_at on book_check (bank_id, at);

create table crossing (
  bank_id      uuid not null,          -- that the hours leave
  id           uuid not null,
  to_bank_id   uuid not null,
  member_id    uuid not null,
  from_account uuid not null,
  to_account   uuid not null,
  minutes      bigint not null check (minutes > 0),
  actor_id     uuid not null,
  reason       text not null,
  day          date not null,
  transfer_id  uuid not null,
  state        text not null check (state in ('on-its-way', 'arrived', 'returned')),
  at           timestamptz not null,
  ended_at     timestamptz,
  primary key (bank_id, id)
);
create index crossing_open on crossing (bank_id, at) where state = 'on-its-way';

do $$
declare t text;
begin
  foreach t in array array['book_check', 'crossing'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own_bank on %I using (bank_id = current_bank()) with check (bank_id = current_bank())', t);
    execute format('grant select, insert on %I to timebank_app', t);
  end loop;
end $$;
grant update (state, ended_at) on crossing to timebank_app;
