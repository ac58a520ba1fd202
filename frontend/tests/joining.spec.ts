import { randomUUID } from 'node:crypto';
import { expect, test, type Page } from '@playwright/test';
import { expectGood, settled } from './bar.ts';
import { broker, newMember, signIn, signInAs } from './lib/signin.ts';

// Joining, and who works here, against a `timebank demo` server. What they change is
// put back: others use the same bank.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');

async function opened(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
  await settled(page);
}

test('somebody applies, loses nothing on a mistake, and is answered', async ({ page }) => {
  const unlike = randomUUID().slice(0, 8);
  await opened(page, '/join', 'Join the time bank');
  await expectGood(page);
  await page.getByLabel('Your full name').fill(`Joan ${unlike}`);
  await page.getByLabel(/Anything you would like to tell us/).fill('I like to bake');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('Your e-mail')).toHaveAccessibleDescription(/Give an e-mail address or a phone number/);
  await expect(page.getByLabel(/Anything you would like to tell us/)).toHaveValue('I like to bake');
  await expectGood(page);
  await page.getByLabel('Your e-mail').fill(`joan.${unlike}@example.org`);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Thank you' })).toBeVisible();
  await expectGood(page);

  await signIn(page, broker);
  await opened(page, '/broker/applications', 'Who wants to join');
  const card = page.getByRole('article', { name: `Joan ${unlike}` });
  await expect(card.getByText('I like to bake')).toBeVisible();
  await expectGood(page);
  await card.getByRole('button', { name: 'Say no' }).click();
  await expectGood(page);
  await card.getByRole('button', { name: 'Not now' }).click();
  await card.getByRole('button', { name: 'Make Joan a member' }).click();
  await expect(page.getByText('Joan is a member now, and hears of it.')).toBeVisible();
  await page.getByRole('link', { name: 'Open their record' }).click();
  await expect(page.getByRole('heading', { level: 1, name: `Joan ${unlike}` })).toBeVisible();
});

test('an invitation lets somebody join at once', async ({ page, context }) => {
  await signIn(page, broker);
  await opened(page, '/broker/invitations', 'Invite somebody');
  await expectGood(page);
  await page.getByRole('button', { name: 'Make a code' }).click();
  const link = page.getByText(/\/join\?bank=/);
  await expect(link).toBeVisible();
  await expectGood(page);
  const address = new URL((await link.textContent()) ?? '');
  await context.clearCookies();
  await opened(page, address.pathname + address.search, 'Join the time bank');
  await expect(page.getByText('You come with an invitation')).toBeVisible();
  await page.getByLabel('Your full name').fill('Rose Hill');
  await page.getByLabel('Your phone number').fill('01632 960 077');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Welcome' })).toBeVisible();
});

test('a coordinator reads the roles, gives one and ends it', async ({ page }) => {
  const paul = await newMember('Paul');
  await signIn(page, broker);
  await opened(page, '/broker/settings', 'How this time bank works');
  await expectGood(page);
  await page.getByRole('link', { name: /What each role may do/ }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'Safeguarding lead' })).toBeVisible();
  await expectGood(page);
  await opened(page, '/broker/settings/staff', 'Who works here');
  await expectGood(page);
  await page.getByRole('combobox', { name: 'Which member?' }).fill(paul.name);
  await page.getByRole('option', { name: new RegExp(paul.name) }).click();
  await page.getByLabel('Service-user co-chair').check();
  await page.getByRole('button', { name: 'Give this role' }).click();
  await expect(page.getByText('has the role now')).toBeVisible();
  await page.getByRole('button', { name: new RegExp(`End this role.*${paul.name}`) }).click();
  await expectGood(page);
  await page.getByRole('button', { name: 'Yes, end it' }).click();
  await expect(page.getByText('Paul is Service-user co-chair no more')).toBeVisible();
});

test('a coordinator writes what people are asked', async ({ page }) => {
  await signIn(page, broker);
  await opened(page, '/broker/settings/questions', 'What we ask');
  await page.getByRole('button', { name: 'Add a question' }).click();
  await page.getByRole('button', { name: 'Save the questions' }).click();
  await expect(page.getByRole('alert')).toContainText('Write a question');
  await expectGood(page);
  await page.getByLabel(/^Question 1/).fill('Who told you about us?');
  await page.getByRole('button', { name: 'Save the questions' }).click();
  await expect(page.getByText('Saved. Whoever has the form open')).toBeVisible();
  await opened(page, '/join', 'Join the time bank');
  await expect(page.getByLabel(/Who told you about us\?/)).toBeVisible();
  await expectGood(page);
  await opened(page, '/broker/settings/questions', 'What we ask');
  await page.getByRole('button', { name: 'Take question 1 away' }).click();
  await page.getByRole('button', { name: 'Save the questions' }).click();
  await expect(page.getByText('You ask nothing more.')).toBeVisible();
});

