/** What every page says about the time bank it belongs to. */
export type Bank = {
  name: string;
  /** The office, always in the same place on every page. */
  phone: string;
  hours: string;
  /** One colour, at least 4.5:1 on white; nothing for the house's own. */
  accent?: string;
};

// Shown until the server has said which time bank this is.
export const bank = $state<Bank>({
  name: 'Northgate Time Bank',
  phone: '0113 496 0750',
  hours: 'Monday to Friday, 9am to 5pm',
});

/** Puts a bank's own name, phone and colour on the page. Set through the object model, which a strict CSP allows. */
export function showBank(details: Bank): void {
  Object.assign(bank, details);
  if (details.accent) document.documentElement.style.setProperty('--bank-accent', details.accent);
}
