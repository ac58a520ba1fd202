import type { components } from '#lib/api/schema.d.ts';
import { clockInWords } from '#lib/format/clock.ts';
import { m } from '#lib/paraglide/messages.js';
import type { Choice } from '#lib/ui/choices.ts';
import type { Tone } from '#lib/ui/Tag.svelte';

export type Detail = components['schemas']['ReferralDetail'];
export type Line = components['schemas']['ReferralLine'];
type Clock = components['schemas']['ReferralClock'];

type Words = Record<string, () => string>;
const say = (all: Words, code: string | undefined) => all[code ?? '']?.() ?? '';
const choices = (all: Words, codes: readonly string[]): Choice[] => codes.map((value) => ({ value, label: all[value]?.() ?? '' }));

/** One promise and how it stands, said with its name: "First try: call by 3pm today". */
export function promiseInWords(clock: Clock, now?: string): { name: string; words: string; tone: Tone } {
  const name = say({ acknowledge: () => m.desk_clock_acknowledge(), 'first-attempt': () => m.desk_clock_first(), 'spoken-to': () => m.desk_clock_spoken() }, clock.name);
  if (clock.state === 'met') return { name, words: m.desk_clock_met(), tone: 'good' };
  if (clock.state === 'met-late') return { name, words: m.desk_clock_met_late(), tone: 'plain' };
  return { name, ...clockInWords(clock.due_at, clock.name === 'acknowledge' ? 'answer' : clock.name === 'first-attempt' ? 'call' : 'do', { now: now || undefined }) };
}

export function stateTone({ state, late }: Line): Tone {
  if (late) return 'late';
  if (['submitted', 'needs-info', 'contacting', 'paused'].includes(state)) return 'wait';
  if (['joined', 'first-exchange', 'reviewed', 'completed'].includes(state)) return 'good';
  if (['acknowledged', 'accepted', 'conversation-booked', 'conversation-done'].includes(state)) return 'new';
  return 'plain';
}

/** The operations a broker is offered, as one says them on a button. */
const moves: Words = {
  'log-safety-call': () => m.desk_move_safety(),
  'acknowledge-referral': () => m.desk_move_acknowledge(),
  'accept-referral': () => m.desk_move_accept(),
  'ask-surgery': () => m.desk_move_ask(),
  'log-attempt': () => m.desk_move_attempt(),
  'book-conversation': () => m.desk_move_book(),
  'hold-conversation': () => m.desk_move_hold(),
  'join-referred': () => m.desk_move_join(),
  'review-referral': () => m.desk_move_review(),
  'complete-referral': () => m.desk_move_complete(),
  'resume-referral': () => m.desk_move_resume(),
  'pause-referral': () => m.desk_move_pause(),
  'change-permission': () => m.desk_move_permission(),
  'decline-referral': () => m.desk_move_decline(),
  'reroute-referral': () => m.desk_move_reroute(),
  'could-not-reach': () => m.desk_move_unreached(),
  'void-referral': () => m.desk_move_void(),
};
export type Move = string;
export const moveWords = (op: Move) => say(moves, op);

/** The likeliest next moves from each state, the first one large. The rest stands below, ways out last. */
export function mainMoves({ referral, offered }: Detail): Move[] {
  const likely: Record<string, readonly Move[]> = {
    submitted: ['acknowledge-referral'],
    acknowledged: ['accept-referral', 'ask-surgery'],
    'needs-info': ['accept-referral'],
    accepted: ['log-attempt', 'book-conversation'],
    contacting: ['log-attempt', 'book-conversation', 'hold-conversation'],
    'conversation-booked': ['hold-conversation', 'log-attempt', 'book-conversation'],
    'conversation-done': ['join-referred'],
    joined: ['complete-referral'],
    'first-exchange': ['review-referral', 'complete-referral'],
    reviewed: ['complete-referral'],
    paused: ['resume-referral'],
    'could-not-reach': ['log-attempt'],
  };
  const first = referral.call_first ? ['log-safety-call'] : [];
  return [...first, ...(likely[referral.state] ?? [])].filter((op) => (offered ?? []).includes(op));
}

export const channels = (): Choice[] =>
  choices(
    {
      phone: () => m.desk_try_phone(),
      text: () => m.desk_try_text(),
      email: () => m.desk_try_email(),
      post: () => m.desk_try_post(),
      visit: () => m.desk_try_visit(),
      someone: () => m.desk_try_someone(),
    },
    ['phone', 'text', 'email', 'post', 'visit', 'someone'],
  );
const results: Words = {
  spoke: () => m.desk_try_spoke(),
  'no-answer': () => m.desk_try_noanswer(),
  'left-message': () => m.desk_try_message(),
  'wrong-number': () => m.desk_try_wrong(),
  sent: () => m.desk_try_sent(),
};
/** What can come of it: a letter is sent, a call is answered or not. */
export function resultsOf(channel: string): Choice[] {
  if (['text', 'email', 'post'].includes(channel)) return choices(results, ['sent', 'spoke', 'wrong-number']);
  return choices(results, ['spoke', 'no-answer', 'left-message', 'wrong-number']);
}
export const channelWords = (code: string | undefined) => channels().find(({ value }) => value === code)?.label ?? '';
export const resultWords = (code: string | undefined) => say(results, code);

