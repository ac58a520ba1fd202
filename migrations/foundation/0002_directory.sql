-- What is not one bank's: the list of banks, people, and how they sign in. These
-- tables may live on another server one day, so nothing has a foreign key from
-- here into a bank's tables or back: ids only.

create table directory.bank (
  id            uuid primary key,
  slug          text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$'),
  name          text not null check (length(name) between 1 and 80),
  zone          text not null default 'Europe/London',
  nation        text not null default 'england-wales' check (nation in ('england-wales', 'scotland', 'northern-ireland')),
  phone         text not null,
  phone_hours   text not null,
  email         text not null default '',
  accent        text not null default '#0b5a4b' check (accent ~ '^#[0-9a-f]{6}$'),
  confirm_days  int not null default 7 check (confirm_days between 1 and 60),
  floor_minutes bigint not null default -720,       -- hard floor of a new member: 12 hours
  soft_minutes  bigint not null default -300,       -- soft floor: a broker is told, nothing is blocked
  pot_account   uuid not null,
  issue_account uuid not null,
  created_at    timestamptz not null
);

create table directory.person (
  id           uuid primary key,
  name         text not null check (length(name) between 1 and 100),
  called       text not null check (length(called) between 1 and 100),  -- what they like to be called
  email        text check (length(email) between 3 and 254),
  phone        text check (phone ~ '^\+[0-9]{6,15}$'),
  language     text not null default 'en',
  created_at   timestamptz not null,
  erased_at    timestamptz
);
create unique index person_email on directory.person (lower(email)) where email is not null;
create index person_phone on directory.person (phone) where phone is not null;

-- What a person may do where. A surgery's people have their organisation's id.
create table directory.role (
  person_id       uuid not null references directory.person,
  bank_id         uuid not null references directory.bank,
  role            text not null check (role in ('member', 'broker', 'coordinator', 'receptionist', 'practice-manager')),
  organisation_id uuid,
  granted_at      timestamptz not null,
  ended_at        timestamptz,
  primary key (person_id, bank_id, role)
);
create index role_bank on directory.role (bank_id, role);

create table directory.sign_in_code (
  id         uuid primary key,
  person_id  uuid not null references directory.person,
  hash       bytea not null,
  sealed     bytea,                                  -- kept only until it was sent
  channel    text not null check (channel in ('email', 'read-out')),
  made_by    uuid references directory.person,      -- the broker who reads it out
  created_at timestamptz not null,
  expires_at timestamptz not null,
  tries      int not null default 0,
  used_at    timestamptz
);
create index sign_in_code_person on directory.sign_in_code (person_id, created_at desc);

create table directory.session (
  id            uuid primary key,
  person_id     uuid not null references directory.person,
  refresh_hash  bytea not null unique,
  previous_hash bytea unique,
  device        text not null default '',
  created_at    timestamptz not null,
  renewed_at    timestamptz not null,
  expires_at    timestamptz not null,
  ended_at      timestamptz
);
create index session_person on directory.session (person_id);

-- One bucket per (what, who): the time at which it is empty again (GCRA).
create table directory.rate (
  bucket text primary key,
  full_at timestamptz not null
);

create table directory.signing_key (
  kid        text primary key,
  sealed     bytea not null,
  created_at timestamptz not null,
  retired_at timestamptz
);

-- Kinds of help: a tree two levels deep. Words for the screen stand here, in
-- English; other languages are added beside them.
create table directory.kind (
  code   text primary key,
  parent text references directory.kind,
  name   text not null,           -- "A lift"
  doing  text not null,           -- completes "Bill helped with …"
  icon   text not null,
  sort   int not null
);

-- The two state tables. An event's (from, to) is a foreign key into them, so a
-- move that the rules do not have cannot be written by any code.
create table directory.exchange_move (
  from_state text not null,
  to_state   text not null,
  by_whom    text[] not null,     -- helper, helped, broker, system
  primary key (from_state, to_state)
);
create table directory.referral_move (
  from_state text not null,
  to_state   text not null,
  by_whom    text[] not null,     -- referrer, broker, system
  primary key (from_state, to_state)
);

grant select on directory.bank, directory.kind, directory.exchange_move, directory.referral_move, directory.migration to timebank_app;
grant insert on directory.bank to timebank_app;
grant select, insert, update on directory.person, directory.role, directory.sign_in_code, directory.session, directory.rate, directory.signing_key to timebank_app;
grant delete on directory.rate to timebank_app;
