import { and, desc, eq, getTableColumns, gt, gte, inArray, lt, not, type SQL, sql } from 'drizzle-orm';
import { MAX_COUNTED_ROWS } from '../../model/events/filters.ts';
import type { EventState } from '../../model/events/states.ts';
import { isReservedType, patternPrefix, RESERVED_PREFIX } from '../../model/events/type-pattern.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import type { EventRow } from './events.ts';
import { type enforcements, events } from './tables.ts';

/** Filters of lists of events. An event must match all that are given. */
export interface EventFilter {
  /** A type, or a pattern of types. */
  type?: string | undefined;
  source?: string | undefined;
  subject?: string | undefined;
  eventId?: string | undefined;
  triggerRef?: string | undefined;
  webhook?: string | undefined;
  state?: EventState | undefined;
  /** Whether it has enforcements. */
  matched?: boolean | undefined;
  replayOf?: number | undefined;
  execution?: number | undefined;
  /** Inclusive start and exclusive end of the time of receipt. */
  receivedAfter?: Date | undefined;
  receivedBefore?: Date | undefined;
}

/** A part of a list, newest first: after so many rows, and only rows before an id. */
export interface ListWindow {
  offset: number;
  limit: number;
  before?: number | undefined;
}

/** An event as lists read it: without what may be large. */
export type EventSummaryRow = Omit<EventRow, 'payload' | 'headers' | 'extensions' | 'issues'>;

const { payload: _, headers: __, extensions: ___, issues: ____, ...COLUMNS } = getTableColumns(events);

/** The columns of such an event. */
export const EVENT_SUMMARY_COLUMNS = COLUMNS;

/** Finds events of a tenant. */
export interface EventListStore {
  /** Finds an event; null when the tenant has none with the id. */
  find(tenant: string, id: number): Promise<EventRow | null>;
  /** Lists a part of the events of a tenant, newest first. */
  list(tenant: string, filter: EventFilter, window: ListWindow): Promise<EventSummaryRow[]>;
  /** Reads the events with some ids as a whole, newest first. */
  read(tenant: string, ids: readonly number[]): Promise<EventRow[]>;
  /** Counts the events that match, up to one above 10,000. */
  count(tenant: string, filter: EventFilter): Promise<number>;
}

/** Creates the store over an open database. */
export function createEventListStore(db: Database): EventListStore {
  return named<EventListStore>('event-lists', {
    async find(tenant, id) {
      const [found] = await db
        .select()
        .from(events)
        .where(and(eq(events.tenant, tenant), eq(events.id, id)));
      return found ?? null;
    },

    list(tenant, filter, { offset, limit, before }) {
      return db
        .select(EVENT_SUMMARY_COLUMNS)
        .from(events)
        .where(and(conditionsOf(tenant, filter), before === undefined ? undefined : lt(events.id, before)))
        .orderBy(desc(events.id))
        .limit(limit)
        .offset(offset);
    },

    async read(tenant, ids) {
      if (ids.length === 0) return [];
      return db
        .select()
        .from(events)
        .where(and(eq(events.tenant, tenant), inArray(events.id, [...ids])))
        .orderBy(desc(events.id));
    },

    async count(tenant, filter) {
      const some = db
        .select({ id: events.id })
        .from(events)
        .where(conditionsOf(tenant, filter))
        .limit(MAX_COUNTED_ROWS + 1)
        .as('some');
      const [found] = await db.select({ total: sql<number>`count(*)::int` }).from(some);
      return found?.total ?? 0;
    },
  });
}

function conditionsOf(tenant: string, filter: EventFilter): SQL | undefined {
  const { type, source, subject, eventId, triggerRef, webhook, state, matched } = filter;
  const { replayOf, execution, receivedAfter, receivedBefore } = filter;
  return and(
    eq(events.tenant, tenant),
    type === undefined ? undefined : typeCondition(type),
    source === undefined ? undefined : eq(events.source, source),
    subject === undefined ? undefined : eq(events.subject, subject),
    eventId === undefined ? undefined : eq(events.eventId, eventId),
    triggerRef === undefined ? undefined : eq(events.triggerRef, triggerRef),
    webhook === undefined ? undefined : eq(events.webhook, webhook),
    state === undefined ? undefined : eq(events.state, state),
    matched === undefined ? undefined : matched ? gt(events.matches, 0) : eq(events.matches, 0),
    replayOf === undefined ? undefined : eq(events.replayOf, replayOf),
    execution === undefined ? undefined : eq(events.execution, execution),
    withinTimes({ table: events, at: events.received }, { after: receivedAfter, before: receivedBefore }),
  );
}

/** Finds the types that a pattern matches as a part of their order, so that an index serves it. */
function typeCondition(pattern: string): SQL | undefined {
  const prefix = patternPrefix(pattern);
  if (prefix === null) return eq(events.type, pattern);
  return and(
    prefix === '' ? undefined : deeperThan(prefix),
    isReservedType(prefix) ? undefined : not(deeperThan(RESERVED_PREFIX)),
  );
}

/** Finds the types below a prefix, which ends with a dot: in the order of bytes they end before that of the next character, a slash. */
function deeperThan(prefix: string): SQL {
  return sql`(${events.type} > ${prefix} and ${events.type} < ${`${prefix.slice(0, -1)}/`})`;
}

/** The start of a range of time, which belongs to it, and its end, which does not. */
export interface TimeRange {
  after?: Date | undefined;
  before?: Date | undefined;
}

/**
 * The longest time between the beginning of a transaction, whose time its rows have, and their numbers: none takes as long, and the clock of
 * the database is not set back by as much.
 */
const SLACK = sql`interval '10 minutes'`;

const MAX_ID = '9223372036854775807';

/**
 * Matches the rows of a range of time. Their ids grow with time, but for a little: bounds of the ids, which the index of the times has, let
 * lists in order of ids begin where the range does. The rows that give the bounds may be of any tenant. One that is dated in the future gives
 * none: newer rows have older times. Where the clock was set back nevertheless, only ranges that begin or end in the time by which it was set
 * back may lack rows.
 */
export function withinTimes(
  {
    table,
    at,
  }:
    | { table: typeof events; at: typeof events.received }
    | { table: typeof enforcements; at: typeof enforcements.created },
  { after, before }: TimeRange,
): SQL | undefined {
  const instant = (time: Date) => sql`${time.toISOString()}::timestamptz`;
  const older = (time: Date) =>
    sql`(select id from ${table} where ${at} < ${instant(time)} - ${SLACK} order by ${at} desc limit 1)`;
  const newer = (time: Date) =>
    sql`(select id from ${table} where ${at} >= ${instant(time)} + ${SLACK} and ${at} <= now() order by ${at} limit 1)`;
  return and(
    after && and(gte(at, after), gt(table.id, sql`coalesce(${older(after)}, 0)`)),
    before && and(lt(at, before), lt(table.id, sql`coalesce(${newer(before)}, ${MAX_ID}::bigint)`)),
  );
}
