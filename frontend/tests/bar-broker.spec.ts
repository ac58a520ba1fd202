import { randomUUID } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { expectGood, expectNoAxe, settled } from './bar.ts';
import { main, open, press } from './lib/desk.ts';
import { broker, signIn } from './lib/signin.ts';

// Each page of the broker's desk clears the bar, against `timebank demo` at BASE_URL.

test.beforeEach(({ page }) => signIn(page, broker));

const paths = [
  '/broker',
  '/broker?show=mine',
  '/broker/matching',
  '/broker/settle',
  '/broker/record',
  '/broker/members',
  '/broker/members?words=nobodyofthisname',
  '/broker/members/new',
  '/broker/referrals',
  '/broker/referrals?show=closed',
  '/broker/request',
  '/broker/exchange',
  '/broker/member',
  '/broker/referral',
  '/broker/member?id=00000000-0000-4000-8000-000000000000',
];
test('as it stands', async ({ page }) => {
  test.slow();
  const broken: string[] = [];
  page.on('console', (message) => message.type() === 'error' && !message.text().includes('404') && broken.push(message.text()));
  page.on('pageerror', (error) => broken.push(String(error)));
  for (const path of paths) {
    await test.step(path, async () => {
      await open(page, path);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await settled(page);
      await expectGood(page);
      expect(await page.locator('body [style]:not(#svelte-announcer)').count()).toBe(0);
      expect(broken).toEqual([]);
    });
  }
});

test('without the server, and once it is back', async ({ page }) => {
  await page.route('**/api/banks/*/desk', (route) => route.abort());
  await page.goto('/broker');
  await expect(page.getByRole('alert')).toContainText('We could not reach the time bank just now');
  await expectGood(page);
  await page.unroute('**/api/banks/*/desk');
  await press(page, 'Try again');
  await expect(page.getByText('Do this next').or(page.getByText('Nothing is waiting'))).toBeVisible();
});

test('with nothing to do, and while it is looked up', async ({ page }) => {
  let go: () => void = () => {};
  const wait = new Promise<void>((resolve) => (go = resolve));
  await page.route('**/api/banks/*/desk', async (route) => {
    await wait;
    await route.fulfill({ json: { tasks: [], now: new Date().toISOString() } });
  });
  await page.goto('/broker');
  await expect(page.locator('.tb-loading')).toBeVisible();
  await expectNoAxe(page);
  go();
  await expect(page.getByRole('heading', { name: 'Nothing is waiting' })).toBeVisible();
  await expectGood(page);
});

test('fifty rows, late ones among them, within 180 KB', async ({ page }, info) => {
  const now = Date.now();
  const kinds = ['find-helper', 'ring-to-ask', 'ring-to-confirm', 'ring-to-remind', 'settle-dispute', 'below-soft-floor', 'answer-referral', 'ring-referred'];
  const tasks = Array.from({ length: 50 }, (_, index) => ({
    id: randomUUID(),
    subject_id: randomUUID(),
    kind: kinds[index % kinds.length],
    who: `Person ${index}`,
    what: 'Bill helps Maria with small jobs at home, Sunday 22 November at 10am',
    link: `/broker/exchange?id=${index}`,
    due_at: new Date(now + (index - 10) * 3_600_000).toISOString(),
    group: index < 10 ? 'overdue' : index < 20 ? 'today' : 'later',
    owner: index % 3 === 0 ? 'Sam' : '',
    mine: index % 3 === 0,
    by_hand: index % 5 === 0,
  }));
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  let bytes = 0;
  client.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.route('**/api/banks/*/desk', (route) => route.fulfill({ json: { tasks, now: new Date(now).toISOString() } }));
  await page.goto('/broker');
  await expect(page.getByRole('link', { name: 'Person 49' })).toBeVisible();
  await page.waitForLoadState('networkidle');
  await expect(main(page).getByText('Overdue by 10 hours')).toBeVisible();
  await expectGood(page);
  info.annotations.push({ type: 'bytes', description: `${(bytes / 1000).toFixed(1)} KB` });
  console.log(`/broker with 50 rows: ${(bytes / 1000).toFixed(1)} KB`);
  const built = (await page.request.get('/broker', { headers: { 'Accept-Encoding': 'br' } })).headers()['content-encoding'] !== undefined;
  if (built) expect(bytes).toBeLessThan(180_000);
});
