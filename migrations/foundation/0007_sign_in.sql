-- How a session was opened, and when its person last proved who they are: what
-- changes the way in is refused to an old proof.
alter table directory.session add column proved_at timestamptz;   -- none: long ago
alter table directory.session add column way text not null default '';

-- A code counts in the browser that asked for it; one that was read out has none.
alter table directory.sign_in_code add column asked bytea;
alter table directory.sign_in_code drop constraint sign_in_code_channel_check;
alter table directory.sign_in_code add constraint sign_in_code_channel_check check (channel in ('email', 'sms', 'read-out'));

-- A browser in which somebody has signed in before. Strangers who use up the tries
-- of an address do not use up theirs.
create table directory.known_device (
  hash         bytea primary key,
  person_id    uuid not null references directory.person,
  created_at   timestamptz not null,
  used_at      timestamptz not null,
  second_until timestamptz            -- the second step is not asked again here until then
);
create index known_device_person on directory.known_device (person_id);

-- Passkeys. The credential's record stands sealed: who can write the database must
-- not be able to put a key of their own in it.
create table directory.passkey (
  id         uuid primary key,
  person_id  uuid not null references directory.person,
  credential bytea not null unique,
  sealed     bytea not null,
  name       text not null check (length(name) between 1 and 60),
  created_at timestamptz not null,
  used_at    timestamptz
);
create index passkey_person on directory.passkey (person_id);

-- A passkey's challenge, for a few minutes and one answer.
create table directory.challenge (
  id         uuid primary key,
  person_id  uuid references directory.person,  -- none: whoever answers signs in
  data       jsonb not null,
  expires_at timestamptz not null
);
create index challenge_expires on directory.challenge (expires_at);

grant select, insert, update, delete on directory.known_device, directory.passkey, directory.challenge to timebank_app;
