import { expect, test, type Page } from '@playwright/test';
import { expectGood } from './bar.ts';
import { apiAs, apiOf, broker, newMember, signInAs, type Person } from './lib/signin.ts';

// What two people do beside agreeing and recording, and what a bad line or a quick finger must not do.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');

async function opened(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
}

/** A meeting the day after tomorrow at 10 in the morning, agreed. */
async function meeting(helper: Person, helped: Person): Promise<string> {
  const [hers, his] = [await apiOf(helped), await apiOf(helper)];
  const { id: listing } = await hers.post('/requests', { kind: 'out.lift', timing: 'this-week' });
  const day = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10);
  const { id } = await his.post('/exchanges', { listing_id: listing, starts_at: `${day}T10:00:00Z` });
  await hers.post(`/exchanges/${id}/agree`);
  await hers.dispose();
  await his.dispose();
  return id;
}

/** Help that both have agreed on, settled. */
async function settled(helper: Person, helped: Person): Promise<string> {
  const as = await apiAs(broker);
  const { id } = await as.post('/help-given', { helper_id: helper.id, helped_id: helped.id, kind: 'out.lift', minutes: 60, both_agree: true, for_member: helper.id, consent: 'phone' });
  await as.dispose();
  return id;
}

async function as(page: Page, person: Person, what: (page: Page) => Promise<void>): Promise<void> {
  const context = await page.context().browser()!.newContext({ viewport: page.viewportSize(), locale: 'en-GB', timezoneId: 'America/New_York' });
  const theirs = await context.newPage();
  await signInAs(theirs, person);
  await what(theirs);
  await context.close();
}

test('one asks for another time, the other says yes; they write, and meet regularly', async ({ page }) => {
  test.slow();
  const [maria, bill] = [await newMember('Maria'), await newMember('Bill')];
  const id = await meeting(bill, maria);
  await signInAs(page, maria);
  await opened(page, `/exchange?id=${id}`, 'Bill helps you with a lift');
  await expectGood(page);
  await page.getByRole('link', { name: 'Ask for another time' }).click();
  await page.getByLabel('Time', { exact: true }).selectOption('2pm');
  await expect(page.getByText('Until Bill says yes, it stays as it is.')).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: 'Ask Bill' }).click();
  await expect(page.getByText('We ask Bill about the new time.')).toBeVisible();
  await expect(page.getByText(/You asked Bill to meet tomorrow\sat\s2pm/)).toBeVisible();

  await page.getByLabel('Your line to Bill').fill('I have the clinic in the morning');
  await page.getByRole('button', { name: 'Send the line' }).click();
  await expect(page.getByText('Sent. Bill will be told.')).toBeVisible();
  await expect(page.getByText('I have the clinic in the morning')).toBeVisible();
  await expect(page.getByLabel('Your line to Bill')).toHaveValue('');
  await expectGood(page);

  await as(page, bill, async (his) => {
    // His phone is days ahead; the time bank's own clock counts.
    await his.clock.setSystemTime(Date.now() + 3 * 86_400_000);
    await opened(his, '/home', 'Hello, Bill');
    await expect(his.getByRole('heading', { name: 'Maria asks to meet tomorrow at 2pm' })).toBeVisible();
    await expect(his.getByRole('link', { name: 'Maria has written to you' })).toBeVisible();
    await expectGood(his);
    await his.getByRole('button', { name: 'Yes, that suits me' }).click();
    await expect(his.getByRole('heading', { name: 'Maria asks to meet tomorrow at 2pm' })).toBeHidden();
    await opened(his, `/exchange?id=${id}`, 'You help Maria with a lift');
    await expect(his.getByText('I have the clinic in the morning')).toBeVisible();
    await expect(his.getByText(/2pm/).first()).toBeVisible();
    await his.getByRole('link', { name: 'Meet regularly' }).click();
    await his.getByRole('button', { name: 'Ask Maria' }).click();
    await expect(his.getByRole('alert')).toContainText('Choose how often');
    await his.getByLabel('Every week').check();
    await expectGood(his);
    await his.getByRole('button', { name: 'Ask Maria' }).click();
    await expect(his.getByRole('heading', { level: 1, name: 'You said you can help Maria with a lift' })).toBeVisible();
    await expect(his.getByText('You and Maria meet every week.')).toBeVisible();
    await expectGood(his);
    await his.getByRole('button', { name: 'Stop meeting regularly' }).click();
    await expect(his.getByText('You no longer meet regularly.')).toBeVisible();
    await opened(his, `/exchange?id=${id}&do=cancel`, 'You help Maria with a lift');
    await his.getByLabel('Would you like to say why?').fill('I have a cold');
    await his.getByRole('button', { name: 'Call it off' }).click();
    await expect(his.getByText('You called it off. Maria has been told.')).toBeVisible();
  });
  // Her page is old: what she taps is refused, and the page shows how it stands.
  await page.getByRole('link', { name: 'I can’t come' }).click();
  await page.getByRole('button', { name: 'Call it off' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'It is off with Bill' })).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('This has changed since you looked.');
  await expect(page.getByText('Bill called it off.')).toBeVisible();
  await expect(page.getByText('I have a cold', { exact: true })).toBeVisible();
  await expect(page.getByText('We are looking for someone else.')).toBeVisible();
  await expectGood(page);
});

