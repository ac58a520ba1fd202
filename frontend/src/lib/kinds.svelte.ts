import { api } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';
import { me } from '#lib/me.svelte.ts';

export type Kind = components['schemas']['ListingKind'];

const bankSeen = 'kinds-of';

/** The kinds of help of one's bank and their words, asked for once. */
class Kinds {
  all = $state.raw<readonly Kind[]>([]);

  #asking: Promise<readonly Kind[]> | undefined;

  load(): Promise<readonly Kind[]> {
    if (this.all.length > 0) return Promise.resolve(this.all);
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  of(code: string): Kind | undefined {
    return this.all.find((kind) => kind.code === code);
  }

  /** "A lift" */
  name(code: string): string {
    return this.of(code)?.name ?? code;
  }

  /** Completes "Bill helped with …": "a lift" */
  doing(code: string): string {
    return this.of(code)?.doing ?? code;
  }

  /** The widest kinds, "something else" last. */
  get wide(): Kind[] {
    return this.all.filter(({ parent, hidden }) => !parent && !hidden).sort((one, two) => Number(one.code === 'other') - Number(two.code === 'other'));
  }

  /** The narrower kinds in a wide one. One that stands alone is no choice. */
  within(code: string): Kind[] {
    const found = this.all.filter(({ parent, hidden }) => parent === code && !hidden);
    return found.length > 1 ? found : [];
  }

  async #ask(): Promise<readonly Kind[]> {
    // Most people stay in one bank: its kinds are asked for while it is still being asked who is there.
    const seen = recall();
    const early = seen ? of(seen).catch(() => undefined) : undefined;
    const { slug } = await me.load();
    const found = (seen === slug && (await early)) || (await of(slug));
    if (!found) throw new Error('no kinds of help');
    keep(slug);
    return (this.all = found);
  }
}

export const kinds = new Kinds();

async function of(bank: string): Promise<readonly Kind[] | null | undefined> {
  return (await api.GET('/api/banks/{bank}/kinds', { params: { path: { bank } } })).data?.kinds;
}

function recall(): string | null {
  try {
    return localStorage.getItem(bankSeen);
  } catch {
    return null;
  }
}

function keep(slug: string): void {
  try {
    localStorage.setItem(bankSeen, slug);
  } catch {
    // Without storage the kinds come a moment later.
  }
}
