const kept = 'clock';
const minute = 60_000;

/** By how much the server's clock is ahead of this device's, in milliseconds; nothing below two minutes. */
let ahead = $state(recalled());

/** What time it is by the server's clock: a phone's may be wrong by days, and then "tomorrow" would be too. */
export function now(): number {
  return Date.now() + ahead;
}

/** The time that the server put on an answer. It is kept for the start of the next visit. */
export function heardTime(date: string | null): void {
  const off = Date.parse(date ?? '') - Date.now();
  if (Number.isNaN(off) || Math.abs(off - ahead) < minute) return;
  ahead = Math.abs(off) < 2 * minute ? 0 : off;
  try {
    if (ahead === 0) localStorage.removeItem(kept);
    else localStorage.setItem(kept, String(ahead));
  } catch {
    // Storage may be switched off; the first answer then tells.
  }
}

function recalled(): number {
  try {
    return Number(localStorage.getItem(kept)) || 0;
  } catch {
    return 0;
  }
}
