import { api } from '#lib/api/client.ts';
import { momentOn } from '#lib/format/days.ts';
import type { Said, Verb } from './said.ts';

type Path = { bank: string; exchange: string };
type Header = { 'Idempotency-Key': string };

/** Sends what was said. `asked`: no day was agreed, so the day it happened is told with it. */
export async function send(verb: Verb, path: Path, header: Header, said: Said, asked: boolean) {
  const params = { path, header };
  const why = { reason: said.reason.trim() || undefined };
  const moment = momentOn(said.newDay, Number(said.time));
  switch (verb) {
    case 'agree':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/agree', { params, body: {} });
    case 'confirm':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/confirm', { params, body: {} });
    case 'cancel':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/cancel', { params, body: why });
    case 'dispute':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/dispute', { params, body: why });
    case 'done':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/done', { params, body: { minutes: said.minutes ?? 0, happened_on: asked ? said.day : undefined } });
    case 'another-time':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/another-time', { params, body: { starts_at: moment } });
    case 'keep-time':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/keep-time', { params, body: {} });
    case 'again':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/again', { params, body: { starts_at: said.when === 'day' ? moment : undefined, note: said.note.trim() || undefined } });
    case 'repeat':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/repeat', { params, body: { every_days: Number(said.every) } });
    case 'end-repeat':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/end-repeat', { params, body: {} });
    case 'thank':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/thanks', { params, body: { words: said.words } });
    case 'write':
      return api.POST('/api/banks/{bank}/exchanges/{exchange}/letters', { params, body: { words: said.words } });
  }
}
