import { sql } from 'drizzle-orm';
import { customType, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { storableText } from '../model/text.ts';

// Columns that many tables have.

/** A point in time, to the millisecond. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
/** When the row was inserted. */
export const created = () => instant('created').notNull().defaultNow();
/** When the row was last changed. */
export const updated = () => instant('updated').notNull().defaultNow();
/** The tenant that the row belongs to. */
export const tenant = () => uuid('tenant').notNull();
/**
 * A text about something that happened: characters that Postgres cannot store are replaced. Names are plain `text`, which refuses
 * U+0000, so that no two names become one.
 */
export const told = customType<{ data: string }>({ dataType: () => 'text', toDriver: storableText });
/** Several such texts. */
export const toldList = (name: string) => told(name).array().notNull().default(sql`'{}'`);
/** Several names. */
export const textList = (name: string) => text(name).array().notNull().default(sql`'{}'`);
