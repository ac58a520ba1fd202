create table listing (
  bank_id    uuid not null,
  id         uuid not null,
  member_id  uuid not null,
  type       text not null check (type in ('offer', 'request')),
  kind       text not null references directory.kind,
  note       text not null default '' check (length(note) <= 1000),
  timing     text not null default 'no-hurry' check (timing in ('today', 'this-week', 'no-hurry')),
  place      text not null default 'either' check (place in ('home', 'out', 'phone', 'either')),
  state      text not null check (state in ('open', 'matched', 'met', 'withdrawn', 'expired')),
  created_by uuid not null,
  created_at timestamptz not null,
  expires_on date not null,
  import_key text,
  primary key (bank_id, id),
  unique (bank_id, import_key),
  foreign key (bank_id, member_id) references member (bank_id, id)
);
create index listing_open on listing (bank_id, type, kind, created_at) where state = 'open';
create index listing_member on listing (bank_id, member_id, created_at);

create table exchange (
  bank_id     uuid not null,
  id          uuid not null,
  listing_id  uuid,
  kind        text not null references directory.kind,
  helper_id   uuid not null,
  helped_id   uuid not null check (helped_id <> helper_id),
  state       text not null check (state in ('proposed', 'agreed', 'done', 'settled', 'disputed', 'cancelled', 'expired')),
  starts_at   timestamptz,
  place       text not null default '' check (length(place) <= 200),
  note        text not null default '' check (length(note) <= 500),
  helper_said text not null default 'waiting' check (helper_said in ('waiting', 'yes', 'no')),
  helped_said text not null default 'waiting' check (helped_said in ('waiting', 'yes', 'no')),
  minutes     bigint check (minutes between 1 and 1440),
  happened_on date,
  done_by     uuid,                    -- the member whose word it is
  done_at     timestamptz,
  settles_on  date,                    -- silence settles it on this day
  transfer_id uuid,                    -- ledger.transfer
  version     int not null default 1,
  created_at  timestamptz not null,
  import_key  text,
  primary key (bank_id, id),
  unique (bank_id, transfer_id),
  unique (bank_id, import_key),
  foreign key (bank_id, listing_id) references listing (bank_id, id),
  foreign key (bank_id, helper_id) references member (bank_id, id),
  foreign key (bank_id, helped_id) references member (bank_id, id),
  check ((state = 'settled') = (transfer_id is not null)),
  check (state not in ('done', 'disputed', 'settled') or (minutes is not null and done_by is not null and done_at is not null))
);
create index exchange_helper on exchange (bank_id, helper_id, created_at);
create index exchange_helped on exchange (bank_id, helped_id, created_at);
create index exchange_listing on exchange (bank_id, listing_id);
create index exchange_starts on exchange (bank_id, starts_at) where state = 'agreed';
create index exchange_settles on exchange (bank_id, settles_on) where state = 'done';

create table exchange_event (
  bank_id      uuid not null,
  exchange_id  uuid not null,
  seq          int not null check (seq > 0),
  from_state   text not null,
  to_state     text not null,
  actor_id     uuid not null,          -- directory.person; identity.SystemPerson for the system
  acted_as     text not null check (acted_as in ('helper', 'helped', 'broker', 'system')),
  on_behalf_of uuid,                   -- member
  minutes      bigint,
  reason       text not null default '' check (length(reason) <= 500),
  at           timestamptz not null,
  primary key (bank_id, exchange_id, seq),
  foreign key (bank_id, exchange_id) references exchange (bank_id, id),
  foreign key (from_state, to_state) references directory.exchange_move
);

-- Who was asked for a request, why, and what they said.
create table ask (
  bank_id     uuid not null,
  id          uuid not null,
  listing_id  uuid not null,
  member_id   uuid not null,
  exchange_id uuid,
  parts       jsonb not null,          -- the score, part by part, as it was shown
  asked_by    uuid not null,
  asked_at    timestamptz not null,
  answer      text check (answer in ('yes', 'no')),
  answered_at timestamptz,
  primary key (bank_id, id),
  foreign key (bank_id, listing_id) references listing (bank_id, id),
  foreign key (bank_id, member_id) references member (bank_id, id),
  foreign key (bank_id, exchange_id) references exchange (bank_id, id)
);
create index ask_member on ask (bank_id, member_id, asked_at);
create index ask_listing on ask (bank_id, listing_id);
create index ask_exchange on ask (bank_id, exchange_id);
