import AxeBuilder from '@axe-core/playwright';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page } from '@playwright/test';

// The bar every page has to clear, in whatever state it is in.

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** No finding of axe, no sideways scroll down to 320 pixels, nothing to press under 44 pixels. */
export async function expectGood(page: Page): Promise<void> {
  await expectNoAxe(page);
  await expectTargets(page);
  await expectNoSideways(page);
}

// Axe takes seconds and looks at how a page is built and coloured, not at what it says. What looks the same as
// something that has passed in this run, in this or the other worker, has passed. A width at which other parts are
// shown looks different, and so does an error, an empty list, the dark.
const passed = join(tmpdir(), `timebank-axe-${process.ppid}`);
mkdirSync(passed, { recursive: true });

async function looksOf(page: Page): Promise<string> {
  const looks = await page.evaluate(() => {
    const skipped = new Set(['id', 'for', 'href', 'src', 'value', 'action', 'aria-labelledby', 'aria-describedby', 'd', 'content', 'nonce']);
    const one = (element: Element): string => {
      const named = [...element.attributes].map(({ name, value }) => (skipped.has(name) ? name : `${name}=${value}`)).sort();
      const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()) ? 't' : '';
      const inside = [...element.children].map(one);
      // A longer list of the same is no other look.
      const each = element.matches('ul, ol, tbody, select, datalist') ? [...new Set(inside)] : inside;
      return `<${element.localName} ${named.join(' ')} ${element.checkVisibility() ? 'v' : ''}${says}${each.join('')}>`;
    };
    const media = ['(prefers-color-scheme: dark)', '(forced-colors: active)', '(min-width: 48rem)'].map((query) => matchMedia(query).matches).join();
    return `${media} ${document.title ? 'titled' : ''} ${one(document.documentElement)} ${getComputedStyle(document.documentElement).getPropertyValue('--bank-accent')}`;
  });
  return createHash('sha256').update(looks).digest('hex');
}

export async function expectNoAxe(page: Page): Promise<void> {
  const looks = join(passed, await looksOf(page));
  if (existsSync(looks)) return;
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary}`));
  expect(found).toEqual([]);
  writeFileSync(looks, '');
}

export async function expectNoSideways(page: Page, width = 320): Promise<void> {
  const before = page.viewportSize();
  for (const size of [width, before?.width ?? width]) {
    await page.setViewportSize({ width: size, height: before?.height ?? 800 });
    const over = await page.evaluate(() => {
      const wide = document.documentElement.clientWidth;
      const sticking = [...document.querySelectorAll('body *')]
        .filter((element) => element.getBoundingClientRect().right > wide + 0.5 && !element.closest('.tb-hidden, .govuk-skip-link'))
        .map((element) => `${element.tagName}.${element.getAttribute('class') ?? ''} ${element.textContent?.trim().slice(0, 30)}`);
      return document.documentElement.scrollWidth > wide ? sticking : [];
    });
    expect(over, `nothing sticks out at ${size} pixels`).toEqual([]);
  }
}

/** Buttons, boxes and links that stand alone. Links inside a line of text are as high as the line (WCAG 2.5.8). */
export async function expectTargets(page: Page, least = 44): Promise<void> {
  const small = await page.evaluate((least) => {
    const inLine = (element: Element) =>
      element.tagName === 'A' && getComputedStyle(element).display === 'inline' && element.closest('p, li, dd, td') !== null;
    return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
      .filter((element) => element.checkVisibility() && !inLine(element) && !element.matches('.govuk-skip-link'))
      .map((element) => {
        // A label is part of its control, and a stretched link is as large as its card.
        const area = element.matches('.tb-card__link') ? (element.closest('.tb-card') ?? element) : element;
        const { width, height } = area.getBoundingClientRect();
        return { what: `${element.tagName} ${element.textContent?.trim() || element.id}`, width, height };
      })
      .filter(({ width, height }) => height < least - 0.5 || width < least - 0.5)
      .map(({ what, width, height }) => `${what}: ${Math.round(width)} by ${Math.round(height)}`);
  }, least);
  expect(small, `everything to press is at least ${least} pixels`).toEqual([]);
}
