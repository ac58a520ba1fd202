import { browser } from '$app/environment';
import { m } from '#lib/paraglide/messages.js';
import { outbox } from '#lib/outbox/outbox.svelte.ts';
import type { PageError } from '#lib/ui/ErrorSummary.svelte';
import { dropDraft, keepDraft, recallDraft } from './drafts.ts';
import { isProblem, pageErrors } from './problem.ts';

type Answer<Data> = { data?: Data; error?: unknown; response: Response };

// What is being typed, by form: still there after signing in again. In memory only, unless a form says that it may be
// kept on the device; never so at a desk that others use too.
const drafts = new Map<string, object>();

/** Puts back what was typed, for a form that is opened next. */
export function putBack(name: string, values: object): void {
  drafts.delete(name);
  keepDraft(name, { values, key: '' });
}

/**
 * One form: what was typed, what is wrong with it, and the key under which it is sent.
 *
 * The Idempotency-Key stays the same until the server has given a definite answer, so pressing again after a
 * lost answer never records a thing twice. Nothing typed is lost on a refusal, a lost connection or a new sign-in;
 * with `keep`, nor on a reload, a crash or a new version of these pages.
 */
export class Form<Values extends object> {
  values: Values;
  busy = $state(false);
  errors = $state.raw<readonly PageError[]>([]);

  #name: string;
  #initial: () => Values;
  #fields: Readonly<Record<string, string>>;
  #key = '';
  #keep: boolean;

  /**
   * `fields` maps a JSON pointer to the id of its control, where they differ. `keep` writes what is typed down on
   * this device (drafts.ts): for a member's own forms, never for what is said of a patient.
   */
  constructor(name: string, initial: () => Values, fields: Readonly<Record<string, string>> = {}, { keep = false } = {}) {
    this.#name = name;
    this.#initial = initial;
    this.#fields = fields;
    this.#keep = keep && browser;
    const draft = this.#keep && !drafts.has(name) ? recallDraft<Values>(name) : undefined;
    if (draft) this.#key = draft.key;
    const kept = (drafts.get(name) as Values | undefined) ?? (draft && { ...initial(), ...draft.values });
    const values = $state(kept ?? initial());
    this.values = values;
    if (browser) drafts.set(name, values);
    if (this.#keep) $effect(() => this.#write($state.snapshot(this.values) as Values));
  }

  /** The error beside one control. */
  error(field: string): string | undefined {
    return this.errors.find((error) => error.field === field)?.message;
  }

  get failed(): boolean {
    return this.errors.length > 0;
  }

  /** Refused for what no field can put right: most often something changed meanwhile, so what is on screen is old. */
  get stale(): boolean {
    return this.errors.some(({ field }) => !field);
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

  /**
   * Sends once, and when there is no answer leaves it to the outbox, which sends it later by itself. `what` says in
   * words what waits there, `from` is the page to put it right on.
   */
  async queue<Data>(entry: { path: string; body: unknown; what: string; from: string }): Promise<{ sent: Data } | { waiting: true } | undefined> {
    if (this.busy) return undefined;
    this.busy = true;
    this.#key ||= crypto.randomUUID();
    if (this.#keep) this.#write($state.snapshot(this.values) as Values);
    try {
      const draft = { name: this.#name, values: $state.snapshot(this.values), at: location.pathname + location.search };
      const outcome = await outbox.add({ key: this.#key, draft, ...entry });
      if (outcome.state === 'sent' || outcome.state === 'waiting') {
        this.forget();
        return outcome.state === 'sent' ? { sent: outcome.data as Data } : { waiting: true };
      }
      if (outcome.state === 'refused') this.#key = '';
      const otherwise = outcome.state === 'refused' ? m.problem_server() : m.problem_signed_out();
      this.errors = outcome.state === 'refused' ? pageErrors(outcome.refusal, otherwise, this.#fields) : [{ message: otherwise }];
    } catch {
      // This device keeps nothing, so nothing was sent.
      this.errors = [{ message: m.problem_unreachable() }];
    } finally {
      this.busy = false;
    }
    return undefined;
  }

  #write(values: Values): void {
    if (JSON.stringify(values) === JSON.stringify(this.#initial())) dropDraft(this.#name);
    else keepDraft(this.#name, { values, key: this.#key });
  }

  /** Empties the form and lets go of its draft and key. */
  forget(): void {
    drafts.delete(this.#name);
    if (this.#keep) dropDraft(this.#name);
    this.#key = '';
    this.errors = [];
    Object.assign(this.values, this.#initial());
    if (browser) drafts.set(this.#name, this.values);
  }
}
