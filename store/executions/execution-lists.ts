import { and, eq, sql } from 'drizzle-orm';
import type { ExecutionStatus } from '../../model/status.ts';
import type { Database } from '../database.ts';
import { buildConditions, type ExecutionFilter, resolveFilter } from './execution-filters.ts';
import { type FoundPage, findPage, hasMany, NEWEST_FIRST, type PageWindow, readOn } from './execution-pages.ts';
import type { IndexRow } from './execution-rows.ts';
import { executions } from './tables.ts';

/** A place in the order of changes: a transaction, and the number of something that it changed. */
export interface ChangePlace {
  changed: number;
  n: number;
}

/** A moment in the order of changes. */
export interface ChangeMoment {
  /** The place after all changes whose order is final. */
  place: ChangePlace;

  /** Reports whether the changes of a transaction were there at this moment; those behind `place` may have been. */
  isPast(changed: number): boolean;
}

/** The oldest transaction in progress: the order of the changes of those before it is final. */
const OLDEST_TRANSACTION = sql`pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

/** Returns the present moment. */
export async function findMoment(db: Pick<Database, 'select'>): Promise<ChangeMoment> {
  // As "oldest in progress:next:in progress,in progress".
  const snapshot = sql<string>`pg_current_snapshot()::text`;
  const [found] = await db.select({ snapshot }).from(sql`(select 1) as one`);
  const [oldest, next, list] = found!.snapshot.split(':');
  const inProgress = new Set(list === '' ? [] : list!.split(',').map(Number));
  return {
    place: { changed: Number(oldest), n: -1 },
    isPast: (changed) => changed < Number(next) && !inProgress.has(changed),
  };
}

/** Lists runs of a tenant. */
export interface ExecutionListing {
  /**
   * Finds the retries of runs by integer id, and their retries, in order of start; `origin` is the run that each goes back to. At most
   * 1,000.
   */
  retriesOf(
    tenant: string,
    ids: readonly number[],
  ): Promise<{ origin: number; of: number; n: number; status: ExecutionStatus }[]>;
  /**
   * Lists a page of a tenant's runs, newest first, and counts all that match, up to a bound. After a cursor no run is repeated or skipped
   * while others start and end.
   */
  list(tenant: string, filter: ExecutionFilter, window: PageWindow): Promise<FoundPage>;
  /** Reports whether more than 10,000 runs match a filter. */
  hasMany(tenant: string, filter: ExecutionFilter): Promise<boolean>;
  /** Lists the rows after a cursor, newest first, without counting. */
  readOn(tenant: string, filter: ExecutionFilter, window: PageWindow): Promise<IndexRow[]>;
  /**
   * Lists rows that changed after a place, in order of the transactions that wrote them. Waits with rows whose order is still open
   * because an older transaction is in progress, so that no change is ever missed.
   */
  changesBehind(tenant: string, place: ChangePlace, limit: number): Promise<IndexRow[]>;
  /** Returns the present moment. */
  moment(): Promise<ChangeMoment>;
  /** Lists the numbers of runs, newest first. */
  numbersOf(tenant: string, filter: ExecutionFilter, limit: number): Promise<number[]>;
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

    list: (tenant, filter, window) => findPage(db, tenant, filter, window),

    hasMany: (tenant, filter) => hasMany(db, tenant, filter),

    readOn: (tenant, filter, window) => readOn(db, tenant, filter, window),

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

    moment: () => findMoment(db),

    async numbersOf(tenant, filter, limit) {
      const rows = await db
        .select({ n: executions.n })
        .from(executions)
        .where(buildConditions(await resolveFilter(db, tenant, filter)))
        .orderBy(...NEWEST_FIRST)
        .limit(limit);
      return rows.map(({ n }) => n);
    },
  };
}
