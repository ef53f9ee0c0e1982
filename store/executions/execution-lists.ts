import { and, arrayOverlaps, count, desc, eq, gte, ilike, inArray, lt, or, type SQL, sql } from 'drizzle-orm';
import type { ExecutionStatus } from '../../model/status.ts';
import type { Database } from '../database.ts';
import { likePattern, wildcardPattern } from '../like.ts';
import type { IndexRow } from './execution-rows.ts';
import { executions } from './tables.ts';

/** Filters of lists and statistics. A run must match all that are given. */
export interface ExecutionFilter {
  statuses?: readonly ExecutionStatus[] | undefined;
  /** Matches the ref of the run or of an action of its tasks; `*` is a wildcard. */
  actionRef?: string | undefined;
  /** The exact ref of the run; the integer id of its workflow. */
  ref?: string | undefined;
  definition?: number | undefined;
  packName?: string | undefined;
  /** Text that the serialized result contains, in any case. */
  resultContains?: string | undefined;
  enforcement?: number | undefined;
  parent?: number | undefined;
  /** The integer id of the principal that started the run. */
  executor?: number | undefined;
  owner?: string | undefined;
  /** True: only runs that are open; false: only runs that have closed. */
  open?: boolean | undefined;
  /** Inclusive start and exclusive end of the time of creation. */
  createdAfter?: Date | undefined;
  createdBefore?: Date | undefined;
  /** The number of a run, or text that the workflow id contains. */
  search?: { n: number } | { text: string } | undefined;
}

/** The place after a row of a list: its sort time in milliseconds, and its number. */
export interface Cursor {
  listed: number;
  n: number;
}

/** A place in the order of changes: a transaction, and the number of a run that it changed. */
export interface ChangePlace {
  changed: number;
  n: number;
}

/** The grouping of statistics. */
export type Grouping = 'action_ref' | 'pack' | 'day';

/** Lists and counts runs of a tenant. */
export interface ExecutionListing {
  /**
   * Finds the retries of runs by integer id, and their retries, in order of start; `origin` is the run that each goes back to. At most
   * 1,000.
   */
  retriesOf(
    tenant: string,
    ids: readonly number[],
  ): Promise<{ origin: number; of: number; n: number; status: ExecutionStatus }[]>;
  /** Lists a page of a tenant's runs, newest first; `total` counts all that match. */
  list(
    tenant: string,
    filter: ExecutionFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: IndexRow[]; total: number }>;
  /** Lists the rows after a cursor, newest first; no run is repeated or skipped while others start and end. */
  listBehind(
    tenant: string,
    filter: ExecutionFilter,
    page: { cursor: Cursor | null; limit: number },
  ): Promise<IndexRow[]>;
  /**
   * Lists rows that changed after a place, in order of the transactions that wrote them. Waits with rows whose order is still open
   * because an older transaction is in progress, so that no change is ever missed.
   */
  changesBehind(tenant: string, place: ChangePlace, limit: number): Promise<IndexRow[]>;
  /** Returns the place after all changes whose order is final. */
  lastChange(): Promise<ChangePlace>;
  /** Lists the numbers of runs, newest first. */
  numbersOf(tenant: string, filter: ExecutionFilter, limit: number): Promise<number[]>;
  /** Counts the runs that match a filter. */
  count(tenant: string, filter: ExecutionFilter): Promise<number>;
  /** Counts runs by status within each group; without a grouping there is one group, with the key ''. */
  countByStatus(
    tenant: string,
    filter: ExecutionFilter,
    grouping: Grouping | null,
  ): Promise<{ key: string; status: ExecutionStatus; total: number }[]>;
}

