import { onMount } from 'svelte';
import { page } from '$app/state';

/**
 * What stands behind the "?" in the address. Pages are written to files before anybody asks for anything, so it
 * is only known once the page is alive; until then nothing is.
 */
export class Query {
  alive = $state(false);

  constructor() {
    onMount(() => void (this.alive = true));
  }

  get(name: string): string {
    return this.alive ? (page.url.searchParams.get(name) ?? '') : '';
  }
}
