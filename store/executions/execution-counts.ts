import { and, count, eq, gte, inArray, isNotNull, lt, type SQL, sql } from 'drizzle-orm';
import { LAST_INSTANT } from '../../model/instant.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import type { Database } from '../database.ts';
import {
  buildConditions,
  type ExecutionFilter,
  MAX_COUNTED,
  type ResolvedFilter,
  resolveFilter,
  textArray,
} from './execution-filters.ts';
import { executionCountChanges, executionCounts, executions } from './tables.ts';

/** The grouping of statistics. */
export type Grouping = 'action_ref' | 'pack' | 'day' | 'state';

/** Runs of one group and status. */
export interface GroupCount {
  key: string;
  status: ExecutionStatus;
  total: number;
}

/** Runs whose errors have the same fingerprint. */
export interface ErrorGroup extends ErrorPlace {
  /** When the first and the last of them were created. */
  first: Date;
  last: Date;
  /** The number of the newest one, with its error. */
  n: number;
  error: string;
  errorCode: string;
  /** Null for an error of no task. */
  task: string | null;
}

/** The place of a group among others: the most frequent ones come first, then by fingerprint. */
export interface ErrorPlace {
  count: number;
  fingerprint: string;
}

/** Counts runs. The numbers of each day, ref, pack and status are kept, see `executionCounts`. */
export interface ExecutionCounting {
  /** Counts the runs that match a filter, one by one. */
  count(tenant: string, filter: ExecutionFilter): Promise<number>;
  /**
   * Counts runs by status within each group; without a grouping there is one group, with the key ''. Where the numbers of a filter are not
   * kept, at most 10,000 runs are counted; `isLowerBound` if more match.
   */
  countByStatus(
    tenant: string,
    filter: ExecutionFilter,
    grouping: Grouping | null,
  ): Promise<{ groups: GroupCount[]; isLowerBound: boolean }>;
  /**
   * Groups the newest 10,000 runs that match and have an error by fingerprint, and returns the groups after a place; `isLowerBound` if
   * there are more such runs.
   */
  errorGroups(
    tenant: string,
    filter: ExecutionFilter,
    page: { after: ErrorPlace | null; limit: number },
  ): Promise<{ groups: ErrorGroup[]; isLowerBound: boolean }>;
  /** Adds the noted changes to the kept numbers. One process at a time does so; returns false while another one is at it. */
  foldCounts(): Promise<boolean>;
  /** Counts all runs again and corrects the kept numbers, while runs are written. */
  recount(): Promise<void>;
}

/** A filter by what the kept numbers are kept for. The times need not be whole days. */
type CountedFilter = Pick<ExecutionFilter, 'statuses' | 'ref' | 'packName' | 'createdAfter' | 'createdBefore'>;

const COUNTED: Record<keyof CountedFilter, true> = {
  statuses: true,
  ref: true,
  packName: true,
  createdAfter: true,
  createdBefore: true,
};

/** The row of the sums of all days. */
const ALL_DAYS = sql`'-infinity'::date`;

const DAY = 86_400_000;

/** The key of the advisory lock of whoever folds or corrects. */
const WRITER = sql`hashtextextended('fermata counts', 0)`;

