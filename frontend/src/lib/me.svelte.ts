import { goto } from '$app/navigation';
import { api } from '#lib/api/client.ts';
import { leave, left, sessionPath } from '#lib/api/session.ts';
import { dropDrafts } from '#lib/api/drafts.ts';
import { isProblem, type Problem } from '#lib/api/problem.ts';
import type { components } from '#lib/api/schema.d.ts';
import { showBank } from '#lib/bank.svelte.ts';

export type MeData = components['schemas']['IdentityMe'];
export type MyBank = components['schemas']['IdentityMyBank'];
export type MyMember = MyBank & { member_id: string };

const choice = 'bank-slug';

function chosen(): string | null {
  try {
    return localStorage.getItem(choice);
  } catch {
    return null;
  }
}

/** Where somebody begins in one of their banks. */
export function startOf({ may, member_id, stands_for }: MyBank): string {
  if (may?.includes('work-the-desk')) return '/broker';
  if (may?.includes('refer')) return '/surgery';
  if (member_id) return '/home';
  if (may?.includes('see-concerns')) return '/concerns';
  if (stands_for?.length) return '/for';
  return may?.includes('see-figures') ? '/figures' : '/';
}

/**
 * Who is signed in, and the bank they are in. In a page:
 *
 *     const desk = new Resource(async () => {
 *       const bank = await me.load();
 *       return api.GET('/api/banks/{bank}/desk', { params: { path: { bank: bank.slug } } });
 *     });
 *
 * A call that finds nobody signed in leads to the sign-in page and back again (client.ts).
 */
class Me {
  data = $state.raw<MeData>();
  /** Set when the last try failed. */
  problem = $state.raw<Problem>();

  #asking: Promise<MyBank> | undefined;

  /** The bank one is in, the one chosen last; nothing before `load` has come back. */
  get bank(): MyBank | undefined {
    const all = this.data?.banks ?? [];
    return all.find(({ slug }) => slug === chosen()) ?? all[0];
  }

  /** From now on in another of one's banks. A whole new page, so that nothing of the one before stays in memory. */
  choose(bank: MyBank): void {
    try {
      localStorage.setItem(choice, bank.slug);
    } catch {
      // Without storage, the first bank it is.
    }
    location.assign(startOf(bank));
  }

  /** Asks who is signed in, once; later calls share the answer. Fails when the server cannot be reached. */
  load(): Promise<MyBank> {
    if (this.bank) return Promise.resolve(this.bank);
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** The same for a page of members. Staff who are not members themselves go to their own desk. */
  async member(): Promise<MyMember> {
    const bank = await this.load();
    if (!bank.member_id) {
      await goto(startOf(bank));
      throw new Error('not a member');
    }
    return { ...bank, member_id: bank.member_id };
  }

  /** After signing in, when the answer has said who it is. */
  set(data: MeData): void {
    if (!sameAsBefore(data.person_id)) dropDrafts();
    this.data = data;
    this.problem = undefined;
    if (this.bank) showBank(this.bank);
  }

  async signOut(): Promise<void> {
    // What this device keeps goes first, and also when the server cannot be reached. The session then ends with the
    // next call that gets through (client.ts).
    dropDrafts();
    leave();
    await Promise.all([this.#dropWaiting().catch(() => undefined), globalThis.caches?.delete('data').catch(() => false)]);
    await fetch(sessionPath, { method: 'DELETE' }).then(({ ok }) => ok && left(), () => undefined);
    // A whole new page, so that nothing of this person stays in memory.
    location.assign('/');
  }

  async #dropWaiting(): Promise<void> {
    const { dropItemsOf } = await import('#lib/outbox/work.ts');
    await dropItemsOf(this.data?.person_id ?? '');
  }

  async #ask(): Promise<MyBank> {
    const { data, error } = await api.GET('/api/me');
    if (!data) {
      this.problem = isProblem(error) ? error : {};
      throw new Error('nobody is signed in');
    }
    this.set(data);
    if (!this.bank) throw new Error('in no bank');
    return this.bank;
  }
}

export const me = new Me();

/** Whether it is the person whom this device saw last. */
function sameAsBefore(person: string): boolean {
  try {
    const before = localStorage.getItem('person');
    localStorage.setItem('person', person);
    return before === person;
  } catch {
    return true;
  }
}
