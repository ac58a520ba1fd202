-- The second wall: every tenant table shows and takes only the rows of the bank
-- that the transaction was opened for. Forced, so that it binds the owner too.
do $$
declare t text;
begin
  foreach t in array array['organisation', 'member', 'once', 'audit', 'listing', 'exchange', 'exchange_event', 'ask',
    'referral', 'referral_event', 'referral_clock', 'referral_permission', 'task', 'message'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy own_bank on %I using (bank_id = current_bank()) with check (bank_id = current_bank())', t);
    execute format('grant select, insert on %I to timebank_app', t);
  end loop;
end $$;

-- Journals may only grow; the rest changes in named columns. bank_id, id and
-- what was said at the start never change.
grant update (name, kind, ods_code, phone, agreement_ref, agreed_on, review_on) on organisation to timebank_app;
grant update (name, called, status, stage, area, phone, reach_by, reach_note, needs, free_slots, seen_at) on member to timebank_app;
grant update (replays) on once to timebank_app;
grant update (note, timing, place, state, expires_on) on listing to timebank_app;
grant update (state, starts_at, place, note, helper_said, helped_said, minutes, happened_on, done_by, done_at, settles_on, transfer_id, version) on exchange to timebank_app;
grant update (exchange_id, answer, answered_at) on ask to timebank_app;
grant update (state, sealed, owner_id, due_at, call_first, conversation_at, resume_on, resume_state, outcome, member_id, version, closed_at) on referral to timebank_app;
grant update (met_at, escalated_at) on referral_clock to timebank_app;
grant update (owner_id, due_at, escalated_at, done_at, done_by) on task to timebank_app;
grant update (state, sent_at, tries, problem) on message to timebank_app;
