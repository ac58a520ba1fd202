-- What a bank asks of people who want to join, beside name and address. A question
-- is never changed: it ends, and another begins, so that an answer always stands
-- beside the words that were asked.
create table join_question (
  bank_id    uuid not null,
  id         uuid not null,
  sort       int not null,
  ask        text not null check (length(ask) between 3 and 200),
  hint       text not null default '' check (length(hint) <= 200),
  kind       text not null check (kind in ('words', 'yes-no')),
  needed     boolean not null,
  made_by    uuid not null,
  created_at timestamptz not null,
  ended_at   timestamptz,
  primary key (bank_id, id)
);
create index join_question_now on join_question (bank_id, sort) where ended_at is null;
alter table join_question enable row level security;
alter table join_question force row level security;
create policy own_bank on join_question using (bank_id = current_bank()) with check (bank_id = current_bank());
grant select, insert on join_question to timebank_app;
grant update (ended_at) on join_question to timebank_app;

-- A no in a broker's own words, sealed, until it is sent.
alter table application add column reply bytea;
grant update (reply) on application to timebank_app;
