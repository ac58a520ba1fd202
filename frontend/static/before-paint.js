// Runs before the page is painted, so that larger text never jumps into place.
try {
  const size = localStorage.getItem('text-size');
  if (size) document.documentElement.dataset.textSize = size;
} catch {
  // Storage may be switched off; the page is then shown at its normal size.
}
