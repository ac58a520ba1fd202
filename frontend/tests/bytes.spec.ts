import { expect, test, type Browser, type BrowserContext } from '@playwright/test';
import { broker, newMember, receptionist, signIn, signInAs } from './lib/signin.ts';

// What a first visit costs over the wire, counted by the browser, in kilobytes of 1000, at any width, and how much of
// the page jumps while it fills. Members come first: a desk has a computer and a line.
type Limit = { script: number; all: number; requests: number; font?: number; shift?: number };
type Cookies = Awaited<ReturnType<BrowserContext['cookies']>>;

const member: Limit = { script: 60, all: 130, requests: 30 };
const desk: Limit = { script: 70, all: 180, requests: 40 };
const visits: { who: string; lang?: string; pages: Record<string, Limit> }[] = [
  { who: '', pages: { '/': { script: 60, all: 100, requests: 20 }, '/sign-in': { script: 60, all: 100, requests: 20 } } },
  {
    who: 'a member',
    pages: Object.fromEntries(
      ['/home', '/ask', '/record', '/hours', '/diary', '/offers', '/exchange', '/listing', '/offer', '/me', '/me/details', '/me/looked', '/me/data', '/me/rest', '/me/leave'].map((path) => [path, member]),
    ),
  },
  { who: 'a member', lang: 'cy', pages: { '/home': { ...member, all: 150, font: 40 } } },
  { who: 'a member', lang: 'ur', pages: { '/home': { ...member, all: 150, font: 40 } } },
  { who: broker, pages: { '/broker': desk } },
  { who: receptionist, pages: { '/surgery': desk } },
];

for (const { who, lang, pages } of visits) {
  test(`the first visit of ${Object.keys(pages)[0]} is light${who && ` for ${who}`}${lang ? `, in ${lang}` : ''}`, async ({ page, context, browser }, { project }) => {
    if (who && process.env.BASE_URL) {
      if (who === 'a member') await signInAs(page, await newMember('Light'));
      else await signIn(page, who);
    }
    if (lang) await context.addCookies([{ name: 'lang', value: lang, url: process.env.BASE_URL ?? '' }]);
    test.slow(Object.keys(pages).length > 5, 'many visits');
    const cookies = await context.cookies();
    for (const [path, limit] of Object.entries(pages)) {
      const { sums, requests, shift } = await visit(browser, { ...project.use, storageState: undefined }, cookies, path);
      const total = Object.values(sums).reduce((sum, each) => sum + each, 0);
      console.log(`${lang ?? 'en'} ${path}: ${Object.entries(sums).map(([kind, size]) => `${kind} ${size.toFixed(1)}`).join(', ')}, all ${total.toFixed(1)} KB in ${requests} requests, shift ${shift.toFixed(3)}`);
      expect.soft(shift, `layout shift of ${path}`).toBeLessThan(limit.shift ?? 0.1);
      expect.soft(sums.Script ?? 0, `script of ${path}`).toBeLessThan(limit.script);
      expect.soft(sums.Stylesheet ?? 0, `styles of ${path}`).toBeLessThan(15);
      expect.soft(sums.Font ?? 0, `fonts of ${path}`).toBeLessThan(limit.font ?? 26);
      expect.soft(total, `all of ${path}`).toBeLessThan(limit.all);
      expect.soft(requests, `requests of ${path}`).toBeLessThanOrEqual(limit.requests);
    }
  });
}

/** In a browser that has seen nothing yet. */
async function visit(browser: Browser, use: object, cookies: Cookies, path: string) {
  const context = await browser.newContext(use);
  await context.addCookies(cookies);
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  await client.send('Network.enable');
  const kinds = new Map<string, string>();
  const sums: Record<string, number> = {};
  client.on('Network.responseReceived', ({ requestId, type }) => kinds.set(requestId, type));
  client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const kind = kinds.get(requestId) ?? 'Other';
    sums[kind] = (sums[kind] ?? 0) + encodedDataLength / 1000;
  });
  // The figure that Lighthouse calls cumulative layout shift; it has nothing to do with how fast the machine is.
  await page.addInitScript(() => {
    const shifts = { sum: 0 };
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) if (!entry.hadRecentInput) shifts.sum += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto(path);
  await page.waitForLoadState('networkidle');
  const shift = await page.evaluate(() => (window as unknown as { shifts: { sum: number } }).shifts.sum);
  await context.close();
  return { sums, requests: kinds.size, shift };
}
