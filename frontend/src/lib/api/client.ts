import type { Client } from 'openapi-fetch';
import { goto } from '$app/navigation';
import type { paths } from './schema.d.ts';
import { connection } from '#lib/connection.svelte.ts';
import { heardTime } from '#lib/format/now.svelte.ts';
import { left, renewPath, securityPath, sessionPath, signInHref, stillLeaving, type Why } from './session.ts';

/**
 * Every call to the server, typed from its own OpenAPI document. The types are openapi-fetch's; what it does that
 * this app needs is short enough to stand here, and spares each phone the rest.
 */
export const api = { GET: call('GET'), POST: call('POST'), PUT: call('PUT'), DELETE: call('DELETE') } as unknown as Client<paths, 'application/json'>;

/** A line may be there and carry nothing: after so many milliseconds nobody waits any longer, and what follows is as without a line. */
const patience = 20_000;

type Values = Record<string, unknown>;
type Asked = { params?: { path?: Values; query?: Values; header?: Values }; body?: unknown };

function call(method: string) {
  return async (path: string, { params = {}, body }: Asked = {}) => {
    const query = new URLSearchParams(given(params.query)).toString();
    const address = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params.path?.[name])));
    const request = new Request(new URL(address + (query && `?${query}`), location.origin), {
      method,
      headers: [...given(params.header), ...(body === undefined ? [] : [['Content-Type', 'application/json'] as [string, string]])],
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    });
    const response = await withSession(request);
    const old = response.headers.get('x-kept-at');
    if (method === 'GET') connection.saw(old);
    if (!old) heardTime(response.headers.get('date'));
    const text = await response.text();
    const answer = read(text);
    return response.ok ? { data: answer, response } : { error: answer ?? {}, response };
  };
}

/** Leaves out what has no value. */
function given(values: Values = {}): [string, string][] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, String(value)]]));
}

function read(text: string): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A session that has run out is renewed once and the call made again. When that fails too, the sign-in page
 * follows, with the way back: by an in-app move, so what was typed stays in memory (see form.svelte.ts).
 */
export async function withSession(request: Request): Promise<Response> {
  if (stillLeaving()) {
    const { ok } = await fetch(sessionPath, { method: 'DELETE' });
    if (!ok) throw new Error('cannot sign out');
    left();
  }
  const again = request.clone();
  const asked = Date.now();
  const answer = await fetch(request);
  if (answer.status === 403 && (await codeOf(answer)) === 'second-factor-needed') await goto(securityPath);
  if (answer.status !== 401 || new URL(request.url).pathname.startsWith('/api/session')) return answer;

  // These two are refused to a session that lives: it is not renewed, its person has something to do.
  const why = whys[await codeOf(answer)];
  // An answer that nobody reads would keep its connection waiting.
  const second = !why && (await renew(asked)) ? (void answer.body?.cancel(), await fetch(again)) : answer;
  if (second.status === 401) await goto(signInHref(location.pathname + location.search, why ?? whys[await codeOf(second)]));
  return second;
}

const whys: Record<string, Why> = { 'second-step': 'second', 'sign-in-again': 'again' };

/** The name of a refusal, without using up its body. */
async function codeOf(answer: Response): Promise<string> {
  const problem: unknown = await answer
    .clone()
    .json()
    .catch(() => undefined);
  return typeof problem === 'object' && problem !== null && 'code' in problem ? String(problem.code) : '';
}

let renewing: Promise<boolean> | undefined;

// Several calls may find the session over at the same moment, in this tab or the next; it is renewed once at a time,
// and not again when another tab has done so since this one asked.
async function renew(asked: number): Promise<boolean> {
  const ask = async () => {
    if (lastRenewed() >= asked) return true;
    const { ok, body } = await fetch(renewPath, { method: 'POST' });
    void body?.cancel();
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
