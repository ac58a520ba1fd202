import { expect, test } from '@playwright/test';
import { broker, receptionist, signIn } from './lib/signin.ts';

// What a first visit costs over the wire, counted by the browser, in kilobytes of 1000. Members come first: a desk
// has a computer and a line. The members' other pages are in member.spec.ts.
const pages = [
  { path: '/', script: 60, all: 100, requests: 22 },
  { path: '/sign-in', script: 60, all: 100, requests: 22 },
  { path: '/home', who: 'maria@example.org', script: 60, all: 130, requests: 30 },
  { path: '/broker', who: broker, script: 70, all: 180, requests: 40 },
  { path: '/surgery', who: receptionist, script: 70, all: 130, requests: 40 },
];

for (const { path, who, script, all, requests } of pages) {
  test(`the first visit of ${path} is light`, async ({ page }, info) => {
    test.skip(info.project.name !== 'phone', 'the same bytes at any width');
    if (who && process.env.BASE_URL) await signIn(page, who);
    const client = await page.context().newCDPSession(page);
    await client.send('Network.enable');
    const kinds = new Map<string, string>();
    const sums: Record<string, number> = {};
    client.on('Network.responseReceived', ({ requestId, type }) => kinds.set(requestId, type));
    client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      const kind = kinds.get(requestId) ?? 'Other';
      sums[kind] = (sums[kind] ?? 0) + encodedDataLength / 1000;
    });
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    const total = Object.values(sums).reduce((sum, each) => sum + each, 0);
    const shown = Object.entries(sums).map(([kind, size]) => `${kind} ${size.toFixed(1)}`);
    console.log(`${path}: ${shown.join(', ')}, all ${total.toFixed(1)} KB in ${kinds.size} requests`);
    expect(sums.Script ?? 0).toBeLessThan(script);
    expect(sums.Stylesheet ?? 0).toBeLessThan(15);
    expect(sums.Font ?? 0).toBeLessThan(26);
    expect(total).toBeLessThan(all);
    expect(kinds.size).toBeLessThanOrEqual(requests);
  });
}
