import type { components } from '#lib/api/schema.d.ts';
import { dayInWords, dayPhrase, daysUntil, sentence, timeInWords } from '#lib/format/dates.ts';
import { m } from '#lib/paraglide/messages.js';
import type { Tone } from '#lib/ui/Tag.svelte';

export type Gathering = components['schemas']['GatheringView'];
export type Venue = components['schemas']['GatheringVenueView'];
export type Register = components['schemas']['GatheringRegisterView'];
export type Line = components['schemas']['GatheringLineView'];
export type Hours = components['schemas']['GatheringHoursView'];

/** "Tomorrow, Monday 23 November, 10:30am to 12:30pm". */
export function whenOf({ starts_at, ends_at }: Gathering): string {
  const near = Math.abs(daysUntil(starts_at)) <= 1 ? sentence(dayPhrase(starts_at)) + m.comma() : '';
  return m.gathering_when({ day: near + dayInWords(starts_at), from: timeInWords(starts_at), to: timeInWords(ends_at) });
}

export function whereOf({ name, address }: Venue): string {
  return address ? `${name}, ${address}` : name;
}

/** How it stands for the reader, in a few words. */
export function standing(gathering: Gathering): { tone: Tone; words: string } {
  if (gathering.state === 'cancelled') return { tone: 'late', words: m.gathering_cancelled() };
  if (gathering.mine === 'coming') return { tone: 'good', words: m.gathering_mine() };
  if (gathering.mine === 'waiting') return { tone: 'wait', words: m.gathering_mine_waiting() };
  if (gathering.over) return { tone: 'plain', words: m.gathering_over() };
  if (gathering.drop_in) return { tone: 'new', words: m.gathering_drop_in() };
  if (gathering.places_left === undefined) return { tone: 'new', words: m.gathering_room() };
  if (gathering.places_left === 0) return { tone: 'wait', words: m.gathering_full() };
  return { tone: 'new', words: m.gathering_places({ count: gathering.places_left }) };
}

type Answer = 'yes' | 'no' | 'ask';
const access = {
  step_free: { yes: () => m.venue_step_free(), no: () => m.venue_steps(), ask: () => m.venue_steps_ask() },
  toilet: { yes: () => m.venue_toilet(), no: () => m.venue_toilet_no(), ask: () => m.venue_toilet_ask() },
  parking: { yes: () => m.venue_parking(), no: () => m.venue_parking_no(), ask: () => '' },
  hearing_loop: { yes: () => m.venue_loop(), no: () => m.venue_loop_no(), ask: () => '' },
  quiet_room: { yes: () => m.venue_quiet(), no: () => m.venue_quiet_no(), ask: () => '' },
} as const;

/** What somebody needs to know before they set out, each with how good the news is. */
export function accessOf(venue: Venue): { answer: Answer; words: string }[] {
  return (Object.keys(access) as (keyof typeof access)[])
    .map((key) => ({ answer: venue[key], words: access[key][venue[key]]() }))
    .filter(({ words }) => words !== '');
}
