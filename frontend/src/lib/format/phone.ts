/** The address a phone number has as a link. */
export function phoneLink(shown: string): string {
  return `tel:${shown.replace(/[^\d+]/g, '')}`;
}

/** A stored number as people here say it: "+447700900461" → "07700 900461", "+441632960100" → "01632 960100". */
export function phoneInWords(phone: string): string {
  const home = phone.replace(/^\+44/, '0');
  return /^0\d{10}$/.test(home) ? `${home.slice(0, 5)} ${home.slice(5, 8)} ${home.slice(8)}` : phone;
}
