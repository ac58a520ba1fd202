import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { expectGood, expectNoAxe, expectNoSideways } from './bar.ts';
import { apiAs, broker, newMember, signIn, signInAs, type Caller } from './lib/signin.ts';

// A member's hours, on screen and on paper, against a `timebank demo` server.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');

let desk: Caller;
test.beforeEach(async () => {
  desk = await apiAs(broker);
});
test.afterEach(async () => desk?.dispose());

function day(from: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(Date.now() + from * 86_400_000);
}

async function helped() {
  const bill = await newMember('Bill');
  const joan = await newMember('Joan');
  for (const happened_on of [day(0), day(-300)]) {
    await desk.post('/help-given', { helper_id: bill.id, helped_id: joan.id, kind: 'out.lift', minutes: 90, happened_on, both_agree: true, for_member: bill.id, consent: 'phone' });
  }
  return { bill, joan };
}

test('hours are read for a time, and taken away in large print, as a PDF and as a table', async ({ page }) => {
  const { bill } = await helped();
  await signInAs(page, bill);
  await page.goto('/hours');
  await expect(page.getByText('You helped Joan: a lift')).toHaveCount(2);
  await page.getByLabel('Which time?').selectOption('This month');
  await expect(page.getByText('You helped Joan: a lift')).toHaveCount(1);
  await expectGood(page);

  const pdf = page.waitForEvent('download');
  await page.getByRole('button', { name: 'As a PDF' }).click();
  const file = await (await pdf).path();
  expect(readFileSync(file).subarray(0, 5).toString()).toBe('%PDF-');
  const csv = page.waitForEvent('download');
  await page.getByRole('button', { name: 'For a spreadsheet' }).click();
  const table = readFileSync(await (await csv).path(), 'utf8');
  expect(table).toContain('You helped Joan: a lift');
  expect(table.trim().split('\r\n')).toHaveLength(2);

  await page.getByRole('button', { name: 'In large print' }).click();
  await expect(page).toHaveURL(/statement\/page/);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('your hours');
  await expect(page.getByText('You helped Joan: a lift')).toBeVisible();
  await expectNoAxe(page);
  await expectNoSideways(page);
});

test('the broker prints hours for somebody without a device', async ({ page }) => {
  const { joan } = await helped();
  await signIn(page, broker);
  await page.goto(`/broker/member?id=${joan.id}`);
  await page.getByRole('button', { name: 'In large print' }).click();
  await expect(page).toHaveURL(/statement\/page/);
  await expect(page.getByText('You have had 3 hours more than you gave. That is fine.')).toBeVisible();
});
