import { bank } from '#lib/bank.svelte.ts';
import { dayInWords, dayPhrase, type When } from './dates.ts';
import { now as present } from './now.svelte.ts';
import { wallTime } from './zone.ts';

// Days of the calendar, "2026-11-24": without a time, and so without a zone, except for which one is today.

const day = 86_400_000;

/** Today by the bank's calendar. */
export function today({ zone = bank.zone, now = present() }: When = {}): string {
  const parts = wallTime(new Date(now).getTime(), zone);
  return new Date(parts - (parts % day)).toISOString().slice(0, 10);
}

/** So many days later, or earlier below zero. */
export function plusDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * day).toISOString().slice(0, 10);
}

/** "Tuesday 24 November". */
export function dateInWords(date: string, { zone = bank.zone, now = present() }: When = {}): string {
  return dayInWords(momentOn(date, 12 * 60, zone), { zone, now });
}

/** "today", "tomorrow", "yesterday", otherwise the whole date. */
export function datePhrase(date: string, { zone = bank.zone, now = present() }: When = {}): string {
  return dayPhrase(momentOn(date, 12 * 60, zone), { zone, now });
}

/** The moment at which clocks in a zone show so many minutes after midnight on a day. */
export function momentOn(date: string, minutes: number, zone = bank.zone): string {
  const wanted = Date.parse(`${date}T00:00:00Z`) + minutes * 60_000;
  let moment = wanted;
  // The second round settles days on which the clocks change.
  for (let round = 0; round < 2; round++) moment += wanted - wallTime(moment, zone);
  return new Date(moment).toISOString();
}
