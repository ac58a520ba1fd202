import { expect, test } from '@playwright/test';
import { expectGood, expectNoAxe, expectNoSideways } from './bar.ts';

test.beforeEach(async ({ page }) => {
  await page.goto('/demo/components');
  // Alive; what is being looked up is one of the things to see here.
  await expect(page.locator('#svelte-announcer')).toBeAttached();
});

test('every component in every state clears the bar, in the dark, in other banks’ colours and in forced colours', async ({ page }) => {
  test.slow();
  await expectGood(page);
  for (const accent of ['', 'forest', 'harbour', 'brick']) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.evaluate((accent) => (document.documentElement.dataset.accent = accent), accent);
      await page.emulateMedia({ colorScheme });
      await expectNoAxe(page);
    }
  }
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' });
  await expectNoAxe(page);
  // What axe cannot see: a patch that the browser paints behind words, in the words' own colour.
  await expect(page.locator('.tb-button').first()).toHaveCSS('forced-color-adjust', 'none');
});

test('the largest words and wide spacing fit on a narrow phone', async ({ page }) => {
  await page.getByRole('button', { name: 'Largest' }).first().click();
  await expectNoSideways(page);
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-block-end: 2em !important }');
    document.adoptedStyleSheets = [sheet];
  });
  await expectNoSideways(page);
});

test('the chosen size of the words is still there after a reload', async ({ page }) => {
  await page.getByRole('button', { name: 'Large', exact: true }).first().click();
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-text-size', 'large');
  await expect(page.getByRole('button', { name: 'Large', exact: true }).first()).toHaveAttribute('aria-pressed', 'true');
});

test('nothing moves for those who asked for no motion', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
});

test('an error belongs to its field and the summary leads there', async ({ page }) => {
  const email = page.getByRole('textbox', { name: 'E-mail' });
  await expect(email).toHaveAccessibleDescription(/^Error:\s+An e-mail has something after the @/);
  await page.getByRole('link', { name: /^An e-mail has something/ }).click();
  await expect(email).toBeFocused();
});

test('the choice of "something else" opens the other lengths', async ({ page }) => {
  const group = page.getByRole('group', { name: 'How long did it take?' }).first();
  await expect(group.getByRole('combobox')).toBeHidden();
  await group.getByLabel('Something else').check();
  await group.getByRole('combobox').selectOption('45 minutes');
  await expect(group.getByLabel('Something else')).toBeChecked();
  await group.getByLabel('2 hours').check();
  await expect(group.getByRole('combobox')).toBeHidden();
});

test('a sort button says which way it sorts', async ({ page }) => {
  const due = page.getByRole('columnheader', { name: 'By when' });
  await expect(due).toHaveAttribute('aria-sort', 'ascending');
  await due.getByRole('button').click();
  await expect(due).toHaveAttribute('aria-sort', 'descending');
  await expect(page.getByRole('rowheader').first()).toHaveText('Bill Okafor');
});

test('a busy button keeps its place and says so', async ({ page }) => {
  await page.getByRole('button', { name: 'Press to see it wait' }).click();
  const busy = page.locator('#button').locator('..').getByRole('button', { name: 'Sending' });
  await expect(busy).toHaveCount(2);
  await expect(busy.last()).toBeFocused();
});
