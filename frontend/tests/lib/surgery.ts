import { randomUUID } from 'node:crypto';
import { expect, type Locator, type Page } from '@playwright/test';
import { apiAs, receptionist, signIn } from './signin.ts';

// Patients whom a surgery hands over, each with a name of their own.

export type Referral = { id: string; reference: string; words: string; what_next: string };

const letters = 'abcdefghijklmnopqrstuvwxyz';
export const unlike = () => Array.from(randomUUID().replace(/-/g, ''), (figure) => letters[parseInt(figure, 16)]).join('');
export const somebody = () => `Ada ${unlike().slice(0, 12)}`;

export const answers = (name = somebody()) => ({
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

export async function refer(more: object = {}): Promise<Referral> {
  const as = await apiAs(receptionist);
  const { referral } = await as.post<{ referral: Referral }>('/referrals', { ...answers(), ...more });
  await as.dispose();
  return referral;
}

export async function openForm(page: Page): Promise<void> {
  await signIn(page, receptionist);
  await page.goto('/surgery/refer');
  await expect(page.getByLabel('Yes, now with me')).toBeFocused();
}

/** Everything that has to be answered, by mouse. */
export async function fillIn(page: Page, name: string): Promise<void> {
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

export const rowOf = (page: Page, reference: string): Locator => page.getByRole('row').filter({ hasText: reference });
