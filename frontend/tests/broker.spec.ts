import { randomUUID } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { expectGood } from './bar.ts';
import { follow, main, open, press } from './lib/desk.ts';
import { apiAs, broker, signIn, type Caller } from './lib/signin.ts';

// The broker's desk, against `timebank demo` at BASE_URL. Each test makes the people it needs.

type Person = { id: string; name: string; called: string };
type Statement = { balance: number; lines: { minutes: number }[] };

let desk: Caller;
test.beforeEach(async ({ page }) => {
  desk = await apiAs(broker);
  await signIn(page, broker);
});
test.afterEach(async () => desk?.dispose());

/** Somebody who is rung: no e-mail, no device. */
async function phonePerson(called: string, area = ''): Promise<Person> {
  const name = `${called} ${randomUUID().slice(0, 8)}`;
  const phone = `07700 900 ${String(Math.floor(Math.random() * 1000)).padStart(3, '0')}`;
  const { id } = await desk.post('/members', { name, phone, area, reach_by: 'phone' });
  return { id, name, called };
}

const minutesOf = async (person: { id: string }) => (await desk.get<Statement>(`/members/${person.id}/statement`)).lines.map(({ minutes }) => minutes);

test('a request is met from the desk, and both statements show 90 minutes', async ({ page }) => {
  const area = `Elm ${randomUUID().slice(0, 8)}`;
  const asker = await phonePerson('Edna', area);
  const helper = await phonePerson('Bill', area);
  await desk.post('/offers', { kind: 'garden.dog', for_member: helper.id, consent: 'phone' });
  const { id } = await desk.post('/requests', { kind: 'garden.dog', note: 'A small dog with a big heart', timing: 'today', for_member: asker.id, consent: 'phone' });

  await open(page, '/broker');
  await page.locator(`main a[href="/broker/request?id=${id}"]`).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Edna would like help with dog walking');
  await expect(page.getByText('A small dog with a big heart')).toBeVisible();
  const candidate = main(page).getByRole('listitem').filter({ hasText: helper.name }).filter({ has: page.getByRole('button') });
  await expect(candidate).toContainText('Offers just this');
  await expect(candidate).toContainText(`Lives in the same area, ${area}`);
  await expect(candidate).toContainText('Would help for the first time');
  await expect(candidate.locator('a[href^="tel:"]')).toBeVisible();
  await expectGood(page);

  await candidate.getByRole('button', { name: 'Choose Bill' }).click();
  await expect(page.getByRole('heading', { name: 'Ask Bill' })).toBeFocused();
  await page.getByLabel('Which day?').selectOption('Tomorrow');
  await page.getByLabel('What time?').selectOption('10am');
  await page.getByLabel('Where do they meet?').fill('Edna’s gate');
  await expectGood(page);
  await press(page, 'Bill said yes on the phone');

  await expect(page).toHaveURL(/\/broker\/exchange\?id=/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Bill helps Edna with dog walking');
  await expect(main(page).getByText('Agreed', { exact: true })).toBeVisible();
  await expect(main(page).getByText('Tomorrow at 10am')).toBeVisible();
  await expectGood(page);

  await follow(page, 'Bill says how long it took');
  await expect(page.getByRole('region', { name: 'Acting for someone else' })).toContainText('You are acting for Bill, by phone');
  await page.getByLabel('1 hour 30 minutes').check();
  await expectGood(page);
  await press(page, 'Write it down');
  await expect(page.getByRole('heading', { name: 'Ask Edna: is 1 hour 30 minutes right?' })).toBeVisible();
  expect(await minutesOf(asker)).toEqual([]);

  await follow(page, 'Edna says that is right');
  await page.getByLabel('In person').check();
  await expect(page.getByText('You are acting for Edna, who is with you')).toBeVisible();
  await press(page, 'Write it down');
  await expect(main(page).getByText('1 hour 30 minutes went from Edna to Bill.')).toBeVisible();
  await expect(main(page).getByText('Sam did this for Edna, who was there.')).toBeVisible();
  await expect(main(page).getByText('Sam did this for Bill, who said so on the phone.').first()).toBeVisible();
  await expectGood(page);

  expect(await minutesOf(helper)).toEqual([90]);
  expect(await minutesOf(asker)).toEqual([-90]);
  await open(page, `/broker/member?id=${helper.id}`);
  await expect(page.getByRole('table', { name: 'All their hours' })).toContainText('+ 1 hour 30 minutes');
  await open(page, `/broker/member?id=${asker.id}`);
  await expect(page.getByRole('table', { name: 'All their hours' })).toContainText('− 1 hour 30 minutes');
  await expect(page.getByText('Edna has had 1 hour 30 minutes more than given. That is fine.')).toBeVisible();
  await expectGood(page);
});

test('a helper with e-mail is asked, and says no', async ({ page }) => {
  const asker = await phonePerson('Vera');
  const name = `Tom ${randomUUID().slice(0, 8)}`;
  const { id: helper } = await desk.post('/members', { name, email: `tom.${randomUUID().slice(0, 8)}@example.org` });
  const { id } = await desk.post('/requests', { kind: 'make.sew', for_member: asker.id, consent: 'phone' });
  await open(page, `/broker/request?id=${id}`);
  // Not on the list: the broker knows more than we do.
  await page.getByRole('combobox', { name: 'Who?' }).fill(name);
  await expect(page.getByRole('option')).toHaveCount(1);
  await page.getByRole('combobox', { name: 'Who?' }).press('Enter');
  await page.getByLabel('Which day?').selectOption('Tomorrow');
  await press(page, 'Ask Tom');
  await page.getByRole('link', { name: 'Choose a time for that day too.' }).click();
  await expect(page.getByLabel('What time?')).toBeFocused();
  await page.getByLabel('What time?').selectOption('2:30pm');
  await press(page, 'Ask Tom');
  await expect(page.getByRole('heading', { name: 'Ask Tom: would you?' })).toBeVisible();
  await follow(page, 'Tom says no');
  await page.getByLabel(/Did they say why/).fill('Away that week');
  await press(page, 'Write it down');
  await expect(main(page).getByText('This is over. No hours moved.')).toBeVisible();
  await expect(main(page).getByText('Away that week')).toBeVisible();
  await follow(page, 'See the request it came from');
  await expect(page.getByRole('heading', { name: 'Who would suit' })).toBeVisible();
  expect(helper).toBeTruthy();
});

test('members without any device are added and their help recorded, all by the broker', async ({ page }) => {
  const names = ['Olive', 'Percy'].map((called) => `${called} ${randomUUID().slice(0, 8)}`);
  const ids: string[] = [];
  for (const name of names) {
    await open(page, '/broker/members');
    await follow(page, 'Add a member');
    await page.getByLabel('Full name').fill(name);
    await press(page, 'Add a member');
    await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
    await expect(page.getByText('Best reached by post.')).toBeVisible();
    ids.push(new URL(page.url()).searchParams.get('id') ?? '');
  }
  await expectGood(page);

  await open(page, '/broker/record');
  const find = async (label: string, name: string) => {
    await page.getByRole('combobox', { name: label }).focus();
    await page.keyboard.type(name);
    await expect(page.getByRole('option', { name })).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('combobox', { name: label })).toHaveValue(name);
  };
  await find('Who helped?', names[0] ?? '');
  await find('Who was helped?', names[1] ?? '');
  await page.getByLabel('What kind of help?').selectOption('Cooking');
  await page.getByLabel('Which day was it?').selectOption('Yesterday');
  await page.getByLabel('Something else').check();
  await page.getByLabel('How long was it?').selectOption('45 minutes');
  await expectGood(page);
  await page.getByLabel(/^Note/).press('Enter');
  await expect(main(page).getByText(`Written down: ${names[0]} helped ${names[1]} for 45 minutes.`)).toBeVisible();
  await expect(main(page).getByText('The hours have moved.')).toBeVisible();
  // Ready for the next slip: the people are new, the kind and the day stay.
  await expect(page.getByRole('combobox', { name: 'Who helped?' })).toBeFocused();
  await expect(page.getByRole('combobox', { name: 'Who helped?' })).toHaveValue('');
  await expect(page.getByLabel('What kind of help?')).toHaveValue('food.cook');
  expect(await minutesOf({ id: ids[0] ?? '' })).toEqual([45]);
  expect(await minutesOf({ id: ids[1] ?? '' })).toEqual([-45]);

  await press(page, 'Write it down');
  await expect(page.getByRole('alert')).toContainText('Say who helped');
  await expectGood(page);
});

