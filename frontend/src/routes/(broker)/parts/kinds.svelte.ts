import { api } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';
import { here } from './desk.svelte.ts';

export type Kind = components['schemas']['ListingKind'];

/** The kinds of help with their words, asked for once. */
class Kinds {
  all = $state.raw<readonly Kind[]>([]);
  #asked = false;

  /** Asks again after a change. */
  async reload(): Promise<void> {
    this.#asked = false;
    await this.load();
  }

  async load(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    const { data } = await here()
      .then((bank) => api.GET('/api/banks/{bank}/kinds', { params: { path: { bank } } }))
      .catch(() => ({ data: undefined }));
    if (data?.kinds) this.all = data.kinds;
    else this.#asked = false;
  }

  /** "A lift". */
  name(code: string): string {
    return this.all.find((kind) => kind.code === code)?.name ?? '';
  }

  /** As it stands in a sentence: "helps Edna with a lift". */
  doing(code: string): string {
    return this.all.find((kind) => kind.code === code)?.doing ?? '';
  }
}

export const kinds = new Kinds();
