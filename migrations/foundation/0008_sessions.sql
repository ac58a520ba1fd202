-- A session has an end that no renewal moves; none: a year after it began.
alter table directory.session add column ends_at timestamptz;
-- The second step may be left out in a browser that did it not long ago.
alter table directory.session drop constraint session_second_check;
alter table directory.session add constraint session_second_check check (second in ('none', 'needed', 'done', 'remembered'));
