import { m } from '#lib/paraglide/messages.js';

/** What a member may let somebody do, as one says it. */
export function limitWords(limit: string): string {
  const words: Record<string, () => string> = {
    'read-diary': () => m.people_may_diary(),
    'ask-for-help': () => m.people_may_ask(),
    'answer-plans': () => m.people_may_answer(),
    'offer-help': () => m.people_may_offer(),
    'say-hours': () => m.people_may_hours(),
  };
  return words[limit]?.() ?? limit;
}

/** What can be chosen for a carer: never hours. */
export const carerLimits = ['read-diary', 'ask-for-help', 'answer-plans'] as const;
