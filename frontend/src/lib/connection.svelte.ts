import { onMount } from 'svelte';

/**
 * Whether what is on screen came from the server just now, or is what this device kept. The worker says so with
 * each kept answer; the browser's own word comes second, since it only knows whether there is a network at all.
 */
class Connection {
  /** When the oldest kept answer on screen was fetched. */
  asOf = $state<string>();
  unplugged = $state(false);
  /** There is a newer version of these pages. */
  newer = $state(false);

  /** Each answer of the server, and the time of one that was kept. */
  saw(keptAt: string | null): void {
    if (!keptAt) this.asOf = undefined;
    else if (!this.asOf || keptAt < this.asOf) this.asOf = keptAt;
  }

  /** For the length of a component's life. */
  watch(): void {
    onMount(() => {
      const look = () => (this.unplugged = !navigator.onLine);
      look();
      addEventListener('online', look);
      addEventListener('offline', look);
      return () => {
        removeEventListener('online', look);
        removeEventListener('offline', look);
      };
    });
  }
}

export const connection = new Connection();
