import { m } from '#lib/paraglide/messages.js';
import { dayInWords, daysUntil, timeInWords, type When } from './dates.ts';
import { hoursInWords } from './hours.ts';
import { now as present } from './now.svelte.ts';

export type Deed = 'call' | 'answer' | 'settle' | 'do';

export type Clock = { words: string; tone: 'plain' | 'wait' | 'late' };

/** By when a thing has to be done, as a broker would say it: "Call by 3pm today", "Overdue by 2 hours". */
export function clockInWords(due: Date | string, deed: Deed, { now = present(), zone }: When = {}): Clock {
  const when = { now, zone };
  const late = new Date(now).getTime() - new Date(due).getTime();
  if (late > 0) return { words: m.clock_overdue({ time: lateness(late) }), tone: 'late' };

  const time = timeInWords(due, when);
  const days = daysUntil(due, when);
  const by =
    days === 0
      ? m.clock_time_today({ time })
      : days === 1
        ? m.clock_time_tomorrow({ time })
        : m.clock_time_on({ time, day: dayInWords(due, when) });
  return { words: words[deed]({ by }), tone: days === 0 ? 'wait' : 'plain' };
}

const words: Record<Deed, (inputs: { by: string }) => string> = {
  call: (inputs) => m.clock_call(inputs),
  answer: (inputs) => m.clock_answer(inputs),
  settle: (inputs) => m.clock_settle(inputs),
  do: (inputs) => m.clock_do(inputs),
};

// The further past, the coarser: nobody needs "2 days 3 hours 12 minutes".
function lateness(milliseconds: number): string {
  const minutes = Math.max(1, Math.floor(milliseconds / 60_000));
  if (minutes < 60) return hoursInWords(minutes);
  if (minutes < 24 * 60) return hoursInWords(Math.floor(minutes / 60) * 60);
  return m.clock_days({ count: Math.floor(minutes / (24 * 60)) });
}