const outcomes: Words = {
  'not-interested': () => m.desk_end_notinterested(),
  'not-now': () => m.desk_end_notnow(),
  'has-enough': () => m.desk_end_enough(),
  'asked-not-to-be-contacted': () => m.desk_end_nocontact(),
  'did-not-say': () => m.desk_end_didnotsay(),
  'needs-more': () => m.desk_end_needsmore(),
  'too-far': () => m.desk_end_toofar(),
  'no-room': () => m.desk_end_noroom(),
  'asked-for-something-else': () => m.desk_end_else(),
  'taking-part': () => m.desk_end_part(),
  'joined-not-active': () => m.desk_end_notactive(),
  left: () => m.desk_end_left(),
  'by-surgery': () => m.desk_end_surgery(),
  'changed-their-mind': () => m.desk_end_mind(),
  'sent-twice': () => m.desk_end_twice(),
  'by-mistake': () => m.desk_end_mistake(),
  'moved-away': () => m.desk_end_moved(),
  died: () => m.desk_end_died(),
  'could-not-reach': () => m.desk_move_unreached(),
};
export const outcomeWords = (code: string | undefined) => say(outcomes, code);
export function outcomesOf(op: Move): Choice[] {
  const codes: Record<string, readonly string[]> = {
    'decline-referral': ['not-interested', 'not-now', 'has-enough', 'asked-not-to-be-contacted', 'did-not-say'],
    'reroute-referral': ['needs-more', 'too-far', 'no-room', 'asked-for-something-else'],
    'complete-referral': ['taking-part', 'joined-not-active', 'left'],
    'void-referral': ['by-surgery', 'changed-their-mind', 'sent-twice', 'by-mistake', 'moved-away', 'died'],
  };
  return choices(outcomes, codes[op] ?? []);
}

export const wantWords = (code: string) =>
  say(
    {
      company: () => m.desk_told_company(),
      'getting-out': () => m.desk_told_out(),
      'new-here': () => m.desk_told_new(),
      bereaved: () => m.desk_told_bereaved(),
      caring: () => m.desk_told_caring(),
      'hand-at-home': () => m.desk_told_hand(),
      'something-to-offer': () => m.desk_told_offer(),
      'not-sure': () => m.desk_told_unsure(),
    },
    code,
  );
export const easierWords = (code: string, language = '') =>
  say(
    {
      interpreter: () => (language ? m.desk_told_interpreter({ language }) : m.desk_told_interpreter_any()),
      bsl: () => m.desk_told_bsl(),
      'large-print': () => m.desk_told_print(),
      'easy-read': () => m.desk_told_read(),
      hearing: () => m.desk_told_hearing(),
      'with-someone': () => m.desk_told_with(),
      mornings: () => m.desk_told_mornings(),
      afternoons: () => m.desk_told_afternoons(),
    },
    code,
  );
export const reachedBy = (code: string) =>
  say(
    { call: () => m.desk_told_call(), text: () => m.desk_told_text(), email: () => m.desk_told_email(), post: () => m.desk_told_post(), someone: () => m.desk_told_someone() },
    code,
  );
export const permissionWords = (code: string, given: boolean) =>
  say(
    {
      'contact-me': () => (given ? m.desk_perm_contact() : m.desk_perm_nocontact()),
      'tell-joined': () => (given ? m.desk_perm_joined() : m.desk_perm_nojoined()),
      'tell-progress': () => (given ? m.desk_perm_progress() : m.desk_perm_noprogress()),
    },
    code,
  );

/** One line of the history, without its note. */
export function eventWords(event: components['schemas']['ReferralEvent']): string {
  const by = event.by || m.desk_event_system();
  if (event.kind === 'attempt') return m.desk_event_attempt({ by, channel: channelWords(event.channel), result: resultWords(event.result) });
  if (event.kind === 'escalation') return m.desk_event_late({ what: promiseName(event.reason) });
  if (event.kind === 'note') return event.reason === 'safety-call' ? m.desk_event_safety({ by }) : event.reason === 'another-time' ? m.desk_event_time({ by }) : m.desk_event_note({ by });
  if (event.to === 'submitted') return m.desk_event_sent({ by });
  if (event.to === 'acknowledged' && event.from === 'submitted') return m.desk_event_taken({ by });
  const why = outcomeWords(event.reason);
  return why ? m.desk_event_end({ words: event.words, why, by }) : m.desk_event_move({ words: event.words, by });
}

function promiseName(code: string | undefined): string {
  return say({ acknowledge: () => m.desk_clock_acknowledge(), 'first-attempt': () => m.desk_clock_first(), 'spoken-to': () => m.desk_clock_spoken() }, code) || m.desk_event_step();
}
