/// <reference lib="webworker" />
import { sendAll, channel, keptAt } from '#lib/outbox/send.ts';

// Makes the member's pages work without a signal. It keeps
//
//   - the pages themselves and what they are made of, for each version;
//   - what the server last said to this person on a short list of questions, all about themselves. Nothing of a
//     broker's or a surgery's page is on it.
//
// The network comes first; what is kept is the second choice, and says how old it is. What is kept about a person
// goes when they sign out, when anybody signs in, and when their session is over. The version before this one is
// kept too, so a page that is open while a new worker takes over still finds its files: no form is lost to an update.

declare const self: ServiceWorkerGlobalScope & { __WB?: never };

// Written by scripts/build.mjs: pages, and the files they are made of; what a message says that has no words.
const wordless = '__WORDLESS__';
const shell = '__SHELL__'.split(' ');
const pages = new Set(shell.filter((path) => !/\.[a-z0-9]+$/.test(path)));
const shellName = `shell-${__VERSION__}-${__LANGUAGE__}`;
const dataName = 'data';
const ownerAt = '/owner';

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  const answer = answerTo(request, url, event);
  if (answer) event.respondWith(answer);
});
self.addEventListener('sync', ((event: ExtendableEvent & { tag: string }) => {
  if (event.tag === channel) event.waitUntil(sendWaiting());
}) as EventListener);

self.addEventListener('push', (event) => event.waitUntil(show(event.data)));
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(goTo((event.notification.data as { path?: string } | null)?.path ?? '/home'));
});

