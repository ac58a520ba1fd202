-- The gate's question for less: one row is promised, so that the bank is looked up and not
-- hashed; roles, of which there are one or two, are gone through in their order.
create or replace function directory.enter(of_session uuid, of_person uuid, of_slug text,
  out second text, out called text, out erased boolean, out at_bank uuid, out roles text, out organisation uuid, out demands boolean, out member uuid)
  returns setof record language plpgsql rows 1 as $$
declare
  r record;
begin
  select s.second, p.called, p.erased_at is not null into enter.second, enter.called, enter.erased
    from directory.session s left join directory.person p on p.id = of_person
    where s.id = of_session and s.ended_at is null;
  if not found then
    return;
  end if;
  select b.id, p.second_factor is true into enter.at_bank, enter.demands
    from directory.bank b left join directory.bank_policy p on p.bank_id = b.id where b.slug = of_slug;
  if found then
    for r in select x.role, x.organisation_id from directory.role x
      where x.person_id = of_person and x.bank_id = at_bank and x.ended_at is null order by x.granted_at, x.role
    loop
      enter.roles := concat_ws(',', enter.roles, r.role);
      enter.organisation := coalesce(r.organisation_id, enter.organisation);
    end loop;
    perform set_config('timebank.bank', at_bank::text, true);
    select m.id into enter.member from public.member m where m.bank_id = at_bank and m.person_id = of_person and m.status <> 'left';
  end if;
  return next;
end $$;
