-- How far the member of an offer or a request goes for it; open: they have not said.
alter table listing add column far text not null default 'open' check (far in ('street', 'area', 'anywhere', 'open'));

-- The last bit of a posting's area says that its member stays there. An older program
-- left it to chance; none had said so.
alter table posting no force row level security;
update posting set area = area & -2 where area & 1 = 1;
alter table posting force row level security;
