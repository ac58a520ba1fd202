import { defineConfig, devices } from '@playwright/test';

// Against BASE_URL, the program with the app inside it; without one, against build/ alone.
const baseURL = process.env.BASE_URL ?? 'http://127.0.0.1:4173';

// What no browser without a window can do: show a message that came by push.
const whole = /push\.spec\.ts$/;
const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
const launchOptions = (executablePath: string) => ({
  executablePath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const desks = /(broker|surgery|joining|components|pages)\.spec\.ts$/;

export default defineConfig({
  testDir: 'tests',
  timeout: 120_000,
  expect: { timeout: 10_000 },
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  // A shared machine may stall for seconds. A test that passes only at its second try is reported as flaky.
  retries: process.env.CI ? 2 : 0,
  reporter: 'line',
  use: {
    ...devices['Desktop Chrome'],
    baseURL,
    actionTimeout: 20_000,
    locale: 'en-GB',
    // Not the bank's zone, on purpose: no page may show the phone's time.
    timezoneId: 'America/New_York',
    serviceWorkers: 'block',
    launchOptions: launchOptions(process.env.CHROMIUM_QUICK ?? chromium),
  },
  // Each test is walked where its people are, once. The bar (tests/bar.ts) looks at every page at both widths.
  projects: [
    { name: 'phone', testIgnore: [desks, whole], use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } },
    { name: 'phone with messages', testMatch: whole, use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, launchOptions: launchOptions(chromium) } },
    { name: 'desk', testMatch: desks, use: { viewport: { width: 1280, height: 800 } } },
  ],
  webServer: process.env.BASE_URL ? undefined : { command: 'node scripts/serve.mjs', url: baseURL, reuseExistingServer: false },
});
