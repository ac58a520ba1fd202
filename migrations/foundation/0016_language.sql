-- The language that messages to a person are written in: '' until they choose one.
-- Until now nobody could, so what stands there says nothing.
alter table directory.person alter column language set default '';
update directory.person set language = '' where language = 'en';
