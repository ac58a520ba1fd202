-- The hour ledger. Everything a bank's books consist of, in one SQL schema.
--
-- Rules that every table here keeps:
--   * bank_id leads each primary key, unique key, foreign key and index, and is never updated;
--   * ids and times come from the caller; no triggers, no sequences, no clock of the database's;
--   * what must always hold is a CHECK, a domain, a foreign key, a unique key or a privilege;
--   * the application's role reads and adds; it changes only the running figures of an account and
--     the end mark of a hold, and deletes nothing.
-- All amounts are whole minutes, all instants UTC.
--
-- Postgres parses the CHECKs of a table anew for each statement that writes to it, so a CHECK on the
-- three tables of a posting is worth its length. What concerns one column is a domain (kept parsed
-- per session), what concerns several is a short CHECK, and what a rarely written table already
-- guarantees is not repeated.

create schema ledger;
revoke all on schema ledger from public;
grant usage on schema ledger to timebank_app;

create domain ledger.account_kind as text
  check (value in ('member', 'organisation', 'pot', 'issuance', 'adjustment', 'clearing'));
create domain ledger.transfer_kind as text
  check (value in ('exchange', 'gathering', 'gift', 'donation', 'grant', 'starting', 'adjustment', 'reversal',
                   'between', 'opening'));
create domain ledger.key as text collate "C" check (length(value) between 1 and 200);
create domain ledger.digest as bytea check (octet_length(value) = 32);
-- 2^53 - 1: exact in every JSON reader, and 500 legs of it cannot overflow a bigint.
create domain ledger.balance as bigint check (value between -9007199254740991 and 9007199254740991);
create domain ledger.held as bigint check (value between 0 and 9007199254740991);
create domain ledger.minutes as bigint check (value <> 0 and value between -9007199254740991 and 9007199254740991);

-- One row per account. The balance lives on the row that a posting locks, so that no interleaving can
-- break a limit: account_low and account_high hold for every code path, including ones not yet written.
create table ledger.account (
  bank_id     uuid not null,
  id          uuid not null,
  kind        ledger.account_kind not null,
  opened_at   timestamptz not null,
  closed_at   timestamptz,
  posted      ledger.balance not null default 0,
  held_out    ledger.held not null default 0,     -- minutes promised away by open holds
  held_in     ledger.held not null default 0,     -- minutes on their way in by open holds
  n           bigint not null default 0,          -- number of the latest entry
  changes     bigint not null default 1,          -- number of the latest row in account_change
  last_at     timestamptz not null,               -- instant of the latest entry or change
  soft_floor  bigint,                             -- the limits in force; null: none
  floor       bigint,
  ceiling     bigint,
  -- What the CHECKs hold the balance to. Equal to floor and ceiling, except for an account that was
  -- already beyond a new limit: there they sit at its balance and follow it back, never further out.
  -- A closed account has both at zero, so that no hour can be in it.
  low         bigint,
  high        bigint,
  books_closed_through date,                      -- no transfer may take effect on or before this day
  primary key (bank_id, id),
  constraint account_low check (low is null or posted - held_out >= low),
  constraint account_high check (high is null or posted + held_in <= high)
) with (fillfactor = 70);

-- Every change to an account's terms, the opening first, with who, why and from when. Append-only; the
-- account row repeats the latest one.
create table ledger.account_change (
  bank_id     uuid not null,
  account_id  uuid not null,
  n           bigint not null,                    -- 1, 2, 3 … per account
  what        text not null,
  kind        ledger.account_kind not null,
  soft_floor  bigint,
  floor       bigint,
  ceiling     bigint,
  actor       uuid not null,
  reason      text not null,
  at          timestamptz not null,
  primary key (bank_id, account_id, n),
  foreign key (bank_id, account_id) references ledger.account (bank_id, id),
  constraint account_change_what check (what in ('opened', 'limits', 'closed', 'reopened')),
  constraint account_change_first check ((n = 1) = (what = 'opened') and n >= 1),
  constraint account_change_order check (
    (floor is null or ceiling is null or floor <= ceiling)
    and (soft_floor is null or floor is null or soft_floor >= floor)
    and (soft_floor is null or ceiling is null or soft_floor <= ceiling)),
  constraint account_change_range check (
    (soft_floor is null or soft_floor between -9007199254740991 and 9007199254740991)
    and (floor is null or floor between -9007199254740991 and 9007199254740991)
    and (ceiling is null or ceiling between -9007199254740991 and 9007199254740991))
);

-- Whether legs make a transfer: 2 to 500 accounts in strictly ascending order (so none twice, and the
-- stored order is the lock order), no zero, sum zero. plpgsql on purpose: a SQL function with an
-- aggregate is not inlined and costs several times more.
create function ledger.legs_ok(a uuid[], m bigint[]) returns boolean
language plpgsql immutable parallel safe as $$
declare
  total bigint := 0;
begin
  if cardinality(a) = 2 and cardinality(m) = 2 and a[1] < a[2] and m[1] <> 0 and m[1] + m[2] = 0 then
    return true;                                  -- the usual case
  end if;
  if a is null or m is null or array_ndims(a) is distinct from 1 or array_ndims(m) is distinct from 1
     or array_lower(a, 1) <> 1 or array_lower(m, 1) <> 1
     or cardinality(a) <> cardinality(m) or cardinality(a) not between 2 and 500 then
    return false;
  end if;
  for i in 1 .. cardinality(a) loop
    if a[i] is null or m[i] is null or m[i] = 0 or (i > 1 and a[i] <= a[i - 1]) then
      return false;
    end if;
    total := total + m[i];
  end loop;
  return total = 0;
end $$;

