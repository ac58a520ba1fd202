-- A bank may let offers stay until they are taken off.
alter table directory.bank add column offers_stay boolean not null default false;
