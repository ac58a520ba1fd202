export { phoneInWords, phoneLink } from '#lib/format/phone.ts';
