import { bank } from '#lib/bank.svelte.ts';
import { m } from '#lib/paraglide/messages.js';
import { now as present } from './now.svelte.ts';
import { wallTime } from './zone.ts';

type Moment = Date | string | number;

/** Moments are shown in the bank's zone, never the phone's. */
export type When = { zone?: string; now?: Moment };

type Parts = { year: number; month: number; day: number; hour: number; minute: number; weekday: string; monthName: string };

// Names and order are words of ours: browsers lack some languages (Chromium has no Welsh) and then write American dates.
function partsOf(moment: Moment, zone: string): Parts {
  const wall = new Date(wallTime(new Date(moment).getTime(), zone));
  const month = wall.getUTCMonth();
  return {
    year: wall.getUTCFullYear(),
    month,
    day: wall.getUTCDate(),
    hour: wall.getUTCHours(),
    minute: wall.getUTCMinutes(),
    weekday: named(m.date_weekdays(), wall.getUTCDay()),
    monthName: named(m.date_months(), month),
  };
}

const named = (names: string, at: number): string => names.split('|')[at] ?? '';

/** Days from now to then by the bank's calendar: 0 today, 1 tomorrow, -1 yesterday. */
export function daysUntil(moment: Moment, { zone = bank.zone, now = present() }: When = {}): number {
  const count = ({ year, month, day }: Parts) => Date.UTC(year, month, day) / 86_400_000;
  return count(partsOf(moment, zone)) - count(partsOf(now, zone));
}

/** "10am", "10:30am", "midday", "midnight". */
export function timeInWords(moment: Moment, { zone = bank.zone }: When = {}): string {
  const { hour, minute } = partsOf(moment, zone);
  if (minute === 0 && hour === 0) return m.time_midnight();
  if (minute === 0 && hour === 12) return m.time_midday();
  const clock = `${hour % 12 || 12}${minute === 0 ? '' : `:${String(minute).padStart(2, '0')}`}`;
  if (hour < 12) return m.time_am({ clock });
  return hour < 18 ? m.time_pm({ clock }) : m.time_evening({ clock });
}

/** "Tuesday 24 November", with the year when it is not this one. */
export function dayInWords(moment: Moment, { zone = bank.zone, now = present() }: When = {}): string {
  const { weekday, day, monthName, year } = partsOf(moment, zone);
  const words = { weekday, day: String(day), month: monthName };
  return year === partsOf(now, zone).year ? m.date_day(words) : m.date_day_year({ ...words, year: String(year) });
}

/** "Tuesday 24 November at 10am". */
export function momentInWords(moment: Moment, when: When = {}): string {
  return m.date_at({ day: dayInWords(moment, when), time: timeInWords(moment, when) });
}

/** "today", "tomorrow", "yesterday", otherwise the whole date. */
export function dayPhrase(moment: Moment, when: When = {}): string {
  const days = daysUntil(moment, when);
  if (days === 0) return m.day_today();
  if (days === 1) return m.day_tomorrow();
  if (days === -1) return m.day_yesterday();
  return dayInWords(moment, when);
}

/** "tomorrow at 10am", otherwise the whole date and time. */
export function momentPhrase(moment: Moment, when: When = {}): string {
  return m.date_at({ day: dayPhrase(moment, when), time: timeInWords(moment, when) });
}

/** A calendar day without a time or a zone, such as a birthday: "1951-03-02" → "2 March 1951". */
export function plainDate(date: string): string {
  const [year, month, day] = date.split('-').map(Number);
  return m.date_plain({ day: String(day), month: named(m.date_months(), (month ?? 1) - 1), year: String(year) });
}

/** First letter large, for a phrase that begins a line. */
export function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
