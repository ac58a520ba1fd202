import type { paths } from '#lib/api/schema.d.ts';
import { momentOn } from '#lib/format/days.ts';
import { m } from '#lib/paraglide/messages.js';
import type { Said, Verb } from './said.ts';

type Under = '/api/banks/{bank}/exchanges/{exchange}/';
type Deed = keyof paths extends infer Path ? (Path extends `${Under}${infer Deed}` ? Deed : never) : never;
type BodyOf<Named extends Deed> = paths[`${Under}${Named}`] extends { post: { requestBody?: { content: { 'application/json': infer Body } } } } ? Omit<Body & object, '$schema'> : never;

const to = <Named extends Deed>(deed: Named, body: BodyOf<Named>) => ({ deed: deed as string, body: body as object });

/** Where what was said goes, under an exchange, and what is sent. `asked`: it had no day, or its day is still to come, so the day it happened is told with it. */
export function entry(verb: Verb, said: Said, asked: boolean): { deed: string; body: object } {
  const why = { reason: said.reason.trim() || undefined };
  const moment = momentOn(said.newDay, Number(said.time));
  switch (verb) {
    case 'agree':
      return to('agree', {});
    case 'confirm':
      return to('confirm', {});
    case 'cancel':
      return to('cancel', why);
    case 'dispute':
      return to('dispute', why);
    case 'done':
      return to('done', { minutes: said.minutes ?? 0, happened_on: asked ? said.day : undefined });
    case 'another-time':
      return to('another-time', { starts_at: moment });
    case 'keep-time':
      return to('keep-time', {});
    case 'again':
      return to('again', { starts_at: said.when === 'day' ? moment : undefined, note: said.note.trim() || undefined });
    case 'repeat':
      return to('repeat', { every_days: Number(said.every) });
    case 'end-repeat':
      return to('end-repeat', {});
    case 'thank':
      return to('thanks', { words: said.words });
    case 'write':
      return to('letters', { words: said.words });
  }
}

/** What it is called while it waits to be sent. */
export function called(verb: Verb, name: string): string {
  if (verb === 'agree' || verb === 'confirm') return m.outbox_what_yes({ name });
  if (verb === 'cancel') return m.outbox_what_cancel({ name });
  if (verb === 'done') return m.outbox_what_done({ name });
  return verb === 'write' || verb === 'thank' ? m.outbox_what_line({ name }) : m.outbox_what_answer({ name });
}
