-- What stands in each open offer and request, for search: integer keys in a b-tree
-- led by the bank. Row-level security switches off every index whose operator is
-- not leakproof (text search, arrays, trigrams), and leaves these.
create table posting (
  bank_id    uuid not null,
  listing_id uuid not null,
  key        bigint not null,          -- of a word's stem, or of a kind of help
  type       smallint not null check (type in (1, 2)),   -- offer, request
  weight     smallint not null check (weight between 1 and 100),
  area       bigint not null,          -- key of the member's area
  live       boolean not null,
  primary key (bank_id, listing_id, key),
  foreign key (bank_id, listing_id) references listing (bank_id, id)
);
create index posting_find on posting (bank_id, type, key, weight desc, listing_id desc) include (area) where live;

-- The words of a bank, with how often they stand in open listings: counted every
-- night, so that nobody waits for a common word's row.
create table vocabulary (
  bank_id uuid not null,
  key     bigint not null,
  word    text not null check (length(word) <= 40),   -- as it was first written; empty for a kind
  n       int not null,
  primary key (bank_id, key)
);

-- Each word with one letter left out: a word with a slip of the finger shares one
-- of these with the right one.
create table slip (
  bank_id uuid not null,
  key     bigint not null,
  word    bigint not null,             -- vocabulary.key
  primary key (bank_id, key, word)
);

do $$
declare t text;
begin
  foreach t in array array['posting', 'vocabulary', 'slip'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own_bank on %I using (bank_id = current_bank()) with check (bank_id = current_bank())', t);
    execute format('grant select, insert on %I to timebank_app', t);
  end loop;
end $$;
grant update (key, live, weight, area) on posting to timebank_app;
grant update (word, n) on vocabulary to timebank_app;
