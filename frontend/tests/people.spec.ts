import { randomUUID } from 'node:crypto';
import { expect, test, type Page } from '@playwright/test';
import { expectGood, settled } from './bar.ts';
import { apiAs, apiOf, broker, mailedCode, newMember, signIn, signInAs } from './lib/signin.ts';

// Acting for somebody, worries, figures, against a `timebank demo` server.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');

async function opened(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
  await settled(page);
}

test('a member lets a carer act, the carer asks and says yes for her, and the member ends it', async ({ page, browser }) => {
  const [maria, bill] = [await newMember('Maria'), await newMember('Bill')];
  const carer = `kit.${randomUUID().slice(0, 8)}@example.org`;
  await signInAs(page, maria);
  await opened(page, '/me/people', 'Who may act for you');
  await expect(page.getByText('At the moment nobody may act for you.')).toBeVisible();
  await expectGood(page);
  await page.getByLabel('Their full name').fill('Kit Marsh');
  await page.getByRole('button', { name: 'Let them' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('Their full name')).toHaveValue('Kit Marsh');
  await expectGood(page);
  await page.getByLabel('Their e-mail').fill(carer);
  await page.getByRole('button', { name: 'Let them' }).click();
  await expect(page.getByText('Kit Marsh can act now.')).toBeVisible();

  const kit = await browser.newContext({ viewport: page.viewportSize(), locale: 'en-GB' });
  const theirs = await kit.newPage();
  await theirs.goto('/sign-in');
  await settled(theirs);
  const before = Date.now() - 1000;
  await theirs.getByLabel('E-mail or phone number').fill(carer);
  await theirs.getByRole('button', { name: 'Send me a code' }).click();
  await theirs.getByLabel('Six-figure code').fill(await mailedCode(carer, before));
  await theirs.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(theirs.getByRole('heading', { level: 1, name: 'For Maria' })).toBeVisible();
  await expectGood(theirs);
  await theirs.getByLabel('What kind of help?').selectOption({ label: 'A lift' });
  await theirs.getByRole('button', { name: 'Ask', exact: true }).click();
  await expect(theirs.getByText('Done. Maria is told.')).toBeVisible();

  const [hers, his] = [await apiOf(maria), await apiOf(bill)];
  const home = await hers.get<{ requests: { id: string }[] }>(`/members/${maria.id}/home`);
  await his.post('/exchanges', { listing_id: home.requests[0]?.id, starts_at: new Date(Date.now() + 48 * 3_600_000).toISOString() });
  await theirs.reload();
  await theirs.getByRole('button', { name: 'Say yes for Maria' }).click();
  await expect(theirs.getByText('Done. Maria is told.')).toBeVisible();
  await expect(theirs.getByRole('heading', { level: 2, name: 'Planned' })).toBeVisible();
  await expectGood(theirs);
  await hers.dispose();
  await his.dispose();

  await opened(page, '/me/looked', 'Who looked');
  await expect(page.getByText(/Kit \(stand-in\) said yes for you.*You let them act for you/)).toBeVisible();
  await opened(page, '/me/people', 'Who may act for you');
  await page.getByRole('button', { name: /End it.*Kit Marsh/ }).click();
  await expectGood(page);
  await page.getByRole('button', { name: 'Yes, end it now' }).click();
  await expect(page.getByText('Kit does not act any more.')).toBeVisible();
  await theirs.reload();
  await expect(theirs.getByRole('heading', { level: 1, name: 'For Maria' })).toHaveCount(0);
  await kit.close();
});

test('a broker makes an organisation a member, and lets people act for it', async ({ page }) => {
  const unlike = randomUUID().slice(0, 8);
  await signIn(page, broker);
  await opened(page, '/broker/members/organisation', 'Add an organisation');
  await expectGood(page);
  await page.getByLabel('Its name').fill(`Library ${unlike}`);
  await page.getByRole('button', { name: 'Make it a member' }).click();
  await expect(page.getByRole('heading', { level: 1, name: `Who acts for Library ${unlike}` })).toBeVisible();
  await page.getByLabel('Their full name').fill('Pat Lee');
  await page.getByLabel('Their e-mail').fill(`pat.${unlike}@example.org`);
  await page.getByRole('button', { name: 'Let them' }).click();
  await expect(page.getByRole('alert')).toContainText('Say how they agreed');
  await expectGood(page);
  await page.getByRole('radio', { name: 'On paper' }).check();
  await page.getByRole('button', { name: 'Let them' }).click();
  await expect(page.getByText('Pat Lee can act now.')).toBeVisible();
  await expectGood(page);
});

test('somebody who worries says so, and the coordinator reads and closes it', async ({ page }) => {
  const about = `Zelda ${randomUUID().slice(0, 8)}`;
  await signInAs(page, await newMember('Rose'));
  await opened(page, '/home', 'Hello, Rose');
  await page.getByRole('link', { name: 'I am worried about someone' }).click();
  await page.getByLabel('What worries you?').fill('She did not open the door');
  await page.getByRole('button', { name: 'Tell them' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('What worries you?')).toHaveValue('She did not open the door');
  await expectGood(page);
  await page.getByLabel('Who are you worried about?').fill(about);
  await page.getByLabel('Somebody should look at it today').check();
  await page.getByRole('button', { name: 'Tell them' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Thank you for telling us' })).toBeVisible();
  const reference = (await page.locator('.tb-panel__ref').textContent()) ?? '';
  await expectGood(page);

  await page.context().clearCookies();
  await signIn(page, broker);
  await opened(page, '/concerns', 'Worries about people');
  await expectGood(page);
  await page.getByRole('link', { name: `Open ${reference}` }).click();
  await expect(page.getByText(about)).toBeVisible();
  await expectGood(page);
  await page.getByLabel(/What did you do/).fill('Rang her daughter. All is well.');
  await page.getByRole('button', { name: 'Write it down and close' }).click();
  await expect(page.getByRole('status').getByText('Closed.')).toBeVisible();
});

test('figures are shown without names', async ({ page }) => {
  await signIn(page, broker);
  await opened(page, '/figures', 'How the community does');
  await expect(page.getByText('Members now')).toBeVisible();
  await expectGood(page);
  const as = await apiAs(broker);
  const { figures } = await as.get<{ figures: { name: string; n: number; hidden: boolean }[] }>('/figures');
  expect(figures.every(({ n, hidden }) => hidden || n === 0 || n >= 5)).toBe(true);
  await as.dispose();
  await opened(page, '/banks', 'Which time bank?');
  await expectGood(page);
});
