import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

// The bar every page has to clear, in whatever state it is in.

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** No finding of axe, no sideways scroll down to 320 pixels, nothing to press under 44 pixels. */
export async function expectGood(page: Page): Promise<void> {
  await expectNoAxe(page);
  await expectTargets(page);
  await expectNoSideways(page);
}

export async function expectNoAxe(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary}`));
  expect(found).toEqual([]);
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
