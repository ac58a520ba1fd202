-- A new address counts when the code that was sent there comes back.
create table directory.email_change (
  id         uuid primary key,
  person_id  uuid not null references directory.person,
  hash       bytea not null,
  sealed     bytea,                     -- the new address and the digits; after the change the old address, until it is told
  created_at timestamptz not null,
  expires_at timestamptz not null,
  tries      int not null default 0,
  used_at    timestamptz
);
create index email_change_person on directory.email_change (person_id, created_at desc);

-- Programs that act in one bank: integrations with a secret of their own, and
-- tokens that an operator made. The person of the same id stands in journals.
create table directory.client (
  id          uuid primary key references directory.person,
  bank_id     uuid not null references directory.bank,
  name        text not null check (length(name) between 1 and 100),
  secret_hash bytea,                    -- none: an operator's token, which is not renewed
  may         text[] not null,
  created_at  timestamptz not null,
  expires_at  timestamptz,
  ended_at    timestamptz
);
grant select, insert, update on directory.email_change, directory.client to timebank_app;
