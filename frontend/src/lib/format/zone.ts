/** What a clock on the wall shows; months from 1. */
type Wall = { year: number; month: number; day: number; hour: number; minute: number };

// Temporal knows zones and nothing else. Intl first learns how a language writes dates, which takes a tenth of a second
// of a computer and more of a cheap phone; it serves browsers without Temporal.
type Temporal = { Instant: { fromEpochMilliseconds(moment: number): { toZonedDateTimeISO(zone: string): Wall } } };

const formats = new Map<string, Intl.DateTimeFormat>();

function byIntl(moment: number, zone: string): Wall {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      hourCycle: 'h23',
    });
    formats.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)])) as Wall;
}

const walls = new Map<string, number>();

/**
 * What clocks in a zone show at a moment, in milliseconds, as the moment at which UTC shows it, to the minute. A page asks
 * for the same minutes over and over, so each is looked up once.
 */
export function wallTime(moment: number, zone: string): number {
  const key = `${zone} ${Math.floor(moment / 60_000)}`;
  let wall = walls.get(key);
  if (wall === undefined) walls.set(key, (wall = lookedUp(moment, zone)));
  return wall;
}

function lookedUp(moment: number, zone: string): number {
  const temporal = (globalThis as { Temporal?: Temporal }).Temporal;
  const { year, month, day, hour, minute } = temporal ? temporal.Instant.fromEpochMilliseconds(moment).toZonedDateTimeISO(zone) : byIntl(moment, zone);
  return Date.UTC(year, month - 1, day, hour, minute);
}
