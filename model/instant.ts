import { z } from 'zod';

/** The first and the last millisecond of the years 1 to 9999, which Temporal, Postgres and ISO 8601 all have. */
export const FIRST_INSTANT = Date.parse('0001-01-01T00:00:00.000Z');
export const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');

/** Returns whether milliseconds since 1970 are within the years 1 to 9999 in UTC. */
export function isInstant(milliseconds: number): boolean {
  return Number.isSafeInteger(milliseconds) && milliseconds >= FIRST_INSTANT && milliseconds <= LAST_INSTANT;
}

/** An instant that a caller gives: ISO 8601 with a time zone, within the years 1 to 9999 in UTC. */
export const InstantSchema = z.iso
  // A text that is no instant is not one of the wrong years, too.
  .datetime({ offset: true, abort: true })
  .refine((text) => isInstant(Date.parse(text)), 'must be within the years 1 to 9999');
