-- The key pair by which push services know us; the public half goes to browsers.
create table directory.push_key (
  id         uuid primary key,
  public     bytea not null,
  sealed     bytea not null,
  created_at timestamptz not null
);
grant select, insert on directory.push_key to timebank_app;
grant update (sealed) on directory.push_key to timebank_app;

-- A browser that shows messages, where its push service takes them, and the keys
-- that they are encrypted for. It ends with the session it was switched on in.
create table directory.push_device (
  id         uuid primary key,
  session_id uuid not null unique references directory.session on delete cascade,
  person_id  uuid not null references directory.person,
  endpoint   text not null unique check (length(endpoint) <= 1000),
  p256dh     text not null,
  auth       text not null,
  created_at timestamptz not null,
  sent_at    timestamptz               -- the last message that its push service took
);
create index push_device_person on directory.push_device (person_id);
grant select, insert, delete on directory.push_device to timebank_app;
grant update (sent_at) on directory.push_device to timebank_app;