async function install(): Promise<void> {
  const cache = await caches.open(shellName);
  await cache.addAll(shell.map((path) => new Request(path, { cache: path.startsWith('/_app/immutable/') ? 'default' : 'reload' })));
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  const older = (await caches.keys()).filter((name) => name.startsWith('shell-') && name !== shellName);
  // Caches are listed in the order in which they were made.
  await Promise.all(older.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

function answerTo(request: Request, url: URL, event: FetchEvent): Promise<Response> | undefined {
  const { pathname: path } = url;
  if (request.method !== 'GET') return path.startsWith('/api/session') ? session(request, path) : undefined;
  if (request.mode === 'navigate') return navigation(request, path);
  if (path.startsWith('/_app/immutable/')) return fromShell(path, request);
  if (shell.includes(path)) return fetchIn(3_000, request).catch(() => fromShell(path, request));
  if (path.startsWith('/api/')) return data(request, url, event);
  return undefined;
}

async function fromShell(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(shellName);
  return (await cache.match(path)) ?? (await caches.match(path)) ?? fetch(request);
}

async function navigation(request: Request, path: string): Promise<Response> {
  const page = path === '/' ? path : path.replace(/\/$/, '');
  if (!pages.has(page)) return fetch(request).catch(() => fromShell('/no-signal', request));
  try {
    const answer = await fetchIn(4_000, request);
    if (answer.status < 500) return answer;
  } catch {
    // No answer in time.
  }
  const kept = await (await caches.open(shellName)).match(page);
  return kept ?? fetch(request);
}

/** Fails when nothing has come back in time. */
function fetchIn(milliseconds: number, request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('too slow')), milliseconds);
    fetch(request).then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

// What is kept about a person ends with the session it was kept in.
async function session(request: Request, path: string): Promise<Response> {
  const begins = request.method === 'POST' && (path === '/api/session' || path === '/api/session/passkey');
  if (begins || request.method === 'DELETE') await caches.delete(dataName);
  const answer = await fetch(request);
  if (path === '/api/session/renew' && answer.status === 401) await caches.delete(dataName);
  return answer;
}

type Owner = { person: string; members: string[] };

/** The questions whose answers are kept. Everything else is asked of the server each time. */
function kept(url: URL, owner: Owner | undefined): boolean {
  const { pathname: path } = url;
  if (path === '/api/me' || path === '/api/banks') return true;
  if (!owner) return false;
  if (/^\/api\/banks\/[^/]+\/kinds$/.test(path)) return true;
  const own = /^\/api\/(banks\/[^/]+\/members\/[^/]+)\/(home|statement|listings|messages|threads)$/.exec(path);
  if (own?.[1]) return owner.members.includes(own[1]) && url.search === '';
  // One meeting, one conversation: only a member's pages ask in this way.
  return owner.members.length > 0 && /^\/api\/banks\/[^/]+\/(exchanges|conversations)\/[^/]+$/.test(path) && url.search === '' && !owner.members.some((each) => each === 'staff');
}

async function data(request: Request, url: URL, event: FetchEvent): Promise<Response> {
  const asking = fetch(request).then(async (answer) => {
    if (answer.ok) await keep(request, url, answer.clone());
    return answer;
  });
  event.waitUntil(asking.catch(() => undefined));
  const cache = await caches.open(dataName);
  const old = await cache.match(request);
  if (!old) return asking;
  const slow = new Promise<undefined>((wake) => setTimeout(wake, 4_000));
  const answer = await Promise.race([asking.catch(() => undefined), slow]);
  // A proxy before a server that is not there says so with these.
  return answer && ![502, 503, 504].includes(answer.status) ? answer : old;
}

async function keep(request: Request, url: URL, answer: Response): Promise<void> {
  const before = await ownerNow();
  if (url.pathname === '/api/me') {
    const me = (await answer.clone().json()) as { person_id: string; banks?: { slug: string; member_id?: string; roles?: string[] }[] };
    if (before && before.person !== me.person_id) await caches.delete(dataName);
    const members = (me.banks ?? []).flatMap(({ slug, member_id, roles }) => [
      ...(member_id ? [`banks/${slug}/members/${member_id}`] : []),
      ...(roles?.some((role) => role !== 'member') ? ['staff'] : []),
    ]);
    // Of somebody who is staff and no member, nothing is kept at all.
    if (!members.some((each) => each !== 'staff')) return void (await caches.delete(dataName));
    await (await caches.open(dataName)).put(ownerAt, Response.json({ person: me.person_id, members } satisfies Owner));
  }
  if (!kept(url, await ownerNow())) return;
  const headers = new Headers({ 'Content-Type': answer.headers.get('Content-Type') ?? 'application/json', [keptAt]: new Date(answer.headers.get('date') ?? Date.now()).toISOString() });
  await (await caches.open(dataName)).put(request, new Response(await answer.arrayBuffer(), { headers }));
}

async function ownerNow(): Promise<Owner | undefined> {
  const found = await (await caches.open(dataName)).match(ownerAt);
  return found && ((await found.json()) as Owner);
}

// Woken by the browser once there is a network, with no page open. An access token that has run out is renewed by
// the pages, not here.
async function sendWaiting(): Promise<void> {
  const owner = await ownerNow();
  if (owner) await sendAll(owner.person, (request) => fetch(request));
}

// What came while no page was open. Every message has to be shown, also one that cannot be read.
async function show(data: PushMessageData | null): Promise<void> {
  let told: { id?: string; bank?: string; words?: string; path?: string } = {};
  try {
    told = (data?.json() as typeof told | undefined) ?? {};
  } catch {
    // Then without words.
  }
  await self.registration.showNotification(told.words || wordless, { body: told.bank ?? '', tag: told.id ?? 'message', icon: '/icon-192.png', data: { path: told.path } });
}

/** A page of ours that is open goes there; without one, a new one is opened. */
async function goTo(path: string): Promise<void> {
  const to = new URL(path, location.origin);
  if (to.origin !== location.origin) return;
  const [open] = await self.clients.matchAll({ type: 'window' });
  // Somebody may be in the middle of a form: what is typed is kept, but not taken from under their hands.
  if (open && new URL(open.url).pathname === to.pathname) return void (await open.focus());
  await self.clients.openWindow(to.href);
}
