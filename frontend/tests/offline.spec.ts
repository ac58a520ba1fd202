import { chromium, expect, test, type BrowserContext, type Page } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectGood } from './bar.ts';
import { Line } from './lib/line.ts';
import { apiOf, newMember, type Caller, type Person } from './lib/signin.ts';

// A member without a signal, in a real browser with the worker on, on a line to the server that can be cut.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');
test.use({ serviceWorkers: 'allow' });

let line: Line;

test.beforeEach(async () => {
  line = new Line();
  await line.open();
});

// Where the tests are skipped there is none.
test.afterEach(async () => {
  await line?.cut();
});

type Pair = { maria: Person; bill: Person; hers: Caller };

/** Two who have helped each other before, so that each knows the other. */
async function pair(): Promise<Pair> {
  const [maria, bill] = [await newMember('Maria'), await newMember('Bill')];
  const [hers, his] = [await apiOf(maria), await apiOf(bill)];
  const { id } = await his.post('/help-given', { helper_id: bill.id, helped_id: maria.id, kind: 'garden.dog', minutes: 60 });
  await hers.post(`/exchanges/${id}/confirm`);
  await his.dispose();
  return { maria, bill, hers };
}

async function enter(context: BrowserContext, as: Caller): Promise<void> {
  const { cookies } = await as.state();
  await context.addCookies(cookies.map(({ domain: _, ...cookie }) => ({ ...cookie, domain: '127.0.0.1' })));
}

/** The first visit installs the worker, the second is under its care and fills what it keeps. */
async function settled(page: Page): Promise<void> {
  await page.goto(`${line.url}/home`);
  await page.waitForFunction(async () => (await navigator.serviceWorker.ready).active?.state === 'activated');
  await page.reload();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await expect(page.getByRole('heading', { level: 1, name: /^Hello, / })).toBeVisible();
}

type Statement = { lines: { minutes: number }[]; balance: number };
type Home = { waiting: unknown[]; answers: unknown[]; diary: unknown[]; known: unknown[] };

/** Hours between the two that the server has been told of and not settled yet. */
async function recorded({ hers, maria }: Pair): Promise<number> {
  const home = await hers.get<Home>(`/members/${maria.id}/home`);
  return home.waiting.length;
}

async function record(page: Page): Promise<void> {
  await page.goto(`${line.url}/record`);
  await page.getByRole('link', { name: /Bill/ }).click();
  await page.getByLabel(/^I helped Bill/).check();
  await page.getByLabel('30 minutes', { exact: true }).check();
  await page.getByRole('button', { name: 'Record it' }).click();
}

const given = 'You helped Bill: 30 minutes';

test('home, diary, hours and the statement can be read with the server gone, from the second visit on', async ({ page, context }) => {
  const two = await pair();
  await enter(context, two.hers);
  await settled(page);
  for (const [path, heading] of [['/diary', 'Your diary'], ['/hours', 'Your hours']] as const) {
    await page.goto(line.url + path);
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
    await page.waitForLoadState('networkidle');
  }
  await line.cut();

  for (const [path, heading, words] of [
    ['/home', /^Hello, Maria/, 'You have had 1 hour more than you have given.'],
    ['/diary', 'Your diary', 'Nothing in your diary yet'],
    ['/hours', 'Your hours', 'Bill helped you: dog walking'],
  ] as const) {
    await page.goto(line.url + path);
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
    await expect(page.getByText(words)).toBeVisible();
    await expect(page.getByText('You are not connected.')).toBeVisible();
    await expect(page.getByText(/This is how things stood at \d/)).toBeVisible();
  }
  await expectGood(page);
  await page.goto(`${line.url}/worried`);
  await expect(page.getByRole('main').getByRole('link', { name: /^0/ })).toBeVisible();
  // A page that nobody kept says what happened, leads home, and comes with the connection.
  await page.goto(`${line.url}/interests`);
  await expect(page.getByRole('heading', { level: 1, name: 'No connection just now' })).toBeVisible();
  await expectGood(page);
  await page.getByRole('link', { name: 'Back to the first page' }).click();
  await expect(page.getByRole('heading', { level: 1, name: /^Hello, Maria/ })).toBeVisible();
  await page.goto(`${line.url}/interests`);
  await line.open();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'No connection just now' })).toBeHidden();
  await page.goto(`${line.url}/home`);
  await expect(page.getByText('You are not connected.')).toBeHidden();
  await two.hers.dispose();
});

