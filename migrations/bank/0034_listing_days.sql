-- Certain days on which something is wanted or offered; none: any day. And help over
-- a video call.
alter table listing add column days date[] not null default '{}' check (cardinality(days) <= 7);
grant update (days) on listing to timebank_app;
alter table listing drop constraint listing_place_check;
alter table listing add constraint listing_place_check check (place in ('home', 'out', 'phone', 'online', 'either'));
