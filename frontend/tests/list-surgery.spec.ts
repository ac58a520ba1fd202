import { randomUUID } from 'node:crypto';
import { expect, test, type Page } from '@playwright/test';
import { expectGood } from './bar.ts';
import { apiAs, broker, receptionist, signIn } from './lib/signin.ts';
import { fillIn, openForm, refer, rowOf, somebody } from './lib/surgery.ts';

// What a surgery reads of those it has handed over, against `timebank demo`. Every test brings patients of its own, so it can run again and
// beside others on the same database.

test('a referral that was sent has a reference to copy, and stands in the list in words', async ({ page, context, browserName }) => {
  if (browserName === 'chromium') await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openForm(page);
  await fillIn(page, somebody());
  await page.keyboard.press('Control+Enter');
  const reference = await page.locator('.tb-panel__ref').textContent();
  expect(reference).toMatch(/^R-\w{4}-\w{3}$/);
  await expect(page.getByText(/Somebody from .+ rings them by \w+\s\d+\s\w+\./)).toBeVisible();
  await page.getByRole('button', { name: 'Copy line for the record' }).click();
  await expect(page.getByText('Copied. Paste it into the record.')).toBeVisible();
  const line = await page.evaluate(() => navigator.clipboard.readText());
  expect(line).toContain(reference);
  expect(line).toContain('871731000000106');
  expect(line).toContain('Referral to social prescribing service');
  await expectGood(page);

  await page.getByRole('link', { name: 'People you referred' }).click();
  const row = rowOf(page, reference!);
  await expect(row).toContainText('Received');
  await expect(row).toContainText(/We will ring by \w+ \d+ \w+\./);
  await expect(row).toContainText('Today, by you');
  await expect(page.locator('main')).not.toContainText('07700');
  await expectGood(page);

  await page.goBack();
  await expect(page.getByLabel('Full name')).toHaveValue('');
});

test('a question is answered where it is seen', async ({ page }) => {
  const { id, reference } = await refer();
  const as = await apiAs(broker);
  await as.post(`/referrals/${id}/acknowledge`, { version: 1 });
  await as.post(`/referrals/${id}/ask`, { version: 2, question: 'Is the number a landline?' });
  await as.dispose();

  await signIn(page, receptionist);
  await page.goto('/surgery');
  await expect(rowOf(page, reference)).toContainText('We have a question');
  const asked = page.locator('.tb-notice').filter({ hasText: reference });
  await expect(asked).toContainText('Is the number a landline?');
  await expectGood(page);
  await asked.getByRole('button', { name: 'Send answer' }).click();
  await expect(asked.getByRole('alert')).toBeFocused();
  await expect(page).toHaveTitle(/^Error: /);
  await expectGood(page);
  await asked.getByLabel('Your answer').fill('No, a mobile.');
  await asked.getByRole('button', { name: 'Send answer' }).click();
  await expect(page.getByText('Thank you, we have your answer.')).toBeVisible();
  await expect(rowOf(page, reference)).toContainText('Received');
  await expect(asked).toHaveCount(0);
});

test('one referral shows how it stands, and can be taken back with a reason', async ({ page }) => {
  const { id, reference, what_next } = await refer({ your_reference: 'Desk 4' });
  await signIn(page, receptionist);
  await page.goto('/surgery');
  await page.getByRole('link', { name: reference }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(reference);
  await expect(page).toHaveURL(`/surgery/referral?id=${id}`);
  await expect(page.locator('main')).toContainText(what_next);
  await expect(page.locator('main')).toContainText('Desk 4');
  await expectGood(page);
  await page.getByText('Take this referral back').click();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByRole('alert')).toContainText('Choose why you are taking it back');
  await expectGood(page);
  await page.getByLabel('It was sent by mistake').check();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await expect(page.getByText('Taken back. We do not get in touch')).toBeVisible();
  await expect(page.locator('main')).toContainText('Withdrawn');
  await expect(page.getByText('Take this referral back')).toHaveCount(0);
  await expectGood(page);
});

test('a referral that is not ours to see is met with plain words', async ({ page }) => {
  await signIn(page, receptionist);
  for (const id of [randomUUID(), 'nonsense', '']) {
    await page.goto(`/surgery/referral?id=${id}`);
    await expect(page.getByRole('heading', { level: 1, name: 'We cannot find that referral' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'People you referred' }).first()).toBeVisible();
    await expectGood(page);
  }
});

