/** Where a session begins, is renewed and ends. */
export const codePath = '/api/session/code';
export const sessionPath = '/api/session';
export const renewPath = '/api/session/renew';

/** A path inside this app, or home: a link in an e-mail must not be able to send anyone elsewhere after signing in. */
export function safeReturn(path: string | null | undefined, home = '/home'): string {
  if (!path || !path.startsWith('/') || /^\/[/\\]/.test(path) || /[\s\\]/.test(path)) return home;
  return path.startsWith('/sign-in') ? home : path;
}

/** The sign-in page, and the way back from it. */
export function signInHref(from: string): string {
  return `/sign-in?back=${encodeURIComponent(from)}`;
}
