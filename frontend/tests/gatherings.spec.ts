import { randomUUID } from 'node:crypto';
import { expect, test, type Page } from '@playwright/test';
import { expectGood } from './bar.ts';
import { apiAs, apiOf, broker, newMember, signIn, signInAs, type Caller } from './lib/signin.ts';

// What many do together, against a `timebank demo` server, each test with a gathering and people of its own.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');

let desk: Caller;
test.beforeEach(async () => {
  desk = await apiAs(broker);
});
test.afterEach(async () => desk?.dispose());

/** Days from today by the bank's calendar. */
function day(from: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(Date.now() + from * 86_400_000);
}

async function plan(more: object): Promise<{ id: string; title: string }> {
  const title = `Gathering ${randomUUID().slice(0, 8)}`;
  const { id } = await desk.post('/gatherings', { title, kind: 'company.chat', venue_name: `Hall ${title}`, step_free: 'yes', toilet: 'yes', day: day(3), clock: '14:00', minutes: 90, ...more });
  return { id, title };
}

async function opened(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
}

test('a member signs up with a guest, and the next one waits and moves up', async ({ page }) => {
  const maria = await newMember('Maria');
  const bill = await newMember('Bill');
  const { id, title } = await plan({ capacity: 2, speaker: 'Dr Lee, pharmacist', ground_rules: 'What is said here stays here.' });

  await signInAs(page, maria);
  await opened(page, '/gatherings', 'What’s on');
  await expectGood(page);
  await page.getByRole('link', { name: title }).click();
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
  await expect(page.getByText('With Dr Lee, pharmacist')).toBeVisible();
  await expect(page.getByText('No steps on the way in')).toBeVisible();
  await page.getByLabel('Will you bring somebody?').fill('Ana');
  await page.getByRole('button', { name: 'Yes, I will come' }).click();
  await expect(page.getByRole('alert')).toContainText('read the ground rules');
  await expect(page.getByLabel('Will you bring somebody?')).toHaveValue('Ana');
  await expectGood(page);
  await page.getByLabel('Yes, I am happy with the ground rules').check();
  await page.getByRole('button', { name: 'Yes, I will come' }).click();
  await expect(page.getByRole('heading', { name: 'You and Ana have a place' })).toBeVisible();
  await expectGood(page);

  // Two do not fit where one place is left; one does.
  const { id: small } = await plan({ capacity: 1 });
  await page.goto(`/gatherings/one?id=${small}`);
  await page.getByLabel('Will you bring somebody?').fill('Ana');
  await page.getByRole('button', { name: 'Yes, I will come' }).click();
  await page.getByRole('button', { name: 'I will come on my own' }).click();
  await expect(page.getByRole('heading', { name: 'You have a place' })).toBeVisible();

  const his = await apiOf(bill);
  expect(await his.post(`/gatherings/${id}/sign-up`, { rules_read: true })).toMatchObject({ mine: 'waiting', ahead: 0 });
  await opened(page, '/home', /Hello/);
  await expect(page.getByRole('main').getByText(title)).toBeVisible();
  await opened(page, '/diary', 'Your diary');
  await page.getByRole('link', { name: title }).click();
  await page.getByRole('button', { name: 'I can’t come after all' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Thank you for telling us' })).toBeVisible();
  expect(await his.get(`/gatherings/${id}`)).toMatchObject({ mine: 'coming', coming: 1, waiting: 0 });
  await his.dispose();
});

test('the one who leads keeps the register on a phone, each person once', async ({ page }) => {
  const bill = await newMember('Bill');
  const joan = await newMember('Joan');
  const { id, title } = await plan({ day: day(0), clock: '00:15', minutes: 60, drop_in: true, leads: [bill.id] });
  await desk.post(`/gatherings/${id}/register`, { member_id: joan.id });

  await signInAs(page, bill);
  await opened(page, `/gatherings/register?id=${id}`, 'Register');
  await expect(page.getByText('1 is here')).toBeVisible();
  await page.getByRole('button', { name: /^Bill/ }).click();
  await expect(page.getByRole('button', { name: /^Bill/ })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByLabel('What did Bill do?')).toHaveValue('60');
  // The office has written Joan down already; twice is once, and a mistake is taken back by the same button.
  await page.getByLabel('A guest’s name').fill('Ana '.repeat(40));
  await page.getByRole('button', { name: 'Add this guest' }).click();
  await expect(page.getByText('Write at most 100 characters.')).toBeVisible();
  await expect(page.getByLabel('A guest’s name')).toHaveValue('Ana '.repeat(40));
  await page.getByLabel('A guest’s name').fill('Ana from next door');
  await page.getByRole('button', { name: 'Add this guest' }).click();
  await expect(page.getByText('3 are here')).toBeVisible();
  await page.getByLabel('A guest’s name').fill('ana from  next door');
  await page.getByRole('button', { name: 'Add this guest' }).click();
  await expect(page.getByLabel('A guest’s name')).toHaveValue('');
  await expect(page.getByText('3 are here')).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: /^Ana/ }).click();
  await expect(page.getByText('2 are here')).toBeVisible();
  await page.emulateMedia({ media: 'print' });
  await expect(page.getByRole('table')).toContainText('Bill');
  await expect(page.getByRole('heading', { name: title })).toBeVisible();
});

