import { expect, test } from '@playwright/test';
import { expectGood } from './bar.ts';
import { broker, receptionist, signIn } from './lib/signin.ts';

// With a server, the inner pages are seen by the one they are for.
const paths = { '/': '', '/sign-in': '', '/home': 'maria@example.org', '/broker': broker, '/surgery': receptionist, '/no-such-page': '' };

for (const [path, who] of Object.entries(paths)) {
  test(`${path} clears the bar`, async ({ page }) => {
    const elsewhere: string[] = [];
    const broken: string[] = [];
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(page.url() === 'about:blank' ? request.url() : page.url()).origin) elsewhere.push(request.url());
    });
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('404')) broken.push(message.text());
    });
    if (who && process.env.BASE_URL) await signIn(page, who);
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.waitForLoadState('networkidle');
    await expectGood(page);
    await expect(page.getByText('A charity. Not part of the NHS.')).toBeAttached();
    expect(elsewhere).toEqual([]);
    expect(broken).toEqual([]);
  });
}

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  for (const path of ['/', '/sign-in', '/home']) {
    test(`${path} has its title, language, heading and help`, async ({ page }) => {
      await page.goto(path);
      await expect(page).toHaveTitle(/ · /);
      await expect(page.locator('html')).toHaveAttribute('lang', 'en-GB');
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      // The bank's own number, without any script: the page is built with another.
      await expect(page.locator(`footer a[href="${process.env.BASE_URL ? 'tel:01632960100' : 'tel:01134960750'}"]`)).toBeVisible();
    });
  }

  test('no form ever puts an answer into the address', async ({ page }) => {
    for (const path of ['/sign-in', '/demo/components']) {
      await page.goto(path);
      for (const form of await page.locator('form').all()) {
        await expect(form).toHaveAttribute('method', 'post');
        await expect(form).toHaveAttribute('action', /^\//);
      }
    }
  });
});
