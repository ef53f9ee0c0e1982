import { and, desc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import { FIRST_INSTANT, LAST_INSTANT } from '../../model/instant.ts';
import { EXECUTION_STATUSES } from '../../model/status.ts';
import type { Database } from '../database.ts';
import { keptTotal } from './execution-counts.ts';
import {
  buildConditions,
  type ExecutionFilter,
  MAX_COUNTED,
  type ResolvedFilter,
  resolveFilter,
  textArray,
} from './execution-filters.ts';
import type { IndexRow } from './execution-rows.ts';
import { executionCountChanges, executionCounts, executions } from './tables.ts';

/** The place after a row of a list: its sort time in milliseconds, and its number. */
export interface Cursor {
  listed: number;
  n: number;
}

/** A part of a list: `limit` rows after a cursor, or after the first `offset` rows. */
export interface PageWindow {
  cursor?: Cursor | null;
  offset?: number;
  limit: number;
}

/**
 * A page of a list. `total` counts all rows that match. Where `isLowerBound`, that many or more match: it is MAX_COUNTED, or counts the
 * rows up to the end of the page, if they are more.
 */
export interface FoundPage {
  rows: IndexRow[];
  total: number;
  isLowerBound: boolean;
}

/** The most refs whose newest runs are merged, and the most runs of each. */
const MERGED = { refs: 500, runs: 500 };

/** The order of lists. */
export const NEWEST_FIRST = [desc(executions.listed), desc(executions.n)];

/**
 * Lists a page of a tenant's runs, newest first. Finds the keys of the page in indexes, and then reads its rows alone: of a filter that
 * matches few runs all keys are found, by whichever indexes are best, and sorted; of others the keys are read in the order of the list,
 * of which enough match soon.
 */
export async function findPage(
  db: Database,
  tenant: string,
  filter: ExecutionFilter,
  window: PageWindow,
): Promise<FoundPage> {
  const resolved = await resolveFilter(db, tenant, filter);
  if (resolved.refs?.length === 0) return { rows: [], total: 0, isLowerBound: false };
  const kept = await keptTotal(db, resolved);
  if (kept === null || kept <= MAX_COUNTED) {
    const { rows, total } = await collect(db, resolved, window);
    if (total <= MAX_COUNTED) return { rows, total, isLowerBound: false };
  }
  const rows = await walk(db, resolved, window);
  if (kept !== null) return { rows, total: kept, isLowerBound: false };
  return { rows, ...totalUpTo(rows.length, window) };
}

/** Returns what a page of so many rows shows of the number of all: a page that is not full is the last one. */
function totalUpTo(found: number, { cursor = null, offset = 0, limit }: PageWindow) {
  // An empty page may be far behind the last one.
  const end = cursor === null && found > 0 ? offset + found : 0;
  return end > 0 && found < limit
    ? { total: end, isLowerBound: false }
    : { total: Math.max(MAX_COUNTED, end), isLowerBound: true };
}

/** Reports whether more than MAX_COUNTED runs match a filter. */
export async function hasMany(db: Database, tenant: string, filter: ExecutionFilter): Promise<boolean> {
  const resolved = await resolveFilter(db, tenant, filter);
  const total = (await keptTotal(db, resolved)) ?? (await collect(db, resolved, { limit: 0 })).total;
  return total > MAX_COUNTED;
}

/** Lists rows after a cursor without counting what matches, for whoever reads all of them. */
export async function readOn(
  db: Database,
  tenant: string,
  filter: ExecutionFilter,
  window: PageWindow,
): Promise<IndexRow[]> {
  return walk(db, await resolveFilter(db, tenant, filter), window);
}

/**
 * Finds the keys of all runs that match, up to MAX_COUNTED + 1 of them, and returns their number and the rows of the page: none where
 * that many match. One statement, so that the page has the rows whose keys it found, whoever deletes or changes them.
 */
async function collect(db: Database, resolved: ResolvedFilter, { cursor = null, offset = 0, limit }: PageWindow) {
  const few = sql`(select count(*) from found) <= ${MAX_COUNTED}`;
  const counted = sql`(
    with found as materialized (select keys.n, keys.listed from (${keysOf(resolved)}) as keys limit ${MAX_COUNTED + 1})
    select (select count(*)::int from found) as total, array(
      select found.n from found where ${and(few, isBehind(cursor))} order by found.listed desc, found.n desc limit ${limit} offset ${offset}
    ) as numbers) as counted`;
  const found = await db
    .select({ total: sql<number>`counted.total`, row: executions })
    .from(counted)
    .leftJoin(executions, sql`${executions.n} = any(counted.numbers)`)
    .orderBy(...NEWEST_FIRST);
  return { total: found[0]!.total, rows: found.flatMap(({ row }) => row ?? []) };
}

/** Finds the keys of a page in the order of the list, and reads their rows, in one statement. */
async function walk(db: Database, resolved: ResolvedFilter, window: PageWindow): Promise<IndexRow[]> {
  const { cursor = null, offset = 0, limit } = window;
  const { refs } = resolved;
  const most = offset + limit;
  const isMerged = refs !== null && refs.length > 1 && refs.length <= MERGED.refs && most <= MERGED.runs;
  const keys = isMerged ? newestOfEach(resolved, refs, { cursor, most }) : keysOf(resolved, { cursor, most });
  const numbers = sql`array(
    select keys.n from (${keys}) as keys order by keys.listed desc, keys.n desc limit ${limit} offset ${offset})`;
  return db
    .select()
    .from(executions)
    .where(sql`${executions.n} = any(${numbers})`)
    .orderBy(...NEWEST_FIRST);
}

/** The newest runs of a selection: at most `most`, after a cursor. */
interface Newest {
  cursor: Cursor | null;
  most: number;
}

/**
 * Selects the keys of the runs that match, each part of them from an index that has the order of lists: of every part all keys, or the
 * newest ones.
 */
function keysOf(resolved: ResolvedFilter, newest?: Newest): SQL {
  const parts = partsOf(resolved);
  const { createdAfter, createdBefore } = resolved.filter;
  const hasTimes = createdAfter !== undefined || createdBefore !== undefined;
  const isDivided = parts[0] !== resolved;
  if (hasTimes && (isDivided || newest !== undefined)) return keysOfTimes(resolved, parts, newest);
  return unionOf(
    parts.map((part) => sql`select n, listed from ${executions} where ${buildConditions(part)} ${endOf(newest)}`),
  );
}

/**
 * Selects keys like `keysOf` for a filter with times, which bound the order of lists: nearly all runs stand where they were created, to a
 * minute. Around the bounds, and for the others, the time of creation decides.
 */
function keysOfTimes(resolved: ResolvedFilter, parts: readonly ResolvedFilter[], newest: Newest | undefined): SQL {
  const { createdAfter, createdBefore } = resolved.filter;
  const [after, before] = [createdAfter?.getTime(), createdBefore?.getTime()];
  const keys = (of: ResolvedFilter, where: SQL | undefined) =>
    sql`select n, listed from ${executions} where ${and(buildConditions(of), where)} ${endOf(newest)}`;
  const within = (part: ResolvedFilter) => {
    const withoutTimes = { ...part.filter, createdAfter: undefined, createdBefore: undefined };
    const place = isListed(plus(after, MINUTE), plus(before, -MINUTE));
    return keys({ ...part, filter: withoutTimes }, and(place, IN_PLACE));
  };
  const isShort = after !== undefined && before !== undefined && before - after < 2 * MINUTE;
  const bounds = [after, before].filter((bound) => bound !== undefined);
  const around = isShort
    ? [isListed(after - MINUTE, before + MINUTE)]
    : bounds.map((bound) => isListed(bound - MINUTE, bound + MINUTE));
  return unionOf([
    ...(isShort ? [] : parts.map(within)),
    ...around.map((place) => keys(resolved, and(place, IN_PLACE))),
    ...MISPLACED.map((place) => keys(resolved, place)),
  ]);
}

const MINUTE = 60_000;

/** Matches the runs that stand in lists where they were created, and those that stand before or behind; see `executions_misplaced`. */
const IN_PLACE = sql`listed - created between '-1 minute' and '1 minute'`;
const MISPLACED = [sql`listed - created < '-1 minute'`, sql`listed - created > '1 minute'`];

function plus(time: number | undefined, by: number): number | undefined {
  return time === undefined ? undefined : time + by;
}

/** Matches the runs that stand in a part of lists; times in milliseconds, undefined without a bound. */
function isListed(from: number | undefined, to: number | undefined): SQL | undefined {
  const instant = (time: number) =>
    sql`${new Date(Math.max(FIRST_INSTANT, Math.min(time, LAST_INSTANT))).toISOString()}::timestamptz`;
  return and(
    from === undefined ? undefined : sql`listed >= ${instant(from)}`,
    to === undefined ? undefined : sql`listed < ${instant(to)}`,
  );
}

const ORDER = sql`order by listed desc, n desc`;

/** The end of a selection that has a condition: all its runs, or the newest ones. */
function endOf(newest: Newest | undefined): SQL {
  if (newest === undefined) return sql``;
  const behind = isBehind(newest.cursor);
  return sql`${behind && sql`and ${behind}`} ${ORDER} limit ${newest.most}`;
}

/** Divides a filter by status where the indexes that find its runs are divided by it. */
function partsOf(resolved: ResolvedFilter): ResolvedFilter[] {
  const { filter, refs } = resolved;
  const { statuses, ref, packName, executor, definition } = filter;
  const isDivided = refs?.length === 1 || [ref, packName, executor, definition].some((each) => each !== undefined);
  const each = statuses ?? (isDivided ? EXECUTION_STATUSES : []);
  return each.length === 0
    ? [resolved]
    : each.map((status) => ({ ...resolved, filter: { ...filter, statuses: [status] } }));
}

function unionOf(parts: readonly SQL[]): SQL {
  return sql.join(
    parts.map((part) => sql`(${part})`),
    sql` union all `,
  );
}

/** Selects the keys of the newest runs of each ref and status. */
function newestOfEach(
  resolved: ResolvedFilter,
  refs: readonly string[],
  { cursor, most }: { cursor: Cursor | null; most: number },
): SQL {
  const { tenant, filter } = resolved;
  const { statuses, ...rest } = filter;
  const kinds = (table: typeof executionCounts | typeof executionCountChanges, where?: SQL) => {
    const ofRefs = sql`${table.ref} = any(${textArray(refs)})`;
    const ofStatuses = statuses === undefined ? undefined : inArray(table.status, [...statuses]);
    return sql`select ref, status from ${table} where ${and(eq(table.tenant, tenant), ofRefs, ofStatuses, where)}`;
  };
  const matches = buildConditions({ ...resolved, filter: rest, refs: null });
  const ofKind = sql`${executions.ref} = kind.ref and ${executions.status} = kind.status`;
  return sql`
    select newest.n, newest.listed
    from (${kinds(executionCounts, sql`day = '-infinity'`)} union ${kinds(executionCountChanges)}) as kind
    cross join lateral (
      select n, listed from ${executions} where ${and(matches, ofKind, isBehind(cursor))} order by listed desc, n desc limit ${most}
    ) as newest`;
}

function isBehind(cursor: Cursor | null): SQL | undefined {
  return cursor === null
    ? undefined
    : sql`(listed, n) < (${new Date(cursor.listed).toISOString()}::timestamptz, ${cursor.n}::bigint)`;
}
