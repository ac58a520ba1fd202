import { expect, test } from 'vitest';
import { fromRecord, monthNumber } from './record.ts';

const now = new Date('2026-11-24T10:00:00Z');
const ada = { name: 'Ada Whitlock', birth: { day: '27', month: '3', year: '1951' } };

test.each([
  ['TEST, Ada (Mrs) 27-Mar-1951 999 000 0018 07700 900461', { ...ada, name: 'Ada Test', phone: '07700 900461' }],
  ['WHITLOCK, Ada (Mrs)   Born 27-Mar-1951 (75y)   Gender Female   NHS No. 999 000 0018\nHome 01632 960 123  Mobile 07700 900 461', { ...ada, phone: '07700 900 461' }],
  ['Mrs Ada Whitlock\t27 March 1951 (75 y)\t9990000018\t+44 (0)1632 960 123', { ...ada, phone: '+44 (0)1632 960 123' }],
  ['Name: Ada Whitlock\nDOB: 27/03/1951\nTel: 01632960123', { ...ada, phone: '01632960123' }],
  ['Registered 01/02/1950. Patient: WHITLOCK, Ada. D.O.B. 27.3.51. Last seen 12/11/2026', ada],
  ['Ada Whitlock 1951-03-27 appointment 24-Nov-2026', ada],
  ["O'BRIEN-SMITH, Mary Jane (Miss) 1 Jan 1980", { name: "Mary Jane O'Brien-Smith", birth: { day: '1', month: '1', year: '1980' } }],
  ['Mr Łukasz Żółć, 5th May 1999', { name: 'Łukasz Żółć', birth: { day: '5', month: '5', year: '1999' } }],
  ['999 000 0018', {}],
  ['27/03/2031 and 31/02/1990', {}],
  ['', {}],
])('%s', (text, found) => {
  expect(fromRecord(text, now)).toEqual({ name: undefined, birth: undefined, phone: undefined, ...found });
});

test('a month may be typed in figures or letters', () => {
  expect(['3', '03', 'Mar', 'march', ' MARCH ', 'm', 'xyz', ''].map(monthNumber)).toEqual([3, 3, 3, 3, 3, undefined, undefined, undefined]);
});
