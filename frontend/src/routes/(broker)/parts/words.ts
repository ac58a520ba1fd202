import type { components } from '#lib/api/schema.d.ts';
import type { Deed } from '#lib/format/clock.ts';
import { m } from '#lib/paraglide/messages.js';
import type { Choice } from '#lib/ui/choices.ts';
import type { Tone } from '#lib/ui/Tag.svelte';
import type { Task } from './desk.svelte.ts';

export type Consent = 'phone' | 'paper' | 'in-person';
export type ReachBy = components['schemas']['MemberView']['reach_by'];
export type ExchangeState = components['schemas']['ExchangeView']['state'];

type Words = Record<string, () => string>;
const say = (all: Words, code: string | undefined) => all[code ?? '']?.() ?? '';
const choices = (all: Words): Choice[] => Object.entries(all).map(([value, words]) => ({ value, label: words() }));

/** What a task asks for, where the server's sentence only tells what it is about. */
export function deedOf({ kind, what }: Task): string {
  const deeds: Words = {
    'find-helper': () => m.desk_deed_find({ what }),
    'ring-to-ask': () => m.desk_deed_ask({ what }),
    'ring-to-confirm': () => m.desk_deed_confirm({ what }),
    'ring-to-remind': () => m.desk_deed_remind({ what }),
    'ring-to-tell': () => m.desk_deed_tell({ what }),
    'ring-to-read': () => m.desk_deed_read({ what }),
    'settle-dispute': () => m.desk_deed_dispute({ what }),
  };
  return deeds[kind]?.() ?? what;
}

/** How its clock is read: by when to call, to answer, to settle. */
export function clockOf(kind: Task['kind']): Deed {
  if (kind.startsWith('ring-') || kind === 'safety-call') return 'call';
  if (kind === 'answer-referral') return 'answer';
  return kind === 'settle-dispute' ? 'settle' : 'do';
}

const consents: Words = {
  phone: () => m.desk_how_phone(),
  paper: () => m.desk_how_paper(),
  'in-person': () => m.desk_how_person(),
};
export const consentChoices = () => choices(consents);

const reaches: Words = {
  email: () => m.desk_reach_email(),
  phone: () => m.desk_reach_phone(),
  post: () => m.desk_reach_post(),
  someone: () => m.desk_reach_someone(),
};
export const reachChoices = () => choices(reaches);
export const reachWords = (code: string) => say(reaches, code);

export const timingWords = (code: string) =>
  say({ today: () => m.desk_timing_today(), 'this-week': () => m.desk_timing_week(), 'no-hurry': () => m.desk_timing_none() }, code);
export const timingChoices = (): Choice[] => ['today', 'this-week', 'no-hurry'].map((value) => ({ value, label: timingWords(value) }));

export const memberStatus = (code: string) =>
  say(
    { applied: () => m.desk_status_applied(), active: () => m.desk_status_active(), paused: () => m.desk_status_paused(), left: () => m.desk_status_left() },
    code,
  );
export const stageWords = (code: string) =>
  say(
    {
      met: () => m.desk_stage_met(),
      grouped: () => m.desk_stage_grouped(),
      accompanied: () => m.desk_stage_accompanied(),
      independent: () => m.desk_stage_independent(),
    },
    code,
  );

export const exchangeState = (code: string) =>
  say(
    {
      proposed: () => m.desk_x_proposed(),
      agreed: () => m.desk_x_agreed(),
      done: () => m.desk_x_done(),
      settled: () => m.desk_x_settled(),
      disputed: () => m.desk_x_disputed(),
      cancelled: () => m.desk_x_cancelled(),
      expired: () => m.desk_x_expired(),
    },
    code,
  );
export const exchangeTone = (code: ExchangeState): Tone =>
  (({ proposed: 'wait', agreed: 'new', done: 'wait', settled: 'good', disputed: 'late' }) as Record<string, Tone>)[code] ?? 'plain';
