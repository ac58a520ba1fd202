-- A bank's own kinds of help, and its own words for those that every bank has. The
-- tree of directory.kind stands where a bank has said nothing.
create table bank_kind (
  bank_id    uuid not null,
  code       text not null check (length(code) <= 60),
  key        bigint not null,                         -- of the kind, in what search keeps
  parent     text check (length(parent) <= 60),       -- the group; null for a group
  name       text not null check (length(name) between 1 and 40),
  doing      text not null check (length(doing) between 1 and 60),
  icon       text not null,
  sort       int not null,
  words      text not null default '' check (length(words) <= 300),  -- everyday words for it
  word_keys  bigint[] not null default '{}',          -- of their stems, for search
  hidden     boolean not null default false,
  changed_by uuid not null,
  changed_at timestamptz not null,
  primary key (bank_id, code)
);
create unique index bank_kind_name on bank_kind (bank_id, (parent is null), lower(name)) where not hidden;
alter table bank_kind enable row level security;
alter table bank_kind force row level security;
create policy own_bank on bank_kind using (bank_id = current_bank()) with check (bank_id = current_bank());
grant select, insert on bank_kind to timebank_app;
grant update (name, doing, words, word_keys, hidden, changed_by, changed_at) on bank_kind to timebank_app;

-- A kind may now be a bank's own; the program looks whether it exists.
alter table listing drop constraint listing_kind_fkey;
alter table exchange drop constraint exchange_kind_fkey;
alter table arrangement drop constraint arrangement_kind_fkey;
alter table gathering drop constraint gathering_kind_fkey;
