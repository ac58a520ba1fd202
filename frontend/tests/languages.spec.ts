import { expect, test, type Page } from '@playwright/test';
import { expectGood, expectNoSideways, settled } from './bar.ts';
import { newMember, signIn, signInAs } from './lib/signin.ts';

// The same pages in Welsh, and in Urdu from right to left.

test.skip(!process.env.BASE_URL, 'needs a server, which chooses the language');

const spoken = {
  cy: { lang: 'cy', dir: 'ltr', name: 'Cymraeg', day: /(Llun|Mawrth|Mercher|Iau|Gwener|Sadwrn|Sul)/, hours: 'awr' },
  ur: { lang: 'ur', dir: 'rtl', name: 'اردو', day: /(پیر|منگل|بدھ|جمعرات|جمعہ|ہفتہ|اتوار)/, hours: 'گھنٹ' },
} as const;

async function speak(page: Page, code: string): Promise<void> {
  await page.context().addCookies([{ name: 'lang', value: code, url: process.env.BASE_URL ?? '' }]);
}

for (const [code, { lang, dir, name, day, hours }] of Object.entries(spoken)) {
  test(`${name} is chosen on any page, by its own name, and remembered`, async ({ page }) => {
    await page.goto('/sign-in?back=%2Fhours');
    await page.getByRole('link', { name, exact: true }).click();
    await expect(page.locator('html')).toHaveAttribute('lang', lang);
    await expect(page.locator('html')).toHaveAttribute('dir', dir);
    expect(new URL(page.url()).search).toBe('?back=%2Fhours');
    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('lang', lang);
    await expectGood(page);
    await page.getByRole('link', { name: 'English', exact: true }).click();
    await expect(page.locator('html')).toHaveAttribute('lang', 'en-GB');
  });

  test(`a member's pages in ${name} clear the bar, with days and hours in it`, async ({ page }) => {
    await speak(page, code);
    await signIn(page, 'maria@example.org');
    for (const path of ['/home', '/hours', '/diary', '/ask', '/record', '/me']) {
      await page.goto(path);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await settled(page);
      await expect(page.locator('html')).toHaveAttribute('dir', dir);
      await expectGood(page);
      if (path === '/hours') {
        await expect(page.getByRole('main').getByText(day).locator('visible=true').first()).toBeVisible();
        await expect(page.getByRole('main').getByText(hours).locator('visible=true').first()).toBeVisible();
        // An American date would be a fallback of the browser's.
        await expect(page.getByText(/\d+,? (January|February|October|November|December)|(January|February|October|November|December) \d/)).toHaveCount(0);
      }
    }
  });
}

test('a half-typed form comes along into another language', async ({ page }) => {
  await signInAs(page, await newMember('Nia'));
  await page.goto('/ask?kind=out&when=this-week');
  const box = page.locator('#note');
  await box.fill('Y bws cynnar');
  await page.getByRole('link', { name: 'Cymraeg', exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'cy');
  await expect(box).toHaveValue('Y bws cynnar');
  await expectNoSideways(page);
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('a language can still be chosen, and the browser’s own is understood', async ({ page, browser }) => {
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Cymraeg', exact: true }).click();
    await expect(page.locator('html')).toHaveAttribute('lang', 'cy');
    const welsh = await browser.newContext({ locale: 'cy', javaScriptEnabled: false, baseURL: process.env.BASE_URL });
    const fresh = await welsh.newPage();
    await fresh.goto('/');
    await expect(fresh.locator('html')).toHaveAttribute('lang', 'cy');
    await welsh.close();
  });
});
