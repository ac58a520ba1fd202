import { onMount } from 'svelte';
import { withSession } from '#lib/api/client.ts';
import { me } from '#lib/me.svelte.ts';
import type { Outcome } from './send.ts';
import type { Item } from './store.ts';

const channel = 'outbox';
const work = () => import('./work.ts');

/**
 * What was done and has not reached the server. It is written down first and sent second, oldest first, one at a
 * time on the whole device, until there is an answer; the key of each makes that it is done once. It is sent when it
 * is made, when a page opens or comes back into view, when there is a network again, every 20 seconds while
 * something waits, and by the worker where the browser wakes it.
 */
class Outbox {
  /** Of whoever is signed in, oldest first. */
  items = $state.raw<readonly Item[]>([]);

  /** How often something that waited has gone: whoever shows what it changes asks anew. */
  gone = $state(0);

  #timer: ReturnType<typeof setTimeout> | undefined;

  get waiting(): number {
    return this.items.filter(({ refused }) => !refused).length;
  }

  /** Whether something about this one waits to be sent. */
  has(id: string): boolean {
    return this.items.some(({ path, refused }) => !refused && path.includes(id));
  }

  /** Writes one thing down and tries to send it. Fails where this device keeps nothing. */
  async add(item: Omit<Item, 'person' | 'at'>): Promise<Outcome> {
    const { drop, put, sendOne, tellOthers } = await work();
    mayHold(true);
    await put({ ...item, person: this.#person, at: Date.now() });
    const outcome = await sendOne(item.key, withSession);
    // What the form can put right at once stays in the form.
    if (outcome.state === 'refused' || outcome.state === 'signed-out') await drop(item.key);
    await this.load();
    tellOthers();
    if (outcome.state === 'waiting') {
      void navigator.storage?.persist?.();
      void wake();
    }
    return outcome;
  }

  /** Takes one thing back: it is not sent (again). */
  async takeBack(key: string): Promise<void> {
    const { drop, tellOthers } = await work();
    await drop(key);
    tellOthers();
    await this.load();
  }

  async load(): Promise<void> {
    const held = this.#person && mayHold() ? (await work()).itemsOf(this.#person) : [];
    this.items = await Promise.resolve(held).catch(() => []);
    clearTimeout(this.#timer);
    if (this.waiting > 0) this.#timer = setTimeout(() => void this.send(), 20_000);
  }

  async send(): Promise<void> {
    if (!mayHold()) return;
    await me.load().catch(() => undefined);
    await this.load();
    if (this.waiting === 0 || !navigator.onLine) return;
    const before = this.items.length;
    const { sendAll } = await work();
    await sendAll(this.#person, withSession).catch(() => undefined);
    await this.load();
    if (this.items.length < before) this.gone++;
  }

  /** For the length of a layout's life. */
  watch(): void {
    onMount(() => {
      const look = () => document.visibilityState === 'visible' && void this.send();
      const others = new BroadcastChannel(channel);
      others.onmessage = () => void this.load();
      addEventListener('online', look);
      document.addEventListener('visibilitychange', look);
      look();
      return () => {
        others.close();
        clearTimeout(this.#timer);
        removeEventListener('online', look);
        document.removeEventListener('visibilitychange', look);
      };
    });
  }

  get #person(): string {
    return me.data?.person_id ?? '';
  }
}

export const outbox = new Outbox();

/** Whether this device has ever had something waiting; where that cannot be kept, it is looked up each time. */
function mayHold(now = false): boolean {
  try {
    if (now) localStorage.setItem(channel, 'used');
    return localStorage.getItem(channel) !== null;
  } catch {
    return true;
  }
}

// Where a browser can, it wakes the worker once there is a network, with no page open.
async function wake(): Promise<void> {
  const ready = await navigator.serviceWorker?.ready;
  await (ready as unknown as { sync?: { register(tag: string): Promise<void> } })?.sync?.register(channel).catch(() => undefined);
}
