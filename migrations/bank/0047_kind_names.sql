-- What a bank calls its kinds of help in its other languages: {"cy": "Pysgota"}. None:
-- the name.
alter table bank_kind add column names jsonb not null default '{}' check (jsonb_typeof(names) = 'object');
grant update (names) on bank_kind to timebank_app;
