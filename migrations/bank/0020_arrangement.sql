-- Two who meet every week or every other week. Agreed with the first meeting that
-- is made by it; each meeting that is over makes the next one, until one of them
-- ends it.
create table arrangement (
  bank_id    uuid not null,
  id         uuid not null,
  helper_id  uuid not null,
  helped_id  uuid not null check (helped_id <> helper_id),
  kind       text not null references directory.kind,
  every_days int not null check (every_days in (7, 14)),
  made_by    uuid not null,            -- the member who wished for it
  created_at timestamptz not null,
  agreed_at  timestamptz,
  ended_at   timestamptz,
  ended_by   uuid,                     -- the member who ended it; null: by the system
  primary key (bank_id, id),
  foreign key (bank_id, helper_id) references member (bank_id, id),
  foreign key (bank_id, helped_id) references member (bank_id, id)
);
create index arrangement_helper on arrangement (bank_id, helper_id) where ended_at is null;
create index arrangement_helped on arrangement (bank_id, helped_id) where ended_at is null;

alter table exchange add column arrangement_id uuid;
alter table exchange add column new_starts_at timestamptz;  -- another time that one side has suggested
alter table exchange add column new_by uuid;                -- which member
alter table exchange add column asked_at timestamptz;       -- when the present proposal was made; null: with the exchange
alter table exchange add column thanks text not null default '' check (length(thanks) <= 500);
alter table exchange add foreign key (bank_id, arrangement_id) references arrangement (bank_id, id);
alter table exchange add check ((new_starts_at is null) = (new_by is null));
create index exchange_arrangement on exchange (bank_id, arrangement_id) where arrangement_id is not null;

-- What the two of an exchange write to each other, through the time bank: neither
-- learns the other's address.
create table letter (
  bank_id     uuid not null,
  id          uuid not null,
  exchange_id uuid not null,
  from_id     uuid not null,           -- member
  words       text not null check (length(words) <= 1000),  -- empty once forgotten
  at          timestamptz not null,
  seen_at     timestamptz,             -- by the other side
  primary key (bank_id, id),
  foreign key (bank_id, exchange_id) references exchange (bank_id, id),
  foreign key (bank_id, from_id) references member (bank_id, id)
);
create index letter_exchange on letter (bank_id, exchange_id, at);

do $$
declare t text;
begin
  foreach t in array array['arrangement', 'letter'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own_bank on %I using (bank_id = current_bank()) with check (bank_id = current_bank())', t);
    execute format('grant select, insert on %I to timebank_app', t);
  end loop;
end $$;
grant update (agreed_at, ended_at, ended_by) on arrangement to timebank_app;
grant update (words, seen_at) on letter to timebank_app;
grant update (new_starts_at, new_by, asked_at, thanks, arrangement_id) on exchange to timebank_app;
