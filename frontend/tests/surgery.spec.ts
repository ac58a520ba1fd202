import { randomUUID } from 'node:crypto';
import { expect, test, type Locator, type Page } from '@playwright/test';
import { expectGood } from './bar.ts';
import { apiAs, broker, receptionist, signIn } from './lib/signin.ts';

// The surgery's desk against `timebank demo`. Every test brings patients of its own, so it can run again and
// beside others on the same database.

type Referral = { id: string; reference: string; words: string; what_next: string };

const letters = 'abcdefghijklmnopqrstuvwxyz';
const unlike = () => Array.from(randomUUID().replace(/-/g, ''), (figure) => letters[parseInt(figure, 16)]).join('');
const somebody = () => `Ada ${unlike().slice(0, 12)}`;

const answers = (name = somebody()) => ({
  agreed: 'now',
  name,
  birth_day: 27,
  birth_month: 3,
  birth_year: 1951,
  reach_by: 'call',
  reach: '07700 900 461',
  safe_message: 'yes',
  wants: ['company'],
});

async function refer(more: object = {}): Promise<Referral> {
  const as = await apiAs(receptionist);
  const { referral } = await as.post<{ referral: Referral }>('/referrals', { ...answers(), ...more });
  await as.dispose();
  return referral;
}

async function openForm(page: Page): Promise<void> {
  await signIn(page, receptionist);
  await page.goto('/surgery/refer');
  await expect(page.getByLabel('Yes, now with me')).toBeFocused();
}

/** Everything that has to be answered, by mouse. */
async function fillIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Yes, now with me').check();
  await page.getByLabel('Full name').fill(name);
  await page.getByLabel('Day').fill('27');
  await page.getByLabel('Month').fill('3');
  await page.getByLabel('Year').fill('1951');
  await page.getByLabel('Call', { exact: true }).check();
  await page.getByLabel('Phone number').fill('07700 900 461');
  await page.getByRole('group', { name: 'Is it safe to leave a message?' }).getByLabel('Yes').check();
  await page.getByLabel('Company').check();
}

const summary = (page: Page, words: string): Locator => page.locator('summary').filter({ hasText: words });

const rowOf = (page: Page, reference: string): Locator => page.getByRole('row').filter({ hasText: reference });

