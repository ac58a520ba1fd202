import type { Handle } from '@sveltejs/kit';
import beforePaint from './before-paint.js?raw';
import { direction, tag } from '#lib/language.ts';

/** Pages are written to files at build time, each in the language of its build. */
export const handle: Handle = ({ event, resolve }) =>
  resolve(event, { transformPageChunk: ({ html }) => html.replace('%lang%', tag).replace('%dir%', direction).replace('%before-paint%', () => beforePaint) });