-- A promise of minutes not yet moved: they count against the limits at once. The row says what was
-- promised, hold_end says how it ended. Only the end mark ever changes, and it is also the lock.
create table ledger.hold (
  bank_id      uuid not null,
  id           uuid not null,
  kind         ledger.transfer_kind not null,
  key          ledger.key not null,
  hash         ledger.digest not null,
  actor        uuid not null,
  on_behalf_of uuid,
  category     text not null,
  ref_kind     text not null,
  ref_id       uuid,
  placed_at    timestamptz not null,
  expires_at   timestamptz,
  accounts     uuid[] not null,
  minutes      bigint[] not null,
  ended        boolean not null default false,
  primary key (bank_id, id),
  constraint hold_key unique (bank_id, key),
  constraint hold_kind check (kind not in ('reversal', 'opening', 'starting', 'adjustment')),
  constraint hold_expiry check (expires_at > placed_at),
  constraint hold_balanced check (ledger.legs_ok(accounts, minutes))
);
create index hold_open on ledger.hold (bank_id, expires_at) where not ended;

-- The journal: book of original entry. Rows are added, never changed.
create table ledger.transfer (
  bank_id      uuid not null,
  id           uuid not null,
  kind         ledger.transfer_kind not null,
  key          ledger.key not null,               -- the caller's idempotency key
  hash         ledger.digest not null,            -- SHA-256 of the canonical request
  actor        uuid not null,                     -- who did it
  on_behalf_of uuid,                              -- for whom, when that is someone else
  category     text not null,                     -- of help; empty where there is none
  ref_kind     text not null,                     -- the caller's opaque reference; empty: none
  ref_id       uuid,
  effective_on date not null,                     -- the day the help took place, in the bank's own zone
  posted_at    timestamptz not null,
  reversal_of  uuid,
  hold_id      uuid,
  reason       text not null,
  accounts     uuid[] not null,
  minutes      bigint[] not null,                 -- below zero: gave hours away; above: received them
  primary key (bank_id, id),
  constraint transfer_key unique (bank_id, key),
  constraint transfer_original foreign key (bank_id, reversal_of) references ledger.transfer (bank_id, id),
  constraint transfer_hold foreign key (bank_id, hold_id) references ledger.hold (bank_id, id),
  constraint transfer_why check (case kind when 'reversal' then reversal_of is not null and reason <> ''
                                           when 'adjustment' then reversal_of is null and reason <> ''
                                           else reversal_of is null end),
  constraint transfer_balanced check (ledger.legs_ok(accounts, minutes))
);
-- Once per original and once per hold, whoever races.
create unique index transfer_reversed_once on ledger.transfer (bank_id, reversal_of) where reversal_of is not null;
create unique index transfer_settled_once on ledger.transfer (bank_id, hold_id) where hold_id is not null;

create table ledger.hold_end (
  bank_id     uuid not null,
  hold_id     uuid not null,
  how         text not null,
  actor       uuid not null,
  reason      text not null,
  at          timestamptz not null,
  transfer_id uuid,
  primary key (bank_id, hold_id),
  foreign key (bank_id, hold_id) references ledger.hold (bank_id, id),
  foreign key (bank_id, transfer_id) references ledger.transfer (bank_id, id),
  constraint hold_end_how check (how in ('settled', 'released', 'expired')),
  constraint hold_end_transfer check ((how = 'settled') = (transfer_id is not null))
);

-- The ledger: one row per account and transfer, numbered 1, 2, 3 … per account. A gap is a deletion, a
-- balance that is not the one before plus the minutes is a forgery, and two writers that both believe
-- they follow the same entry collide on the number. No foreign keys: two look-ups per leg would cost a
-- quarter of the posting rate, while the one function that writes here has both rows locked or just
-- written, and verify joins all of them.
create table ledger.entry (
  bank_id     uuid not null,
  account_id  uuid not null,
  n           bigint not null,
  transfer_id uuid not null,
  minutes     ledger.minutes not null,
  balance     ledger.balance not null,
  posted_at   timestamptz not null,               -- its transfer's; strictly ascending per account
  primary key (bank_id, account_id, n),
  constraint entry_at unique (bank_id, account_id, posted_at)
);

-- Seals, written in the background. A block fixes, for each account that moved since the block before,
-- how far its entries and changes had come (seal), and the Merkle root over them. Entries of one account
-- become visible in the order of their numbers, so what a seal covers can never grow.
create table ledger.block (
  bank_id     uuid not null,
  height      bigint not null,
  sealed_at   timestamptz not null,
  entries     bigint not null,
  root        ledger.digest not null,
  previous    ledger.digest not null,
  hash        ledger.digest not null,
  primary key (bank_id, height),
  constraint block_height check (height >= 1)
);
create table ledger.seal (
  bank_id     uuid not null,
  account_id  uuid not null,
  height      bigint not null,
  n           bigint not null,
  changes     bigint not null,
  balance     ledger.balance not null,
  primary key (bank_id, account_id, height),
  foreign key (bank_id, height) references ledger.block (bank_id, height)
);
create index seal_block on ledger.seal (bank_id, height);

-- Periods whose books are closed, and what every account stood at by the days its transfers took effect.
create table ledger.closing (
  bank_id     uuid not null,
  through     date not null,
  actor       uuid not null,
  reason      text not null,
  closed_at   timestamptz not null,
  primary key (bank_id, through)
);
create table ledger.closing_balance (
  bank_id     uuid not null,
  account_id  uuid not null,
  through     date not null,
  balance     ledger.balance not null,
  primary key (bank_id, account_id, through),
  foreign key (bank_id, through) references ledger.closing (bank_id, through)
);
