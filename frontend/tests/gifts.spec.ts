import { expect, test, type Page } from '@playwright/test';
import { expectGood } from './bar.ts';
import { apiAs, apiOf, broker, newMember, signIn, signInAs, type Caller, type Person } from './lib/signin.ts';

// Hours given to a neighbour and to the pot, against a `timebank demo` server.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');

let desk: Caller;
test.beforeEach(async () => {
  desk = await apiAs(broker);
});
test.afterEach(async () => desk?.dispose());

async function opened(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
}

/** Two who have met: Bill helped Joan for two hours. */
async function met(): Promise<{ bill: Person; joan: Person }> {
  const bill = await newMember('Bill');
  const joan = await newMember('Joan');
  await desk.post('/help-given', { helper_id: bill.id, helped_id: joan.id, kind: 'out.lift', minutes: 120, both_agree: true, for_member: bill.id, consent: 'phone' });
  return { bill, joan };
}

test('a neighbour is given an hour and says yes, and the pot is given one too', async ({ page }) => {
  const { bill, joan } = await met();
  await signInAs(page, bill);
  await opened(page, '/give', 'Give hours');
  await expect(page.getByText('You have 2 hours to give.')).toBeVisible();
  await page.getByLabel('Who to?').selectOption(joan.id);
  await page.getByRole('button', { name: 'Give it' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('Who to?')).toHaveValue(joan.id);
  await expectGood(page);
  await page.getByLabel('1 hour', { exact: true }).check();
  await page.getByLabel('A few words with it').fill('For the jam');
  await page.getByRole('button', { name: 'Give it' }).click();
  await expect(page.getByText('Thank you. We ask them')).toBeVisible();
  await expect(page.getByText('You have 1 hour to give.')).toBeVisible();
  for (const [path, heading] of [['/home', /Hello/], ['/hours', 'Your hours']] as const) {
    await opened(page, path, heading);
    await expect(page.getByText('Set aside until your gift is answered: 1 hour.')).toBeVisible();
  }
  await opened(page, '/give', 'Give hours');
  await page.getByLabel('1 hour', { exact: true }).check();
  await page.getByRole('button', { name: 'Give it' }).click();
  await expect(page.getByText('Thank you. The pot has your hours.')).toBeVisible();
  await expectGood(page);

  await page.context().clearCookies();
  await signInAs(page, joan);
  await opened(page, '/home', /Hello/);
  await page.getByRole('link', { name: 'See it and answer' }).click();
  await expect(page.getByRole('heading', { name: 'Bill would like to give you 1 hour' })).toBeVisible();
  await expect(page.getByText('“For the jam”')).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: 'Yes, thank you' }).click();
  await expect(page.getByText('Lovely. The hours are yours.')).toBeVisible();
  expect((await desk.get<{ balance: number }>(`/members/${joan.id}/statement`)).balance).toBe(-60);
});

test('a member asks the pot, the broker gives, and the accounts name nobody', async ({ page }) => {
  const { bill, joan } = await met();
  const his = await apiOf(bill);
  await his.post('/gifts', { minutes: 60 });
  await his.dispose();
  await signInAs(page, joan);
  await opened(page, '/pot', 'The community pot');
  await page.getByLabel('30 minutes', { exact: true }).check();
  await page.getByLabel('What is it for?').fill('The bus to the clinic');
  await expectGood(page);
  await page.getByRole('button', { name: 'Ask the pot' }).click();
  await expect(page.getByText('Thank you for asking.')).toBeVisible();

  await page.context().clearCookies();
  await signIn(page, broker);
  await opened(page, '/broker/pot', 'The community pot');
  const ask = page.locator('form').filter({ hasText: joan.name });
  await expect(ask).toContainText('The bus to the clinic');
  await expectGood(page);
  await ask.getByRole('button', { name: 'The pot can’t give this' }).click();
  await expect(ask.getByRole('alert')).toContainText('in a few words');
  await ask.getByLabel('Your words to them').fill('With our best wishes.');
  await ask.getByRole('button', { name: 'Give 30 minutes from the pot' }).click();
  await expect(page.getByText(`${joan.name} has the hours and is told.`)).toBeVisible();
  const table = page.getByRole('list', { name: 'Its accounts, newest first' });
  await expect(table.getByRole('listitem').filter({ hasText: 'For a neighbour who asked' }).filter({ hasText: '30 minutes out' }).first()).toBeVisible();
  await expect(table).not.toContainText(joan.called);
});
