import { bank } from '#lib/bank.svelte.ts';
import { m } from '#lib/paraglide/messages.js';

// British order whatever the browser: some know no Welsh dates and would fall back to American ones.
const locales = ['en-GB'];

type Moment = Date | string | number;

/** Moments are shown in the bank's zone, never the phone's. */
export type When = { zone?: string; now?: Moment };

type Parts = { year: number; month: number; day: number; hour: number; minute: number; weekday: string; monthName: string };

const formats = new Map<string, Intl.DateTimeFormat>();

function partsOf(moment: Moment, zone: string): Parts {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat(locales, {
      timeZone: zone,
      weekday: 'long',
      year: 'numeric',
      month: 'long',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      hourCycle: 'h23',
    });
    formats.set(zone, format);
  }
  const found = Object.fromEntries(format.formatToParts(new Date(moment)).map(({ type, value }) => [type, value]));
  const monthName = found.month ?? '';
  return {
    year: Number(found.year),
    month: months().indexOf(monthName),
    day: Number(found.day),
    hour: Number(found.hour),
    minute: Number(found.minute),
    weekday: found.weekday ?? '',
    monthName,
  };
}

let monthNames: string[] | undefined;

function months(): string[] {
  monthNames ??= Array.from({ length: 12 }, (_, month) =>
    new Intl.DateTimeFormat(locales, { timeZone: 'UTC', month: 'long' }).format(Date.UTC(2024, month, 1)),
  );
  return monthNames;
}

/** Days from now to then by the bank's calendar: 0 today, 1 tomorrow, -1 yesterday. */
export function daysUntil(moment: Moment, { zone = bank.zone, now = Date.now() }: When = {}): number {
  const count = ({ year, month, day }: Parts) => Date.UTC(year, month, day) / 86_400_000;
  return count(partsOf(moment, zone)) - count(partsOf(now, zone));
}

/** "10am", "10:30am", "midday", "midnight". */
export function timeInWords(moment: Moment, { zone = bank.zone }: When = {}): string {
  const { hour, minute } = partsOf(moment, zone);
  if (minute === 0 && hour === 0) return m.time_midnight();
  if (minute === 0 && hour === 12) return m.time_midday();
  const clock = `${hour % 12 || 12}${minute === 0 ? '' : `:${String(minute).padStart(2, '0')}`}`;
  return hour < 12 ? m.time_am({ clock }) : m.time_pm({ clock });
}

/** "Tuesday 24 November", with the year when it is not this one. */
export function dayInWords(moment: Moment, { zone = bank.zone, now = Date.now() }: When = {}): string {
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
  return m.date_plain({ day: String(day), month: months()[(month ?? 1) - 1] ?? '', year: String(year) });
}

/** First letter large, for a phrase that begins a line. */
export function sentence(words: string): string {
  return words.charAt(0).toLocaleUpperCase(locales) + words.slice(1);
}
