-- Being referred is health data: what was told stands sealed, and only what the
-- desk must sort by stands in the open.
create table referral (
  bank_id         uuid not null,
  id              uuid not null,
  reference       text not null,
  organisation_id uuid not null,
  referrer_id     uuid not null,       -- directory.person
  state           text not null check (state in ('submitted', 'acknowledged', 'needs-info', 'accepted', 'contacting',
                    'conversation-booked', 'conversation-done', 'joined', 'first-exchange', 'reviewed', 'paused',
                    'completed', 'rerouted', 'declined', 'could-not-reach', 'withdrawn')),
  sealed          bytea not null,      -- the six answers and what else was told
  key_hash        bytea not null,      -- blind: same name and birth date give the same; finds someone referred twice
  agreement       text not null check (agreement in ('now', 'earlier')),
  wording         text not null,       -- version of the words they agreed to
  owner_id        uuid,                -- the broker; null is the team's inbox
  due_at          timestamptz,         -- what is next due; null only when closed
  call_first      boolean not null default false,  -- "ring me" about safety, or words that cannot wait
  conversation_at timestamptz,
  resume_on       date,
  resume_state    text,                -- where a pause goes back to
  outcome         text,                -- a code that goes with the closed state; never why in words
  member_id       uuid,
  version         int not null default 1 check (version > 0),
  submitted_at    timestamptz not null,
  closed_at       timestamptz,
  primary key (bank_id, id),
  unique (bank_id, reference),
  foreign key (bank_id, organisation_id) references organisation (bank_id, id),
  foreign key (bank_id, member_id) references member (bank_id, id),
  check (owner_id is not null or state in ('submitted', 'withdrawn')),
  check ((closed_at is not null) = (state in ('completed', 'rerouted', 'declined', 'could-not-reach', 'withdrawn'))),
  check ((closed_at is null) = (outcome is null)),
  check ((due_at is null) = (closed_at is not null)),
  check (outcome is null or (state, outcome) in (
    ('completed', 'taking-part'), ('completed', 'joined-not-active'), ('completed', 'left'),
    ('rerouted', 'needs-more'), ('rerouted', 'too-far'), ('rerouted', 'no-room'), ('rerouted', 'asked-for-something-else'),
    ('declined', 'not-interested'), ('declined', 'not-now'), ('declined', 'has-enough'),
    ('declined', 'asked-not-to-be-contacted'), ('declined', 'did-not-say'),
    ('could-not-reach', 'could-not-reach'),
    ('withdrawn', 'by-surgery'), ('withdrawn', 'changed-their-mind'), ('withdrawn', 'sent-twice'),
    ('withdrawn', 'by-mistake'), ('withdrawn', 'moved-away'), ('withdrawn', 'died'))),
  check ((state = 'paused') = (resume_on is not null and resume_state is not null)),
  check (state <> 'conversation-booked' or conversation_at is not null),
  check (state not in ('joined', 'first-exchange', 'reviewed', 'completed') or member_id is not null)
);
create index referral_open on referral (bank_id, due_at) where closed_at is null;
create index referral_organisation on referral (bank_id, organisation_id, submitted_at);
create index referral_key on referral (bank_id, key_hash);
create index referral_member on referral (bank_id, member_id) where member_id is not null;

create table referral_event (
  bank_id     uuid not null,
  referral_id uuid not null,
  seq         int not null check (seq > 0),
  kind        text not null check (kind in ('move', 'attempt', 'note', 'escalation')),
  from_state  text not null,
  to_state    text not null,
  actor_id    uuid not null,
  acted_as    text not null check (acted_as in ('referrer', 'broker', 'system')),
  channel     text check (channel in ('phone', 'text', 'email', 'post', 'visit', 'someone')),
  result      text check (result in ('spoke', 'no-answer', 'left-message', 'wrong-number', 'sent')),
  reason      text not null default '',  -- a code: the outcome, or the clock that ran out
  sealed      bytea,                   -- what was said: note, question, answer, alternative
  at          timestamptz not null,    -- when it was written down
  happened_at timestamptz,             -- of an attempt: when it was made
  primary key (bank_id, referral_id, seq),
  foreign key (bank_id, referral_id) references referral (bank_id, id),
  check ((kind = 'attempt') = (channel is not null and result is not null and happened_at is not null)),
  check (happened_at <= at)
);

-- Moves are foreign keys into the table of moves; other events stay where they are.
alter table referral_event add column move_from text generated always as (case when kind = 'move' then from_state end) stored;
alter table referral_event add column move_to text generated always as (case when kind = 'move' then to_state end) stored;
alter table referral_event add foreign key (move_from, move_to) references directory.referral_move (from_state, to_state);
alter table referral_event add check (kind = 'move' or from_state = to_state);

create table referral_clock (
  bank_id      uuid not null,
  referral_id  uuid not null,
  clock        text not null check (clock in ('acknowledge', 'first-attempt', 'spoken-to')),
  started_at   timestamptz not null,
  due_at       timestamptz not null,
  met_at       timestamptz,
  escalated_at timestamptz,
  primary key (bank_id, referral_id, clock),
  foreign key (bank_id, referral_id) references referral (bank_id, id)
);
create index referral_clock_running on referral_clock (bank_id, due_at) where met_at is null;

-- What the person allows, each apart, each with the words they heard. The newest
-- row counts; rows are never changed.
create table referral_permission (
  bank_id     uuid not null,
  referral_id uuid not null,
  permission  text not null check (permission in ('contact-me', 'tell-joined', 'tell-progress')),
  seq         int not null,
  given       boolean not null,
  how         text not null check (how in ('phone', 'paper', 'in-person', 'referrer')),
  wording     text not null,
  recorded_by uuid not null,
  at          timestamptz not null,
  primary key (bank_id, referral_id, permission, seq),
  foreign key (bank_id, referral_id) references referral (bank_id, id)
);