test('the list says it honestly when we are late, puts it first, and shows how quick we are', async ({ page }) => {
  await signIn(page, receptionist);
  const one = (number: number, more: object) => ({
    id: randomUUID(), reference: `R-TEST-${number}00`, initials: 'AW', status: 'received', words: 'Received', what_next: 'We will ring by Wednesday 25 November.',
    delayed: false, submitted_at: new Date(Date.now() - 864e5).toISOString(), ring_by: new Date().toISOString(), sent_by: 'Priya', mine: true, can_withdraw: true, ...more,
  });
  const sorry = 'We are sorry: we have not tried to reach them yet, and this is later than we promised. A coordinator has been told.';
  await page.route('**/referrals/mine', (route) => route.fulfill({ json: { referrals: [one(1, { delayed: true, what_next: sorry }), one(2, { mine: false, sent_by: 'Tom' }), one(3, { status: 'joined', words: 'Joined' })] } }));
  await page.route('**/api/banks/*/surgery', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), replies: { median_hours: 5.4, referrals: 23, days: 90 } } });
  });
  await page.goto('/surgery');
  const first = page.getByRole('row').nth(1);
  await expect(first).toContainText('Later than we promised');
  await expect(first).toContainText('We are sorry');
  await expect(rowOf(page, 'R-TEST-200')).toContainText('Yesterday, by Tom');
  await expect(page.getByText('within 5 hours of working time')).toBeVisible();
  await expectGood(page);
  await page.getByRole('link', { name: 'Only mine' }).click();
  await expect(page).toHaveURL('/surgery?mine=1');
  await expect(rowOf(page, 'R-TEST-200')).toHaveCount(0);
  await expect(rowOf(page, 'R-TEST-300')).toBeVisible();
  await page.goBack();
  await expect(rowOf(page, 'R-TEST-200')).toBeVisible();
});

test('a surgery that has referred nobody yet hears what will be here', async ({ page }) => {
  await signIn(page, receptionist);
  await page.route('**/referrals/mine', (route) => route.fulfill({ json: { referrals: [] } }));
  await page.goto('/surgery');
  await expect(page.getByRole('heading', { name: 'Nobody yet' })).toBeVisible();
  await expectGood(page);
});

test('calling cards fill one page, and say nothing about health or the surgery', async ({ page }) => {
  await signIn(page, receptionist);
  await page.goto('/surgery/card');
  await expect(page.getByLabel('Ten to a sheet')).toBeChecked();
  await expect(page.locator('.preview')).toContainText('People near you swap an hour of help. No money.');
  await expectGood(page);
  const printed = async () => {
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    return { pages: pdf.match(/\/Type\s*\/Page\b(?!s)/g)?.length, sheet: pdf.match(/\/MediaBox\s*\[0 0 (\d+)[\d.]* (\d+)/)?.slice(1).map(Number) };
  };
  expect(await printed()).toEqual({ pages: 1, sheet: [594, 841] });
  await expect(page.locator('.sheet .card')).toHaveCount(10);
  await page.getByLabel('Large print').check();
  expect(await printed()).toEqual({ pages: 1, sheet: [420, 594] });
  await expectGood(page);

  // In print nothing else is left on the page, and no letter is smaller than 14 points.
  await page.getByLabel('Ten to a sheet').check();
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 794, height: 1123 });
  const words = await page.locator('body').innerText();
  expect(words).not.toMatch(/lonel|mental|health|surgery|GP\b|NHS|Sign out/i);
  const smallest = await page.locator('.sheet .card').first().evaluate((card) => Math.min(...[...card.querySelectorAll('p, span')].map((each) => parseFloat(getComputedStyle(each).fontSize))));
  expect(smallest).toBeGreaterThanOrEqual(14 * (96 / 72));
});

test('the surgery’s pages have title, heading and help before any script, and no form puts an answer into the address', async ({ browser, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL });
  const page = await context.newPage();
  for (const path of ['/surgery', '/surgery/refer', '/surgery/referral', '/surgery/card']) {
    await page.goto(path);
    await expect(page).toHaveTitle(/ · /);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('footer a[href^="tel:"]')).toBeVisible();
  }
  await context.close();
});
