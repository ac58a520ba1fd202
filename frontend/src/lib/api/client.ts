import createClient from 'openapi-fetch';
import { goto } from '$app/navigation';
import type { paths } from './schema.d.ts';
import { renewPath, signInHref } from './session.ts';

/** Every call to the server, typed from its own OpenAPI document. */
export const api = createClient<paths>({ baseUrl: '', fetch: (request) => withSession(request) });

/**
 * A session that has run out is renewed once and the call made again. When that fails too, the sign-in page
 * follows, with the way back: by an in-app move, so what was typed stays in memory (see form.svelte.ts).
 */
export async function withSession(request: Request): Promise<Response> {
  const again = request.clone();
  const asked = Date.now();
  const answer = await fetch(request);
  if (answer.status !== 401 || new URL(request.url).pathname.startsWith('/api/session')) return answer;

  const second = (await renew(asked)) ? await fetch(again) : answer;
  if (second.status === 401) await goto(signInHref(location.pathname + location.search));
  return second;
}

let renewing: Promise<boolean> | undefined;

// Several calls may find the session over at the same moment, in this tab or the next; it is renewed once at a time,
// and not again when another tab has done so since this one asked.
async function renew(asked: number): Promise<boolean> {
  const ask = async () => {
    if (lastRenewed() >= asked) return true;
    const { ok } = await fetch(renewPath, { method: 'POST' });
    if (ok) keepRenewed();
    return ok;
  };
  renewing ??= ('locks' in navigator ? navigator.locks.request('session', ask) : ask()).then(
    (renewed) => renewed,
    () => false,
  );
  const renewed = await renewing;
  renewing = undefined;
  return renewed;
}

const mark = 'session-renewed';

function lastRenewed(): number {
  try {
    return Number(localStorage.getItem(mark));
  } catch {
    return 0;
  }
}

function keepRenewed(): void {
  try {
    localStorage.setItem(mark, String(Date.now()));
  } catch {
    // Without storage each tab renews for itself, which the server allows.
  }
}
