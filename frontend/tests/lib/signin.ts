import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, request, test, type APIRequestContext, type Page } from '@playwright/test';

// Signing in for tests that are about something else. They run against `timebank demo` at BASE_URL.

export const baseURL = process.env.BASE_URL ?? 'http://127.0.0.1:4173';
export const broker = 'sam@example.org';
export const receptionist = 'priya@example.org';

type State = Awaited<ReturnType<APIRequestContext['storageState']>>;
type Kept = { at: number; state: State };
type Bank = { slug: string; member_id?: string; organisation_id?: string };
export type Me = { called: string; start: string; banks: Bank[] };

type Mail = { id: string; to: string; text: string; at: string };

async function mailsTo(contact: string): Promise<Mail[]> {
  const asked = await request.newContext({ baseURL });
  const answer = await asked.get('/api/demo/mail');
  const { messages } = answer.ok() ? ((await answer.json()) as { messages: Mail[] }) : { messages: [] };
  await asked.dispose();
  return messages.filter(({ to, text }) => to === contact && /code is \d/.test(text));
}

/** The newest code sent to this address since a moment, leaving out mails already seen. */
export async function mailedCode(contact: string, after = 0, seen: readonly string[] = []): Promise<string> {
  let found = '';
  await expect
    .poll(
      async () => {
        const mail = (await mailsTo(contact)).find(({ id, at }) => Date.parse(at) >= after && !seen.includes(id));
        found = mail?.text.match(/code is (\d{3} ?\d{3})/)?.[1]?.replace(' ', '') ?? '';
        return found;
      },
      { timeout: 20_000, message: `a code for ${contact}` },
    )
    .not.toBe('');
  return found;
}

// Codes are rationed, so a session is kept between runs: one for each worker, since renewing ends the one before.
function place(contact: string): string {
  const name = createHash('sha256').update(`${baseURL} ${contact} ${test.info().parallelIndex}`).digest('hex').slice(0, 20);
  const folder = join(tmpdir(), 'timebank-tests');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.json`);
}

// The last look at a kept session, in this worker: what was good a moment ago is not asked for again.
const held = new Map<string, Kept>();

async function sessionOf(contact: string): Promise<State> {
  const known = held.get(contact);
  if (known && Date.now() - known.at < 3 * 60_000) return known.state;
  const kept = await keptSession(contact);
  held.set(contact, kept);
  return kept.state;
}

async function keptSession(contact: string): Promise<Kept> {
  const file = place(contact);
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Kept;
    const old = await request.newContext({ baseURL, storageState: kept.state });
    const young = Date.now() - kept.at < 3 * 60_000;
    const fresh = young ? (await old.get('/api/me')).ok() : (await old.post('/api/session/renew')).ok();
    const now = { at: young ? kept.at : Date.now(), state: await old.storageState() };
    await old.dispose();
    if (fresh) {
      writeFileSync(file, JSON.stringify(now));
      return now;
    }
  } catch {
    // Nothing kept yet.
  }
  // One at a time: signing in with one code ends every other that was sent.
  const lock = `${join(tmpdir(), 'timebank-tests', createHash('sha256').update(`${baseURL} ${contact}`).digest('hex').slice(0, 20))}.lock`;
  await taken(lock);
  try {
    const entering = await request.newContext({ baseURL });
    const seen = (await mailsTo(contact)).map(({ id }) => id);
    expect((await entering.post('/api/session/code', { data: { contact } })).status()).toBe(202);
    const code = await mailedCode(contact, 0, seen);
    expect((await entering.post('/api/session', { data: { contact, code } })).status()).toBe(200);
    const now = { at: Date.now(), state: await entering.storageState() };
    await entering.dispose();
    writeFileSync(file, JSON.stringify(now));
    return now;
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

async function taken(lock: string): Promise<void> {
  for (;;) {
    try {
      mkdirSync(lock);
      return;
    } catch {
      // Left behind by a run that was stopped?
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > 60_000) rmSync(lock, { recursive: true, force: true });
      await new Promise((wake) => setTimeout(wake, 200));
    }
  }
}

/** Signs this page's browser in as somebody of the demo bank, such as the broker. Does not open a page. */
export async function signIn(page: Page, contact: string): Promise<void> {
  await page.context().addCookies((await sessionOf(contact)).cookies);
}

/** The API as somebody of the demo bank. Dispose of it when done. */
export async function apiAs(contact: string): Promise<Caller> {
  return caller(await request.newContext({ baseURL, storageState: await sessionOf(contact) }));
}

export type Caller = {
  me: Me;
  bank: Bank;
  get: <Answer>(path: string) => Promise<Answer>;
  /** `path` after `/api/banks/{bank}`. Fails the test on a refusal. */
  post: <Answer = { id: string }>(path: string, data?: object) => Promise<Answer>;
  state: () => Promise<State>;
  dispose: () => Promise<void>;
};

async function caller(context: APIRequestContext): Promise<Caller> {
  const answer = await context.get('/api/me');
  expect(answer.ok(), `/api/me: ${answer.status()}`).toBe(true);
  const me = (await answer.json()) as Me;
  const bank = me.banks[0] as Bank;
  const under = `/api/banks/${bank.slug}`;
  const read = async (answer: Awaited<ReturnType<APIRequestContext['get']>>, what: string): Promise<any> => {
    expect(answer.ok(), `${what}: ${answer.status()} ${await answer.text()}`).toBe(true);
    return answer.status() === 204 ? undefined : await answer.json();
  };
  return {
    me,
    bank,
    get: async (path) => read(await context.get(under + path), path),
    post: async (path, data = {}) => read(await context.post(under + path, { data, headers: { 'Idempotency-Key': randomUUID() } }), path),
    state: () => context.storageState(),
    dispose: () => context.dispose(),
  };
}

export type Person = { id: string; name: string; called: string; email: string };

/** A member who was not there before, so that tests never meet in each other's diary. */
export async function newMember(called: string): Promise<Person> {
  const unlike = randomUUID().slice(0, 8);
  const person = { name: `${called} ${unlike}`, called, email: `${called.toLowerCase()}.${unlike}@example.org` };
  const { id } = await (await office()).post('/members', { ...person, area: 'Northgate', reach_by: 'email' });
  return { id, ...person };
}

/** The broker's side of what a test needs first, shared by the tests of a worker. */
let offices: { at: number; caller: Promise<Caller> } | undefined;
function office(): Promise<Caller> {
  if (!offices || Date.now() - offices.at > 2 * 60_000) offices = { at: Date.now(), caller: apiAs(broker) };
  offices.caller.catch(() => (offices = undefined));
  return offices.caller;
}

/** The API as a member, let in by a code that the broker reads out. */
export async function apiOf(person: Person): Promise<Caller> {
  const { code } = await (await office()).post<{ code: string }>(`/members/${person.id}/sign-in-code`);
  const context = await request.newContext({ baseURL });
  expect((await context.post('/api/session', { data: { contact: person.email, code } })).status()).toBe(200);
  return caller(context);
}

/** Signs this page's browser in as a member. Does not open a page. */
export async function signInAs(page: Page, person: Person): Promise<void> {
  const as = await apiOf(person);
  await page.context().addCookies((await as.state()).cookies);
  await as.dispose();
}
