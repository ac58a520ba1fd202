import type { PageError } from '#lib/ui/ErrorSummary.svelte';

/** An RFC 9457 answer. `message` and `detail` are the server's words for the person; it alone validates. */
export type Problem = {
  type?: string;
  code?: string;
  title?: string;
  detail?: string;
  status?: number;
  errors?: { pointer: string; code?: string; message: string }[];
};

/** A JSON pointer into what was sent, as the id of its control: "/contact/phone" → "contact_phone". */
export function fieldOf(pointer: string): string {
  return pointer
    .replace(/^#?\//, '')
    .split('/')
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
    .join('_');
}

/**
 * What to put right, for the error summary and beside the fields. `fields` names a control where the pointer
 * and the id differ.
 */
export function pageErrors(problem: Problem, otherwise: string, fields: Readonly<Record<string, string>> = {}): PageError[] {
  const found = (problem.errors ?? []).map(({ pointer, message }) => ({ field: fields[pointer] ?? fieldOf(pointer), message }));
  return found.length > 0 ? found : [{ message: problem.detail ?? problem.title ?? otherwise }];
}

export function isProblem(answer: unknown): answer is Problem {
  return typeof answer === 'object' && answer !== null && ('code' in answer || 'title' in answer || 'errors' in answer);
}
