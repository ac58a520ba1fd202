-- Photos of an offer or a request, painted anew: two JPEGs without anything else in
-- them. One that is taken off leaves an empty row, as the application deletes nothing.
create table listing_photo (
  bank_id    uuid not null,
  listing_id uuid not null,
  id         uuid not null,
  words      text not null default '' check (length(words) <= 200),   -- what it shows
  large      bytea check (length(large) <= 4000000),
  small      bytea check (length(small) <= 500000),
  width      int not null check (width between 1 and 1280),            -- of the large one
  height     int not null check (height between 1 and 1280),
  created_by uuid not null,
  created_at timestamptz not null,
  primary key (bank_id, listing_id, id),
  foreign key (bank_id, listing_id) references listing (bank_id, id),
  check ((large is null) = (small is null))
);
alter table listing_photo enable row level security;
alter table listing_photo force row level security;
create policy own_bank on listing_photo using (bank_id = current_bank()) with check (bank_id = current_bank());
grant select, insert on listing_photo to timebank_app;
grant update (words, large, small) on listing_photo to timebank_app;

alter table listing add column photos smallint not null default 0 check (photos between 0 and 3);
grant update (photos) on listing to timebank_app;
