-- Keys that seal columns. Each stands sealed by the key outside the database. A
-- new one is known to every replica before it seals anything, and one that nothing
-- uses any more is emptied.
create table directory.seal_key (
  id         uuid primary key,
  sealed     bytea,
  created_at timestamptz not null,
  starts_at  timestamptz not null,
  done_at    timestamptz,              -- nothing is left that another key sealed
  retired_at timestamptz,
  check ((sealed is null) = (retired_at is not null))
);
grant select, insert, update on directory.seal_key to timebank_app;
