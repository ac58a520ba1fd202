// Runs before the page is painted, so that larger text and the bank's colour never jump into place.
try {
  const size = localStorage.getItem('text-size');
  if (size) document.documentElement.dataset.textSize = size;
  const accent = JSON.parse(localStorage.getItem('bank') || document.querySelector('meta[name="time-bank"]')?.getAttribute('content') || '{}').accent;
  if (accent) document.documentElement.style.setProperty('--bank-accent', accent);
} catch {
  // Storage may be switched off; the page is then shown at its normal size.
}
