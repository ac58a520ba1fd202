import { randomUUID } from 'node:crypto';
import { expect, test, type Page } from '@playwright/test';
import { expectGood, expectNoAxe, settled } from './bar.ts';
import { apiAs, broker, receptionist, signIn, type Caller } from './lib/signin.ts';

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

/** Opens a page and waits until it is alive: then the header says who is signed in. */
async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
}

const main = (page: Page) => page.locator('main');
const press = (page: Page, name: string | RegExp) => main(page).getByRole('button', { name, exact: typeof name === 'string' }).click();
const follow = (page: Page, name: string | RegExp) => main(page).getByRole('link', { name, exact: typeof name === 'string' }).click();

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

test.describe('each page clears the bar', () => {
  const paths = [
    '/broker',
    '/broker?show=mine',
    '/broker/matching',
    '/broker/settle',
    '/broker/record',
    '/broker/members',
    '/broker/members?words=nobodyofthisname',
    '/broker/members/new',
    '/broker/referrals',
    '/broker/referrals?show=closed',
    '/broker/request',
    '/broker/exchange',
    '/broker/member',
    '/broker/referral',
    '/broker/member?id=00000000-0000-4000-8000-000000000000',
  ];
  test('as it stands', async ({ page }) => {
    test.slow();
    const broken: string[] = [];
    page.on('console', (message) => message.type() === 'error' && !message.text().includes('404') && broken.push(message.text()));
    page.on('pageerror', (error) => broken.push(String(error)));
    for (const path of paths) {
      await test.step(path, async () => {
        await open(page, path);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await settled(page);
        await expectGood(page);
        expect(await page.locator('body [style]:not(#svelte-announcer)').count()).toBe(0);
        expect(broken).toEqual([]);
      });
    }
  });

  test('without the server, and once it is back', async ({ page }) => {
    await page.route('**/api/banks/*/desk', (route) => route.abort());
    await page.goto('/broker');
    await expect(page.getByRole('alert')).toContainText('We could not reach the time bank just now');
    await expectGood(page);
    await page.unroute('**/api/banks/*/desk');
    await press(page, 'Try again');
    await expect(page.getByText('Do this next').or(page.getByText('Nothing is waiting'))).toBeVisible();
  });

  test('with nothing to do, and while it is looked up', async ({ page }) => {
    let go: () => void = () => {};
    const wait = new Promise<void>((resolve) => (go = resolve));
    await page.route('**/api/banks/*/desk', async (route) => {
      await wait;
      await route.fulfill({ json: { tasks: [], now: new Date().toISOString() } });
    });
    await page.goto('/broker');
    await expect(page.locator('.tb-loading')).toBeVisible();
    await expectNoAxe(page);
    go();
    await expect(page.getByRole('heading', { name: 'Nothing is waiting' })).toBeVisible();
    await expectGood(page);
  });

  test('fifty rows, late ones among them, within 180 KB', async ({ page }, info) => {
    const now = Date.now();
    const kinds = ['find-helper', 'ring-to-ask', 'ring-to-confirm', 'ring-to-remind', 'settle-dispute', 'below-soft-floor', 'answer-referral', 'ring-referred'];
    const tasks = Array.from({ length: 50 }, (_, index) => ({
      id: randomUUID(),
      subject_id: randomUUID(),
      kind: kinds[index % kinds.length],
      who: `Person ${index}`,
      what: 'Bill helps Maria with small jobs at home, Sunday 22 November at 10am',
      link: `/broker/exchange?id=${index}`,
      due_at: new Date(now + (index - 10) * 3_600_000).toISOString(),
      group: index < 10 ? 'overdue' : index < 20 ? 'today' : 'later',
      owner: index % 3 === 0 ? 'Sam' : '',
      mine: index % 3 === 0,
      by_hand: index % 5 === 0,
    }));
    const client = await page.context().newCDPSession(page);
    await client.send('Network.enable');
    let bytes = 0;
    client.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.route('**/api/banks/*/desk', (route) => route.fulfill({ json: { tasks, now: new Date(now).toISOString() } }));
    await page.goto('/broker');
    await expect(page.getByRole('link', { name: 'Person 49' })).toBeVisible();
    await page.waitForLoadState('networkidle');
    await expect(main(page).getByText('Overdue by 10 hours')).toBeVisible();
    await expectGood(page);
    info.annotations.push({ type: 'bytes', description: `${(bytes / 1000).toFixed(1)} KB` });
    console.log(`/broker with 50 rows: ${(bytes / 1000).toFixed(1)} KB`);
    const built = (await page.request.get('/broker', { headers: { 'Accept-Encoding': 'br' } })).headers()['content-encoding'] !== undefined;
    if (built) expect(bytes).toBeLessThan(180_000);
  });
});
