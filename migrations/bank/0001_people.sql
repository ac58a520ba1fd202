-- Rules of every table here: bank_id first in each key; ids and times come from
-- Go; no triggers; row-level security forced (0009_walls.sql switches it on).

create table organisation (
  bank_id       uuid not null,
  id            uuid not null,
  name          text not null check (length(name) between 1 and 100),
  kind          text not null check (kind in ('surgery', 'a-and-e', 'police', 'advice', 'social-work', 'hub', 'community')),
  ods_code      text check (ods_code ~ '^[A-Z0-9]{3,8}$'),
  phone         text,
  agreement_ref text,                 -- the sharing agreement that lets them refer by form
  agreed_on     date,
  review_on     date,
  created_at    timestamptz not null,
  primary key (bank_id, id)
);

create table member (
  bank_id     uuid not null,
  id          uuid not null,
  person_id   uuid not null,          -- directory.person, by id only
  reference   text not null,          -- what people read aloud
  name        text not null check (length(name) between 1 and 100),
  called      text not null check (length(called) between 1 and 100),
  status      text not null check (status in ('applied', 'active', 'paused', 'left')),
  stage       text not null check (stage in ('met', 'grouped', 'accompanied', 'independent')),
  area        text not null default '' check (length(area) <= 60),
  phone       text,
  reach_by    text not null check (reach_by in ('email', 'phone', 'post', 'someone')),
  reach_note  text not null default '' check (length(reach_note) <= 200),
  needs       text not null default '' check (length(needs) <= 200),   -- what makes meeting easier
  free_slots  int not null default 0 check (free_slots between 0 and 2097151),   -- 21 bits: Monday morning, afternoon, evening, Tuesday …
  account_id  uuid not null,          -- ledger.account
  joined_on   date not null,
  seen_at     timestamptz,
  created_at  timestamptz not null,
  import_key  text,                   -- where an import found them
  primary key (bank_id, id),
  unique (bank_id, reference),
  unique (bank_id, person_id),
  unique (bank_id, account_id),
  unique (bank_id, import_key)
);
create index member_name on member (bank_id, lower(name));

-- A request that may be repeated after a lost answer is done once: the row is
-- written by the same transaction as its effect.
create table once (
  bank_id    uuid not null,
  actor_id   uuid not null,
  key        uuid not null,
  operation  text not null,
  input_hash bytea not null,
  result_id  uuid not null,
  replays    int not null default 0,   -- a replay writes too, so that it waits for the standby like the first did
  at         timestamptz not null,
  primary key (bank_id, actor_id, key)
);

create table audit (
  bank_id      uuid not null,
  id           uuid not null,
  at           timestamptz not null,
  actor_id     uuid not null,          -- directory.person; identity.SystemPerson for the system
  on_behalf_of uuid,                   -- member
  consent      text check (consent in ('phone', 'paper', 'in-person')),
  action       text not null,
  object_kind  text not null,
  object_id    uuid not null,
  primary key (bank_id, id)
);
create index audit_object on audit (bank_id, object_id, at);
