create table task (
  bank_id      uuid not null,
  id           uuid not null,
  kind         text not null,
  subject_kind text not null,
  subject_id   uuid not null,
  owner_id     uuid,
  due_at       timestamptz not null,
  created_at   timestamptz not null,
  escalated_at timestamptz,
  done_at      timestamptz,
  done_by      uuid,
  primary key (bank_id, id)
);
create unique index task_open on task (bank_id, kind, subject_id) where done_at is null;
create index task_due on task (bank_id, due_at) where done_at is null;

create table message (
  bank_id    uuid not null,
  id         uuid not null,
  person_id  uuid not null,
  member_id  uuid,
  template   text not null,
  subject_id uuid not null,            -- what it is about
  dedupe     text not null,            -- (what, for whom, due at): the same is written once
  channel    text not null check (channel in ('email', 'phone', 'post')),
  state      text not null check (state in ('queued', 'sent', 'failed', 'not-needed')),
  due_at     timestamptz not null,
  created_at timestamptz not null,
  sent_at    timestamptz,
  tries      int not null default 0,
  problem    text not null default '',
  primary key (bank_id, id),
  unique (bank_id, dedupe)
);
create index message_person on message (bank_id, person_id, created_at);
