import type { components } from '#lib/api/schema.d.ts';

/** What somebody says of help that happened. */
export type Help = { way: string; minutes: number | undefined; day: string | undefined; kind: string | undefined };

/** What the server is told of it. */
export type Given = Omit<components['schemas']['ExchangeRecordBody'], '$schema'>;
