import type { components } from '#lib/api/schema.d.ts';

export type Photo = components['schemas']['ListingPhotoView'];

/** Where a photo is fetched from. What is at one address never changes. */
export const photoAt = (bank: string, listing: string, photo: string, size: 'large' | 'small'): string =>
  `/api/banks/${encodeURIComponent(bank)}/listings/${encodeURIComponent(listing)}/photos/${photo}?size=${size}`;

/** How wide and high the small one is, so that nothing jumps when it comes. */
export function smallSize({ width, height }: Photo): { width: number; height: number } {
  const scale = Math.min(1, 400 / Math.max(width, height));
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
}
