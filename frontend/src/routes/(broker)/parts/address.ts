import { browser } from '$app/environment';
import { goto } from '$app/navigation';
import { page } from '$app/state';

/** A part of the address after "?". Pages are written to files before there is one; then it is nothing. */
export function asked(name: string): string {
  return browser ? (page.url.searchParams.get(name) ?? '') : '';
}

/** This page's own address with other parts; an empty one is left out. */
export function address(parts: Record<string, string>): string {
  if (!browser) return '';
  const params = new URLSearchParams(page.url.searchParams);
  for (const [name, value] of Object.entries(parts)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  const words = params.toString();
  return page.url.pathname + (words ? `?${words}` : '');
}

/** To another part of the same page, without losing the place in it. */
export function turn(parts: Record<string, string>): Promise<void> {
  return goto(address(parts), { noScroll: true, keepFocus: true });
}