test('a word of thanks, the same again, and the same as last time', async ({ page }) => {
  const [maria, bill] = [await newMember('Maria'), await newMember('Bill')];
  const id = await settled(bill, maria);
  await signInAs(page, maria);
  await opened(page, `/exchange?id=${id}`, 'Bill helped you with a lift');
  await page.getByText('Who did what').click();
  await expect(page.getByText('Sam did this for Bill, who said so on the phone.').first()).toBeVisible();
  await expectGood(page);
  await page.getByRole('link', { name: 'Say thank you to Bill' }).click();
  await page.getByLabel('A word of thanks to Bill').fill('You drive so gently');
  await expectGood(page);
  await page.getByRole('button', { name: 'Send it' }).click();
  await expect(page.getByText('Bill will be pleased.')).toBeVisible();
  await expect(page.getByText('You drive so gently')).toBeVisible();
  await page.getByRole('link', { name: 'Ask for the same again' }).click();
  await expectGood(page);
  await page.getByRole('button', { name: 'Ask Bill' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'You asked Bill for help with a lift' })).toBeVisible();

  await opened(page, '/record', 'Who was it with?');
  await page.getByRole('link', { name: /Bill/ }).click();
  await expect(page.getByText('Bill helped you with a lift, 1 hour.')).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: 'Yes, the same again today' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'That is written down' })).toBeVisible();
  await expect(page.getByText('1 hour with Bill. Now we ask Bill if that is right.')).toBeVisible();
});

