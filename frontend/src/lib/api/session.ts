/** Where a session begins, is renewed and ends. */
export const codePath = '/api/session/code';
export const sessionPath = '/api/session';
export const renewPath = '/api/session/renew';
export const secondPath = '/api/session/second';

/** Where a person sees and changes how they sign in. */
export const securityPath = '/me/security';

/** Why somebody with an open session is led to the sign-in page: the second step is missing, or the proof is old. */
export type Why = 'second' | 'again';

const leaving = 'signing-out';

/** Somebody signs out: whatever happens to the call that says so, nothing more is asked in their name. */
export function leave(): void {
  mark('1');
}

/** The session is over. */
export function left(): void {
  mark('');
}

/** Signed out here, while the server could not be reached to hear of it. */
export function stillLeaving(): boolean {
  try {
    return localStorage.getItem(leaving) !== null;
  } catch {
    return false;
  }
}

function mark(value: string): void {
  try {
    if (value) localStorage.setItem(leaving, value);
    else localStorage.removeItem(leaving);
  } catch {
    // Without storage the call that follows at once has to do.
  }
}

/** A path inside this app, or home: a link in an e-mail must not be able to send anyone elsewhere after signing in. */
export function safeReturn(path: string | null | undefined, home = '/home'): string {
  if (!path || !path.startsWith('/') || /^\/[/\\]/.test(path) || /[\s\\]/.test(path)) return home;
  return path.startsWith('/sign-in') ? home : path;
}

/** The sign-in page, and the way back from it. */
export function signInHref(from: string, why?: Why): string {
  return `/sign-in?back=${encodeURIComponent(from)}${why ? `&why=${why}` : ''}`;
}