test('help is asked for on behalf, and an offer put on the list', async ({ page }) => {
  const person = await phonePerson('Ivy');
  await open(page, `/broker/member?id=${person.id}`);
  await follow(page, 'Ivy offers something');
  await page.getByLabel('What kind of help?').selectOption('Baking');
  await page.getByLabel('On paper').check();
  await expect(page.getByText('You are acting for Ivy, from a letter or slip')).toBeVisible();
  await expectGood(page);
  await press(page, 'Put it on the list');
  await expect(page.getByText('What Ivy offers is on the list now.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'What Ivy offers' })).toBeVisible();

  await press(page, 'Change what we tell Ivy');
  await press(page, 'Tell Ivy');
  await page.getByRole('link', { name: 'Choose a kind of help, or write a word.' }).click();
  await expect(page.getByLabel('Which kind of help?')).toBeFocused();
  await page.getByLabel('Which kind of help?').selectOption('Gardening');
  await page.getByLabel('Only with this word in it').fill('roses');
  await expectGood(page);
  await press(page, 'Tell Ivy');
  await expect(page.getByText('We tell Ivy when there is something new.')).toBeVisible();
  await expect(main(page).getByText('When somebody offers: Gardening, with “roses”')).toBeVisible();
  await press(page, 'Change what we tell Ivy');
  await press(page, /^Stop this/);
  await expect(page.getByText('Ivy hears no more of this.')).toBeVisible();
  await expect(main(page).getByText('When somebody offers: Gardening, with “roses”')).toHaveCount(0);

  await follow(page, 'Ask for help for Ivy');
  await press(page, 'Ask, and see who suits');
  await page.getByRole('link', { name: /Choose what kind of help/ }).click();
  await expect(page.getByLabel('What kind of help?')).toBeFocused();
  await page.getByLabel('What kind of help?').selectOption('A lift');
  await press(page, 'Ask, and see who suits');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ivy would like help with a lift');
});

test('a sign-in code is read out in large figures', async ({ page }) => {
  const person = await phonePerson('Harold');
  await open(page, `/broker/member?id=${person.id}`);
  await press(page, 'Read out a sign-in code');
  await expect(page.locator('[data-code]')).toHaveText(/^\d{3} \d{3}$/);
  await expect(page.getByText(/^Good until /)).toBeVisible();
  await expectGood(page);
  await press(page, 'Put it away');
  await expect(page.locator('[data-code]')).toHaveCount(0);
});

test('two stories end with the hours that the broker decides', async ({ page }) => {
  const [helper, helped] = [await phonePerson('Ron'), await phonePerson('Joan')];
  const { id } = await desk.post('/help-given', { helper_id: helper.id, helped_id: helped.id, kind: 'home.paper', minutes: 120, for_member: helper.id, consent: 'phone' });
  await open(page, '/broker/settle');
  await page.locator(`main a[href="/broker/exchange?id=${id}"]`).click();
  await follow(page, 'Joan says it is not right');
  await press(page, 'Write it down');
  await expect(page.getByRole('alert')).toContainText('say in a few words');
  await page.getByLabel('What does Joan say happened?').fill('He came at three and left at four');
  await press(page, 'Write it down');
  await expect(page.getByRole('heading', { name: 'What Ron says' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'What Joan says' })).toBeVisible();
  await expectGood(page);
  await follow(page, 'Decide the hours');
  await page.getByLabel('1 hour', { exact: true }).check();
  await page.getByLabel('What did you find out?').fill('Both say one hour now');
  await press(page, 'Write it down');
  await expect(main(page).getByText('1 hour went from Joan to Ron.')).toBeVisible();
  expect(await minutesOf(helper)).toEqual([60]);
});

test('who answers second is told that it has moved on', async ({ page }) => {
  const [helper, helped] = [await phonePerson('Gwen'), await phonePerson('Pat')];
  const { id } = await desk.post('/help-given', { helper_id: helper.id, helped_id: helped.id, kind: 'out.shop', minutes: 30, for_member: helper.id, consent: 'phone' });
  await open(page, `/broker/exchange?id=${id}&do=confirm&as=helped`);
  await expect(page.getByRole('heading', { name: 'Pat says that is right' })).toBeVisible();
  await desk.post(`/exchanges/${id}/confirm`, { for_member: helped.id, consent: 'phone' });
  await press(page, 'Write it down');
  await expect(page.getByRole('heading', { name: 'This has changed since you looked' })).toBeVisible();
  await expect(main(page).getByText('30 minutes went from Pat to Gwen.')).toBeVisible();
  expect(await minutesOf(helper)).toEqual([30]);
});

test('a task is taken, and one that only a person can end is done', async ({ page }) => {
  const [helper, helped] = [await phonePerson('Stan'), await phonePerson('Nora')];
  await desk.post('/help-given', { helper_id: helper.id, helped_id: helped.id, kind: 'garden.garden', minutes: 360, both_agree: true, for_member: helper.id, consent: 'paper' });
  await open(page, '/broker');
  const href = `main a[href="/broker/member?id=${helped.id}"]`;
  const row = page.locator('main .tb-queue > li, main .tb-next').filter({ has: page.locator(`a[href="/broker/member?id=${helped.id}"]`) });
  await expect(row).toContainText('Has had a good deal more help than given');
  await expect(row).toContainText('Due by');
  await row.getByRole('button', { name: 'I take it' }).click();
  await expect(row).toContainText('You have it');
  await page.getByRole('link', { name: /^Mine/ }).click();
  await expect(page).toHaveURL(/show=mine/);
  await page.locator(href).first().click();
  await expect(page.getByRole('heading', { name: 'To be done by hand' })).toBeVisible();
  await expectGood(page);
  await main(page).getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('Done and off the list: Nora.')).toBeVisible();
  await open(page, '/broker');
  await expect(page.locator('.tb-loading')).toHaveCount(0);
  await expect(page.locator(href)).toHaveCount(0);
});

test('members are found while typing, and the words are in the address', async ({ page }) => {
  const person = await phonePerson('Zelda');
  await open(page, '/broker/members');
  await page.getByLabel('Name, phone number or reference').fill(person.name);
  await expect(page.getByRole('rowheader')).toHaveCount(1);
  await expect(page).toHaveURL(/words=Zelda/);
  await page.reload();
  await page.getByRole('link', { name: person.name }).click();
  await expect(page.getByRole('heading', { level: 1, name: person.name })).toBeVisible();
  await page.goBack();
  await expect(page.getByLabel('Name, phone number or reference')).toHaveValue(person.name);
});

test('a mistake is told at its field, and nothing typed is lost', async ({ page }) => {
  await open(page, '/broker/members/new');
  await page.getByLabel(/^E-mail/).fill('nowhere');
  await page.getByLabel('What makes meeting easier for them?').fill('Deaf in the left ear');
  await press(page, 'Add a member');
  await expect(page).toHaveTitle(/^Error: /);
  await page.getByRole('link', { name: 'Enter the person’s name.' }).or(page.getByRole('link', { name: /Enter the person's name/ })).click();
  await expect(page.getByLabel('Full name')).toBeFocused();
  await expect(page.getByLabel(/^E-mail/)).toHaveAccessibleDescription(/Enter an e-mail address/);
  await expect(page.getByLabel('What makes meeting easier for them?')).toHaveValue('Deaf in the left ear');
  await expectGood(page);
});
