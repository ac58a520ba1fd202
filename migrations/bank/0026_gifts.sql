-- Hours given away: to a neighbour, held until they say yes, or to the pot.
create table gift (
  bank_id     uuid not null,
  id          uuid not null,
  from_id     uuid not null,
  to_id       uuid check (to_id <> from_id), -- null: the pot
  minutes     bigint not null check (minutes between 1 and 14400),
  words       text not null default '' check (length(words) <= 200),
  state       text not null check (state in ('offered', 'accepted', 'declined', 'expired', 'taken-back')),
  hold_id     uuid,                    -- ledger.hold
  transfer_id uuid,                    -- ledger.transfer
  answer_by   date,
  created_at  timestamptz not null,
  ended_at    timestamptz,
  primary key (bank_id, id),
  unique (bank_id, hold_id),
  unique (bank_id, transfer_id),
  foreign key (bank_id, from_id) references member (bank_id, id),
  foreign key (bank_id, to_id) references member (bank_id, id),
  check ((state = 'offered') = (ended_at is null)),
  check ((state = 'accepted') = (transfer_id is not null))
);
create index gift_from on gift (bank_id, from_id, created_at);
create index gift_to on gift (bank_id, to_id, created_at);
create index gift_offered on gift (bank_id, answer_by) where state = 'offered';

-- What members ask the pot for, and what a broker answered.
create table pot_ask (
  bank_id     uuid not null,
  id          uuid not null,
  member_id   uuid not null,
  minutes     bigint not null check (minutes between 1 and 14400),
  reason      text not null default '' check (length(reason) <= 300),
  state       text not null check (state in ('waiting', 'granted', 'declined', 'taken-back')),
  granted     bigint check (granted between 1 and 14400),
  answer      text not null default '' check (length(answer) <= 300),
  decided_by  uuid,
  decided_at  timestamptz,
  transfer_id uuid,
  created_at  timestamptz not null,
  primary key (bank_id, id),
  unique (bank_id, transfer_id),
  foreign key (bank_id, member_id) references member (bank_id, id),
  check ((state = 'waiting') = (decided_at is null)),
  check ((state = 'granted') = (transfer_id is not null))
);
create index pot_ask_member on pot_ask (bank_id, member_id, created_at);
create index pot_ask_waiting on pot_ask (bank_id, created_at) where state = 'waiting';

do $$
declare t text;
begin
  foreach t in array array['gift', 'pot_ask'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own_bank on %I using (bank_id = current_bank()) with check (bank_id = current_bank())', t);
    execute format('grant select, insert on %I to timebank_app', t);
  end loop;
end $$;
grant update (words, state, transfer_id, ended_at) on gift to timebank_app;
grant update (reason, state, granted, answer, decided_by, decided_at, transfer_id) on pot_ask to timebank_app;
