import { m } from '#lib/paraglide/messages.js';
import { outbox } from '#lib/outbox/outbox.svelte.ts';

/** Before signing out: what has not been sent yet goes with everything else, and nobody should find that out later. */
export function mayLeave(): boolean {
  return outbox.waiting === 0 || confirm(m.outbox_leave({ count: outbox.waiting }));
}
