import { bank } from '#lib/bank.svelte.ts';
import { dayInWords, dayPhrase, sentence, timeInWords } from '#lib/format/dates.ts';
import { now } from '#lib/format/now.svelte.ts';
import { wallTime } from '#lib/format/zone.ts';
import type { Choice } from '#lib/ui/choices.ts';

/** "2026-11-24" and "10:00" on the bank's clock, as an instant. A time that summer skips is taken an hour on. */
export function instant(day: string, time: string, zone = bank.zone): string {
  const naive = Date.parse(`${day}T${time}:00Z`);
  if (Number.isNaN(naive)) return '';
  // Where the zone stood at about that time, and again at the moment found.
  const first = naive - offset(naive, zone);
  return new Date(naive - offset(first, zone)).toISOString();
}

const offset = (moment: number, zone: string): number => wallTime(moment, zone) - Math.floor(moment / 60_000) * 60_000;

/** The bank's own calendar day of a moment: "2026-11-24". */
export function dayOf(moment: number = now(), zone = bank.zone): string {
  return new Date(moment + offset(moment, zone)).toISOString().slice(0, 10);
}

/** Days from today on, or back, named as one says them. */
export function days(count: number, { back = false, from = 0 } = {}): Choice[] {
  const today = Date.parse(`${dayOf()}T12:00:00Z`);
  return Array.from({ length: count }, (_, index) => {
    const noon = today + (back ? -1 : 1) * (index + from) * 86_400_000;
    const words = sentence(dayPhrase(noon, { zone: 'UTC', now: today }));
    return { value: new Date(noon).toISOString().slice(0, 10), label: words };
  });
}

/** Quarter hours of the day, as one says them. */
export function times(first = 7, last = 21): Choice[] {
  return Array.from({ length: (last - first) * 4 + 1 }, (_, index) => {
    const minutes = first * 60 + index * 15;
    const value = `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
    return { value, label: timeInWords(`2026-01-01T${value}:00Z`, { zone: 'UTC' }) };
  });
}

/** A calendar day in words: "Tuesday 24 November". */
export const dayWords = (day: string): string => dayInWords(`${day}T12:00:00Z`, { zone: 'UTC' });
