import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import { expectGood, settled } from './bar.ts';
import { apiAs, broker, newMember, signIn, signInAs } from './lib/signin.ts';

// What a member may ask about themselves, against a `timebank demo` server.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');

async function opened(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
  await settled(page);
}

test('a member puts their details right, and keeps what they typed when it is refused', async ({ page }) => {
  const joan = await newMember('Joan');
  await signInAs(page, joan);
  await opened(page, '/me', 'Joan');
  await expectGood(page);
  await page.getByRole('link', { name: /Your details/ }).click();
  await expect(page.getByLabel('Your full name')).toHaveValue(joan.name);
  await expectGood(page);
  await page.getByLabel('What do you like to be called?').fill('Jo');
  await page.getByLabel('Your phone number').fill('not a number');
  await page.getByLabel('Wednesday 12 to 6').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('Your phone number')).toHaveValue('not a number');
  await expect(page.getByLabel('Your phone number')).toHaveAccessibleDescription(/Enter a phone number/);
  await expectGood(page);
  await page.getByLabel('Your phone number').fill('01632 960 001');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved. This is how your record stands now.')).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('Your phone number')).toHaveValue('01632 960 001');
  await expect(page.getByLabel('Wednesday 12 to 6')).toBeChecked();
  await expect(page.getByRole('banner').getByRole('link', { name: /Jo$/ })).toBeVisible();
});

test('a member reads who looked, and everything that is held', async ({ page }) => {
  const olive = await newMember('Olive');
  const as = await apiAs(broker);
  await as.get(`/members/${olive.id}`);
  await as.dispose();
  await signInAs(page, olive);
  await opened(page, '/me/looked', 'Who looked');
  await expect(page.getByText(/Sam \(coordinator\) opened your record/).first()).toBeVisible();
  await expectGood(page);

  await opened(page, '/me/data', 'Everything we hold about you');
  await page.getByRole('button', { name: 'Read it here' }).click();
  await page.getByText('Your membership', { exact: true }).click();
  await expect(page.getByText('Northgate', { exact: true })).toBeVisible();
  await expectGood(page);
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Keep a copy as a file' }).click();
  const file = await (await coming).path();
  expect(JSON.parse(readFileSync(file, 'utf8')).for).toBe(olive.name);
  await page.getByRole('button', { name: 'Ask to read the notes' }).click();
  await expect(page.getByText('We have written it down.')).toBeVisible();
  await page.getByRole('button', { name: 'Read or print it as one page' }).click();
  await expect(page.getByRole('heading', { level: 1, name: new RegExp(olive.name) })).toBeVisible();
});

test('a member rests, comes back, and leaves', async ({ page }) => {
  const rose = await newMember('Rose');
  await signInAs(page, rose);
  await opened(page, '/me/rest', 'Take a rest');
  await expectGood(page);
  await page.getByRole('button', { name: 'Start my rest' }).click();
  await expect(page.getByText('You are resting now.')).toBeVisible();
  await opened(page, '/me', 'Rose');
  await page.getByRole('link', { name: 'Come back', exact: true }).click();
  await page.getByRole('button', { name: 'Come back now' }).click();
  await expect(page.getByText('Welcome back.')).toBeVisible();

  await opened(page, '/me/leave', 'Leave the time bank');
  await page.getByRole('button', { name: 'I want to leave' }).click();
  await page.getByRole('button', { name: 'Leave the time bank' }).click();
  await expect(page.getByRole('alert')).toContainText('Tick the box if you are sure.');
  await expectGood(page);
  await page.getByLabel(/Yes, I want to leave/).check();
  await page.getByRole('button', { name: 'Leave the time bank' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'You have left' })).toBeVisible();
  await expectGood(page);
  await page.goto('/home');
  await expect(page).toHaveURL(/\/sign-in/);
});

test('a broker does it all for a member who has no device, and both names are kept', async ({ page }) => {
  const as = await apiAs(broker);
  const nell = await newMember('Nell');
  await signIn(page, broker);
  await page.goto(`/broker/member?id=${nell.id}`);
  await page.getByRole('link', { name: 'See, put right, rest or leave' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'What Nell can ask for' })).toBeVisible();
  await expectGood(page);
  await page.getByLabel('In person').check();

  await page.getByText('Put details right').click();
  await page.getByLabel('Phone number').fill('not a number');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('Phone number')).toHaveValue('not a number');
  await expectGood(page);
  await page.getByLabel('Phone number').fill('01632 960 003');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved. This is how the record stands now.')).toBeVisible();

  await page.getByText('Take a rest').click();
  await page.getByRole('button', { name: 'Start the rest' }).click();
  await expect(page.getByText('Nell is resting now.')).toBeVisible();
  await page.getByRole('button', { name: 'End the rest' }).click();
  await expect(page.getByText('Nell is back.')).toBeVisible();

  await page.getByText('Who looked').click();
  await expect(page.getByText(/Sam .*changed your details for you/)).toBeVisible();
  const { looks } = await as.get<{ looks: { what: string; how?: string }[] }>(`/members/${nell.id}/looks`);
  expect(looks.find(({ what }) => what === 'paused your membership for you')?.how).toBe('in-person');

  await page.getByText('Everything we hold').click();
  await page.getByRole('button', { name: 'Open the page to print' }).click();
  await expect(page.getByRole('alert')).toContainText('Say in a few words why you open this.');
  await expectGood(page);
  await page.getByLabel('Why do you open it?').fill('Nell asked across the table');
  await page.getByRole('button', { name: 'Open the page to print' }).click();
  await page.waitForURL(/\/data\/page$/);
  await expect(page.getByRole('heading', { level: 1, name: new RegExp(nell.name) })).toBeVisible();
  await page.goto(`/broker/rights?id=${nell.id}`);

  await page.getByText('Leave the time bank').first().click();
  await page.getByRole('button', { name: 'End the membership' }).click();
  await expect(page.getByRole('alert')).toContainText('Ask Nell if they are sure');
  await expectGood(page);
  await page.getByLabel(/Nell wants to leave/).check();
  await page.getByRole('button', { name: 'End the membership' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'They have left' })).toBeVisible();
  await expectGood(page);
  await as.dispose();
});
