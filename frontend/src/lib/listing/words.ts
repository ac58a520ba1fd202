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

export const fars = ['street', 'area', 'anywhere', 'open'] as const;
export type Far = (typeof fars)[number];

/** How far I go for it, in my own words. */
export const farChoices = (bank: string): Choice[] => [
  { value: 'street', label: m.far_street() },
  { value: 'area', label: m.far_area() },
  { value: 'anywhere', label: m.far_anywhere({ bank }) },
  { value: 'open', label: m.far_open() },
];

/** The same, as staff choose it for somebody. */
export const deskFarChoices = (bank: string): Choice[] => [
  { value: 'street', label: m.desk_far_street() },
  { value: 'area', label: m.desk_far_area() },
  { value: 'anywhere', label: m.far_anywhere({ bank }) },
  { value: 'open', label: m.desk_far_open() },
];

/** How far its member goes for a listing, to others or to themselves; nothing where it does not matter. */
export function farWords({ far, place, mine }: { far: Far; place: Place; mine?: boolean }, bank: string): string {
  if (place === 'phone' || place === 'online') return '';
  switch (far) {
    case 'street':
      return mine ? m.far_my_street() : m.far_of_street();
    case 'area':
      return mine ? m.far_my_area() : m.far_of_area();
    case 'anywhere':
      return mine ? m.far_my_anywhere({ bank }) : m.far_of_anywhere({ bank });
    case 'open':
      return '';
  }
}

/** "Tuesday 24 November and Friday 27 November" */
export const daysInWords = (days: readonly string[]): string => new Intl.ListFormat(tag, { type: 'conjunction' }).format(days.map((day) => dateInWords(day)));

/** The days to choose from, in words. */
export const daysToCome = (): Choice[] => Array.from({ length: 60 }, (_, ahead) => plusDays(today(), ahead)).map((day) => ({ value: day, label: dateInWords(day) }));