/** Creates this part of the store. */
export function createExecutionCounting(db: Database): ExecutionCounting {
  return {
    async count(tenant, filter) {
      const where = buildConditions(await resolveFilter(db, tenant, filter));
      const [counted] = await db.select({ total: count() }).from(executions).where(where);
      return counted?.total ?? 0;
    },

    async countByStatus(tenant, filter, grouping) {
      const resolved = await resolveFilter(db, tenant, filter);
      if (!isKept(resolved)) return countSome(db, resolved, grouping);
      const key = grouping === null ? sql`''` : GROUP_KEYS[grouping];
      const rows = await sumsOf(db, resolved, key, grouping === 'day');
      const groups = rows.map(({ key: group, status, total }) => ({ key: group, status, total: Number(total) }));
      return { groups, isLowerBound: false };
    },

    async errorGroups(tenant, filter, { after, limit }) {
      const where = and(buildConditions(await resolveFilter(db, tenant, filter)), isNotNull(executions.fingerprint));
      const rest = after && sql`having (-count(*), fingerprint) > (${-after.count}, ${after.fingerprint})`;
      const found = await db.execute(sql`
        with found as materialized (
          select fingerprint, n, created, listed from ${executions} where ${where} order by listed desc, n desc limit ${MAX_COUNTED + 1}),
        page as (
          select fingerprint, count(*)::int as count, (array_agg(n order by created desc, n desc))[1] as n,
            ${milliseconds(sql`min(created)`)} as first, ${milliseconds(sql`max(created)`)} as last
          from (select * from found order by listed desc, n desc limit ${MAX_COUNTED}) as newest
          group by fingerprint ${rest ?? sql``} order by count(*) desc, fingerprint limit ${limit})
        select page.*, error, error_code, error_task, counted
        from (select count(*)::int as counted from found) as total
          left join (page join ${executions} using (n, fingerprint)) on true
        order by page.count desc, page.fingerprint`);
      const { rows } = found as unknown as { rows: (ErrorRow | NoRow)[] };
      const groups = rows.filter((row) => row.fingerprint !== null).map(buildGroup);
      return { groups, isLowerBound: rows[0]!.counted > MAX_COUNTED };
    },

    async foldCounts() {
      const [change] = await db.select({ one: sql`1` }).from(executionCountChanges).limit(1);
      if (change === undefined) return true;
      return db.transaction(async (transaction) => {
        const tried = await transaction.execute(sql`select pg_try_advisory_xact_lock(${WRITER}) as held`);
        if (!(tried as unknown as { rows: { held: boolean }[] }).rows[0]!.held) return false;
        await transaction.execute(sql`
          with changes as (delete from ${executionCountChanges} returning *)
          insert into ${executionCounts} (tenant, day, ref, pack, status, total)
          select tenant, coalesce(day, ${ALL_DAYS}), ref, pack, status, sum(total) from changes
          group by grouping sets ((tenant, day, ref, pack, status), (tenant, ref, pack, status)) having sum(total) <> 0
          on conflict (tenant, day, ref, pack, status) do update set total = execution_counts.total + excluded.total`);
        await transaction.delete(executionCounts).where(sql`${executionCounts.total} = 0`);
        return true;
      });
    },

    async recount() {
      await db.transaction(async (transaction) => {
        // A count of all runs may take longer than other statements, and would be as long the next time.
        await transaction.execute(sql`set local statement_timeout = 0`);
        // Two corrections at once would correct twice. A separate statement, so that the next one sees what the last correction did.
        await transaction.execute(sql`select pg_advisory_xact_lock(${WRITER})`);
        // One statement sees the runs, the kept numbers and the noted changes as of one moment, whoever writes.
        await transaction.execute(sql`
          insert into ${executionCountChanges} (tenant, day, ref, pack, status, total)
          select tenant, day, ref, pack, status, sum(total) from (
            select tenant, (created at time zone 'UTC')::date as day, ref, pack, status, count(*) as total
            from ${executions} where tenant is not null group by 1, 2, 3, 4, 5
            union all
            select tenant, day, ref, pack, status, -total from ${executionCounts} where day > ${ALL_DAYS}
            union all
            select tenant, day, ref, pack, status, -total from ${executionCountChanges}
          ) as differences group by 1, 2, 3, 4, 5 having sum(total) <> 0`);
      });
    },
  };
}

const GROUP_KEYS = {
  action_ref: sql`ref`,
  pack: sql`pack`,
  day: sql`day`,
  state: sql`status`,
};

/** Reports whether the numbers of the runs that match a filter are kept, by day. */
function isKept({ filter, hasAction }: ResolvedFilter): boolean {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  return hasAction === undefined && given.every(([name]) => Object.hasOwn(COUNTED, name));
}

/** Counts at most MAX_COUNTED of the runs that match a filter. */
async function countSome(db: Database, resolved: ResolvedFilter, grouping: Grouping | null) {
  const day = sql`to_char(created at time zone 'UTC', 'YYYY-MM-DD')`;
  const key = grouping === null ? sql`''` : grouping === 'day' ? day : GROUP_KEYS[grouping];
  const found = await db.execute(sql`
    with found as materialized (
      select ref, pack, status, created from ${executions} where ${buildConditions(resolved)} limit ${MAX_COUNTED + 1})
    select ${key} as key, status, count(*)::int as total, (select count(*)::int from found) as counted
    from (select * from found limit ${MAX_COUNTED}) as listed group by 1, 2 order by 1`);
  const { rows } = found as unknown as { rows: (GroupCount & { counted: number })[] };
  const groups = rows.map(({ key: group, status, total }) => ({ key: group, status, total }));
  return { groups, isLowerBound: (rows[0]?.counted ?? 0) > MAX_COUNTED };
}

/** A group as the database answers it: times in milliseconds, and numbers that may be large as text. */
interface ErrorRow extends Record<'fingerprint' | 'n' | 'first' | 'last' | 'error' | 'error_code', string> {
  error_task: string | null;
  count: number;
  counted: number;
}

