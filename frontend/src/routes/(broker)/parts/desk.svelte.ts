import { api } from '#lib/api/client.ts';
import { isProblem, type Problem } from '#lib/api/problem.ts';
import type { components } from '#lib/api/schema.d.ts';
import { me } from '#lib/me.svelte.ts';

export type Task = components['schemas']['DeskTaskView'];

const referralKinds: readonly Task['kind'][] = ['answer-referral', 'ring-referred', 'referral-overdue', 'safety-call', 'close-referral'];
const hourKinds: readonly Task['kind'][] = ['ring-to-confirm', 'settle-dispute'];

/** The queue, held once for the list of today and for the counts beside the places. */
class Desk {
  tasks = $state.raw<readonly Task[]>();
  /** The server's clock when it answered: what is late is late by this one. */
  now = $state('');
  problem = $state.raw<Problem>();
  loading = $state(true);

  #turn = 0;

  async load(): Promise<void> {
    const turn = ++this.#turn;
    this.loading = true;
    const { data, error } = await this.#ask().catch(() => ({ data: undefined, error: undefined }));
    if (turn !== this.#turn) return;
    if (data) {
      this.tasks = data.tasks ?? [];
      this.now = data.now;
    }
    this.problem = data ? undefined : isProblem(error) ? error : {};
    this.loading = false;
  }

  async #ask() {
    const bank = await here();
    return api.GET('/api/banks/{bank}/desk', { params: { path: { bank } } });
  }

  /** How many wait in each place, by its address. */
  get counts(): Record<string, number> {
    const all = this.tasks ?? [];
    const things = (kinds: readonly string[]) => new Set(all.filter(({ kind }) => kinds.includes(kind)).map(({ subject_id }) => subject_id)).size;
    return {
      '/broker': all.filter(({ group }) => group !== 'later').length,
      '/broker/matching': things(['find-helper']),
      '/broker/referrals': things(referralKinds),
      '/broker/settle': things(hourKinds),
      '/broker/applications': things(['answer-application']),
    };
  }

  of(subject: string): Task | undefined {
    return this.tasks?.find(({ subject_id }) => subject_id === subject);
  }
}

export const desk = new Desk();

/** The bank of the desk, as its part of an address. */
export async function here(): Promise<string> {
  return (await me.load()).slug;
}
