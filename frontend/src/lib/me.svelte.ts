import { goto } from '$app/navigation';
import { api } from '#lib/api/client.ts';
import { sessionPath } from '#lib/api/session.ts';
import { isProblem, type Problem } from '#lib/api/problem.ts';
import type { components } from '#lib/api/schema.d.ts';
import { showBank } from '#lib/bank.svelte.ts';

export type MeData = components['schemas']['IdentityMe'];
export type MyBank = components['schemas']['IdentityMyBank'];
export type MyMember = MyBank & { member_id: string };

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

  /** The bank one is in; nothing before `load` has come back. */
  get bank(): MyBank | undefined {
    return this.data?.banks?.[0];
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
      await goto(this.data?.start ?? '/');
      throw new Error('not a member');
    }
    return { ...bank, member_id: bank.member_id };
  }

  /** After signing in, when the answer has said who it is. */
  set(data: MeData): void {
    this.data = data;
    this.problem = undefined;
    if (this.bank) showBank(this.bank);
  }

  async signOut(): Promise<void> {
    await fetch(sessionPath, { method: 'DELETE' }).catch(() => undefined);
    // A whole new page, so that nothing of this person stays in memory.
    location.assign('/');
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
