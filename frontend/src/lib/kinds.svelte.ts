import { api } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';
import { me } from '#lib/me.svelte.ts';

export type Kind = components['schemas']['ListingKind'];

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
    const { slug } = await me.load();
    const found = (await api.GET('/api/banks/{bank}/kinds', { params: { path: { bank: slug } } })).data?.kinds;
    if (!found) throw new Error('no kinds of help');
    return (this.all = found);
  }
}

export const kinds = new Kinds();
