-- A second step at sign-in: a code from an authenticator app, with recovery codes
-- for a lost phone. The secret stands sealed.
create table directory.totp (
  person_id    uuid primary key references directory.person,
  sealed       bytea not null,
  created_at   timestamptz not null,
  confirmed_at timestamptz,
  last_step    bigint not null default 0   -- a code counts once: later steps only
);
create table directory.recovery_code (
  person_id uuid not null references directory.person,
  hash      bytea not null,
  used_at   timestamptz,
  primary key (person_id, hash)
);
alter table directory.session add column second text not null default 'none' check (second in ('none', 'needed', 'done'));

-- What a bank has decided for itself; no row means the defaults.
create table directory.bank_policy (
  bank_id       uuid primary key references directory.bank,
  second_factor boolean not null default false,  -- staff and surgeries need the second step
  changed_at    timestamptz not null
);
grant select, insert, update, delete on directory.totp, directory.recovery_code to timebank_app;
grant select, insert, update on directory.bank_policy to timebank_app;
