import { createECDH, randomBytes } from 'node:crypto';
import { expect, test } from '@playwright/test';
import { expectGood } from './bar.ts';
import { newMember, signInAs } from './lib/signin.ts';

// Messages on the screen of a phone. What leaves the server is in app/push_test.go; here the browser's own push service,
// which is not to be had without the internet, is stood in for, and all else is the browser's.

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');
test.use({ serviceWorkers: 'allow' });

test('a phone shows messages once its owner has said so, and no more when they say stop', async ({ page, context }) => {
  const maria = await newMember('Maria');
  await signInAs(page, maria);
  const curve = createECDH('prime256v1');
  curve.generateKeys();
  const keys = { p256dh: curve.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') };
  const endpoint = `https://push.example/${maria.id}`;
  await page.addInitScript(
    (device) => {
      const subscription = { ...device, toJSON: () => device, unsubscribe: async () => (localStorage.removeItem('pushed'), true) };
      PushManager.prototype.getSubscription = async () => (localStorage.getItem('pushed') ? (subscription as unknown as PushSubscription) : null);
      PushManager.prototype.subscribe = async () => (localStorage.setItem('pushed', 'yes'), subscription as unknown as PushSubscription);
    },
    { endpoint, keys },
  );

  await page.goto('/me');
  const push = page.getByRole('region', { name: 'Messages on this phone' });
  // Nothing asks for a permission by itself.
  await expect(push.getByRole('button', { name: 'Show messages here' })).toBeVisible();
  await expectGood(page);
  await context.grantPermissions(['notifications']);
  await push.getByRole('button', { name: 'Show messages here' }).click();
  await expect(push.getByText('From now on this phone shows our messages.')).toBeVisible();
  await page.reload();
  await expect(push.getByText('This phone shows our messages.')).toBeVisible();
  await expectGood(page);

  // What comes is shown, and a message without words says that there is one.
  const client = await context.newCDPSession(page);
  const registered = new Promise<string>((found) => client.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => registrations[0] && found(registrations[0].registrationId)));
  await client.send('ServiceWorker.enable');
  const registrationId = await registered;
  const shown = () => page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, body }) => `${title} ${body}`).sort());
  for (const data of [{ id: '1', bank: 'Hilltop', words: 'Tomorrow: Bill', path: '/exchange?id=1' }, { id: '2', bank: 'Hilltop', path: '/home' }]) {
    await client.send('ServiceWorker.deliverPushMessage', { origin: new URL(page.url()).origin, registrationId, data: JSON.stringify(data) });
  }
  await expect.poll(shown).toEqual(['Tomorrow: Bill Hilltop', 'You have a message from your time bank Hilltop']);

  await push.getByRole('button', { name: 'Show no more messages' }).click();
  await expect(push.getByText('This phone shows no more messages.')).toBeVisible();
  await page.reload();
  await expect(push.getByRole('button', { name: 'Show messages here' })).toBeVisible();
});