/** The only row of a page without groups. */
interface NoRow {
  fingerprint: null;
  counted: number;
}

function milliseconds(instant: SQL): SQL {
  return sql`(extract(epoch from ${instant}) * 1000)::bigint::text`;
}

function buildGroup(row: ErrorRow): ErrorGroup {
  const { fingerprint, count: size, error, error_code: errorCode, error_task: task } = row;
  const [first, last] = [new Date(Number(row.first)), new Date(Number(row.last))];
  return { fingerprint, count: size, first, last, n: Number(row.n), error, errorCode, task };
}

/** Returns the exact number of runs that match a filter; null when the kept numbers do not have it. */
export async function keptTotal(db: Database, resolved: ResolvedFilter): Promise<number | null> {
  if (!isKept(resolved) || partsOf(resolved.filter).some.length > 0) return null;
  const rows = await sumsOf(db, resolved, sql`''`, false);
  return rows.reduce((sum, { total }) => sum + Number(total), 0);
}

/** Adds up the kept numbers that match a filter, and counts the runs of days that the filter has only in part. */
async function sumsOf(db: Database, resolved: ResolvedFilter, key: SQL, byDay: boolean) {
  const { createdAfter, createdBefore } = resolved.filter;
  const { whole, some } = partsOf(resolved.filter);
  const ranged = createdAfter !== undefined || createdBefore !== undefined;
  const days = and(
    whole.from === undefined ? undefined : sql`day >= ${dayOf(whole.from)}`,
    whole.to === undefined ? undefined : sql`day < ${dayOf(whole.to)}`,
  );
  const kept = (table: typeof executionCounts | typeof executionCountChanges, where: SQL | undefined) =>
    sql`select day, ref, pack, status, total from ${table} where ${and(keptMatches(table, resolved), where, days)}`;
  const parts = [
    kept(executionCounts, ranged || byDay ? sql`day > ${ALL_DAYS}` : sql`day = ${ALL_DAYS}`),
    kept(executionCountChanges, undefined),
    ...some.map(({ from, to }) => {
      const where = and(
        buildConditions({
          ...resolved,
          filter: { ...resolved.filter, createdAfter: undefined, createdBefore: undefined },
        }),
        gte(executions.created, from),
        lt(executions.created, to),
      );
      return sql`select (created at time zone 'UTC')::date, ref, pack, status, 1 from ${executions} where ${where}`;
    }),
  ];
  const found = await db.execute(sql`
    select ${byDay ? sql`to_char(key, 'YYYY-MM-DD')` : sql`key`} as key, status, total from (
      select ${key} as key, status, sum(total)::text as total from (${sql.join(parts, sql` union all `)}) as counted
      group by 1, 2 having sum(total) <> 0
    ) as sums order by 1`);
  return (found as unknown as { rows: { key: string; status: ExecutionStatus; total: string }[] }).rows;
}

function keptMatches(
  table: typeof executionCounts | typeof executionCountChanges,
  { tenant, filter: { statuses, ref, packName }, refs }: ResolvedFilter,
): SQL | undefined {
  return and(
    eq(table.tenant, tenant),
    statuses === undefined ? undefined : inArray(table.status, [...statuses]),
    refs === null ? undefined : sql`${table.ref} = any(${textArray(refs)})`,
    ref === undefined ? undefined : eq(table.ref, ref),
    packName === undefined ? undefined : eq(table.pack, packName),
  );
}

/** Instants in milliseconds: `from` inclusive, `to` exclusive; undefined where there is no bound. */
interface WholeDays {
  from: number | undefined;
  to: number | undefined;
}

/** Divides a range of time into its whole UTC days and what is left at its ends. */
function partsOf({ createdAfter, createdBefore }: CountedFilter): {
  whole: WholeDays;
  some: { from: Date; to: Date }[];
} {
  const after = createdAfter?.getTime();
  const before = createdBefore?.getTime();
  const from = after === undefined ? undefined : Math.ceil(after / DAY) * DAY;
  const to = before === undefined ? undefined : Math.floor(before / DAY) * DAY;
  const range = (start: number, end: number) =>
    start < end ? [{ from: new Date(start), to: new Date(Math.min(end, LAST_INSTANT)) }] : [];
  // Less than a whole day lies between the bounds.
  if (from !== undefined && to !== undefined && from > to)
    return { whole: { from, to: from }, some: range(after!, before!) };
  return {
    whole: { from, to },
    some: [...(from === undefined ? [] : range(after!, from)), ...(to === undefined ? [] : range(to, before!))],
  };
}

function dayOf(instant: number): SQL {
  return sql`('1970-01-01'::date + ${instant / DAY}::int)`;
}
