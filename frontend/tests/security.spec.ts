import { expect, test } from '@playwright/test';
import { expectGood } from './bar.ts';
import { apiAs, apiOf, broker, mailedCode, newMember, receptionist, signIn, signInAs } from './lib/signin.ts';
import { totp } from './lib/totp.ts';

// How a person signs in, and keeps others from doing it. Against the demo.
test.skip(!process.env.BASE_URL, 'needs the program');

test('an authenticator app is set up, asked for at the next sign-in, and a recovery code stands in for it', async ({ page }) => {
  const person = await newMember('Olive');
  await signInAs(page, person);
  await page.goto('/me');
  await page.getByRole('link', { name: 'See how you sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Signing in and safety' })).toBeVisible();
  await page.getByRole('link', { name: 'Set up an authenticator app' }).click();
  await expect(page.getByRole('img', { name: 'QR code for your authenticator app' })).toBeVisible();
  await page.getByText('I cannot scan it').click();
  const secret = (await page.locator('.secret').textContent()) ?? '';
  await expectGood(page);
  await page.getByLabel('Six-figure code from the app').fill('12 34');
  await page.getByRole('button', { name: 'Switch it on' }).click();
  await expect(page.getByRole('alert').getByText('That code does not work')).toBeVisible();
  await expectGood(page);
  await page.getByLabel('Six-figure code from the app').fill(totp(secret));
  await page.getByRole('button', { name: 'Switch it on' }).click();
  await expect(page.getByRole('heading', { name: 'The second step is on' })).toBeVisible();
  const codes = await page.locator('.codes li').allTextContents();
  expect(codes).toHaveLength(10);
  await expectGood(page);
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await expect(page.getByText('You have 10 recovery codes left')).toBeVisible();
  await expectGood(page);

  await page.goto('/me');
  await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('/');
  await page.goto('/sign-in?back=/diary');
  await page.getByLabel('E-mail or phone number').fill(person.email);
  const asked = Date.now() - 1000;
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByLabel('Six-figure code').fill(await mailedCode(person.email, asked));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'One more step' })).toBeFocused();
  await expectGood(page);
  // Half signed in is not signed in, and a reload leads back to the step that is missing.
  await page.goto('/diary');
  await expect(page.getByRole('heading', { level: 1, name: 'One more step' })).toBeVisible();
  await page.getByLabel('Code from your app').fill('000000');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert').getByText('That code does not work')).toBeVisible();
  await page.getByLabel('Code from your app').fill(codes[0] ?? '');
  await page.getByLabel('Do not ask again in this browser').check();
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL('/diary');

  // This browser is remembered for the work of the day, but not to change how one signs in.
  await page.goto('/me');
  await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('/');
  await page.goto('/sign-in?back=/diary');
  await page.getByLabel('E-mail or phone number').fill(person.email);
  const askedAgain = Date.now() - 1000;
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByLabel('Six-figure code').fill(await mailedCode(person.email, askedAgain));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL('/diary');

  await page.goto('/me/security');
  await expect(page.getByText('You have 9 recovery codes left')).toBeVisible();
  await page.locator('summary', { hasText: 'Remove the app' }).click();
  await page.locator('#remove-code').fill(totp(secret, 1));
  await page.getByRole('button', { name: 'Remove the app' }).click();
  await expect(page.getByRole('heading', { name: 'The app is removed' })).toBeVisible();
});

test('a person sees where they are signed in and signs the others out', async ({ page }) => {
  const person = await newMember('Ned');
  const tablet = await apiOf(person);
  const laptop = await apiOf(person);
  await signInAs(page, person);
  await page.goto('/me/security');
  const devices = page.getByRole('region', { name: 'Where you are signed in' }).getByRole('listitem');
  await expect(devices).toHaveCount(3);
  await expect(devices.filter({ hasText: 'This one' })).toHaveCount(1);
  await expectGood(page);
  await page.getByRole('button', { name: /^Sign it out/ }).first().click();
  await expect(page.getByRole('status').filter({ hasText: 'is signed out.' })).toBeVisible();
  await expect(devices).toHaveCount(2);
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await expect(page.getByText('You are signed out everywhere but here.')).toBeVisible();
  await expect(devices).toHaveCount(1);
  for (const old of [tablet, laptop]) await expect(old.get('/listings?type=offer')).rejects.toThrow('401');
});

