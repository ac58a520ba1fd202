/**
 * Reads name, date of birth and phone out of a patient's banner, as it is copied from a surgery's record system.
 * This happens in the browser only: the text itself goes nowhere. What is found is for a person to check.
 */
export type Found = { name?: string; birth?: { day: string; month: string; year: string }; phone?: string };

export function fromRecord(text: string, now = new Date()): Found {
  return { name: nameIn(text), birth: birthIn(text, now), phone: phoneIn(text) };
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** A month as it was typed: "3", "03", "Mar" or "March". Undefined when it is none. */
export function monthNumber(typed: string): number | undefined {
  const word = typed.trim().toLowerCase();
  if (/^\d+$/.test(word)) return Number(word);
  const at = word.length >= 3 ? monthNames.findIndex((month) => word.startsWith(month)) : -1;
  return at < 0 ? undefined : at + 1;
}

// "27-Mar-1951", "27 March 1951", "27/03/1951", "27.3.51" and "1951-03-27".
const dayFirst = /\b(\d{1,2})(?:st|nd|rd|th)?[\s./-]+([A-Za-z]{3,9}|\d{1,2})\.?,?[\s./-]+(\d{4}|\d{2})\b/g;
const yearFirst = /\b((?:19|20)\d{2})-(\d{1,2})-(\d{1,2})\b/g;
const bornWords = /\b(?:d\.?\s*o\.?\s*b\.?|born|date of birth|birth ?date)\W*$/i;

type Day = { year: number; month: number; day: number; at: number };

function birthIn(text: string, now: Date): Found['birth'] {
  const days: Day[] = [];
  for (const { 1: year = '', 2: month = '', 3: day = '', index } of text.matchAll(yearFirst)) {
    days.push({ year: Number(year), month: Number(month), day: Number(day), at: index });
  }
  for (const { 1: day = '', 2: month = '', 3: year = '', index } of text.matchAll(dayFirst)) {
    days.push({ year: wholeYear(year, now), month: monthNumber(month) ?? 0, day: Number(day), at: index });
  }
  const real = days.filter((each) => isReal(each, now)).sort((one, other) => value(one) - value(other));
  // A banner may carry other dates; nobody has an appointment before they are born.
  const born = real.find(({ at }) => bornWords.test(text.slice(0, at))) ?? real[0];
  return born && { day: String(born.day), month: String(born.month), year: String(born.year) };
}

const value = ({ year, month, day }: Day) => Date.UTC(year, month - 1, day);

function isReal(each: Day, now: Date): boolean {
  const date = new Date(value(each));
  return each.year >= 1900 && date.getUTCMonth() === each.month - 1 && date.getUTCDate() === each.day && date < now;
}

// We take nobody under 18, so two figures mean the century in which somebody is grown up.
function wholeYear(figures: string, now: Date): number {
  if (figures.length === 4) return Number(figures);
  const recent = 2000 + Number(figures);
  return recent <= now.getUTCFullYear() - 18 ? recent : recent - 100;
}

// Eleven figures from 0, or +44 and ten: so never an NHS number, which has ten.
const phones = /(?<![\d+])(?:\+\s?44[\s().-]*(?:0[\s().-]*)?|0)(?:\d[\s().-]*){9}\d(?!\d)/g;

function phoneIn(text: string): string | undefined {
  const found = [...text.matchAll(phones)].map(([phone]) => phone.trim());
  return found.find((phone) => /^(?:0|\+\s?44[\s().-]*0?)[\s().-]*7/.test(phone)) ?? found[0];
}

const titles = 'mr|mrs|miss|ms|mx|dr|rev|prof|sir|dame|lady|lord|master';
const word = "[\\p{L}][\\p{L}'’.-]*";
const labelled = new RegExp(`\\b(?:patient(?: name)?|full name|name)\\s*[:=]\\s*([^\\n\\t|;]+)`, 'iu');
const surnameFirst = new RegExp(`(${word}(?: ${word}){0,2})\\s*,\\s*(${word}(?: ${word}){0,2})`, 'u');
const titleFirst = new RegExp(`\\b(?:${titles})\\b\\.?\\s+(${word}(?: ${word}){1,3})`, 'iu');
// Words of the banner itself, which end a name.
const notName =
  /\s*\b(?:born|dob|d\.o\.b|date|gender|male|female|nhs|chi|age|aged|preferred|mobile|home|tel|phone|address|usual|gp|dr|patient|hosp|no)\b.*$/isu;

function nameIn(text: string): string | undefined {
  const lines = [labelled.exec(text)?.[1], ...text.split(/[\n\t|;]+/)];
  for (const line of lines) {
    const name = line && nameInLine(line);
    if (name) return name;
  }
  return undefined;
}

function nameInLine(line: string): string | undefined {
  const before = line.replace(/\s*[(\d].*$/su, '').replace(notName, '').trim();
  const surname = surnameFirst.exec(before);
  if (surname?.[1] && surname[2]) return tidy(`${withoutTitle(surname[2])} ${surname[1]}`);
  const titled = titleFirst.exec(before);
  if (titled?.[1]) return tidy(titled[1]);
  const plain = withoutTitle(before);
  return new RegExp(`^${word}(?: ${word}){1,3}$`, 'u').test(plain) ? tidy(plain) : undefined;
}

const withoutTitle = (name: string) => name.replace(new RegExp(`^(?:${titles})\\b\\.?\\s*|\\s*\\b(?:${titles})\\.?$`, 'giu'), '').trim();

// Records shout surnames: "WHITLOCK" → "Whitlock", "O'BRIEN" → "O'Brien". A name in mixed letters stays as it is.
function tidy(name: string): string | undefined {
  const words = name.trim().replace(/(\p{L}{2})\.(?=\s|$)/gu, '$1').split(/\s+/);
  if (words.length < 2) return undefined;
  return words.map((each) => (each.length > 1 && each === each.toUpperCase() ? capital(each) : each)).join(' ');
}

const capital = (shouted: string) => shouted.toLowerCase().replace(/(^|['’-])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());
