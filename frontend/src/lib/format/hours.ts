import { m } from '#lib/paraglide/messages.js';

/** A length of time in words: 90 → "1 hour 30 minutes". Always whole minutes, never "1.5h". */
export function hoursInWords(minutes: number): string {
  const whole = Math.abs(Math.trunc(minutes));
  const hours = Math.floor(whole / 60);
  const rest = whole % 60;
  if (hours === 0 && rest === 0) return m.hours_none();
  if (hours === 0) return m.hours_minutes({ count: rest });
  if (rest === 0) return m.hours_hours({ count: hours });
  return m.hours_and_minutes({ hours: m.hours_hours({ count: hours }), minutes: m.hours_minutes({ count: rest }) });
}

/** What a balance means to the person it belongs to. Below zero is no debt, and the words say so. */
export function balanceInWords(minutes: number): string {
  if (minutes > 0) return m.balance_to_use({ hours: hoursInWords(minutes) });
  if (minutes < 0) return m.balance_below({ hours: hoursInWords(minutes) });
  return m.balance_even();
}

/** The quarter hours offered under "something else", up to eight hours. */
export function quarterHours(except: readonly number[] = [], most = 8 * 60): number[] {
  const all = Array.from({ length: most / 15 }, (_, index) => (index + 1) * 15);
  return all.filter((minutes) => !except.includes(minutes));
}
