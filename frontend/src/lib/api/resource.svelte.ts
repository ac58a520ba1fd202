import { onMount } from 'svelte';
import { isProblem, type Problem } from './problem.ts';

/**
 * Something a page shows and the server knows. Pages are prerendered in their loading state, so that title,
 * heading and ways out are there before any script; the rest is fetched once the page is alive.
 */
export class Resource<Data> {
  data = $state.raw<Data>();
  /** Set when the last try failed: the server's words where it gave any. */
  problem = $state.raw<Problem>();
  loading = $state(true);

  #ask: () => Promise<{ data?: Data; error?: unknown }>;
  #turn = 0;

  constructor(ask: () => Promise<{ data?: Data; error?: unknown }>) {
    this.#ask = ask;
    onMount(() => void this.load());
  }

  /** Asks (again). Only the answer to the latest question counts; old data stays in view meanwhile. */
  async load(): Promise<void> {
    const turn = ++this.#turn;
    this.loading = true;
    const { data, error } = await this.#ask().catch(() => ({ data: undefined, error: undefined }));
    if (turn !== this.#turn) return;
    if (data !== undefined) this.data = data;
    this.problem = data !== undefined ? undefined : isProblem(error) ? error : {};
    this.loading = false;
  }
}
