import type { AxeResults, RunOptions } from 'axe-core';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page } from '@playwright/test';

// The bar every page has to clear, in whatever state it is in.

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * No finding of axe, no sideways scroll down to 320 pixels, nothing to press under 44 pixels: on a phone and on a desk,
 * whichever of them the test walks at, and at 320 by 256, which is 1280 by 1024 at 400 %.
 */
export async function expectGood(page: Page): Promise<void> {
  const walked = page.viewportSize() ?? phone;
  const other = walked.width < 768 ? desk : phone;
  await expectGoodHere(page);
  await page.setViewportSize(other);
  await expectGoodHere(page);
  await page.setViewportSize({ width: 320, height: 256 });
  await expectFits(page);
  await expectRoom(page);
  await page.setViewportSize(walked);
}

const phone = { width: 390, height: 844 };
const desk = { width: 1280, height: 800 };

async function expectGoodHere(page: Page): Promise<void> {
  await expectNoAxe(page);
  await expectTargets(page);
  await expectFits(page);
}

/** Hydrated, and no part of the page is still being looked up. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.getElementById('svelte-announcer') !== null && document.querySelector('.tb-loading') === null);
}

// Axe takes seconds, nearly all of them over colours, and looks at how a page is built and coloured, not at what it
// says. What looks the same as something that has passed in this run, in this or the other worker, has passed: a whole
// page for the rules of building, each of its parts for the colours. A width at which other parts are shown looks
// different, and so does an error, an empty list, the dark.
const passed = join(tmpdir(), `timebank-axe-${process.ppid}`);
mkdirSync(passed, { recursive: true });

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
type Axe = { run: (where: unknown, options: RunOptions) => Promise<AxeResults> };

/** How the page looks, and each of its parts: what stands around the page, and the pieces of its main column. */
async function looksOf(page: Page): Promise<{ whole: string; parts: string[] }> {
  const { whole, parts } = await page.evaluate(() => {
    const skipped = new Set(['id', 'for', 'href', 'src', 'value', 'action', 'aria-labelledby', 'aria-describedby', 'd', 'content', 'nonce', 'data-part']);
    const one = (element: Element, coloured: boolean): string => {
      const named = [...element.attributes].map(({ name, value }) => (skipped.has(name) ? name : `${name}=${value}`)).sort();
      const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()) ? 't' : '';
      const seen = element.checkVisibility();
      const style = seen && coloured ? getComputedStyle(element) : undefined;
      const large = style && Number.parseFloat(style.fontSize) >= (Number(style.fontWeight) >= 700 ? 18.66 : 24);
      const colours = style && [style.color, style.backgroundColor, style.backgroundImage, style.opacity, large].join();
      const inside = [...element.children].map((child) => one(child, coloured));
      // A longer list of the same is no other look.
      const each = element.matches('ul, ol, tbody, select, datalist') ? [...new Set(inside)] : inside;
      return `<${element.localName} ${named.join(' ')} ${seen ? 'v' : ''}${says}${colours ?? ''}${each.join('')}>`;
    };
    const column = [...document.querySelectorAll('main > *')];
    const around = [...document.querySelectorAll('.tb-app > :not(main)')];
    const pieces = column.flatMap((each) => (each.children.length > 0 ? [...each.children] : [each]));
    const all = around.length + pieces.length > 0 ? [...around, ...pieces] : [document.body];
    document.querySelectorAll('[data-part]').forEach((element) => element.removeAttribute('data-part'));
    all.forEach((element, index) => element.setAttribute('data-part', String(index)));
    const { color, backgroundColor } = getComputedStyle(document.body);
    return {
      whole: `${document.title ? 'titled' : ''} ${matchMedia('(min-width: 48rem)').matches} ${one(document.documentElement, false)}`,
      parts: all.map((element) => `${color} ${backgroundColor} ${matchMedia('(forced-colors: active)').matches} ${one(element, true)}`),
    };
  });
  const hash = (looks: string) => createHash('sha256').update(looks).digest('hex');
  return { whole: hash(whole), parts: parts.map(hash) };
}

export async function expectNoAxe(page: Page): Promise<void> {
  const { whole, parts } = await looksOf(page);
  const isNew = (looks: string) => !existsSync(join(passed, looks));
  const fresh = parts.flatMap((looks, index) => (isNew(looks) ? [[`[data-part="${index}"]`]] : []));
  if (!isNew(whole) && fresh.length === 0) return;
  // In the page itself: there are no frames, and of what is right nothing has to be described.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const found = await page.evaluate(
    async ({ tags, building, fresh }) => {
      const { axe } = window as unknown as { axe: Axe };
      const options: RunOptions = { resultTypes: ['violations'], preload: false };
      const built = building ? await axe.run(document, { ...options, runOnly: tags, rules: { 'color-contrast': { enabled: false } } }) : undefined;
      const coloured = fresh.length > 0 ? await axe.run({ include: fresh }, { ...options, runOnly: { type: 'rule', values: ['color-contrast'] } }) : undefined;
      return [...(built?.violations ?? []), ...(coloured?.violations ?? [])];
    },
    { tags, building: isNew(whole), fresh },
  );
  expect(found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary}`))).toEqual([]);
  for (const looks of [whole, ...parts]) writeFileSync(join(passed, looks), '');
}

export async function expectNoSideways(page: Page, width = 320): Promise<void> {
  const before = page.viewportSize() ?? phone;
  await expectFits(page);
  await page.setViewportSize({ width, height: before.height });
  await expectFits(page);
  await page.setViewportSize(before);
}

async function expectFits(page: Page): Promise<void> {
  const over = await page.evaluate(() => {
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= wide) return [];
    const sticking = [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > wide + 0.5 && !element.closest('.tb-hidden, .govuk-skip-link'))
      .map((element) => `${element.tagName}.${element.getAttribute('class') ?? ''} ${element.textContent?.trim().slice(0, 30)}`);
    return [`${document.documentElement.scrollWidth} in ${wide}`, ...sticking];
  });
  expect(over, `nothing sticks out at ${page.viewportSize()?.width} pixels`).toEqual([]);
}

/** What stays on the screen while the page scrolls leaves most of it to the page. */
async function expectRoom(page: Page): Promise<void> {
  const taken = await page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter((element) => ['fixed', 'sticky'].includes(getComputedStyle(element).position) && element.checkVisibility() && !element.closest('.tb-hidden, dialog'))
      .reduce((sum, element) => sum + element.getBoundingClientRect().height, 0) / innerHeight,
  );
  expect(taken, 'the share of a screen at 400 % that does not scroll').toBeLessThan(0.5);
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
