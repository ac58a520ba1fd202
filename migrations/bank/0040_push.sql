-- A message may also stand on the screen of a phone or computer.
alter table message drop constraint message_channel_check;
alter table message add constraint message_channel_check check (channel in ('email', 'phone', 'post', 'push'));
