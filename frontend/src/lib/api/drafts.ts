// Half-typed forms, on this device: they outlive a reload, a crash and a new version of these pages. They go when they
// are sent, after a week, when their person signs out and when somebody else signs in.

export type Draft<Values> = { values: Partial<Values>; key: string };

const prefix = 'draft:';
const week = 7 * 24 * 60 * 60 * 1000;

export function keepDraft<Values>(name: string, draft: Draft<Values>): void {
  try {
    localStorage.setItem(prefix + name, JSON.stringify({ ...draft, at: Date.now() }));
  } catch {
    // Storage may be full or switched off; the draft then lives as long as the page.
  }
}

export function recallDraft<Values>(name: string): Draft<Values> | undefined {
  try {
    const { at, ...draft } = JSON.parse(localStorage.getItem(prefix + name) ?? '{}') as Draft<Values> & { at?: number };
    if (at && Date.now() - at < week) return draft;
    dropDraft(name);
  } catch {
    // Not readable: as if there were none.
  }
  return undefined;
}

export function dropDraft(name: string): void {
  try {
    localStorage.removeItem(prefix + name);
  } catch {
    // Nothing is kept there.
  }
}

/** All of them, on a sign-out or for a new person. */
export function dropDrafts(): void {
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(prefix)) localStorage.removeItem(name);
  } catch {
    // Nothing is kept there.
  }
}
