import { randomUUID } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { expectGood } from './bar.ts';
import { follow, main, open, press } from './lib/desk.ts';
import { apiAs, broker, receptionist, signIn, type Caller } from './lib/signin.ts';

// Referrals on the broker's desk, against `timebank demo` at BASE_URL. Each test hands over somebody of its own.

let desk: Caller;
test.beforeEach(async ({ page }) => {
  desk = await apiAs(broker);
  await signIn(page, broker);
});
test.afterEach(async () => desk?.dispose());

async function refer(more: object = {}): Promise<{ id: string; called: string; reference: string }> {
  const surgery = await apiAs(receptionist);
  const called = `Ada${randomUUID().slice(0, 6).replace(/\d/g, 'x')}`;
  const sent = await surgery.post<{ referral: { id: string; reference: string } }>('/referrals', {
    agreed: 'now',
    name: `${called} Whitlock`,
    called,
    birth_day: 27,
    birth_month: 3,
    birth_year: 1951,
    reach_by: 'call',
    reach: '07700 900 461',
    safe_message: 'yes',
    wants: ['company', 'something-to-offer'],
    good_at: 'Baking, and a good listener',
    ...more,
  });
  await surgery.dispose();
  return { id: sent.referral.id, called, reference: sent.referral.reference };
}

test('a referral becomes a membership', async ({ page }) => {
  const { id, called, reference } = await refer();
  await open(page, '/broker/referrals');
  const row = main(page).locator('ul.tb-queue > li').filter({ hasText: reference });
  await expect(row).toContainText('Millbrook Surgery');
  for (const clock of ['Acknowledge', 'First try', 'Spoken to']) await expect(row).toContainText(clock);
  await expect(row).not.toContainText(called);
  await row.getByRole('link', { name: reference }).click();
  await expect(page.getByRole('heading', { level: 1, name: called })).toBeVisible();
  await expect(page.getByText('Baking, and a good listener')).toBeVisible();
  await expectGood(page);

  const move = async (name: string, fill: () => Promise<void> = async () => {}, send = name) => {
    await follow(page, name);
    await expect(page.getByRole('heading', { level: 2, name, exact: true })).toBeFocused();
    await fill();
    await press(page, send);
    await expect(main(page).getByText(/^Written down\. Now: /)).toBeVisible();
    await expect(page.getByRole('heading', { level: 2, name, exact: true })).toHaveCount(0);
  };
  await move('We have it, I take it on');
  await move('Yes, we will get in touch');
  await move(
    'Write down a try to reach them',
    async () => {
      await press(page, 'Write it down');
      await expect(page.getByRole('alert')).toContainText('Say what came of it.');
      await page.getByLabel('No answer').check();
      await page.getByLabel('A note').fill('Rang a long time');
      await expectGood(page);
    },
    'Write it down',
  );
  await expect(main(page).getByText('Sam: Phone. No answer.')).toBeVisible();
  await expect(main(page).getByText('Before this can end because')).toBeVisible();
  await expect(main(page).getByText('2 more tries')).toBeVisible();
  await move('The first conversation took place', async () => {
    await page.getByRole('group', { name: /hear that they joined/ }).getByLabel('Yes').check();
    await page.getByRole('group', { name: /how they are getting on/ }).getByLabel('No').check();
    await expectGood(page);
  });
  await expect(main(page).getByText('The surgery may hear that they joined', { exact: true })).toBeVisible();
  await expect(main(page).getByText('The surgery may not hear how they are getting on')).toBeVisible();
  await move('Make them a member');
  await follow(page, `${called} is a member: see the record`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(called);
  await expectGood(page);
  const after = await desk.get<{ referral: { state: string } }>(`/referrals/${id}`);
  expect(after.referral.state).toBe('joined');
});

test('who was slower sees how it stands now, and keeps what they typed', async ({ page }) => {
  const { id, called } = await refer({ safe_message: 'no' });
  await desk.post(`/referrals/${id}/acknowledge`, { version: 1 });
  const seen = await desk.get<{ referral: { version: number } }>(`/referrals/${id}`);
  await open(page, `/broker/referral?id=${id}`);
  await expect(page.getByRole('heading', { name: 'It is not safe to leave a message' })).toBeVisible();
  await follow(page, 'Ask the surgery a question');
  await page.getByLabel('What do you need to know?').fill('Is the number right?');
  await desk.post(`/referrals/${id}/accept`, { version: seen.referral.version });
  await press(page, 'Ask the surgery a question');
  await expect(page.getByRole('heading', { name: 'This has changed since you looked' })).toBeVisible();
  await expect(main(page).getByText('Accepted', { exact: true })).toBeVisible();
  await expectGood(page);

  await open(page, `/broker/referral?id=${id}&do=reroute-referral`);
  await page.getByLabel('Lives too far away').check();
  await press(page, 'Close: something else suits better');
  await page.getByRole('link', { name: 'Please write a few words.' }).click();
  await expect(page.getByLabel(`Who takes ${called} on?`)).toBeFocused();
  await page.getByLabel(`Who takes ${called} on?`).fill('Ruth at the Carers’ Centre');
  await press(page, 'Close: something else suits better');
  await expect(main(page).getByText('Handed on to: Ruth at the Carers’ Centre')).toBeVisible();
  await open(page, '/broker/referrals?show=closed');
  await expect(main(page).getByText('Lives too far away').first()).toBeVisible();
});
