import type { components } from '#lib/api/schema.d.ts';
import { m } from '#lib/paraglide/messages.js';

export type Wish = Pick<components['schemas']['ListingInterestView'], 'type' | 'kind' | 'words'>;

/** What somebody wants to be told about, as "When somebody offers: Gardening, with “roses”"; nameOf finds a kind's name. */
export function inWords({ type, kind, words }: Wish, nameOf: (kind: string) => string): string {
  const what = kind ? (words ? m.interest_both({ kind: nameOf(kind), words }) : nameOf(kind)) : m.interest_words_are({ words: words ?? '' });
  return type === 'request' ? m.interest_asked({ what }) : m.interest_offered({ what });
}
