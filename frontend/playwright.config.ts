import { defineConfig, devices } from '@playwright/test';

// Against BASE_URL, the program with the app inside it; without one, against build/ alone.
const baseURL = process.env.BASE_URL ?? 'http://127.0.0.1:4173';

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
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  // Each test is walked where its people are, once. The bar (tests/bar.ts) looks at every page at both widths.
  projects: [
    { name: 'phone', testIgnore: desks, use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } },
    { name: 'desk', testMatch: desks, use: { viewport: { width: 1280, height: 800 } } },
  ],
  webServer: process.env.BASE_URL ? undefined : { command: 'node scripts/serve.mjs', url: baseURL, reuseExistingServer: false },
});
