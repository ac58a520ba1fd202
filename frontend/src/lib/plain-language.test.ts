import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

// The English words are for somebody who reads as one does at nine to eleven: years 5 and 6 of school, a Flesch-Kincaid
// grade of 4 to 6. A short label has no grade, so words are judged where there is a sentence, and each screen as a whole.

type Message = string | { match: Record<string, string> }[];

const { $schema: _, ...catalogue } = JSON.parse(readFileSync('messages/en.json', 'utf8')) as Record<string, Message>;
const sentences = (message: Message): string[] => (typeof message === 'string' ? [message] : message.flatMap(({ match }) => Object.values(match)));

// What the braces hold is said as one short word; addresses and figures are no reading.
const spoken = (text: string) => text.replace(/\{\w+\}/g, 'Bill').replace(/\S*[/@]\S*/g, '').replace(/\d[\d ]*/g, 'two ');
const wordsOf = (text: string) => spoken(text).match(/[A-Za-z][A-Za-z’']*/g) ?? [];

function syllables(word: string): number {
  const small = word.toLowerCase().replace(/[^a-z]/g, '');
  const groups = small.replace(/(?:[^laeiouy]es|[^laeiouytd]ed|[^laeiouy]e)$/, '').match(/[aeiouy]{1,2}/g);
  return Math.max(1, groups?.length ?? 1);
}

/** Flesch-Kincaid grade. */
function grade(texts: readonly string[]): number {
  const words = texts.flatMap(wordsOf);
  const ends = texts.reduce((sum, text) => sum + Math.max(1, spoken(text).match(/[.!?:;]+(?=\s|$)/g)?.length ?? 0), 0);
  return 0.39 * (words.length / ends) + 11.8 * (words.reduce((sum, word) => sum + syllables(word), 0) / words.length) - 15.59;
}

// Said to staff at a desk, who have words of their trade.
const staff = /^(desk|refer|surgery|record_(line|label|copy|copied|not)|gathering|gatherings|register|venue|people|books|staff|concerns|figures|demand|operator|roles|settings|questions|kinds|demo|mail|nav|place|table)(_|$)/;
const members = Object.entries(catalogue).filter(([key]) => !staff.test(key));
const screens = [...new Set(members.map(([key]) => key.split('_')[0] ?? ''))].map((name) => [name, members.filter(([key]) => key.startsWith(`${name}_`) || key === name)] as const);

describe('the words of the members’ pages', () => {
  test('can be read at the age of nine to eleven, all together', () => {
    const whole = members.flatMap(([, message]) => sentences(message)).filter((text) => wordsOf(text).length >= 5);
    expect(grade(whole)).toBeLessThan(6);
  });

  test.each(screens)('and on each screen: %s', (_, messages) => {
    const whole = messages.flatMap(([, message]) => sentences(message)).filter((text) => wordsOf(text).length >= 5);
    if (whole.flatMap(wordsOf).length < 60) return; // too little to judge
    expect(grade(whole)).toBeLessThan(7);
  });

  test('no sentence is longer than 25 words', () => {
    const long = members.flatMap(([key, message]) =>
      sentences(message)
        .flatMap((text) => text.split(/(?<=[.!?:;])\s+/))
        .filter((text) => wordsOf(text).length > 25)
        .map((text) => `${key}: ${text}`),
    );
    expect(long).toEqual([]);
  });
});

// Words that turn help into trade, invert who gave and who had, or belong to those who build.
const avoided =
  /\b(sender|receiver|payer|payee|credits?|debits?|currency|transactions?|accounts? balance|users?|log ?in|logins?|logon|invalid|submit|click|dashboard|elderly|vulnerable|service users?|clients?|beneficiar(?:y|ies)|utili[sz]e|commence|prior to|in order to|please note|e\.g\.|i\.e\.|etc\.)\b/i;

test('no word on any page is one of those to avoid', () => {
  const found = Object.entries(catalogue).flatMap(([key, message]) =>
    sentences(message)
      .filter((text) => avoided.test(text))
      .map((text) => `${key}: ${text}`),
  );
  expect(found).toEqual([]);
});

test('hours and dates are never in figures with a letter', () => {
  const found = Object.entries(catalogue).flatMap(([key, message]) => sentences(message).filter((text) => /\b\d+(\.\d+)?h\b|\b\d{1,2}\/\d{1,2}\b/.test(text)).map((text) => `${key}: ${text}`));
  expect(found).toEqual([]);
});
