import createClient from 'openapi-fetch';
import { goto } from '$app/navigation';
import type { paths } from './schema.d.ts';
import { refreshPath, signInHref } from './session.ts';

/** Every call to the server, typed from its own OpenAPI document. */
export const api = createClient<paths>({ baseUrl: '', fetch: (request) => withSession(request) });

/**
 * A session that has run out is renewed once and the call made again. When that fails too, the sign-in page
 * follows, with the way back: by an in-app move, so what was typed stays in memory (see form.svelte.ts).
 */
export async function withSession(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await fetch(request);
  if (answer.status !== 401 || new URL(request.url).pathname.startsWith('/api/session')) return answer;

  const second = (await renew()) ? await fetch(again) : answer;
  if (second.status === 401) await goto(signInHref(location.pathname + location.search));
  return second;
}

let renewing: Promise<boolean> | undefined;

// Several calls may find the session over at the same moment, in this tab or the next; it is renewed once at a time.
async function renew(): Promise<boolean> {
  const ask = async () => (await fetch(refreshPath, { method: 'POST' })).ok;
  renewing ??= ('locks' in navigator ? navigator.locks.request('session', ask) : ask()).then(
    (renewed) => renewed,
    () => false,
  );
  const renewed = await renewing;
  renewing = undefined;
  return renewed;
}
