-- Whom a member would rather not meet, and what members told the office about
-- each other. The other side is told neither.
create table blocked (
  bank_id   uuid not null,
  member_id uuid not null,
  other_id  uuid not null check (other_id <> member_id),
  at        timestamptz not null,
  ended_at  timestamptz,
  primary key (bank_id, member_id, other_id),
  foreign key (bank_id, member_id) references member (bank_id, id),
  foreign key (bank_id, other_id) references member (bank_id, id)
);
create index blocked_other on blocked (bank_id, other_id) where ended_at is null;

create table complaint (
  bank_id  uuid not null,
  id       uuid not null,
  from_id  uuid not null,
  about_id uuid not null,
  words    text not null check (length(words) <= 1000),
  at       timestamptz not null,
  primary key (bank_id, id),
  foreign key (bank_id, from_id) references member (bank_id, id),
  foreign key (bank_id, about_id) references member (bank_id, id)
);
create index complaint_from on complaint (bank_id, from_id);
create index complaint_about on complaint (bank_id, about_id);
do $$
declare t text;
begin
  foreach t in array array['blocked', 'complaint'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own_bank on %I using (bank_id = current_bank()) with check (bank_id = current_bank())', t);
    execute format('grant select, insert on %I to timebank_app', t);
  end loop;
end $$;
grant update (at, ended_at) on blocked to timebank_app;
grant update (words) on complaint to timebank_app;
