import type { components } from '#lib/api/schema.d.ts';
import { m } from '#lib/paraglide/messages.js';

export type Seen = components['schemas']['SeeExchangeAnswer'];
export type Side = 'helper' | 'helped' | 'broker';
export type Verb = 'agree' | 'decline' | 'cancel' | 'done' | 'confirm' | 'dispute' | 'resolve' | 'void' | 'time' | 'keep';
/** Something that can be done now, and for whom. */
export type Act = { verb: Verb; side: Side };

const other = (side: Side): Side => (side === 'helper' ? 'helped' : 'helper');

export const nameOf = (x: Seen, side: Side) => (side === 'helper' ? x.helper.called : side === 'helped' ? x.helped.called : '');

/** What the desk can do now, the likeliest first. Whose turn it is, the server has said. */
export function actsOf(x: Seen): Act[] {
  const turn = (x.waiting_for ?? []).filter((side): side is Side => side === 'helper' || side === 'helped');
  switch (x.state) {
    case 'proposed':
      return [
        ...turn.flatMap((side): Act[] => [{ verb: 'agree', side }, { verb: 'decline', side }]),
        ...turn.filter((side) => !turn.includes(other(side))).map((side): Act => ({ verb: 'cancel', side: other(side) })),
      ];
    case 'agreed':
      if (x.new_starts_at) return turn.flatMap((side): Act[] => [{ verb: 'agree', side }, { verb: 'keep', side }]);
      return [
        { verb: 'done', side: 'helper' },
        { verb: 'done', side: 'helped' },
        { verb: 'cancel', side: 'helper' },
        { verb: 'cancel', side: 'helped' },
        { verb: 'time', side: 'helper' },
        { verb: 'time', side: 'helped' },
      ];
    case 'done':
      return turn.flatMap((side): Act[] => [{ verb: 'confirm', side }, { verb: 'dispute', side }]);
    case 'disputed':
      return [
        { verb: 'resolve', side: 'broker' },
        { verb: 'void', side: 'broker' },
      ];
  }
  return [];
}

/** The words on the way to an act. */
export function actWords(x: Seen, { verb, side }: Act): string {
  const name = nameOf(x, side);
  switch (verb) {
    case 'agree':
      return m.desk_x_agree({ name });
    case 'decline':
      return m.desk_x_decline({ name });
    case 'cancel':
      return m.desk_x_cancel({ name });
    case 'done':
      return m.desk_x_say({ name });
    case 'confirm':
      return m.desk_x_confirm({ name });
    case 'dispute':
      return m.desk_x_dispute({ name });
    case 'time':
      return m.desk_x_another({ name });
    case 'keep':
      return m.desk_x_stay({ name });
    case 'resolve':
      return m.desk_x_resolve();
    case 'void':
      return m.desk_x_void();
  }
}

/** One line of the history. */
export function eventWords(x: Seen, { from, to, as, minutes }: components['schemas']['ExchangeEventView'], time: (minutes: number) => string): string {
  const name = nameOf(x, as as Side) || m.desk_x_by_us();
  const hours = minutes === undefined ? '' : time(minutes);
  if (from === to) return m.desk_x_was_time({ name });
  if (to === 'proposed') return m.desk_x_was_proposed({ name });
  if (to === 'agreed') return m.desk_x_was_agreed();
  if (to === 'done') return m.desk_x_was_done({ name, hours });
  if (to === 'disputed') return m.desk_x_was_disputed({ name });
  if (to === 'expired') return m.desk_x_was_expired();
  if (to === 'cancelled') return from === 'proposed' ? m.desk_x_was_declined({ name }) : m.desk_x_was_cancelled({ name });
  if (from === 'disputed') return m.desk_x_was_resolved({ hours });
  return as === 'system' ? m.desk_x_was_silent({ hours }) : m.desk_x_was_settled({ name, hours });
}
