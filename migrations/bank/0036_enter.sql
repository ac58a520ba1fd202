-- What the gate asks at every request, as one question whose plans each connection
-- keeps: is the session still open, who is its person, and what are they in the bank
-- of this address? No row: the session has ended. It sets the bank for row-level
-- security, which binds it like everybody, to the end of the caller's transaction.
create function directory.enter(of_session uuid, of_person uuid, of_slug text,
  out second text, out called text, out erased boolean, out at_bank uuid, out roles text, out organisation uuid, out demands boolean, out member uuid)
  returns setof record language plpgsql as $$
begin
  select s.second, p.called, p.erased_at is not null into enter.second, enter.called, enter.erased
    from directory.session s left join directory.person p on p.id = of_person
    where s.id = of_session and s.ended_at is null;
  if not found then
    return;
  end if;
  select b.id into at_bank from directory.bank b where b.slug = of_slug;
  if found then
    select string_agg(r.role, ',' order by r.granted_at, r.role),
        (array_agg(r.organisation_id order by r.granted_at desc, r.role desc) filter (where r.organisation_id is not null))[1]
      into enter.roles, enter.organisation
      from directory.role r where r.person_id = of_person and r.bank_id = at_bank and r.ended_at is null;
    demands := exists (select from directory.bank_policy p where p.bank_id = at_bank and p.second_factor);
    perform set_config('timebank.bank', at_bank::text, true);
    select m.id into enter.member from public.member m where m.bank_id = at_bank and m.person_id = of_person and m.status <> 'left';
  end if;
  return next;
end $$;
grant execute on function directory.enter(uuid, uuid, text) to timebank_app;
