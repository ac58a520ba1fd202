-- What somebody told because they worry about a person. Everything said stands
-- sealed, also whom it is about: that there is a concern is itself a secret.
create table concern (
  bank_id   uuid not null,
  id        uuid not null,
  reference text not null,
  raised_by uuid not null,             -- directory.person
  sealed    bytea,                     -- about whom, what, how urgent; empty once forgotten
  due_at    timestamptz not null,      -- when somebody must have read it
  read_at   timestamptz,
  state     text not null check (state in ('open', 'closed')),
  raised_at timestamptz not null,
  closed_at timestamptz,
  primary key (bank_id, id),
  unique (bank_id, reference),
  check ((state = 'closed') = (closed_at is not null))
);
create index concern_open on concern (bank_id, state, due_at);

-- What was done about it: a journal of sealed notes.
create table concern_note (
  bank_id    uuid not null,
  concern_id uuid not null,
  seq        int not null check (seq > 0),
  kind       text not null check (kind in ('note', 'close')),
  written_by uuid not null,
  sealed     bytea,
  at         timestamptz not null,
  primary key (bank_id, concern_id, seq),
  foreign key (bank_id, concern_id) references concern (bank_id, id)
);
do $$
declare t text;
begin
  foreach t in array array['concern', 'concern_note'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own_bank on %I using (bank_id = current_bank()) with check (bank_id = current_bank())', t);
    execute format('grant select, insert on %I to timebank_app', t);
  end loop;
end $$;
grant update (read_at, state, closed_at) on concern to timebank_app;
