/** What a member can do about an exchange, and what they say with it. */
export type Verb = 'agree' | 'confirm' | 'cancel' | 'dispute' | 'done' | 'another-time' | 'keep-time' | 'again' | 'repeat' | 'end-repeat' | 'thank' | 'write';
export type Said = {
  reason: string;
  minutes: number | undefined;
  day: string | undefined;
  /** Another meeting: whether a day is chosen, which, and when. */
  when: string;
  newDay: string;
  time: string;
  every: string;
  note: string;
  words: string;
};