/** Creates this part of the store. */
export function createExecutionListing(db: Database): ExecutionListing {
  return {
    async retriesOf(tenant, ids) {
      if (ids.length === 0) return [];
      const list = sql.join(
        ids.map((id) => sql`${id}`),
        sql`, `,
      );
      const found = await db.execute(sql`
        with recursive chain(origin, of, n, status) as (
          select retry_of, retry_of, n, status from executions where tenant = ${tenant} and retry_of in (${list})
          union all
          select chain.origin, retry.retry_of, retry.n, retry.status
          from chain join executions retry on retry.tenant = ${tenant} and retry.retry_of = chain.n * 1024
        )
        select origin::text, of::text, n::text, status from chain order by chain.n, chain.origin limit 1000`);
      const rows = (found as unknown as { rows: Record<'origin' | 'of' | 'n' | 'status', string>[] }).rows;
      return rows.map(({ origin, of, n, status }) => ({
        origin: Number(origin),
        of: Number(of),
        n: Number(n),
        status: status as ExecutionStatus,
      }));
    },

    async list(tenant, filter, page) {
      const where = conditionsOf(tenant, filter);
      const rows = await db
        .select()
        .from(executions)
        .where(where)
        .orderBy(...NEWEST_FIRST)
        .limit(page.limit)
        .offset(page.offset);
      const counted = await db.select({ total: count() }).from(executions).where(where);
      return { rows, total: counted[0]?.total ?? 0 };
    },

    async listBehind(tenant, filter, { cursor, limit }) {
      const behind =
        cursor === null
          ? undefined
          : sql`(${executions.listed}, ${executions.n}) < (${new Date(cursor.listed).toISOString()}::timestamptz, ${cursor.n})`;
      return db
        .select()
        .from(executions)
        .where(and(conditionsOf(tenant, filter), behind))
        .orderBy(...NEWEST_FIRST)
        .limit(limit);
    },

    async changesBehind(tenant, { changed, n }, limit) {
      return db
        .select()
        .from(executions)
        .where(
          and(
            eq(executions.tenant, tenant),
            sql`(${executions.changed}, ${executions.n}) > (${changed}, ${n})`,
            sql`${executions.changed} < ${OLDEST_TRANSACTION}`,
          ),
        )
        .orderBy(executions.changed, executions.n)
        .limit(limit);
    },

    async lastChange() {
      const [found] = await db.select({ oldest: sql<string>`${OLDEST_TRANSACTION}` }).from(sql`(select 1) as one`);
      return { changed: Number(found?.oldest ?? 0), n: -1 };
    },

    async numbersOf(tenant, filter, limit) {
      const rows = await db
        .select({ n: executions.n })
        .from(executions)
        .where(conditionsOf(tenant, filter))
        .orderBy(...NEWEST_FIRST)
        .limit(limit);
      return rows.map(({ n }) => n);
    },

    async count(tenant, filter) {
      const [counted] = await db.select({ total: count() }).from(executions).where(conditionsOf(tenant, filter));
      return counted?.total ?? 0;
    },

    async countByStatus(tenant, filter, grouping) {
      const key = grouping === null ? sql<string>`''` : GROUP_KEYS[grouping];
      return db
        .select({ key: sql<string>`${key}`.as('key'), status: executions.status, total: count() })
        .from(executions)
        .where(conditionsOf(tenant, filter))
        .groupBy(sql`1`, executions.status)
        .orderBy(sql`1`);
    },
  };
}

/** The oldest transaction in progress. */
const OLDEST_TRANSACTION = sql`pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

const NEWEST_FIRST = [desc(executions.listed), desc(executions.n)];

const GROUP_KEYS = {
  action_ref: executions.ref,
  pack: executions.pack,
  day: sql<string>`to_char(${executions.created} at time zone 'UTC', 'YYYY-MM-DD')`,
};

/** Matches the runs of a tenant that match a filter. */
function conditionsOf(tenant: string, filter: ExecutionFilter): SQL | undefined {
  const { statuses, actionRef, packName, resultContains, enforcement, parent, executor, owner, open } = filter;
  const { createdAfter, createdBefore, search, ref, definition } = filter;
  return and(
    eq(executions.tenant, tenant),
    statuses === undefined ? undefined : inArray(executions.status, [...statuses]),
    actionRef === undefined ? undefined : refMatches(actionRef),
    ref === undefined ? undefined : eq(executions.ref, ref),
    definition === undefined ? undefined : eq(executions.definition, definition),
    packName === undefined ? undefined : eq(executions.pack, packName),
    resultContains === undefined ? undefined : ilike(executions.result, likePattern(resultContains)),
    enforcement === undefined ? undefined : eq(executions.enforcement, enforcement),
    parent === undefined ? undefined : eq(executions.parent, parent),
    owner === undefined ? undefined : eq(executions.owner, owner),
    executor === undefined ? undefined : eq(executions.executor, executor),
    createdAfter === undefined ? undefined : gte(executions.created, createdAfter),
    createdBefore === undefined ? undefined : lt(executions.created, createdBefore),
    search === undefined ? undefined : searchMatches(search),
    open === undefined ? undefined : eq(executions.versionClosed, open ? 0 : 1),
  );
}

function searchMatches(search: { n: number } | { text: string }): SQL {
  return 'n' in search ? eq(executions.n, search.n) : ilike(executions.workflowId, likePattern(search.text));
}

function refMatches(ref: string): SQL | undefined {
  if (!ref.includes('*')) return or(eq(executions.ref, ref), arrayOverlaps(executions.actions, [ref]));
  const pattern = wildcardPattern(ref);
  return or(
    sql`${executions.ref} like ${pattern}`,
    sql`exists (select 1 from unnest(${executions.actions}) as action where action like ${pattern})`,
  );
}
