/** What somebody says of help that happened. */
export type Help = { way: string; minutes: number | undefined; day: string | undefined; kind: string | undefined };
