import { monthNumber } from '#lib/format/record.ts';
import type { components } from '#lib/api/schema.d.ts';
import type { DateParts } from '#lib/ui/DateInput.svelte';

type Sent = components['schemas']['ReferralForm'];

/** The form as it is typed. */
export type Answers = {
  agreed?: NonNullable<Sent['agreed']>;
  name: string;
  called: string;
  birth: DateParts;
  reach_by?: Exclude<NonNullable<Sent['reach_by']>, ''>;
  /** Each way keeps its own: a patient's number must never pass for somebody else's. */
  reach: { phone: string; email: string; post: string; someone: string };
  someone_name: string;
  someone_relation: string;
  safe_message?: NonNullable<Sent['safe_message']>;
  wants: NonNullable<Sent['wants']>;
  good_at: string;
  easier: NonNullable<Sent['easier']>;
  language: string;
  safety?: NonNullable<Sent['safety']>;
  your_reference: string;
};

export const noAnswers = (): Answers => ({
  agreed: undefined,
  name: '',
  called: '',
  birth: { day: '', month: '', year: '' },
  reach_by: undefined,
  reach: { phone: '', email: '', post: '', someone: '' },
  someone_name: '',
  someone_relation: '',
  safe_message: undefined,
  wants: [],
  good_at: '',
  easier: [],
  language: '',
  safety: undefined,
  your_reference: '',
});

/** Controls whose id is not their pointer. */
export const controls = { '/birth_day': 'birth', '/birth_month': 'birth-month', '/birth_year': 'birth-year' };

/** The form as it is sent. Whether it is right, the server says. */
export function toSend({ birth, reach, ...rest }: Answers): Sent {
  const by = rest.reach_by;
  return {
    ...rest,
    reach: by ? reach[by === 'call' || by === 'text' ? 'phone' : by] : undefined,
    birth_day: figure(birth.day),
    birth_month: birth.month.trim() === '' ? undefined : (monthNumber(birth.month) ?? noFigure),
    birth_year: figure(birth.year),
  };
}

// What is no figure is sent as one that no date has, so that the server finds fault with it.
const noFigure = -1;

function figure(typed: string): number | undefined {
  const plain = typed.trim();
  if (plain === '') return undefined;
  return /^\d{1,4}$/.test(plain) ? Number(plain) : noFigure;
}
