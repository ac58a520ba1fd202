import type { components } from '#lib/api/schema.d.ts';
import { dateInWords, datePhrase } from '#lib/format/days.ts';
import { dayInWords, daysUntil, momentPhrase, sentence } from '#lib/format/dates.ts';
import { hoursInWords } from '#lib/format/hours.ts';
import { now } from '#lib/format/now.svelte.ts';
import { kinds } from '#lib/kinds.svelte.ts';
import { m } from '#lib/paraglide/messages.js';

export type Exchange = components['schemas']['ExchangeView'];

/** The other one. */
export function otherOf(exchange: Exchange): Exchange['helper'] {
  return exchange.side === 'helper' ? exchange.helped : exchange.helper;
}

export function may(exchange: Exchange, verb: string): boolean {
  return exchange.can?.includes(verb) ?? false;
}

/** Agreed for a time that is over: somebody should say how long it took. */
export function over(exchange: Exchange, moment = now()): boolean {
  return exchange.state === 'agreed' && exchange.starts_at !== undefined && Date.parse(exchange.starts_at) < moment;
}

/** What it is, from the reader's side, as one would say it. */
export function headingOf(exchange: Exchange): string {
  const name = otherOf(exchange).called;
  const doing = kinds.doing(exchange.kind);
  const helping = exchange.side === 'helper';
  const hours = hoursInWords(exchange.minutes ?? 0);
  switch (exchange.state) {
    case 'proposed':
      if (may(exchange, 'agree')) return helping ? m.exchange_asks_you({ name, doing }) : m.exchange_offers_you({ name, doing });
      return helping ? m.exchange_you_offered({ name, doing }) : m.exchange_you_asked({ name, doing });
    case 'done':
      if (may(exchange, 'confirm')) return helping ? m.exchange_said_you_helped({ name, hours }) : m.exchange_said_helped_you({ name, hours });
      return helping ? m.exchange_you_helped({ name, doing }) : m.exchange_helped_you({ name, doing });
    case 'agreed':
      if (over(exchange)) return m.exchange_how_went({ name });
      if (exchange.new_starts_at && may(exchange, 'agree')) return m.exchange_time_asked({ name, when: momentPhrase(exchange.new_starts_at) });
      return helping ? m.exchange_you_help({ name, doing }) : m.exchange_helps_you({ name, doing });
    case 'disputed':
      return m.exchange_differ({ name });
    case 'cancelled':
      return m.exchange_off({ name });
    case 'expired':
      return m.exchange_lapsed({ name });
    default:
      return helping ? m.exchange_you_helped({ name, doing }) : m.exchange_helped_you({ name, doing });
  }
}

/** Who acts next, and what happens otherwise. */
export function nextOf(exchange: Exchange): string {
  const name = otherOf(exchange).called;
  const hours = hoursInWords(exchange.minutes ?? 0);
  const helping = exchange.side === 'helper';
  switch (exchange.state) {
    case 'proposed':
      if (may(exchange, 'agree')) return helping ? m.exchange_next_can_you() : m.exchange_next_is_good();
      return m.exchange_next_waiting({ name });
    case 'agreed':
      if (exchange.new_starts_at && !over(exchange)) {
        const was = whenOf(exchange);
        return may(exchange, 'agree') ? m.exchange_time_next({ was }) : m.exchange_time_waiting({ name, when: momentPhrase(exchange.new_starts_at), was });
      }
      if (over(exchange)) return m.exchange_next_over();
      return exchange.starts_at === undefined ? m.exchange_next_say_done() : m.exchange_next_nothing();
    case 'done':
      if (may(exchange, 'confirm')) {
        const words = helping ? m.exchange_next_confirm_gave({ hours }) : m.exchange_next_confirm_had({ hours, name });
        return exchange.settles_on ? `${words} ${m.exchange_next_silence({ day: dateInWords(exchange.settles_on) })}` : words;
      }
      return exchange.settles_on ? m.exchange_next_their_word({ name, hours, day: dateInWords(exchange.settles_on) }) : m.exchange_next_waiting({ name });
    case 'disputed':
      return m.exchange_next_office();
    case 'settled':
      return helping ? m.exchange_next_gave({ hours }) : m.exchange_next_had({ hours, name });
    case 'cancelled':
      return helping ? m.exchange_next_off_helper() : m.exchange_next_off();
    default:
      return m.exchange_next_lapsed();
  }
}

/** "A lift"; with who helps whom where the heading does not say so. */
export function whatOf(exchange: Exchange): string {
  const name = otherOf(exchange).called;
  const doing = kinds.doing(exchange.kind);
  const helping = exchange.side === 'helper';
  if (exchange.state === 'cancelled' || exchange.state === 'expired' || over(exchange)) return helping ? m.exchange_you_help({ name, doing }) : m.exchange_helps_you({ name, doing });
  if (exchange.state === 'disputed') return helping ? m.exchange_you_helped({ name, doing }) : m.exchange_helped_you({ name, doing });
  return kinds.name(exchange.kind);
}

/** "Tomorrow at 10am", the day it happened, or that no time is set. */
export function whenOf(exchange: Exchange): string {
  if (exchange.happened_on && exchange.state !== 'agreed') return sentence(datePhrase(exchange.happened_on));
  if (exchange.starts_at) return sentence(momentPhrase(exchange.starts_at));
  return m.exchange_no_time();
}

/** The same with the whole date beside "tomorrow". */
export function wholeWhenOf(exchange: Exchange): string {
  const moment = exchange.starts_at;
  if (exchange.state !== 'agreed' && exchange.happened_on) return dateInWords(exchange.happened_on);
  if (!moment || Math.abs(daysUntil(moment)) > 1) return whenOf(exchange);
  return m.exchange_when_near({ when: whenOf(exchange), day: dayInWords(moment) });
}
