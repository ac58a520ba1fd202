import type { components } from '#lib/api/schema.d.ts';
import { m } from '#lib/paraglide/messages.js';

/** Who acted for somebody, and how that person agreed; nothing where people acted for themselves. */
export function actedFor({ by, for: name, consent }: components['schemas']['ExchangeEventView']): string {
  if (!name || !by) return '';
  if (consent === 'phone') return m.acted_phone({ by, name });
  if (consent === 'paper') return m.acted_paper({ by, name });
  if (consent === 'in-person') return m.acted_person({ by, name });
  if (consent === 'standing') return m.acted_standing({ by, name });
  return m.acted_for({ by, name });
}
