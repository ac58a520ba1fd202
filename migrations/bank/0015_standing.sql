-- Who may act for a member without being asked each time: a carer, within limits,
-- or somebody of an organisation. The member agreed, and can end it at any time.
create table standing (
  bank_id   uuid not null,
  id        uuid not null,
  member_id uuid not null,             -- for whom
  person_id uuid not null,             -- who acts: directory.person, by id only
  may       text[] not null check (cardinality(may) > 0),
  how       text not null check (how in ('phone', 'paper', 'in-person', 'themselves')),   -- how the member agreed
  made_by   uuid not null,
  began_at  timestamptz not null,
  ended_at  timestamptz,
  ended_by  uuid,
  primary key (bank_id, id),
  foreign key (bank_id, member_id) references member (bank_id, id),
  check ((ended_at is null) = (ended_by is null))
);
create unique index standing_open on standing (bank_id, member_id, person_id) where ended_at is null;
create index standing_person on standing (bank_id, person_id) where ended_at is null;
alter table standing enable row level security;
alter table standing force row level security;
create policy own_bank on standing using (bank_id = current_bank()) with check (bank_id = current_bank());
grant select, insert on standing to timebank_app;
grant update (ended_at, ended_by) on standing to timebank_app;

-- A member that is no person. Several people may act for it.
alter table member add column organisation boolean not null default false;

-- How somebody agreed to what was done for them: each time, or once and for all
-- by a standing.
alter table audit drop constraint audit_consent_check;
alter table audit add constraint audit_consent_check check (consent in ('phone', 'paper', 'in-person', 'standing'));
alter table exchange_event add column consent text check (consent in ('phone', 'paper', 'in-person', 'standing'));
