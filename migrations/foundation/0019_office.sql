-- When the office answers its phone, in the bank's other languages:
-- {"cy": "Llun i Gwener, 9yb i 5yp"}. None: phone_hours. A coordinator changes these, and the number.
alter table directory.bank add column phone_hours_in jsonb not null default '{}' check (jsonb_typeof(phone_hours_in) = 'object');
grant update (phone, phone_hours, phone_hours_in) on directory.bank to timebank_app;
