import { expect, test, type Locator, type Page } from '@playwright/test';
import { expectGood, settled } from './bar.ts';
import { apiOf, mailedCode, newMember, signInAs, type Person } from './lib/signin.ts';

// The member's side against a `timebank demo` server, each test with people of its own.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');

async function opened(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
}

/** However long the list has become. */
async function shown(page: Page, card: Locator): Promise<void> {
  await expect(page.getByRole('main').getByRole('heading', { level: 2 }).first()).toBeVisible();
  const more = page.getByRole('button', { name: 'Show more' });
  while (!(await card.isVisible()) && (await more.isVisible())) {
    await more.click();
    await expect(page.getByText('Fetching more')).toHaveCount(0);
  }
  await expect(card).toBeVisible();
}

/** In another browser, as somebody else. */
async function as(page: Page, person: Person, what: (page: Page) => Promise<void>): Promise<void> {
  const context = await page.context().browser()!.newContext({ viewport: page.viewportSize(), locale: 'en-GB', timezoneId: 'America/New_York' });
  const theirs = await context.newPage();
  await signInAs(theirs, person);
  await what(theirs);
  await context.close();
}

test('signing in with a code takes four taps, and no key but those of address and code', async ({ page }, info) => {
  test.skip(info.project.name !== 'phone', 'the same steps at any width');
  const ada = await newMember('Ada');
  await page.addInitScript(() => {
    const count = (what: string) => sessionStorage.setItem(what, String(Number(sessionStorage.getItem(what)) + 1));
    addEventListener('keydown', () => count('keys'), true);
    addEventListener('click', ({ detail }) => detail > 0 && count('taps'), true);
  });
  await page.goto('/sign-in');
  await page.getByLabel('E-mail or phone number').tap();
  await page.keyboard.type(ada.email);
  const before = Date.now() - 1000;
  await page.getByRole('button', { name: 'Send me a code' }).tap();
  await page.getByLabel('Six-figure code').tap();
  await page.keyboard.type(await mailedCode(ada.email, before));
  await page.getByRole('button', { name: 'Sign in', exact: true }).tap();
  await expect(page).toHaveURL(/\/home$/);
  const counted = await page.evaluate(() => ['keys', 'taps'].map((what) => Number(sessionStorage.getItem(what))));
  expect(counted).toEqual([ada.email.length + 6, 4]);
});

test('a member signs in with the code from the mail, and comes back to the page they wanted', async ({ page }) => {
  const maria = await newMember('Maria');
  await page.goto('/hours');
  await expect(page).toHaveURL(/\/sign-in\?back=%2Fhours/);
  await expectGood(page);
  await page.getByLabel('E-mail or phone number').fill(` ${maria.email.toUpperCase()} `);
  const before = Date.now() - 1000;
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Type the code' })).toBeFocused();
  await expect(page.getByRole('link', { name: /demo\/mail/ })).toBeVisible();
  await expectGood(page);

  // A wrong code says so, keeps what was typed and can be put right.
  const box = page.getByLabel('Six-figure code');
  await expect(box).toHaveAttribute('autocomplete', 'one-time-code');
  await box.fill('000 001');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page).toHaveTitle(/^Error: /);
  await expect(box).toHaveValue('000 001');
  await expect(box).toHaveAccessibleDescription(/That code does not work/);
  await expectGood(page);

  const code = await mailedCode(maria.email, before);
  await box.fill(`${code.slice(0, 3)} ${code.slice(3)}`);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(/\/hours$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Your hours' })).toBeVisible();
});

