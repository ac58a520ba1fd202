-- What every change of an exchange writes, for less. What holds is as before.
--
-- A statement that writes into a table reads the text of each of its CHECKs anew: eleven of an
-- exchange, four of its events and two of the audit were a sixth of all that settling one took of
-- the server. One CHECK that calls a function says the same; the function is read once a connection.
create function exchange_sound(helper_id uuid, helped_id uuid, state text, transfer_id uuid, minutes bigint, done_by uuid, done_at timestamptz,
  helper_said text, helped_said text, place text, note text, thanks text, new_starts_at timestamptz, new_by uuid)
  returns boolean language plpgsql immutable parallel safe as $$
begin
  return helped_id <> helper_id
    and state in ('proposed', 'agreed', 'done', 'settled', 'disputed', 'cancelled', 'expired')
    and (state = 'settled') = (transfer_id is not null)
    and (state not in ('done', 'disputed', 'settled') or (minutes is not null and done_by is not null and done_at is not null))
    and minutes between 1 and 1440
    and helper_said in ('waiting', 'yes', 'no')
    and helped_said in ('waiting', 'yes', 'no')
    and length(place) <= 200 and length(note) <= 500 and length(thanks) <= 500
    and (new_starts_at is null) = (new_by is null);
end $$;

create function exchange_event_sound(seq int, acted_as text, consent text, reason text)
  returns boolean language plpgsql immutable parallel safe as $$
begin
  return seq > 0 and acted_as in ('helper', 'helped', 'broker', 'system')
    and consent in ('phone', 'paper', 'in-person', 'standing') and length(reason) <= 500;
end $$;

create function audit_sound(consent text, purpose text) returns boolean language plpgsql immutable parallel safe as $$
begin
  return consent in ('phone', 'paper', 'in-person', 'standing') and length(purpose) between 3 and 200;
end $$;

do $$
declare c record;
begin
  for c in select conrelid::regclass as t, conname from pg_constraint
    where contype = 'c' and conrelid in ('exchange'::regclass, 'exchange_event'::regclass, 'audit'::regclass)
  loop
    execute format('alter table %s drop constraint %I', c.t, c.conname);
  end loop;
end $$;
alter table exchange add constraint exchange_sound check (exchange_sound(helper_id, helped_id, state, transfer_id, minutes, done_by, done_at,
  helper_said, helped_said, place, note, thanks, new_starts_at, new_by));
alter table exchange_event add constraint exchange_event_sound check (exchange_event_sound(seq, acted_as, consent, reason));
alter table audit add constraint audit_sound check (audit_sound(consent, purpose));

-- Most exchanges were never imported, some came of no listing, and none that is not settled has a
-- transfer; an exchange's every change writes into all of its indexes anew.
alter table exchange drop constraint exchange_bank_id_import_key_key, drop constraint exchange_bank_id_transfer_id_key;
create unique index exchange_import_key on exchange (bank_id, import_key) where import_key is not null;
create unique index exchange_transfer on exchange (bank_id, transfer_id) where transfer_id is not null;
drop index exchange_listing;
create index exchange_listing on exchange (bank_id, listing_id) where listing_id is not null;
