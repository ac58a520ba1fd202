import { describe, expect, test } from 'vitest';
import { fieldOf, pageErrors } from './problem.ts';
import { safeReturn, signInHref } from './session.ts';

describe('problems become things to put right', () => {
  test('a pointer names its control', () => {
    expect(fieldOf('/contact/phone')).toBe('contact_phone');
    expect(fieldOf('#/name')).toBe('name');
  });

  test('errors of fields come first, then what the server says, then our own words', () => {
    const errors = [{ pointer: '/name', code: 'required', message: 'Enter a name' }];
    expect(pageErrors({ errors, title: 'Invalid' }, 'Sorry')).toEqual([{ field: 'name', message: 'Enter a name' }]);
    expect(pageErrors({ errors }, 'Sorry', { '/name': 'full-name' })).toEqual([{ field: 'full-name', message: 'Enter a name' }]);
    expect(pageErrors({ detail: 'Bill has paused' }, 'Sorry')).toEqual([{ message: 'Bill has paused' }]);
    expect(pageErrors({}, 'Sorry')).toEqual([{ message: 'Sorry' }]);
  });
});

describe('the way back from signing in', () => {
  test.each([
    ['/diary?from=home', '/diary?from=home'],
    ['//elsewhere.example', '/home'],
    ['/\\elsewhere.example', '/home'],
    ['https://elsewhere.example', '/home'],
    ['/sign-in?back=/sign-in', '/home'],
    [null, '/home'],
  ])('%s', (path, kept) => expect(safeReturn(path)).toBe(kept));

  test('it travels in the address', () => expect(signInHref('/a?b=c')).toBe('/sign-in?back=%2Fa%3Fb%3Dc'));
});