test('signing in needs no mouse', async ({ page }) => {
  const ada = await newMember('Ada');
  const before = Date.now() - 1000;
  await page.goto('/sign-in');
  await settled(page);
  const reach = async (what: ReturnType<Page['getByLabel']>) => {
    for (let presses = 0; presses < 12; presses++) {
      if (await what.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    await expect(what).toBeFocused();
  };
  await reach(page.getByLabel('E-mail or phone number'));
  await page.keyboard.type(ada.email);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Type the code' })).toBeFocused();
  await reach(page.getByLabel('Six-figure code'));
  await page.keyboard.type(await mailedCode(ada.email, before));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/home$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Hello, Ada' })).toBeVisible();
});

test('what is neither an e-mail nor a number is refused beside its field', async ({ page }) => {
  await page.goto('/sign-in');
  await settled(page);
  await page.getByLabel('E-mail or phone number').fill('nobody');
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('E-mail or phone number')).toHaveValue('nobody');
  await expect(page.getByLabel('E-mail or phone number')).toHaveAccessibleDescription(/Write your e-mail address/);
});

test('help is asked for in three taps', async ({ page }) => {
  const edna = await newMember('Edna');
  await signInAs(page, edna);
  await opened(page, '/home', 'Hello, Edna');
  await expectGood(page);
  await page.getByRole('main').getByRole('link', { name: /Ask for help/ }).last().click();

  await expect(page.getByRole('heading', { level: 1, name: 'What would you like help with?' })).toBeVisible();
  await expectGood(page);
  await page.getByRole('link', { name: /Getting out/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'When would suit you?' })).toBeVisible();
  await expectGood(page);
  await page.getByRole('link', { name: /This week/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Shall we send this?' })).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: 'Send' }).click();

  await expect(page.getByRole('heading', { level: 1, name: 'We have your request' })).toBeVisible();
  await expect(page.getByText('You say yes or no. Nothing is settled before that.')).toBeVisible();
  await expectGood(page);
  await page.getByRole('link', { name: 'Back to the first page' }).click();
  await expect(page.getByRole('link', { name: 'You asked for: Getting out' })).toBeVisible();
  await expect(page.getByText('We are looking for the right person. You asked: today.')).toBeVisible();

  // And it can be taken back.
  await page.getByRole('link', { name: 'You asked for: Getting out' }).click();
  await expect(page.getByRole('button', { name: 'Take it off the list' })).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: 'Take it off the list' }).click();
  await expect(page).toHaveURL(/\/me$/);
  await opened(page, '/home', 'Hello, Edna');
  await expect(page.getByText('You asked for: Getting out')).toHaveCount(0);
});

test('help is asked for on a certain day, over a video call', async ({ page }) => {
  const edna = await newMember('Edna');
  await signInAs(page, edna);
  await opened(page, '/ask?kind=learn', 'When would suit you?');
  await page.getByRole('link', { name: /On a certain day/ }).click();
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('alert')).toContainText('Choose days from today on');
  await expectGood(page);
  await page.getByLabel('Which day?').selectOption({ index: 4 });
  const day = await page.getByLabel('Which day?').locator('option:checked').innerText();
  await page.getByText('Where, and how far').click();
  await page.getByLabel('On a video call').check();
  await expectGood(page);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'We have your request' })).toBeVisible();
  await page.getByRole('link', { name: 'Add a photo' }).click();
  await expect(page.getByText(`On ${day}.`)).toBeVisible();
  await expect(page.getByText('On a video call')).toBeVisible();
  await expectGood(page);
});

