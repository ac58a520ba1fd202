/** One answer among several. */
export type Choice = { value: string; label: string; hint?: string };
