import { baseLocale } from '#lib/paraglide/runtime.js';

export type Language = 'en' | 'cy' | 'ur';

/** Each by its own name, as its readers look for it. */
export const languages: readonly { code: Language; name: string; tag: string; direction: 'ltr' | 'rtl' }[] = [
  { code: 'en', name: 'English', tag: 'en-GB', direction: 'ltr' },
  { code: 'cy', name: 'Cymraeg', tag: 'cy', direction: 'ltr' },
  { code: 'ur', name: 'اردو', tag: 'ur', direction: 'rtl' },
];

/** The language these pages are in. There is a build for each (scripts/build.mjs). */
export const language = baseLocale as Language;

export const { tag, direction } = languages.find(({ code }) => code === language)!;