test.describe('the referral form', () => {
  test('is filled in by the keyboard alone, in the order of a phone call', async ({ page }, { project }) => {
    await openForm(page);
    await expectGood(page);
    await page.setViewportSize(project.use.viewport!);
    await page.getByLabel('Yes, now with me').focus();

    const { keyboard } = page;
    let stops = 1;
    let keys = 0;
    const press = async (key: string) => {
      await keyboard.press(key);
      keys += 1;
    };
    const tab = async (to: Locator) => {
      await press('Tab');
      stops += 1;
      await expect(to).toBeFocused();
    };
    const type = async (words: string) => {
      await keyboard.type(words);
      keys += words.length;
    };

    await press('Space');
    await tab(summary(page, 'Paste from the record instead of typing'));
    await tab(page.getByLabel('Full name'));
    await type(somebody());
    await tab(page.getByLabel('What do they like to be called?'));
    await tab(page.getByLabel('Day'));
    await type('27');
    await tab(page.getByLabel('Month'));
    await type('3');
    await tab(page.getByLabel('Year'));
    await type('1951');
    await tab(page.getByLabel('Call', { exact: true }));
    await press('ArrowDown');
    await expect(page.getByLabel('Text', { exact: true })).toBeChecked();
    await press('ArrowUp');
    await tab(page.getByLabel('Phone number'));
    await type('07700900461');
    const message = page.getByRole('group', { name: 'Is it safe to leave a message?' });
    await tab(message.getByLabel('Yes'));
    await press('Space');
    const wants = page.getByRole('group', { name: 'What would help?' });
    for (const box of await wants.getByRole('checkbox').all()) {
      await tab(box);
      if ((await box.getAttribute('value')) === 'company') await press('Space');
    }
    // At forty words of five letters a minute.
    const seconds = (keys * 60) / (40 * 5);
    expect(seconds).toBeLessThan(60);

    // What is left may all be skipped; it is walked through here only to count.
    await tab(page.getByLabel('What are they good at'));
    await tab(page.getByRole('group', { name: 'Anything we should know' }).getByLabel('No', { exact: true }));
    await tab(summary(page, 'What makes contact easier'));
    await tab(page.getByRole('button', { name: 'Send referral' }));
    expect(stops).toBeLessThanOrEqual(25);

    await keyboard.press('Control+Enter');
    await expect(page.getByRole('heading', { level: 1, name: 'Referral sent' })).toBeVisible();
    console.log(`answered by keyboard at forty words a minute in ${Math.round(seconds)} seconds, ${stops} tab stops`);
    await expect(page.getByRole('button', { name: 'Another referral' })).toBeFocused();
    await expectGood(page);
  });

  test('asks six things and no more, and keeps what was typed when they are missing', async ({ page }) => {
    await openForm(page);
    await page.keyboard.press('Control+Enter');
    const summary = page.getByRole('alert');
    await expect(summary).toBeFocused();
    await expect(page).toHaveTitle(/^Error: /);
    await expect(summary.getByRole('link')).toHaveCount(6);
    await expectGood(page);

    // Each error leads to its field, and says there what the summary says.
    for (const link of await summary.getByRole('link').all()) {
      const words = (await link.textContent()) ?? '';
      await link.click();
      await expect(page.locator(':focus').locator('xpath=ancestor::div[contains(@class,"tb-field")][1]')).toContainText(words);
    }

    await page.getByLabel('Full name').fill('Ada Whitlock');
    await page.getByLabel('Day').fill('31');
    await page.getByLabel('Month').fill('February');
    await page.getByLabel('Year').fill('1951');
    await page.getByLabel('Call', { exact: true }).check();
    await page.getByLabel('Phone number').fill('0770');
    await page.getByLabel('Company').check();
    await page.getByRole('button', { name: 'Send referral' }).click();
    await expect(summary.getByRole('link')).toHaveCount(4);
    await expect(summary).toBeFocused();
    await expect(summary).toContainText('Date of birth must be a real date');
    await expect(page.getByLabel('Full name')).toHaveValue('Ada Whitlock');
    await expect(page.getByLabel('Month')).toHaveValue('February');
    await expect(page.getByLabel('Phone number')).toHaveValue('0770');
    await expect(page.getByLabel('Phone number')).toHaveAccessibleDescription(/Enter a phone number/);
    await expect(page.getByLabel('Company')).toBeChecked();
  });

  test('shows the one field that a way to reach somebody needs, and mixes up no numbers', async ({ page }) => {
    await openForm(page);
    await page.getByLabel('Text', { exact: true }).check();
    await page.getByLabel('Mobile number').fill('07700 900 461');
    await page.getByLabel('Email', { exact: true }).check();
    await expect(page.getByLabel('Email address')).toHaveValue('');
    await page.getByLabel('Post', { exact: true }).check();
    await expect(page.getByLabel('Postal address')).toHaveValue('');
    await page.getByLabel('Through someone else').check();
    await expect(page.getByLabel('How do we reach that person?')).toHaveValue('');
    await expectGood(page);
    await page.getByRole('button', { name: 'Send referral' }).click();
    await expect(page.getByRole('alert')).toContainText('Enter the name of the person we can reach them through');
    await expect(page.getByRole('alert')).toContainText('Enter who that person is to them');
    await page.getByLabel('Call', { exact: true }).check();
    await expect(page.getByLabel('Phone number')).toHaveValue('07700 900 461');
  });

  test('stops at a No, and nothing leaves the browser', async ({ page }) => {
    await openForm(page);
    await page.getByLabel('Full name').fill(somebody());
    const sent: string[] = [];
    page.on('request', (request) => {
      if (request.method() !== 'GET' && !request.url().endsWith('/api/session/renew')) sent.push(request.url());
    });
    await page.getByLabel('No', { exact: true }).first().check();
    await expect(page.getByRole('heading', { name: 'That is fine. We keep nothing.' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Send referral' })).toHaveCount(0);
    await expectGood(page);
    await page.keyboard.press('Control+Enter');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Start with someone else' }).click();
    await expect(page.getByLabel('Yes, now with me')).toBeFocused();
    await expect(page.getByLabel('Full name')).toHaveValue('');
    await page.getByLabel('No', { exact: true }).first().check();
    await page.getByRole('link', { name: 'Print calling cards' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Calling cards' })).toBeVisible();
    expect(sent).toEqual([]);

    // The server holds to it too, whoever asks.
    const as = await apiAs(receptionist);
    const refused = await page.request.post(`/api/banks/${as.bank.slug}/referrals`, { data: { ...answers(), agreed: 'no' } });
    expect(refused.status()).toBe(422);
    expect(await refused.json()).toMatchObject({ code: 'not-agreed' });
    await as.dispose();
  });

  test('reads a banner in the browser only', async ({ page }) => {
    // All that the page sends, as the page sends it.
    const sent: string[] = [];
    await page.exposeFunction('keepSent', (what: string) => void sent.push(what));
    await page.addInitScript(() => {
      const real = window.fetch;
      const { keepSent } = window as unknown as { keepSent: (what: string) => Promise<void> };
      window.fetch = async (input, init) => {
        const request = new Request(input, init);
        await keepSent(`${request.url} ${await request.clone().text()}`);
        return real(request);
      };
    });
    await openForm(page);
    const name = unlike().slice(0, 10).toUpperCase();
    await page.getByText('Paste from the record instead of typing').click();
    const box = page.getByLabel('Copy the patient’s banner');
    await expect(box).toBeFocused();
    await expectGood(page);
    await box.fill(`${name}, Ada (Mrs)  Born 27-Mar-1951 (75y)  NHS No. 999 000 0018  Secret-note  Mobile 07700 900 461`);
    await page.getByRole('button', { name: 'Fill in the answers' }).click();
    await expect(page.getByText('Filled in: name, date of birth and phone number. Please check.')).toBeVisible();
    await expect(page.getByLabel('Full name')).toBeFocused();
    await expect(page.getByLabel('Full name')).toHaveValue(`Ada ${name.charAt(0)}${name.slice(1).toLowerCase()}`);
    await expect(page.getByLabel('Day')).toHaveValue('27');
    await expect(page.getByLabel('Month')).toHaveValue('3');
    await expect(page.getByLabel('Year')).toHaveValue('1951');
    await expect(page.getByLabel('Call', { exact: true })).toBeChecked();
    await expect(page.getByLabel('Phone number')).toHaveValue('07700 900 461');
    await expect(box).toHaveValue('');

    await page.getByLabel('Yes, earlier').check();
    await page.getByRole('group', { name: 'Is it safe to leave a message?' }).getByLabel('Not sure').check();
    await page.getByLabel('Something to offer').check();
    await page.getByRole('button', { name: 'Send referral' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Referral sent' })).toBeVisible();
    expect(sent.join(' ')).toContain('Ada');
    expect(sent.join(' ')).not.toMatch(/Secret|999 ?000|Mrs|75y/);
  });

  test('keeps nothing on the disk of a shared desk, and nothing for whoever comes next', async ({ page }) => {
    await openForm(page);
    await page.getByLabel('Full name').fill('Ada Whitlock');
    for (const box of await page.locator('form input:not([type=radio]):not([type=checkbox])').all()) {
      expect(await box.evaluate((element) => (element as HTMLInputElement).autocomplete || (element as HTMLInputElement).form?.autocomplete)).toBe('off');
    }
    const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(stored).not.toContain('Whitlock');
    await page.getByRole('link', { name: 'Calling cards' }).click();
    await page.getByRole('link', { name: 'Refer someone' }).click();
    await expect(page.getByLabel('Full name')).toHaveValue('Ada Whitlock'); // an interruption loses nothing
    await page.reload();
    await expect(page.getByLabel('Yes, now with me')).toBeFocused();
    await expect(page.getByLabel('Full name')).toHaveValue('');
  });

  test('says whom to ring when the words sound urgent', async ({ page }) => {
    await openForm(page);
    await fillIn(page, somebody());
    await page.getByLabel('What are they good at').fill('Talked of suicide today');
    await page.keyboard.press('Control+Enter');
    const urgent = page.getByRole('alert');
    await expect(urgent).toContainText('999');
    await expect(urgent).toContainText('111, option 2');
    await expect(urgent).toContainText('duty clinician');
    await expectGood(page);
  });

  test('is closed for a surgery without an agreement, which still has its cards', async ({ page }) => {
    await signIn(page, receptionist);
    await page.route('**/api/banks/*/surgery', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), agreement: 'not-in-date' } });
    });
    await page.goto('/surgery/refer');
    await expect(page.getByRole('heading', { name: 'Calling cards only, for now' })).toBeVisible();
    await expect(page.locator('form')).toHaveCount(0);
    await expectGood(page);
  });

  test('loses nothing when the server cannot be reached', async ({ page }) => {
    await openForm(page);
    await fillIn(page, 'Ada Whitlock');
    await page.route('**/api/banks/*/referrals', (route) => route.abort());
    await page.getByRole('button', { name: 'Send referral' }).click();
    await expect(page.getByRole('alert')).toContainText('We could not reach the time bank just now');
    await expect(page.getByLabel('Full name')).toHaveValue('Ada Whitlock');
  });
});

test('a referral that was sent has a reference to copy, and stands in the list in words', async ({ page, context, browserName }) => {
  if (browserName === 'chromium') await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openForm(page);
  await fillIn(page, somebody());
  await page.keyboard.press('Control+Enter');
  const reference = await page.locator('.tb-panel__ref').textContent();
  expect(reference).toMatch(/^R-\w{4}-\w{3}$/);
  await expect(page.getByText(/Somebody from .+ rings them by \w+\s\d+\s\w+\./)).toBeVisible();
  await page.getByRole('button', { name: 'Copy line for the record' }).click();
  await expect(page.getByText('Copied. Paste it into the record.')).toBeVisible();
  const line = await page.evaluate(() => navigator.clipboard.readText());
  expect(line).toContain(reference);
  expect(line).toContain('871731000000106');
  expect(line).toContain('Referral to social prescribing service');
  await expectGood(page);

  await page.getByRole('link', { name: 'People you referred' }).click();
  const row = rowOf(page, reference!);
  await expect(row).toContainText('Received');
  await expect(row).toContainText(/We will ring by \w+ \d+ \w+\./);
  await expect(row).toContainText('Today, by you');
  await expect(page.locator('main')).not.toContainText('07700');
  await expectGood(page);

  await page.goBack();
  await expect(page.getByLabel('Full name')).toHaveValue('');
});

test('a question is answered where it is seen', async ({ page }) => {
  const { id, reference } = await refer();
  const as = await apiAs(broker);
  await as.post(`/referrals/${id}/acknowledge`, { version: 1 });
  await as.post(`/referrals/${id}/ask`, { version: 2, question: 'Is the number a landline?' });
  await as.dispose();

  await signIn(page, receptionist);
  await page.goto('/surgery');
  await expect(rowOf(page, reference)).toContainText('We have a question');
  const asked = page.locator('.tb-notice').filter({ hasText: reference });
  await expect(asked).toContainText('Is the number a landline?');
  await expectGood(page);
  await asked.getByRole('button', { name: 'Send answer' }).click();
  await expect(asked.getByRole('alert')).toBeFocused();
  await expect(page).toHaveTitle(/^Error: /);
  await expectGood(page);
  await asked.getByLabel('Your answer').fill('No, a mobile.');
  await asked.getByRole('button', { name: 'Send answer' }).click();
  await expect(page.getByText('Thank you, we have your answer.')).toBeVisible();
  await expect(rowOf(page, reference)).toContainText('Received');
  await expect(asked).toHaveCount(0);
});

test('one referral shows how it stands, and can be taken back with a reason', async ({ page }) => {
  const { id, reference, what_next } = await refer({ your_reference: 'Desk 4' });
  await signIn(page, receptionist);
  await page.goto('/surgery');
  await page.getByRole('link', { name: reference }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(reference);
  await expect(page).toHaveURL(`/surgery/referral?id=${id}`);
  await expect(page.locator('main')).toContainText(what_next);
  await expect(page.locator('main')).toContainText('Desk 4');
  await expectGood(page);
  await page.getByText('Take this referral back').click();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByRole('alert')).toContainText('Choose why you are taking it back');
  await expectGood(page);
  await page.getByLabel('It was sent by mistake').check();
  await page.getByRole('button', { name: 'Take it back' }).click();
  await expect(page.getByText('Taken back. We do not get in touch')).toBeVisible();
  await expect(page.locator('main')).toContainText('Withdrawn');
  await expect(page.getByText('Take this referral back')).toHaveCount(0);
  await expectGood(page);
});

test('a referral that is not ours to see is met with plain words', async ({ page }) => {
  await signIn(page, receptionist);
  for (const id of [randomUUID(), 'nonsense', '']) {
    await page.goto(`/surgery/referral?id=${id}`);
    await expect(page.getByRole('heading', { level: 1, name: 'We cannot find that referral' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'People you referred' }).first()).toBeVisible();
    await expectGood(page);
  }
});

test('the list says it honestly when we are late, puts it first, and shows how quick we are', async ({ page }) => {
  await signIn(page, receptionist);
  const one = (number: number, more: object) => ({
    id: randomUUID(), reference: `R-TEST-${number}00`, initials: 'AW', status: 'received', words: 'Received', what_next: 'We will ring by Wednesday 25 November.',
    delayed: false, submitted_at: new Date(Date.now() - 864e5).toISOString(), ring_by: new Date().toISOString(), sent_by: 'Priya', mine: true, can_withdraw: true, ...more,
  });
  const sorry = 'We are sorry: we have not tried to reach them yet, and this is later than we promised. A coordinator has been told.';
  await page.route('**/referrals/mine', (route) => route.fulfill({ json: { referrals: [one(1, { delayed: true, what_next: sorry }), one(2, { mine: false, sent_by: 'Tom' }), one(3, { status: 'joined', words: 'Joined' })] } }));
  await page.route('**/api/banks/*/surgery', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), replies: { median_hours: 5.4, referrals: 23, days: 90 } } });
  });
  await page.goto('/surgery');
  const first = page.getByRole('row').nth(1);
  await expect(first).toContainText('Later than we promised');
  await expect(first).toContainText('We are sorry');
  await expect(rowOf(page, 'R-TEST-200')).toContainText('Yesterday, by Tom');
  await expect(page.getByText('within 5 hours of working time')).toBeVisible();
  await expectGood(page);
  await page.getByRole('link', { name: 'Only mine' }).click();
  await expect(page).toHaveURL('/surgery?mine=1');
  await expect(rowOf(page, 'R-TEST-200')).toHaveCount(0);
  await expect(rowOf(page, 'R-TEST-300')).toBeVisible();
  await page.goBack();
  await expect(rowOf(page, 'R-TEST-200')).toBeVisible();
});