test('what is recorded without a signal waits, is shown, and is sent by itself once', async ({ page, context }) => {
  const two = await pair();
  await enter(context, two.hers);
  await settled(page);
  await page.goto(`${line.url}/record`);
  await expect(page.getByRole('link', { name: /Bill/ })).toBeVisible();
  await line.cut();
  await record(page);
  await expect(page.getByRole('heading', { level: 1, name: 'Saved on this phone' })).toBeVisible();
  await expect(page.getByRole('heading', { name: given })).toBeVisible();
  await expectGood(page);
  await page.goto(`${line.url}/home`);
  await expect(page.getByRole('heading', { name: given })).toBeVisible();
  await expect(page.getByText('We send it by itself')).toBeVisible();
  await expect(page.getByText('1 thing is saved on this phone')).toBeVisible();
  expect(await recorded(two)).toBe(0);

  await line.open();
  await page.reload();
  await expect(page.getByRole('heading', { name: given })).toHaveCount(0);
  await expect.poll(() => recorded(two)).toBe(1);
  await two.hers.dispose();
});

test('an hour whose answer was lost on the way is recorded exactly once', async ({ page, context }) => {
  const two = await pair();
  await enter(context, two.hers);
  await settled(page);
  const posts = () => line.asked.filter((asked) => asked.startsWith('POST') && asked.endsWith('/help-given')).length;
  // All of them: the browser itself asks again when a connection breaks.
  line.loses = (asked) => asked.endsWith('/help-given');
  await record(page);
  await expect(page.getByRole('heading', { level: 1, name: 'Saved on this phone' })).toBeVisible();
  const before = posts();
  expect(before).toBeGreaterThan(0);
  expect(await recorded(two)).toBe(1);

  line.loses = undefined;
  await page.reload();
  await expect(page.getByRole('heading', { name: given })).toHaveCount(0);
  await expect.poll(posts).toBeGreaterThan(before);
  expect(await recorded(two)).toBe(1);
  await two.hers.dispose();
});

test('two tabs that find the same hour waiting send it once', async ({ page, context }) => {
  const two = await pair();
  await enter(context, two.hers);
  await settled(page);
  const other = await context.newPage();
  await other.goto(`${line.url}/home`);
  await page.goto(`${line.url}/record`);
  await expect(page.getByRole('link', { name: /Bill/ })).toBeVisible();
  await line.cut();
  await record(page);
  await expect(page.getByRole('heading', { name: given })).toBeVisible();
  await expect(other.getByRole('heading', { name: given })).toBeVisible();

  await line.open();
  line.asked = [];
  await Promise.all([page, other].map((each) => each.evaluate(() => dispatchEvent(new Event('online')))));
  await expect(page.getByRole('heading', { name: given })).toHaveCount(0);
  await expect(other.getByRole('heading', { name: given })).toHaveCount(0);
  expect(line.asked.filter((asked) => asked.endsWith('/help-given'))).toHaveLength(1);
  expect(await recorded(two)).toBe(1);
  await two.hers.dispose();
});

test('what waits can be taken back', async ({ page, context }) => {
  const two = await pair();
  await enter(context, two.hers);
  await settled(page);
  await page.goto(`${line.url}/record`);
  await expect(page.getByRole('link', { name: /Bill/ })).toBeVisible();
  await line.cut();
  await record(page);
  await page.getByRole('button', { name: /^Take it back/ }).click();
  await expect(page.getByText(`Taken back: ${given}.`)).toBeVisible();
  await line.open();
  await page.goto(`${line.url}/home`);
  await expect(page.getByRole('heading', { level: 1, name: /^Hello, / })).toBeVisible();
  expect(await recorded(two)).toBe(0);
  await two.hers.dispose();
});

test('what the server refuses later is shown with its reason, and what was typed is put back', async ({ page, context }) => {
  const two = await pair();
  await enter(context, two.hers);
  await settled(page);
  await page.goto(`${line.url}/record`);
  await expect(page.getByRole('link', { name: /Bill/ })).toBeVisible();
  await line.cut();
  await record(page);
  await expect(page.getByRole('heading', { level: 1, name: 'Saved on this phone' })).toBeVisible();
  // Meanwhile somebody changes what waits into what no server takes.
  await page.evaluate(
    () =>
      new Promise<void>((done) => {
        const opened = indexedDB.open('timebank');
        opened.onsuccess = () => {
          const tx = opened.result.transaction('outbox', 'readwrite');
          const all = tx.objectStore('outbox').getAll();
          all.onsuccess = () => all.result.forEach((item) => tx.objectStore('outbox').put({ ...item, body: { ...item.body, minutes: 7 } }));
          tx.oncomplete = () => (opened.result.close(), done());
        };
      }),
  );
  await line.open();
  await page.goto(`${line.url}/home`);
  await expect(page.getByText('We could not take this. Nothing was recorded.')).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: /^Put it right/ }).click();
  await expect(page.getByLabel(/^I helped Bill/)).toBeChecked();
  await expect(page.getByLabel('30 minutes', { exact: true })).toBeChecked();
  await page.getByRole('button', { name: 'Record it' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'That is written down' })).toBeVisible();
  expect(await recorded(two)).toBe(1);
  await two.hers.dispose();
});

