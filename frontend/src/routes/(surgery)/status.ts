import type { components } from '#lib/api/schema.d.ts';
import type { Tone } from '#lib/ui/Tag.svelte';

export type SurgeryReferral = components['schemas']['ReferralSurgeryReferral'];

export const referralHref = (id: string) => `/surgery/referral?id=${encodeURIComponent(id)}`;

const tones: Partial<Record<SurgeryReferral['status'], Tone>> = {
  received: 'new',
  question: 'wait',
  'getting-in-touch': 'new',
  'in-progress': 'new',
  met: 'good',
  joined: 'good',
  'taking-part': 'good',
};

export const toneOf = ({ status }: SurgeryReferral): Tone => tones[status] ?? 'plain';