test('the broker plans the same again in a few taps', async ({ page }) => {
  const { id, title } = await plan({ day: day(-1), capacity: 12, speaker: 'A nurse' });
  await signIn(page, broker);
  await opened(page, '/broker/gatherings', 'Gatherings');
  await expect(page.getByRole('table', { name: 'Coming up' })).toBeVisible();
  await expectGood(page);
  await page.goto(`/broker/gathering?id=${id}`);
  await page.getByRole('link', { name: 'Same again next week' }).click();
  await expect(page.getByLabel('What is it called?')).toHaveValue(title);
  await expect(page.getByLabel('When does it begin?')).toHaveValue('14:00');
  await expect(page.getByLabel('How many people fit?')).toHaveValue('12');
  await expectGood(page);
  await page.getByRole('button', { name: 'Plan it' }).click();
  await expect(page).toHaveURL(/\/broker\/gathering\?id=/);
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
  await expect(page.getByText('0 of 12')).toHaveCount(0);
  await expect(page.getByText('Nobody has signed up yet.')).toBeVisible();
  await page.getByText('Call it off', { exact: true }).click();
  await page.getByLabel('Why?').fill('The heating is broken.');
  await expectGood(page);
  await page.getByRole('button', { name: 'Call it off and tell everybody' }).click();
  await expect(page.getByText('Called off')).toBeVisible();
});

test('the paper sheet is written in afterwards, and the hours are seen before they move', async ({ page }) => {
  const bill = await newMember('Bill');
  const joan = await newMember('Joan');
  const { id } = await plan({ day: day(-1), drop_in: true, leads: [bill.id] });
  await signIn(page, broker);
  await opened(page, `/broker/gathering?id=${id}`, /Gathering/);
  await page.getByRole('button', { name: new RegExp(`^${bill.name}`) }).click();
  await page.getByRole('combobox', { name: 'A member' }).fill(joan.name);
  await page.getByRole('option', { name: new RegExp(joan.name) }).click();
  await expect(page.getByText('2 are here')).toBeVisible();
  await page.getByRole('button', { name: 'Show what this does' }).click();
  const outcome = page.getByRole('table', { name: 'What this does' });
  await expect(outcome.getByRole('row', { name: new RegExp(bill.name) })).toContainText('gets 1 hour 30 minutes');
  await expect(outcome.getByRole('row', { name: new RegExp(joan.name) })).toContainText('gives 1 hour 30 minutes');
  await expectGood(page);
  await page.getByRole('button', { name: 'Put the hours in the books' }).click();
  await expect(page.getByText('The hours are in the books.', { exact: true })).toBeVisible();
  await expectGood(page);
  const statement = await desk.get<{ balance: number }>(`/members/${bill.id}/statement`);
  expect(statement.balance).toBe(90);
  await page.getByText('Something is wrong with these hours').click();
  await page.getByLabel('What is wrong?').fill('Joan left early');
  await page.getByRole('button', { name: 'Take the hours back' }).click();
  await expect(page.getByRole('button', { name: 'Show what this does' })).toBeVisible();
  expect((await desk.get<{ balance: number }>(`/members/${bill.id}/statement`)).balance).toBe(0);
});