test('nothing of a person is left after signing out, nor for the next', async ({ page, context }) => {
  const two = await pair();
  await enter(context, two.hers);
  await settled(page);
  await page.getByRole('link', { name: /^Your own page/ }).click();
  await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Neighbours helping neighbours' })).toBeVisible();
  const left = await page.evaluate(async () => ({
    kept: await (await caches.open('data')).keys().then((all) => all.map(({ url }) => new URL(url).pathname)),
    drafts: Object.keys(localStorage).filter((name) => name.startsWith('draft:')),
  }));
  expect(left.kept.filter((path) => path !== '/api/banks')).toEqual([]);
  expect(left.drafts).toEqual([]);
  await line.cut();
  await page.goto(`${line.url}/home`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByText('Maria')).toHaveCount(0);
  await two.hers.dispose();
});

test('somebody without a signal signs out all the same', async ({ page, context }) => {
  const two = await pair();
  await enter(context, two.hers);
  await settled(page);
  await page.getByRole('link', { name: /^Your own page/ }).click();
  await expect(page.getByText('You have no offers on the list')).toBeVisible();
  await line.cut();
  await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${line.url}/`);
  await line.open();
  await page.goto(`${line.url}/home`);
  await expect(page).toHaveURL(/\/sign-in/);
  await two.hers.dispose();
});

test('a new version never loses a half-typed form', async ({ page, context }) => {
  const two = await pair();
  await enter(context, two.hers);
  await settled(page);
  await page.goto(`${line.url}/ask?kind=out&when=this-week`);
  await page.getByLabel('Anything we should know?').fill('The early bus is too early for me');
  line.changed.set('/service-worker.js', (code) => `${code}\n// another version`);
  line.changed.set('/_app/version.json', () => JSON.stringify({ version: 'another' }));
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const taken = new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
    await registration.update();
    await taken;
  });
  await expect(page.getByLabel('Anything we should know?')).toHaveValue('The early bus is too early for me');
  await page.reload();
  await expect(page.getByLabel('Anything we should know?')).toHaveValue('The early bus is too early for me');
  await page.getByRole('link', { name: 'Back' }).click();
  await page.goBack();
  await expect(page.getByLabel('Anything we should know?')).toHaveValue('The early bus is too early for me');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'We have your request' })).toBeVisible();
  await page.goto(`${line.url}/ask?kind=out&when=this-week`);
  await expect(page.getByLabel('Anything we should know?')).toHaveValue('');
  await two.hers.dispose();
});

test('what waits outlives the browser', async ({ baseURL: _ }, info) => {
  const two = await pair();
  const folder = mkdtempSync(join(tmpdir(), 'timebank-browser-'));
  const { launchOptions, viewport, locale, timezoneId } = info.project.use;
  const start = () => chromium.launchPersistentContext(folder, { ...launchOptions, viewport, locale, timezoneId, serviceWorkers: 'allow' });
  try {
    const first = await start();
    await enter(first, two.hers);
    const page = await first.newPage();
    await settled(page);
    await page.goto(`${line.url}/record`);
    await expect(page.getByRole('link', { name: /Bill/ })).toBeVisible();
    await line.cut();
    await record(page);
    await expect(page.getByRole('heading', { name: given })).toBeVisible();
    await first.close();

    const second = await start();
    await enter(second, two.hers);
    const again = await second.newPage();
    await again.goto(`${line.url}/home`);
    await expect(again.getByRole('heading', { name: given })).toBeVisible();
    await line.open();
    await again.evaluate(() => dispatchEvent(new Event('online')));
    await expect(again.getByRole('heading', { name: given })).toHaveCount(0);
    expect(await recorded(two)).toBe(1);
    await second.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  await two.hers.dispose();
});

test('the app can be put on the first screen of a phone', async ({ page, context }) => {
  const two = await pair();
  await enter(context, two.hers);
  await settled(page);
  const client = await context.newCDPSession(page);
  const { installabilityErrors } = await client.send('Page.getInstallabilityErrors');
  expect(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([]);
  expect((await client.send('Page.getAppManifest')).errors).toEqual([]);
  await two.hers.dispose();
});