test('one offers, the other asks, they agree, one records, the other confirms, and both statements show it', async ({ page }) => {
  test.slow();
  const [carys, bill] = [await newMember('Carys'), await newMember('Bill')];
  const line = `Dogs of any size ${carys.id.slice(-6)}`;

  await as(page, carys, async (theirs) => {
    await opened(theirs, '/offer', 'What would you enjoy doing?');
    await expectGood(theirs);
    await theirs.getByRole('link', { name: 'Garden and pets' }).click();
    await expectGood(theirs);
    await theirs.getByRole('link', { name: 'Dog walking and pets' }).click();
    await theirs.getByLabel('Anything people should know?').fill(line);
    await expectGood(theirs);
    await theirs.getByRole('button', { name: 'Add my offer' }).click();
    await expect(theirs.getByRole('heading', { level: 1, name: 'Thank you. Your offer is on the list' })).toBeVisible();
    await opened(theirs, '/me', 'Carys');
    await expect(theirs.getByText(line)).toBeVisible();
    await expectGood(theirs);
  });

  await signInAs(page, bill);
  await opened(page, '/offers', 'What people offer');
  const card = page.getByRole('listitem').filter({ hasText: line });
  await shown(page, card);
  await expectGood(page);
  await card.getByRole('link', { name: /Ask Carys/ }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Ask Carys' })).toBeVisible();
  await page.getByLabel('On a day I choose').check();
  await page.getByLabel('Time', { exact: true }).selectOption('10am');
  await expectGood(page);
  await page.getByRole('button', { name: 'Ask Carys' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'We have asked Carys' })).toBeVisible();
  await expectGood(page);
  await page.getByRole('link', { name: 'See it' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'You asked Carys for help with dog walking' })).toBeVisible();
  await expect(page.getByText('Tomorrow at 10am')).toBeVisible();
  await expectGood(page);

  await as(page, carys, async (theirs) => {
    await opened(theirs, '/home', 'Hello, Carys');
    await expect(theirs.getByRole('heading', { name: 'Bill would like your help with dog walking' })).toBeVisible();
    await expectGood(theirs);
    await theirs.getByRole('button', { name: 'Yes, I would like that' }).click();
    await expect(theirs.getByText('Lovely. Bill will be told')).toBeVisible();
    await opened(theirs, '/diary', 'Your diary');
    await expect(theirs.getByText('You help Bill with dog walking')).toBeVisible();
    await expect(theirs.getByText('10am')).toBeVisible();
    await expectGood(theirs);
    await theirs.getByRole('link', { name: /I can’t come/ }).click();
    await expect(theirs.getByText('These things happen.')).toBeVisible();
    await expectGood(theirs);
    await theirs.getByRole('link', { name: 'No, keep it' }).click();
    await theirs.getByRole('link', { name: 'Say how long it took' }).click();
    await theirs.getByRole('button', { name: 'Record it' }).click();
    await expect(theirs.getByRole('alert')).toBeFocused();
    await expectGood(theirs);
    await theirs.getByLabel('1 hour 30 minutes').check();
    await theirs.getByRole('button', { name: 'Record it' }).click();
    await expect(theirs.getByText('That is written down. We ask Bill if it is right.')).toBeVisible();
    await expectGood(theirs);
  });

  await opened(page, '/home', 'Hello, Bill');
  await expect(page.getByRole('heading', { name: 'Carys helped you for 1 hour 30 minutes. Is that right?' })).toBeVisible();
  await expectGood(page);
  await page.getByRole('button', { name: 'Yes, that is right' }).click();
  await expect(page.getByText('Thank you. 1 hour 30 minutes went to Carys.')).toBeVisible();
  await expect(page.getByText('You have had 1 hour 30 minutes more than you have given. That is fine.')).toBeVisible();
  await page.getByRole('link', { name: 'See all your hours' }).click();
  await expect(page.getByText('Carys helped you: dog walking')).toBeVisible();
  await expect(page.getByText('1 hour 30 minutes from you')).toBeVisible();
  await expectGood(page);

  await as(page, carys, async (theirs) => {
    await opened(theirs, '/hours', 'Your hours');
    await expect(theirs.getByText('You have 1 hour 30 minutes to use.')).toBeVisible();
    await expect(theirs.getByText('You helped Bill: dog walking')).toBeVisible();
    await expect(theirs.getByText('1 hour 30 minutes for you')).toBeVisible();
  });

  // What they did last is already there when the next hour is recorded.
  await opened(page, '/record', 'Who was it with?');
  await expectGood(page);
  await page.getByRole('link', { name: /Carys/ }).click();
  await expect(page.getByLabel('What was it?')).toHaveValue('garden.dog');
  await page.getByRole('button', { name: 'Record it' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expectGood(page);
  await page.getByLabel('I helped Carys').check();
  await page.getByLabel('30 minutes', { exact: true }).check();
  await page.getByLabel('Yesterday').check();
  await page.getByRole('button', { name: 'Record it' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'That is written down' })).toBeVisible();
  await expectGood(page);

  await as(page, carys, async (theirs) => {
    await opened(theirs, '/home', 'Hello, Carys');
    await theirs.getByRole('link', { name: 'No, something else' }).click();
    await expect(theirs.getByText('Nobody is in trouble.')).toBeVisible();
    await theirs.getByRole('button', { name: 'Tell the office' }).click();
    await expect(theirs.getByRole('alert')).toBeFocused();
    await theirs.getByLabel('What is not right?').fill('It was a quarter of an hour');
    await expectGood(theirs);
    await theirs.getByRole('button', { name: 'Tell the office' }).click();
    await expect(theirs.getByRole('heading', { level: 1, name: 'You and Bill remember it differently' })).toBeVisible();
    await expectGood(theirs);
  });
});

