import { expect, type Page } from '@playwright/test';

// Ways round the broker's desk.

/** Opens a page and waits until it is alive: then the header says who is signed in. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
}

export const main = (page: Page) => page.locator('main');
export const press = (page: Page, name: string | RegExp) => main(page).getByRole('button', { name, exact: typeof name === 'string' }).click();
export const follow = (page: Page, name: string | RegExp) => main(page).getByRole('link', { name, exact: typeof name === 'string' }).click();