test('the link of the e-mail asks one thing, and one tap answers it, without signing in', async ({ page }) => {
  const [maria, bill] = [await newMember('Maria'), await newMember('Bill')];
  const his = await apiOf(bill);
  await his.post('/help-given', { helper_id: bill.id, helped_id: maria.id, kind: 'out.lift', minutes: 90 });
  await his.dispose();
  const link = async () => {
    const { messages } = (await (await page.request.get('/api/demo/mail')).json()) as { messages: { to: string; text: string }[] };
    return messages.find(({ to, text }) => to === maria.email && text.includes('/confirm#'))?.text.match(/\/confirm#\S+/)?.[0];
  };
  await expect.poll(link).toBeTruthy();
  const path = (await link())!;
  await opened(page, path, 'Are these hours right?');
  await expect(page.getByRole('heading', { name: 'Bill helped you for 1 hour 30 minutes. Is that right?' })).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: 'Yes, that is right' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Thank you, that is settled' })).toBeVisible();
  await expectGood(page);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Thank you, that is settled' })).toBeVisible();
  await page.goto('/confirm#hilltop.nonsense');
  await page.reload();
  await expect(page.getByRole('alert')).toContainText('This link has done its work, or is too old.');
  await expectGood(page);
});

test('an offer is found by everyday words with a slip of the finger', async ({ page }) => {
  const [carys, bill] = [await newMember('Carys'), await newMember('Bill')];
  const mark = `topiary${carys.id.slice(-6).replace(/[^a-z]/g, 'x')}`;
  const hers = await apiOf(carys);
  await hers.post('/offers', { kind: 'garden.garden', note: `${mark}, swans and ducks`, far: 'street' });
  await hers.dispose();
  await signInAs(page, bill);
  await opened(page, '/offers', 'What people offer');
  await expectGood(page);
  const box = page.getByLabel('What are you looking for?');
  await box.fill(`${mark.slice(0, 3)}${mark[4]}${mark[3]}${mark.slice(5)}`);
  await box.press('Enter');
  await expect(page.getByText(`We looked for: ${mark}.`)).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: mark })).toContainText('Only on their own street');
  await expectGood(page);
  await box.fill('qqqq xxxx');
  await page.getByRole('button', { name: 'Look' }).click();
  await expect(page.getByText('Nothing found for “qqqq xxxx”')).toBeVisible();
  await expectGood(page);
  // What is not there yet is told when it comes, until one has heard enough.
  await page.getByRole('link', { name: 'Tell me when somebody offers this' }).click();
  await expect(page.getByText('Nothing yet.')).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: 'Tell me' }).first().click();
  await expect(page.getByText('Done. We tell you when there is something new.')).toBeVisible();
  await page.getByRole('button', { name: 'Tell me' }).click();
  await expect(page.getByText('Choose a kind of help, or write a word.').first()).toBeVisible();
  await page.getByLabel('Which kind of help?').selectOption({ label: 'Gardening' });
  await page.getByRole('button', { name: 'Tell me' }).click();
  await expect(page.getByText('When somebody offers: Gardening', { exact: true })).toBeVisible();
  await expectGood(page);
  await page.getByRole('listitem').filter({ hasText: 'When somebody offers: Gardening' }).getByRole('button').click();
  await expect(page.getByText('When somebody offers: Gardening', { exact: true })).toHaveCount(0);
  await expect(page.getByText('When somebody offers: “qqqq xxxx”', { exact: true })).toBeVisible();
});

/** What was not answered is kept and shown; once there is an answer again, it goes by itself. */
async function waits(page: Page, route: string): Promise<void> {
  await expect(page.getByText('We send it by itself').first()).toBeVisible();
  await page.unroute(route);
  await opened(page, '/home', 'Hello, Maria');
  await expect(page.getByText('We send it by itself')).toHaveCount(0);
}

test('an answer that was lost, and two quick taps, count once', async ({ page }) => {
  test.slow();
  const [maria, bill] = [await newMember('Maria'), await newMember('Bill')];
  const his = await apiOf(bill);
  const { id } = await his.post('/help-given', { helper_id: bill.id, helped_id: maria.id, kind: 'out.lift', minutes: 60 });
  await signInAs(page, maria);

  // The server hears the yes, the phone does not hear the server.
  await opened(page, `/exchange?id=${id}`, /Bill helped you for 1 hour/);
  await page.route('**/confirm', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.getByRole('button', { name: 'Yes, that is right' }).click();
  await waits(page, '**/confirm');

  // The same for help that is recorded.
  await opened(page, `/record?who=${bill.id}`, 'You and Bill');
  await page.getByLabel('I helped Bill').check();
  await page.getByLabel('30 minutes', { exact: true }).check();
  await page.route('**/help-given', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.getByRole('button', { name: 'Record it' }).dblclick();
  await waits(page, '**/help-given');

  // And for asking: too many words, then a lost answer, all with a nervous finger.
  await opened(page, '/ask?kind=out&when=this-week', 'Shall we send this?');
  const note = 'To the eye clinic and back. '.repeat(60);
  await page.getByLabel('Anything we should know?').fill(note);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('alert')).toContainText('Write at most 1000 characters.');
  await expect(page.getByLabel('Anything we should know?')).toHaveValue(note);
  await page.getByLabel('Anything we should know?').fill('To the eye clinic and back');
  await page.route('**/requests', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.getByRole('button', { name: 'Send' }).dblclick();
  await waits(page, '**/requests');
  await expect(page.getByRole('link', { name: /You asked for/ })).toHaveCount(1);

  const home = () => his.get<{ balance: number; answers: unknown[] }>(`/members/${bill.id}/home`);
  await expect.poll(async () => (await home()).balance).toBe(60);
  expect((await home()).answers).toHaveLength(1);
  await his.dispose();
});
