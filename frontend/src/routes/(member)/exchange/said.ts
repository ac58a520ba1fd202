/** What a member can do about an exchange, and what they say with it. */
export type Verb = 'agree' | 'confirm' | 'cancel' | 'dispute' | 'done';
export type Said = { reason: string; minutes: number | undefined; day: string | undefined };