test('staff reach the page from their name, and a coordinator decides for the bank', async ({ page }) => {
  await signIn(page, broker);
  await page.goto('/broker');
  await page.getByRole('link', { name: 'Sam' }).click();
  await expect(page.getByRole('heading', { name: 'Everyone who works here' })).toBeVisible();
  await expect(page.getByText('A second step is not needed')).toBeVisible();
  await expectGood(page);
  // Who has none themselves cannot demand it of others: nobody could undo it.
  await page.getByRole('button', { name: 'Ask everyone for a second step' }).click();
  await expect(page.getByText('Set up your own second step first, and sign in with it.')).toBeVisible();
});

test('a passkey is set up, named, signs in without a code, and is removed', async ({ page }) => {
  const browser = await page.context().newCDPSession(page);
  await browser.send('WebAuthn.enable');
  const { authenticatorId } = await browser.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  const person = await newMember('Pearl');
  await signInAs(page, person);
  await page.goto('/me/security');
  const passkeys = page.getByRole('region', { name: 'Fingerprint, face or screen lock' });
  await passkeys.getByRole('button', { name: 'Set it up on this device' }).click();
  await expect(passkeys.getByText('It is set up.')).toBeVisible();
  await passkeys.getByRole('button', { name: /^Rename/ }).click();
  await passkeys.getByLabel('Its name').fill('');
  await passkeys.getByRole('button', { name: 'Keep this name' }).click();
  await expect(passkeys.getByRole('alert').getByText('Give it a name')).toBeVisible();
  await expectGood(page);
  await passkeys.getByLabel('Its name').fill('My own phone');
  await passkeys.getByRole('button', { name: 'Keep this name' }).click();
  await expect(passkeys.getByText('My own phone', { exact: true })).toBeVisible();
  await expectGood(page);

  await page.context().clearCookies();
  await page.goto('/sign-in?back=/diary');
  await page.getByRole('button', { name: 'Use fingerprint, face or screen lock' }).click();
  await page.waitForURL('/diary');
  await page.goto('/me/security');
  await expect(passkeys.getByText('Last used today')).toBeVisible();

  // Somebody else's finger opens nothing, and there is another way.
  await page.context().clearCookies();
  await browser.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await page.goto('/sign-in');
  await page.getByRole('button', { name: 'Use fingerprint, face or screen lock' }).click();
  await expect(page.getByText('Sign in with a code instead.')).toBeVisible();
  await expectGood(page);
  await browser.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
  await page.getByRole('button', { name: 'Use fingerprint, face or screen lock' }).click();
  await page.waitForURL('/home');

  await page.goto('/me/security');
  await passkeys.getByRole('button', { name: /^Remove/ }).click();
  await expect(passkeys.getByText('My own phone is removed.')).toBeVisible();
  await page.context().clearCookies();
  await page.goto('/sign-in');
  await page.getByRole('button', { name: 'Use fingerprint, face or screen lock' }).click();
  await expect(page.getByText('Try once more, or sign in with a code.')).toBeVisible();
});

test('somebody with a mobile phone and no e-mail gets the code by text message', async ({ page }) => {
  const as = await apiAs(broker);
  const number = `07700 9${String(Math.floor(Math.random() * 100_000)).padStart(5, '0')}`;
  await as.post('/members', { name: `Tess ${number}`, called: 'Tess', phone: number, area: 'Northgate' });
  await as.dispose();
  await page.goto('/sign-in?back=/diary');
  await page.getByLabel('E-mail or phone number').fill(number);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await expect(page.getByText('or to your phone if you have no e-mail')).toBeVisible();
  await expectGood(page);
  const code = await mailedCode(`+44${number.slice(1).replace(' ', '')}`);
  await page.getByLabel('Six-figure code').fill(code);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL('/diary');
});

test('a page at the reception desk covers itself, and nothing typed is lost', async ({ page }) => {
  await page.clock.install();
  await signIn(page, receptionist);
  await page.goto('/surgery/refer');
  const box = page.getByRole('main').getByRole('textbox').first();
  await box.fill('Ada');
  const cover = page.getByRole('dialog', { name: 'This page is covered' });
  await page.clock.fastForward('02:30');
  await expect(cover).toBeHidden();
  await page.clock.fastForward('00:45');
  await expect(cover).toBeVisible();
  await expectGood(page);
  await expect(page.getByRole('button', { name: 'Go on' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(cover).toBeHidden();
  await expect(box).toHaveValue('Ada');
});
