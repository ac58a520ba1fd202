import { writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import { expectGood } from './bar.ts';
import { apiOf, broker, newMember, signIn, signInAs } from './lib/signin.ts';

test.skip(!process.env.BASE_URL, 'needs a server: BASE_URL');

/** A PNG of one colour. */
function png(width: number, height: number): Buffer {
  const crc = (bytes: Buffer) => {
    let sum = ~0;
    for (const byte of bytes) {
      sum ^= byte;
      for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum >>> 0;
  };
  const part = (name: string, body: Buffer) => {
    const [size, sum, named] = [Buffer.alloc(4), Buffer.alloc(4), Buffer.concat([Buffer.from(name), body])];
    size.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc(named));
    return Buffer.concat([size, named, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8); // eight bits of grey
  const rows = Buffer.alloc(height * (width + 1), 150);
  for (let y = 0; y < height; y++) rows[y * (width + 1)] = 0;
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), part('IHDR', head), part('IDAT', deflateSync(rows)), part('IEND', Buffer.alloc(0))]);
}

const file = (name: string, buffer: Buffer, mimeType = 'image/png') => ({ name, mimeType, buffer });

test('a photo is added, described, seen by a neighbour and taken off', async ({ page }, info) => {
  const [carys, bill] = [await newMember('Carys'), await newMember('Bill')];
  await signInAs(page, carys);
  await page.goto('/offer?kind=make.bike');
  await page.getByLabel('Anything people should know?').fill(`Any bike ${carys.id.slice(-6)}`);
  await page.getByRole('button', { name: 'Add my offer' }).click();
  await page.getByRole('link', { name: 'Add a photo' }).click();
  const box = page.getByLabel('Add a photo');
  await expect(box).toBeVisible();
  await expectGood(page);

  // What is no photo is told in a sentence at its field.
  await box.setInputFiles(file('words.jpg', Buffer.from('Dear all'), 'image/jpeg'));
  await expect(page.getByRole('alert')).toContainText('We cannot open this as a photo');
  await expectGood(page);
  const film = info.outputPath('film.jpg');
  writeFileSync(film, Buffer.alloc(40 << 20, 7));
  await box.setInputFiles(film);
  await expect(page.getByRole('alert')).toContainText('This photo is too large');

  // The line breaks off: one press sends it again.
  await page.route('**/photos', (route) => route.abort());
  await box.setInputFiles(file('bike.png', png(3000, 1500)));
  await expect(page.getByRole('button', { name: 'Send the photo again' })).toBeVisible();
  await page.unroute('**/photos');
  await page.getByRole('button', { name: 'Send the photo again' }).click();
  await expect(page.getByText('The photo is there now.')).toBeVisible();
  await page.getByLabel('What does it show?').fill('A blue bike');
  await page.getByRole('button', { name: 'Save these words' }).click();
  await expect(page.getByRole('img', { name: 'A blue bike' })).toBeVisible();
  await expectGood(page);
  const own = page.url();

  await page.context().clearCookies();
  await signInAs(page, bill);
  await page.goto(own);
  const seen = page.getByRole('img', { name: 'A blue bike' });
  await expect.poll(() => seen.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(400);
  await expectGood(page);
  await page.goto(`/offers?words=${carys.id.slice(-6)}`);
  await expect(page.getByRole('img', { name: 'A blue bike' })).toBeVisible();
  await expectGood(page);

  await page.context().clearCookies();
  await signInAs(page, carys);
  await page.goto(own);
  await page.getByRole('button', { name: 'Take this photo off' }).click();
  await expect(page.getByText('The photo is gone.')).toBeVisible();
  await expect(page.getByRole('img', { name: 'A blue bike' })).toHaveCount(0);
});

test('a broker adds a photo for a member, and sees it beside the request', async ({ page }) => {
  const edna = await newMember('Edna');
  const hers = await apiOf(edna);
  const { id } = await hers.post('/requests', { kind: 'home.bulb' });
  await hers.dispose();
  await signIn(page, broker);
  await page.goto(`/broker/member?id=${edna.id}`);
  await page.getByRole('link', { name: /^Add a photo/ }).click();
  await expect(page.getByRole('heading', { level: 2, name: /^Photos for Edna/ })).toBeFocused();
  await page.getByLabel('Add a photo').setInputFiles(file('tap.png', png(800, 1200)));
  await expect(page.getByText('The photo is there now.')).toBeVisible();
  await expectGood(page);
  await page.goto(`/broker/request?id=${id}`);
  await expect(page.getByRole('img', { name: 'A photo. Small jobs and repairs' })).toBeVisible();
  await expectGood(page);
});
