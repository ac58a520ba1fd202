import { dateInWords, plusDays, today } from '#lib/format/days.ts';
import { tag } from '#lib/language.ts';
import { m } from '#lib/paraglide/messages.js';
import type { Choice } from '#lib/ui/choices.ts';

export const places = ['home', 'out', 'phone', 'online', 'either'] as const;
export type Place = (typeof places)[number];

/** Where help is given: "At home". */
export const placeWords = (place: Place): string =>
  ({ home: () => m.where_home(), out: () => m.where_out(), phone: () => m.where_phone(), online: () => m.where_online(), either: () => m.where_either() })[place]();

export const placeChoices = (): Choice[] => places.map((value) => ({ value, label: placeWords(value) }));

/** "Tuesday 24 November and Friday 27 November" */
export const daysInWords = (days: readonly string[]): string => new Intl.ListFormat(tag, { type: 'conjunction' }).format(days.map((day) => dateInWords(day)));

/** The days to choose from, in words. */
export const daysToCome = (): Choice[] => Array.from({ length: 60 }, (_, ahead) => plusDays(today(), ahead)).map((day) => ({ value: day, label: dateInWords(day) }));
