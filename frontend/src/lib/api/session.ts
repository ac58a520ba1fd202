/** Where a session begins, goes on and ends. Plain forms are sent here too, so these work without scripts. */
export const signInPath = '/api/session/code';
export const signOutPath = '/api/session/sign-out';
export const refreshPath = '/api/session/refresh';

/** A path inside this app, or home: a link in an e-mail must not be able to send anyone elsewhere after signing in. */
export function safeReturn(path: string | null | undefined, home = '/home'): string {
  if (!path || !path.startsWith('/') || /^\/[/\\]/.test(path) || /[\s\\]/.test(path)) return home;
  return path.startsWith('/sign-in') ? home : path;
}

/** The sign-in page, and the way back from it. */
export function signInHref(from: string): string {
  return `/sign-in?return=${encodeURIComponent(from)}`;
}
