import { expect, test, type Locator, type Page } from '@playwright/test';
import { expectGood } from './bar.ts';
import { apiAs, receptionist, signIn } from './lib/signin.ts';
import { answers, fillIn, openForm, somebody, unlike } from './lib/surgery.ts';

// The surgery's form against `timebank demo`. Every test brings patients of its own, so it can run again and
// beside others on the same database.

const summary = (page: Page, words: string): Locator => page.locator('summary').filter({ hasText: words });

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
