import { drop, itemBy, itemsOf, put, type Item, type Refusal } from './store.ts';

/** What became of one try: it arrived, it was refused, nobody is signed in, or there is no answer yet. */
export type Outcome = { state: 'sent'; data: unknown } | { state: 'refused'; refusal: Refusal } | { state: 'signed-out' } | { state: 'waiting' };

type Fetch = (request: Request) => Promise<Response>;

/** On an answer that this device kept: when it came from the server. */
export const keptAt = 'x-kept-at';

/** Other pages and the worker hear of every change. */
export const channel = 'outbox';

export function tellOthers(): void {
  const others = new BroadcastChannel(channel);
  others.postMessage('changed');
  others.close();
}

// One at a time on a whole device: two tabs and the worker may find the same thing waiting.
const alone = <Result>(what: () => Promise<Result>): Promise<Result> =>
  'locks' in navigator ? (navigator.locks.request(channel, what) as Promise<Result>) : what();

/** Sends one thing now. Another tab may have done so a moment ago. */
export function sendOne(key: string, fetch: Fetch): Promise<Outcome> {
  return alone(async () => {
    const item = await itemBy(key);
    if (!item) return { state: 'sent', data: undefined };
    return item.refused ? { state: 'refused', refusal: item.refused } : attempt(item, fetch);
  });
}

/** Sends what waits, oldest first, until there is no answer. */
export function sendAll(person: string, fetch: Fetch): Promise<void> {
  return alone(async () => {
    const items = await itemsOf(person);
    if (items.length > 0 && !(await stillSignedIn(person, fetch))) return;
    for (const item of items) {
      if (item.refused) continue;
      const { state } = await attempt(item, fetch);
      if (state === 'waiting' || state === 'signed-out') return;
    }
  });
}

// Another tab may have signed in as somebody else since: nothing is sent in another's name.
async function stillSignedIn(person: string, fetch: Fetch): Promise<boolean> {
  const answer = await fetch(new Request(new URL('/api/me', location.origin))).catch(() => undefined);
  if (!answer?.ok || answer.headers.has(keptAt)) return false;
  const me = (await answer.json().catch(() => ({}))) as { person_id?: string };
  return me.person_id === person;
}

async function attempt(item: Item, fetch: Fetch): Promise<Outcome> {
  // Noted before it goes, since what was sent without an answer may have arrived.
  if (!item.tried) await put({ ...item, tried: true });
  const request = new Request(new URL(item.path, location.origin), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': item.key },
    body: JSON.stringify(item.body),
    signal: AbortSignal.timeout(10_000),
  });
  const answer = await fetch(request).catch(() => undefined);
  const data = await answer?.json().catch(() => undefined);
  if (answer?.ok) {
    await drop(item.key);
    tellOthers();
    return { state: 'sent', data };
  }
  if (answer?.status === 401) return { state: 'signed-out' };
  // Too often, or their own trouble: later. Anything else is an answer, and saying it again changes nothing.
  if (!answer || answer.status === 429 || answer.status === 408 || answer.status >= 500) return { state: 'waiting' };
  const { detail = '', errors } = (data ?? {}) as Partial<Refusal>;
  const refusal = { detail, errors };
  await put({ ...item, tried: true, refused: refusal });
  tellOthers();
  return { state: 'refused', refusal };
}