test('a coordinator adds a kind of help, and members find it by everyday words', async ({ page }) => {
  const paul = await newMember('Paul');
  const name = `Fishing ${paul.id.slice(-4)}`;
  await signIn(page, broker);
  await opened(page, '/broker/settings/kinds', 'Kinds of help');
  await expectGood(page);
  await page.getByRole('link', { name: /^Add a kind of help.*Garden and pets/ }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('Give it a name');
  await expectGood(page);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel(/^Everyday words for it/).fill('angling');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText(`${name} is saved.`)).toBeVisible();
  await expect(page.getByText('Also found by: angling')).toBeVisible();

  await page.context().clearCookies();
  await signInAs(page, paul);
  await opened(page, '/offer?in=garden', 'What sort of thing?');
  await page.getByRole('link', { name }).click();
  await page.getByRole('button', { name: 'Add my offer' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Thank you. Your offer is on the list' })).toBeVisible();
  await opened(page, '/offers?words=angling', 'What people offer');
  await expect(page.getByRole('heading', { level: 2, name })).toBeVisible();

  await page.context().clearCookies();
  await signIn(page, broker);
  await opened(page, '/broker/settings/kinds', 'Kinds of help');
  await page.getByRole('link', { name: new RegExp(`^Change.*${name}`) }).click();
  await page.getByLabel('Hide it').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText(`${name} is saved.`)).toBeVisible();
  await expect(page.getByText('Hidden', { exact: true })).toBeVisible();
  await expectGood(page);
  // The phone's hours stand on every page: in English where the bank has not said them in the reader's language.
  await opened(page, '/broker/settings/office', 'The office’s phone');
  const hours = await page.getByLabel('The same in Welsh').inputValue();
  await page.getByLabel('What is the number?').fill('ring us');
  await page.getByRole('button', { name: 'Save it' }).click();
  await expect(page.getByRole('alert')).toContainText('Write the number that people ring');
  await expect(page.getByLabel('The same in Welsh')).toHaveValue(hours);
  await page.getByLabel('What is the number?').fill('01632 960 100');
  await page.getByRole('button', { name: 'Save it' }).click();
  await expect(page.getByText('Saved. Everybody sees it from now on.')).toBeVisible();
  await expectGood(page);
  await page.goto('/?lang=cy');
  await expect(page.getByRole('contentinfo').locator('bdi[lang=cy]')).toHaveText(hours);
  await page.goto('/?lang=en');
});

test('a coordinator sees whether the hours add up', async ({ page }) => {
  await signIn(page, broker);
  await opened(page, '/broker/settings', 'How this time bank works');
  await page.getByRole('link', { name: /Do the hours add up/ }).click();
  await expect(page.getByRole('heading', { name: 'Yes, every hour adds up' })).toBeVisible();
  await page.getByText('The seal on the books').click();
  await expect(page.getByText(/^[0-9a-f]{64}$/)).toBeVisible();
  await page.getByText('Somebody moves to another time bank').click();
  await expectGood(page);
  await page.getByRole('button', { name: 'Send the hours' }).click();
  await expect(page.getByRole('link', { name: 'Choose who moves.' })).toBeVisible();
});

test('a coordinator reads what tonight would forget, and changes how long something is kept', async ({ page }) => {
  await signIn(page, broker);
  await opened(page, '/broker/settings/retention', 'How long we keep things');
  await expect(page.getByRole('heading', { level: 2, name: 'Who did and saw what' })).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: /Change.*Who did and saw what/ }).click();
  await page.getByLabel('How many days?').fill('30');
  await page.getByRole('button', { name: 'Keep for so long' }).click();
  await expect(page.getByRole('alert')).toContainText('Choose at least 365 days');
  await expect(page.getByLabel('How many days?')).toHaveValue('30');
  await expectGood(page);
  await page.getByLabel('How many days?').fill('2190');
  await page.getByRole('button', { name: 'Keep for so long' }).click();
  await expect(page.getByText('Saved. It counts from the next night.')).toBeVisible();
});
