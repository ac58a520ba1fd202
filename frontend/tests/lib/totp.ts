import { createHmac } from 'node:crypto';

/** What an authenticator app shows (RFC 6238), `later` steps from now. */
export function totp(secret: string, later = 0): string {
  const bits = [...secret.replace(/\s/g, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const sum = createHmac('sha1', key).update(step).digest();
  const code = sum.readUInt32BE((sum[19] as number) & 15) & 0x7fffffff;
  return String(code % 1_000_000).padStart(6, '0');
}
