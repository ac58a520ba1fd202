-- Where people gather, with what somebody needs to know who cannot take every step.
create table venue (
  bank_id      uuid not null,
  id           uuid not null,
  name         text not null check (length(name) between 1 and 100),
  address      text not null default '' check (length(address) <= 300),
  step_free    text not null default 'ask' check (step_free in ('yes', 'no', 'ask')),
  toilet       text not null default 'ask' check (toilet in ('yes', 'no', 'ask')),
  parking      text not null default 'ask' check (parking in ('yes', 'no', 'ask')),
  hearing_loop text not null default 'ask' check (hearing_loop in ('yes', 'no', 'ask')),
  quiet_room   text not null default 'ask' check (quiet_room in ('yes', 'no', 'ask')),
  notes        text not null default '' check (length(notes) <= 500),
  created_at   timestamptz not null,
  primary key (bank_id, id)
);

create table gathering (
  bank_id       uuid not null,
  id            uuid not null,
  series_id     uuid,                  -- the same for every date of a series
  title         text not null check (length(title) between 1 and 100),
  about         text not null default '' check (length(about) <= 1000),
  kind          text not null references directory.kind,
  venue_id      uuid not null,
  starts_at     timestamptz not null,
  ends_at       timestamptz not null,
  capacity      int check (capacity between 1 and 2000),
  drop_in       boolean not null,
  speaker       text not null default '' check (length(speaker) <= 100),
  speaker_about text not null default '' check (length(speaker_about) <= 300),
  ground_rules  text not null default '' check (length(ground_rules) <= 1000),
  state         text not null check (state in ('planned', 'cancelled')),
  cancel_reason text not null default '' check (length(cancel_reason) <= 300),
  hours         text not null default 'none' check (hours in ('none', 'posted', 'taken-back')),
  round         int not null default 0, -- how often hours were posted
  created_by    uuid not null,
  created_at    timestamptz not null,
  primary key (bank_id, id),
  foreign key (bank_id, venue_id) references venue (bank_id, id),
  check (ends_at > starts_at)
);
create index gathering_starts on gathering (bank_id, starts_at);
create index gathering_venue on gathering (bank_id, venue_id);

-- One row per person and gathering: who means to come, who waits, who came. The
-- keys are what makes checking in twice impossible.
create table gathering_part (
  bank_id      uuid not null,
  id           uuid not null,
  gathering_id uuid not null,
  member_id    uuid,                   -- null: a guest, who need not be a member
  guest        text not null default '' check (length(guest) <= 100),
  brought_by   uuid,                   -- the member whose guest it is; null: walked in
  part         text not null check (part in ('comes', 'helps', 'leads')),
  state        text not null check (state in ('coming', 'waiting', 'off', 'walked-in')),
  asked_at     timestamptz not null,   -- the order of the waiting list
  here_at      timestamptz,
  here_by      uuid,
  minutes      bigint check (minutes between 1 and 1440), -- given, by who helps or leads
  primary key (bank_id, id),
  unique (bank_id, gathering_id, member_id),
  unique (bank_id, gathering_id, brought_by),
  foreign key (bank_id, gathering_id) references gathering (bank_id, id),
  foreign key (bank_id, member_id) references member (bank_id, id),
  foreign key (bank_id, brought_by) references member (bank_id, id),
  check (member_id is null or guest = '')
);
create unique index gathering_part_guest on gathering_part (bank_id, gathering_id, lower(guest)) where guest <> '';
create index gathering_part_member on gathering_part (bank_id, member_id);
create index gathering_part_brought on gathering_part (bank_id, brought_by);

-- Which transfers a gathering's hours are, and which took them back.
create table gathering_transfer (
  bank_id      uuid not null,
  gathering_id uuid not null,
  round        int not null,
  n            int not null,
  what         text not null check (what in ('hours', 'taken-back')),
  transfer_id  uuid not null,          -- ledger.transfer
  rule         text not null check (rule in ('equal', 'pot', 'set')),
  each_minutes bigint not null,
  reason       text not null default '' check (length(reason) <= 300),
  at           timestamptz not null,
  by_id        uuid not null,
  primary key (bank_id, gathering_id, round, what, n),
  unique (bank_id, transfer_id),
  foreign key (bank_id, gathering_id) references gathering (bank_id, id)
);

do $$
declare t text;
begin
  foreach t in array array['venue', 'gathering', 'gathering_part', 'gathering_transfer'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own_bank on %I using (bank_id = current_bank()) with check (bank_id = current_bank())', t);
    execute format('grant select, insert on %I to timebank_app', t);
  end loop;
end $$;
grant update (title, about, kind, venue_id, starts_at, ends_at, capacity, drop_in, speaker, speaker_about, ground_rules, state, cancel_reason, hours, round) on gathering to timebank_app;
grant update (guest, brought_by, part, state, asked_at, here_at, here_by, minutes) on gathering_part to timebank_app;
