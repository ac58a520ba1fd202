import { browser } from '$app/environment';

/** What every page says about the time bank it belongs to. */
export type Bank = {
  name: string;
  /** The office, always in the same place on every page. */
  phone: string;
  hours: string;
  /** The language these are in: English where the bank has not said them in the reader's. */
  hoursLang: string;
  /** Every date on a screen is in this zone, never in the phone's. */
  zone: string;
  /** One colour, at least 4.5:1 on white; nothing for the house's own. */
  accent?: string;
};

/** As the server describes a bank. */
export type BankDetails = { name: string; phone: string; phone_hours: string; phone_hours_lang?: string; zone: string; accent: string };

// What pages are built with. The server writes the bank's own in its place, word for word (app/platform/web/fill.go).
const example: Bank = {
  name: 'Northgate Time Bank',
  phone: '0113 496 0750',
  hours: 'Monday to Friday, 9am to 5pm',
  hoursLang: 'en',
  zone: 'Europe/London',
};

function from({ name, phone, phone_hours: hours, phone_hours_lang: hoursLang = 'en', zone, accent }: BankDetails): Bank {
  return { name, phone, hours, hoursLang, zone, accent };
}

const written = browser ? document.querySelector<HTMLMetaElement>('meta[name="time-bank"]')?.content : undefined;

export const bank = $state<Bank>(written ? from(JSON.parse(written) as BankDetails) : example);

const kept = 'bank';

/** Puts a bank's own name, phone, zone and colour on the page, and keeps them for the start of the next visit. */
export function showBank(details: BankDetails): void {
  const { name, phone, phone_hours, phone_hours_lang, zone, accent } = details;
  Object.assign(bank, from(details));
  // Through the object model, which a strict content policy allows.
  if (accent) document.documentElement.style.setProperty('--bank-accent', accent);
  try {
    localStorage.setItem(kept, JSON.stringify({ name, phone, phone_hours, phone_hours_lang, zone, accent }));
  } catch {
    // Storage may be switched off; the bank is then asked for each time.
  }
}

/** Shows the bank of the last visit at once; the server's answer follows. */
export function recallBank(): void {
  try {
    const details = JSON.parse(localStorage.getItem(kept) ?? 'null') as BankDetails | null;
    if (details?.name) showBank(details);
  } catch {
    // Nothing kept, or not readable: the server will say.
  }
}