test('a surgery that has referred nobody yet hears what will be here', async ({ page }) => {
  await signIn(page, receptionist);
  await page.route('**/referrals/mine', (route) => route.fulfill({ json: { referrals: [] } }));
  await page.goto('/surgery');
  await expect(page.getByRole('heading', { name: 'Nobody yet' })).toBeVisible();
  await expectGood(page);
});

test('calling cards fill one page, and say nothing about health or the surgery', async ({ page }) => {
  await signIn(page, receptionist);
  await page.goto('/surgery/card');
  await expect(page.getByLabel('Ten to a sheet')).toBeChecked();
  await expect(page.locator('.preview')).toContainText('People near you swap an hour of help. No money.');
  await expectGood(page);
  const printed = async () => {
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    return { pages: pdf.match(/\/Type\s*\/Page\b(?!s)/g)?.length, sheet: pdf.match(/\/MediaBox\s*\[0 0 (\d+)[\d.]* (\d+)/)?.slice(1).map(Number) };
  };
  expect(await printed()).toEqual({ pages: 1, sheet: [594, 841] });
  await expect(page.locator('.sheet .card')).toHaveCount(10);
  await page.getByLabel('Large print').check();
  expect(await printed()).toEqual({ pages: 1, sheet: [420, 594] });
  await expectGood(page);

  // In print nothing else is left on the page, and no letter is smaller than 14 points.
  await page.getByLabel('Ten to a sheet').check();
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 794, height: 1123 });
  const words = await page.locator('body').innerText();
  expect(words).not.toMatch(/lonel|mental|health|surgery|GP\b|NHS|Sign out/i);
  const smallest = await page.locator('.sheet .card').first().evaluate((card) => Math.min(...[...card.querySelectorAll('p, span')].map((each) => parseFloat(getComputedStyle(each).fontSize))));
  expect(smallest).toBeGreaterThanOrEqual(14 * (96 / 72));
});

test('the surgery’s pages have title, heading and help before any script, and no form puts an answer into the address', async ({ browser, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL });
  const page = await context.newPage();
  for (const path of ['/surgery', '/surgery/refer', '/surgery/referral', '/surgery/card']) {
    await page.goto(path);
    await expect(page).toHaveTitle(/ · /);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('footer a[href^="tel:"]')).toBeVisible();
  }
  await context.close();
});
