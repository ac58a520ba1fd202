-- Three more roles of a bank, and the operator of the platform, who sees no bank
-- from inside. What each role may do stands in app/identity/policy.go.
alter table directory.role drop constraint role_role_check;
alter table directory.role add constraint role_role_check check (role in ('member', 'stand-in', 'broker', 'coordinator',
  'safeguarding-lead', 'co-chair', 'receptionist', 'practice-manager'));

create table directory.operator (
  person_id  uuid primary key references directory.person,
  granted_at timestamptz not null,
  ended_at   timestamptz
);
grant select, insert, update on directory.operator to timebank_app;
