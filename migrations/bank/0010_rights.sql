-- Why somebody looked: asked of staff where they open what is not their daily
-- work, such as everything that is held about one person.
alter table audit add column purpose text check (length(purpose) between 3 and 200);
create index audit_behalf on audit (bank_id, on_behalf_of, at) where on_behalf_of is not null;
create index audit_actor on audit (bank_id, actor_id, at);
