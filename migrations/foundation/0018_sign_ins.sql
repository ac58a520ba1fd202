-- What signing in leaves behind is forgotten after a time by the nightly run.
grant delete on directory.session, directory.sign_in_code, directory.email_change, directory.signing_key to timebank_app;
create index session_over on directory.session ((coalesce(ended_at, expires_at)));
create index sign_in_code_over on directory.sign_in_code (expires_at);

-- Keys of the blind indexes, one layer over another. Each stands sealed by the key
-- outside the database. The first is made from that key, and stands here once that
-- key itself has been changed.
create table directory.blind_key (
  layer      int primary key check (layer between 1 and 255),
  sealed     bytea not null,
  created_at timestamptz not null,
  starts_at  timestamptz not null
);
grant select, insert, update on directory.blind_key to timebank_app;

-- With what everything begins that a key has sealed: journals let a value be sealed
-- anew only with the key that is taking over.
alter table directory.seal_key add column prefix bytea;
