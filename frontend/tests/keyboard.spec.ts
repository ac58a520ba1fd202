import { randomUUID } from 'node:crypto';
import { expect, test, type Locator, type Page } from '@playwright/test';
import { apiAs, apiOf, broker, newMember, signInAs } from './lib/signin.ts';

// What a member does most, by the keyboard alone, against a `timebank demo` server. Signing in is in member.spec.ts, the
// surgery's form in surgery.spec.ts.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');

/** On with the Tab key until it has the focus; for one of several choices, until one of them has it. */
async function reach(page: Page, what: Locator): Promise<void> {
  await expect(what).toBeVisible();
  for (let presses = 0; presses < 60; presses++) {
    const there = await what.evaluate((element) => {
      const now = document.activeElement;
      return now === element || (element instanceof HTMLInputElement && element.type === 'radio' && now instanceof HTMLInputElement && now.name === element.name && now.form === element.form);
    });
    if (there) return;
    await page.keyboard.press('Tab');
  }
  await expect(what).toBeFocused();
}

async function press(page: Page, what: Locator): Promise<void> {
  await reach(page, what);
  await page.keyboard.press('Enter');
}

async function choose(page: Page, what: Locator): Promise<void> {
  await reach(page, what);
  await page.keyboard.press('Space');
  for (let presses = 0; presses < 12 && !(await what.isChecked()); presses++) await page.keyboard.press('ArrowDown');
  await expect(what).toBeChecked();
}

async function opened(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
}

test('asking, offering, recording, confirming, signing up and giving need no mouse', async ({ page }) => {
  test.slow();
  const [maria, bill] = [await newMember('Maria'), await newMember('Bill')];
  const desk = await apiAs(broker);
  await desk.post('/help-given', { helper_id: maria.id, helped_id: bill.id, kind: 'out.lift', minutes: 60, both_agree: true, for_member: maria.id, consent: 'phone' });
  const title = `Gathering ${randomUUID().slice(0, 8)}`;
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(Date.now() + 3 * 86_400_000);
  await desk.post('/gatherings', { title, kind: 'company.chat', venue_name: `Hall ${title}`, day, clock: '14:00', minutes: 90 });
  await desk.dispose();
  const his = await apiOf(bill);
  await his.post('/help-given', { helper_id: bill.id, helped_id: maria.id, kind: 'garden.dog', minutes: 30 });
  await his.dispose();
  await signInAs(page, maria);
  const main = page.getByRole('main');
  const button = (name: string) => main.getByRole('button', { name, exact: true });

  await test.step('confirm', async () => {
    await opened(page, '/home', 'Hello, Maria');
    await press(page, button('Yes, that is right'));
    await expect(page.getByText('Thank you. 30 minutes went to Bill.')).toBeVisible();
  });
  await test.step('ask', async () => {
    await press(page, main.getByRole('link', { name: /Ask for help/ }).last());
    await press(page, main.getByRole('link', { name: /Getting out/ }));
    await press(page, main.getByRole('link', { name: /This week/ }));
    await press(page, button('Send'));
    await expect(page.getByRole('heading', { level: 1, name: 'We have your request' })).toBeVisible();
  });
  await test.step('offer', async () => {
    await opened(page, '/offer', 'What would you enjoy doing?');
    await press(page, main.getByRole('link', { name: 'Garden and pets' }));
    await press(page, main.getByRole('link', { name: 'Dog walking and pets' }));
    await press(page, button('Add my offer'));
    await expect(page.getByRole('heading', { level: 1, name: 'Thank you. Your offer is on the list' })).toBeVisible();
  });
  await test.step('record', async () => {
    await opened(page, '/record', 'Who was it with?');
    await press(page, main.getByRole('link', { name: /Bill/ }));
    await choose(page, page.getByLabel('I helped Bill'));
    await choose(page, page.getByLabel('30 minutes', { exact: true }));
    await press(page, button('Record it'));
    await expect(page.getByRole('heading', { level: 1, name: 'That is written down' })).toBeVisible();
  });
  await test.step('sign up', async () => {
    await opened(page, '/gatherings', 'What’s on');
    await press(page, main.getByRole('link', { name: title }));
    await press(page, button('Yes, I will come'));
    await expect(page.getByRole('heading', { name: 'You have a place' })).toBeVisible();
  });
  await test.step('give', async () => {
    await opened(page, '/give', 'Give hours');
    await reach(page, page.getByLabel('Who to?'));
    await page.keyboard.type('Bill');
    await expect(page.getByLabel('Who to?')).toHaveValue(bill.id);
    await choose(page, page.getByLabel('15 minutes', { exact: true }));
    await press(page, button('Give it'));
    await expect(page.getByText('Thank you. We ask them')).toBeVisible();
  });
});
