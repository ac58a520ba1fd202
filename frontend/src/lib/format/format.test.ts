import { describe, expect, test } from 'vitest';
import { clockInWords } from './clock.ts';
import { dayInWords, dayPhrase, daysUntil, momentInWords, momentPhrase, plainDate, sentence, timeInWords } from './dates.ts';
import { balanceInWords, hoursInWords, quarterHours } from './hours.ts';
import { phoneLink } from './phone.ts';
import { referenceTyped } from './reference.ts';

// A number never parts from its word at the end of a line; to the eye that is an ordinary space.
const plain = (words: string) => words.replaceAll('\u00a0', ' ');

describe('hours in words', () => {
  test.each([
    [0, 'no hours'],
    [1, '1 minute'],
    [30, '30 minutes'],
    [60, '1 hour'],
    [61, '1 hour 1 minute'],
    [90, '1 hour 30 minutes'],
    [120, '2 hours'],
    [135, '2 hours 15 minutes'],
    [-120, '2 hours'],
  ])('%i minutes', (minutes, words) => expect(plain(hoursInWords(minutes))).toBe(words));

  test('a number and its word stay on one line', () => expect(hoursInWords(90)).toBe('1\u00a0hour 30\u00a0minutes'));

  test('a balance is never a debt', () => {
    expect(plain(balanceInWords(180))).toBe('You have 3 hours to use.');
    expect(plain(balanceInWords(-120))).toBe('You have had 2 hours more than you have given. That is fine.');
    expect(plain(balanceInWords(0))).toBe('You have given as much as you have had.');
  });

  test('the quarter hours under "something else" leave out what has its own button', () => {
    const choices = quarterHours([30, 60, 90, 120]);
    expect(choices.slice(0, 4)).toEqual([15, 45, 75, 105]);
    expect(choices.at(-1)).toBe(480);
    expect(choices).not.toContain(120);
  });
});

describe('dates and times in the zone of the bank', () => {
  const now = '2026-11-23T09:00:00Z';

  test.each([
    ['2026-11-24T10:00:00Z', '10am'],
    ['2026-11-24T10:30:00Z', '10:30am'],
    ['2026-11-24T12:00:00Z', 'midday'],
    ['2026-11-24T12:15:00Z', '12:15pm'],
    ['2026-11-24T00:00:00Z', 'midnight'],
    ['2026-11-24T00:05:00Z', '12:05am'],
    ['2026-07-01T10:00:00Z', '11am'],
  ])('%s', (moment, words) => expect(timeInWords(moment)).toBe(words));

  test('whole dates, with the year only when it is another one', () => {
    expect(plain(momentInWords('2026-11-24T10:00:00Z', { now }))).toBe('Tuesday 24 November at 10am');
    expect(plain(dayInWords('2027-01-05T10:00:00Z', { now }))).toBe('Tuesday 5 January 2027');
  });

  test.each([
    ['2026-11-23T23:30:00Z', 'today at 11:30pm'],
    ['2026-11-24T10:00:00Z', 'tomorrow at 10am'],
    ['2026-11-22T10:00:00Z', 'yesterday at 10am'],
    ['2026-11-25T10:00:00Z', 'Wednesday 25 November at 10am'],
  ])('%s by phrase', (moment, words) => expect(plain(momentPhrase(moment, { now }))).toBe(words));

  test('the day turns at midnight in the zone, not in UTC', () => {
    expect(dayPhrase('2026-06-30T23:30:00Z', { now: '2026-06-30T12:00:00Z' })).toBe('tomorrow');
    expect(daysUntil('2026-10-25T12:00:00Z', { now: '2026-10-24T23:30:00Z' })).toBe(0);
    expect(timeInWords('2026-06-30T23:30:00Z', { zone: 'UTC' })).toBe('11:30pm');
  });

  test('a plain date has no zone', () => expect(plain(plainDate('1951-03-02'))).toBe('2 March 1951'));
  test('a phrase may begin a line', () => expect(sentence('tomorrow at 10am')).toBe('Tomorrow at 10am'));
});

describe('clocks', () => {
  const now = '2026-11-23T12:00:00Z';

  test.each([
    ['2026-11-23T15:00:00Z', 'Call by 3pm today', 'wait'],
    ['2026-11-24T15:00:00Z', 'Call by 3pm tomorrow', 'plain'],
    ['2026-11-26T15:00:00Z', 'Call by 3pm on Thursday 26 November', 'plain'],
    ['2026-11-23T11:45:00Z', 'Overdue by 15 minutes', 'late'],
    ['2026-11-23T09:50:00Z', 'Overdue by 2 hours', 'late'],
    ['2026-11-22T11:00:00Z', 'Overdue by 1 day', 'late'],
    ['2026-11-20T09:00:00Z', 'Overdue by 3 days', 'late'],
  ])('%s', (due, words, tone) => {
    const clock = clockInWords(due, 'call', { now });
    expect({ ...clock, words: plain(clock.words) }).toEqual({ words, tone });
  });

  test('each deed has its own verb', () => {
    expect(clockInWords('2026-11-23T15:00:00Z', 'answer', { now }).words).toBe('Answer by 3pm today');
    expect(clockInWords('2026-11-23T15:00:00Z', 'settle', { now }).words).toBe('Settle by 3pm today');
    expect(clockInWords('2026-11-23T15:00:00Z', 'do', { now }).words).toBe('Due by 3pm today');
  });
});

describe('references and phones', () => {
  test.each([
    ['r7k2m41c', 'R-7K2M-41C'],
    ['R 7K2M 4lc', 'R-7K2M-41C'],
    ['r-7k2m-4o', 'R-7K2M-40'],
    ['', ''],
  ])('the reference "%s"', (typed, shown) => expect(referenceTyped(typed)).toBe(shown));

  test('phone numbers as links', () => expect(phoneLink('0113 496 0750')).toBe('tel:01134960750'));
});
