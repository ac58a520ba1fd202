/** The address a phone number has as a link. */
export function phoneLink(shown: string): string {
  return `tel:${shown.replace(/[^\d+]/g, '')}`;
}
