import { browser } from '$app/environment';
import { m } from '#lib/paraglide/messages.js';
import type { PageError } from '#lib/ui/ErrorSummary.svelte';
import { isProblem, pageErrors } from './problem.ts';

type Answer<Data> = { data?: Data; error?: unknown; response: Response };

// What is being typed, by form. Kept in memory only: never on the disk of a shared desk, and still there after
// signing in again.
const drafts = new Map<string, object>();

/**
 * One form: what was typed, what is wrong with it, and the key under which it is sent.
 *
 * The Idempotency-Key stays the same until the server has given a definite answer, so pressing again after a
 * lost answer never records a thing twice. Nothing typed is lost on a refusal, a lost connection or a new sign-in.
 */
export class Form<Values extends object> {
  values: Values;
  busy = $state(false);
  errors = $state.raw<readonly PageError[]>([]);

  #name: string;
  #initial: () => Values;
  #fields: Readonly<Record<string, string>>;
  #key = '';

  /** `fields` maps a JSON pointer to the id of its control, where they differ. */
  constructor(name: string, initial: () => Values, fields: Readonly<Record<string, string>> = {}) {
    this.#name = name;
    this.#initial = initial;
    this.#fields = fields;
    const kept = drafts.get(name) as Values | undefined;
    const values = $state(kept ?? initial());
    this.values = values;
    if (browser) drafts.set(name, values);
  }

  /** The error beside one control. */
  error(field: string): string | undefined {
    return this.errors.find((error) => error.field === field)?.message;
  }

  get failed(): boolean {
    return this.errors.length > 0;
  }

  /** Sends once. Gives the answer's data (`true` where there is none) or nothing when it did not work. */
  async submit<Data>(
    send: (values: Values, headers: { 'Idempotency-Key': string }) => Promise<Answer<Data>>,
  ): Promise<Data | true | undefined> {
    if (this.busy) return undefined;
    this.busy = true;
    this.#key ||= crypto.randomUUID();
    try {
      const { data, error, response } = await send($state.snapshot(this.values) as Values, { 'Idempotency-Key': this.#key });
      if (response.ok) {
        this.forget();
        return data ?? true;
      }
      if (response.status < 500 && response.status !== 401 && response.status !== 429) this.#key = '';
      const otherwise = response.status === 401 ? m.problem_signed_out() : m.problem_server();
      this.errors = isProblem(error) ? pageErrors(error, otherwise, this.#fields) : [{ message: otherwise }];
    } catch {
      this.errors = [{ message: m.problem_unreachable() }];
    } finally {
      this.busy = false;
    }
    return undefined;
  }

  /** Empties the form and lets go of its draft and key. */
  forget(): void {
    drafts.delete(this.#name);
    this.#key = '';
    this.errors = [];
    Object.assign(this.values, this.#initial());
    if (browser) drafts.set(this.#name, this.values);
  }
}
