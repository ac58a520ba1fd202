-- The role that requests and jobs run as. Roles belong to the whole server, so
-- another database of the same server may have made it already.
do $$
begin
  create role timebank_app nologin nosuperuser nobypassrls nocreatedb nocreaterole;
exception when duplicate_object or unique_violation then null;
end $$;
-- Membership of a role belongs to the whole server too: another database's
-- migration may be granting it at this very moment.
do $$
begin
  if not pg_has_role(current_user, 'timebank_app', 'member') then
    grant timebank_app to current_user;
  end if;
exception when internal_error then
  if sqlerrm !~ 'concurrently updated' then raise; end if;
end $$;
revoke create on schema public from public;
create schema if not exists job;
grant usage on schema public, directory to timebank_app;

-- The tenant of the running transaction; null, and so no rows, when none is set.
create function public.current_bank() returns uuid
language sql stable parallel safe
as $$ select nullif(current_setting('timebank.bank', true), '')::uuid $$;