test('a request is answered from the list, declined kindly, and open again', async ({ page }) => {
  const [edna, tom] = [await newMember('Edna'), await newMember('Tom')];
  const line = `The hem of a coat ${edna.id.slice(-6)}`;
  const hers = await apiOf(edna);
  await hers.post('/requests', { kind: 'make.sew', timing: 'no-hurry', note: line });
  await hers.dispose();

  await signInAs(page, tom);
  await opened(page, '/offers?type=request', 'Who would like a hand');
  const card = page.getByRole('listitem').filter({ hasText: line });
  await shown(page, card);
  await expectGood(page);
  await card.getByRole('link', { name: /Help Edna/ }).click();
  await page.getByRole('button', { name: 'Help Edna' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'We have asked Edna' })).toBeVisible();

  await as(page, edna, async (theirs) => {
    await opened(theirs, '/home', 'Hello, Edna');
    await expect(theirs.getByRole('heading', { name: 'Tom can help you with sewing and mending' })).toBeVisible();
    await theirs.getByRole('link', { name: 'No, not this time' }).click();
    await expectGood(theirs);
    await theirs.getByRole('button', { name: 'No, not this time' }).click();
    await expect(theirs.getByRole('heading', { level: 1, name: 'It is off with Tom' })).toBeVisible();
    await expectGood(theirs);
    await opened(theirs, '/home', 'Hello, Edna');
    await expect(theirs.getByText('You asked for: Sewing and mending')).toBeVisible();
  });
});

test('somebody new finds friendly pages, not empty ones', async ({ page }) => {
  await signInAs(page, await newMember('Nia'));
  for (const [path, heading, words] of [
    ['/diary', 'Your diary', 'Nothing in your diary yet'],
    ['/hours', 'Your hours', 'No hours yet'],
    ['/record', 'Record hours|Who was it with', 'You have not met anyone here yet'],
    ['/me', 'Nia', 'You have no offers on the list'],
    ['/exchange', 'Help between two people', 'Choose a meeting in your diary'],
    ['/listing', 'What people offer', 'Choose something from the list'],
  ] as const) {
    await opened(page, path, new RegExp(heading));
    await expect(page.getByText(words)).toBeVisible();
    await expectGood(page);
  }
  await opened(page, '/exchange?id=00000000-0000-7000-8000-000000000000', 'Help between two people');
  await expect(page.getByRole('alert')).toContainText('We cannot find this.');
  await expectGood(page);
});

test('a server that cannot be reached, or never answers, is said so, and the page comes back', async ({ page }) => {
  // Twenty seconds are one here.
  await page.addInitScript(() => {
    const whole = AbortSignal.timeout.bind(AbortSignal);
    AbortSignal.timeout = (milliseconds) => whole(milliseconds / 20);
  });
  await signInAs(page, await newMember('Olu'));
  await page.route('**/api/banks/*/members/**', (route) => route.abort());
  for (const path of ['/home', '/diary', '/hours', '/me']) {
    await page.goto(path);
    await expect(page.getByRole('alert')).toContainText('We could not reach the time bank just now');
    await expectGood(page);
  }
  await page.unroute('**/api/banks/*/members/**');
  await page.route('**/api/banks/*/members/**', () => undefined);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('Trying')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('We could not reach the time bank just now');
  await page.unroute('**/api/banks/*/members/**');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('You have no offers on the list')).toBeVisible();
});

test('signing out ends the session', async ({ page }) => {
  await signInAs(page, await newMember('Meena'));
  await opened(page, '/me', 'Meena');
  await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/$/);
  await page.goto('/home');
  await expect(page).toHaveURL(/\/sign-in/);
});

test('the dark and the largest words serve too', async ({ page }) => {
  await signInAs(page, await newMember('Sam'));
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.addInitScript(() => localStorage.setItem('text-size', 'largest'));
  for (const path of ['/home', '/ask', '/ask?kind=out&when=today', '/offers', '/sign-in']) {
    await page.goto(path);
    await settled(page);
    await expectGood(page);
  }
});
