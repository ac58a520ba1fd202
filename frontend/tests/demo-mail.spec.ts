import { expect, test } from '@playwright/test';
import { expectGood } from './bar.ts';
import { receptionist } from './lib/signin.ts';

const mail = (id: string, at: string, more: object = {}) => ({
  id, at, from: 'hello@example.org', to: 'maria@example.org', subject: 'Your sign-in code', text: 'Hello Maria,\n\nYour code is 364 419\n\nIt works for ten minutes.\n', ...more,
});

test('shows what the demo has sent', async ({ page }) => {
  await page.goto('/demo/mail');
  await expect(page.getByRole('heading', { level: 1, name: 'What the demo has sent' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Look again' })).toBeVisible();
  await expectGood(page);
});

test('a code is read at a glance, and a new one comes by itself', async ({ page }) => {
  const messages = [mail('1', '2026-11-21T10:00:00Z')];
  await page.route('**/api/demo/mail', (route) => route.fulfill({ json: { messages } }));
  await page.goto('/demo/mail');
  const inbox = page.getByRole('article');
  await expect(inbox).toHaveCount(1);
  await expect(inbox.first()).toContainText('To maria@example.org');
  await expect(inbox.locator('.code')).toContainText('364 419');
  messages.unshift(mail('2', '2026-11-21T10:01:00Z', { to: receptionist, subject: 'Tomorrow: Bill', text: 'See http://elsewhere.example/x and come.' }));
  await expect(inbox).toHaveCount(2);
  await expect(inbox.first()).toContainText('Tomorrow: Bill');
  await expect(inbox.first()).toContainText('New');
  await expect(inbox.first().getByRole('link')).toHaveCount(0);
  await expect(page.getByRole('status')).toContainText(`Just in: Tomorrow: Bill, to ${receptionist}`);
  await expectGood(page);
});

test('an empty box says what to do', async ({ page }) => {
  await page.route('**/api/demo/mail', (route) => route.fulfill({ json: { messages: [] } }));
  await page.goto('/demo/mail');
  await expect(page.getByRole('heading', { name: 'Nothing sent yet' })).toBeVisible();
  await expectGood(page);
});

test('a real time bank says that this page is for the demo only', async ({ page }) => {
  let asked = 0;
  await page.clock.install();
  await page.route('**/api/demo/mail', (route) => {
    asked += 1;
    return route.fulfill({ status: 404, contentType: 'application/problem+json', body: '{"title":"Not Found","status":404,"code":"no-such-page"}' });
  });
  await page.goto('/demo/mail');
  await expect(page.getByRole('heading', { name: 'This page belongs to the demo' })).toBeVisible();
  await expectGood(page);
  await page.clock.fastForward('01:00');
  expect(asked).toBe(1);
});

test('says so when the server does not answer, and goes on by itself', async ({ page }) => {
  let up = false;
  await page.route('**/api/demo/mail', (route) => (up ? route.fulfill({ json: { messages: [mail('1', '2026-11-21T10:00:00Z')] } }) : route.abort()));
  await page.goto('/demo/mail');
  await expect(page.getByRole('alert')).toContainText('We could not reach the time bank just now');
  await expectGood(page);
  up = true;
  await expect(page.getByRole('article')).toHaveCount(1);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('the way in names the three people, and leads everywhere', async ({ page }) => {
  await page.goto('/demo');
  for (const address of ['maria@example.org', 'sam@example.org', 'priya@example.org']) await expect(page.getByText(address)).toBeVisible();
  await expectGood(page);
  await page.getByRole('link', { name: 'Sent e-mails' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'What the demo has sent' })).toBeVisible();
});
