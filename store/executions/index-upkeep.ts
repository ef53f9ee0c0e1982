import { and, eq, inArray, lt, type SQL, sql } from 'drizzle-orm';
import { parseExecutionId } from '../../model/execution-id.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import type { Database } from '../database.ts';
import { among, type IndexRow, inOrder } from './execution-rows.ts';
import { executions, tombstones, watermarks } from './tables.ts';

/** The statements with which the reconciler keeps the index equal to Temporal and rebuilds it. */
export interface IndexUpkeep {
  /** Returns the watermark of a namespace; null before the first one was written. */
  watermark(namespace: string): Promise<{ started: Date; closed: Date } | null>;
  /** Returns, by run id, the runs that the index knows among some workflow ids, and whether it knows each as closed. */
  known(namespace: string, workflowIds: readonly string[]): Promise<Map<string, boolean>>;
  /** Finds the statuses of the parents of runs, by the number of the run. */
  statusesAbove(rows: readonly IndexRow[]): Promise<Map<number, ExecutionStatus>>;
  /** Has the reconciler look at a run next. */
  mark(n: number): Promise<void>;
  /** Finds open rows to look at, alternating between tenants: first those that are marked, then those not looked at since a time. */
  due(namespace: string, before: Date, limit: number): Promise<IndexRow[]>;
  /** Records that rows were looked at. */
  looked(rows: readonly IndexRow[], at: Date): Promise<void>;
  /** Deletes the row of a run that Temporal does not have, unless it was written since it was read. */
  drop(row: IndexRow): Promise<void>;
  /** Forgets deletions whose time has passed. */
  forgetBuried(now: Date): Promise<void>;
  /** Requests a rebuild of the index. Returns the number of the rebuild. */
  askRebuild(namespace: string): Promise<number>;
  /** Returns the last rebuild that was requested and the last one that was completed. */
  rebuilds(namespace: string): Promise<{ generation: number; rebuilt: number }>;
  /** Marks runs that a rebuild has found in Temporal. */
  seen(namespace: string, workflowIds: readonly string[], generation: number): Promise<void>;
  /** Finds rows with numbers after `n` that a rebuild has not found in Temporal, in order of number. */
  unseen(namespace: string, generation: number, window: { n: number; limit: number }): Promise<IndexRow[]>;
  /** Marks a rebuild as completed. */
  endRebuild(namespace: string, generation: number): Promise<void>;
}

/** Creates this part of the store. */
export function createIndexUpkeep(db: Database): IndexUpkeep {
  const byNamespace = db
    .select()
    .from(watermarks)
    .where(eq(watermarks.namespace, sql.placeholder('namespace')))
    .prepare('watermark');
  const due = selectDue(db).prepare('executions_due');

  return {
    async watermark(namespace) {
      const [found] = await byNamespace.execute({ namespace });
      return found === undefined || found.started.getTime() === 0 ? null : found;
    },

    async known(namespace, workflowIds) {
      if (workflowIds.length === 0) return new Map();
      const rows = await db
        .select({ run: executions.versionRun, closed: executions.versionClosed })
        .from(executions)
        .where(among(namespace, workflowIds));
      return new Map(rows.map(({ run, closed }) => [run, closed === 1]));
    },

    async statusesAbove(rows) {
      const numbers = new Map(
        rows.flatMap(({ n, parent }) => {
          const above = parent === null ? undefined : parseExecutionId(String(parent))?.n;
          return above === undefined ? [] : [[n, above] as const];
        }),
      );
      if (numbers.size === 0) return new Map();
      const found = await db
        .select({ n: executions.n, status: executions.status })
        .from(executions)
        .where(inArray(executions.n, [...new Set(numbers.values())]));
      const statuses = new Map(found.map(({ n, status }) => [n, status]));
      return new Map(
        [...numbers].flatMap(([n, above]) => {
          const status = statuses.get(above);
          return status === undefined ? [] : [[n, status] as const];
        }),
      );
    },

    async mark(n) {
      await db.update(executions).set({ marked: true }).where(eq(executions.n, n));
    },

    async due(namespace, before, limit) {
      return due.execute({ namespace, before, limit });
    },

    async looked(rows, at) {
      const numbers = rows.map(({ n }) => n);
      if (numbers.length === 0) return;
      const those = inOrder(db, inArray(executions.n, numbers));
      await db.update(executions).set({ marked: false, looked: at }).where(inArray(executions.n, those));
    },

    async drop({ n, versionRun, versionEvent }) {
      const same = and(eq(executions.versionRun, versionRun), eq(executions.versionEvent, versionEvent));
      await db.delete(executions).where(and(eq(executions.n, n), same));
    },

    async forgetBuried(now) {
      await db.delete(tombstones).where(lt(tombstones.until, now));
    },

    async askRebuild(namespace) {
      const never = new Date(0);
      const [asked] = await db
        .insert(watermarks)
        .values({ namespace, started: never, closed: never, generation: 1 })
        .onConflictDoUpdate({ target: watermarks.namespace, set: { generation: sql`${watermarks.generation} + 1` } })
        .returning({ generation: watermarks.generation });
      return asked!.generation;
    },

    async rebuilds(namespace) {
      const [found] = await byNamespace.execute({ namespace });
      return { generation: found?.generation ?? 0, rebuilt: found?.rebuilt ?? 0 };
    },

    async seen(namespace, workflowIds, generation) {
      if (workflowIds.length === 0) return;
      const rows = inOrder(db, among(namespace, workflowIds));
      await db.update(executions).set({ generation }).where(inArray(executions.n, rows));
    },

    async unseen(namespace, generation, { n, limit }) {
      return db
        .select()
        .from(executions)
        .where(
          and(
            eq(executions.namespace, namespace),
            lt(executions.generation, generation),
            sql`${executions.n} > ${n}`,
            // A row without a version belongs to a run that Temporal has not received yet.
            sql`${executions.versionRun} <> ''`,
          ),
        )
        .orderBy(executions.n)
        .limit(limit);
    },

    async endRebuild(namespace, generation) {
      await db
        .update(watermarks)
        .set({ rebuilt: sql`greatest(${watermarks.rebuilt}, ${generation})` })
        .where(eq(watermarks.namespace, namespace));
    },
  };
}

/** Selects open rows to look at, for a namespace, a time `before` which they were last looked at, and a limit. */
function selectDue(db: Database) {
  const limit = sql.placeholder('limit');
  const open = sql`e.namespace = ${sql.placeholder('namespace')} and e.version_closed = 0`;
  const since = sql.param(sql.placeholder('before'), executions.looked);
  const dueOf = (tenant: SQL) => sql`
    (select e.n, e.tenant, e.marked, e.looked from ${executions} e where ${open} and ${tenant} and e.marked limit ${limit})
    union
    (select e.n, e.tenant, e.marked, e.looked from ${executions} e
      where ${open} and ${tenant} and e.created <= ${since} and (e.looked is null or e.looked <= ${since})
      order by e.looked nulls first limit ${limit})`;
  // Tenants are enumerated through the index, whatever the number of rows; some runs have none.
  const chosen = sql`
    with recursive owners as (
      (select e.tenant from ${executions} e where ${open} and e.tenant is not null order by e.tenant limit 1)
      union all
      select (select e.tenant from ${executions} e where ${open} and e.tenant > owners.tenant order by e.tenant limit 1)
      from owners where owners.tenant is not null
    ), due as (
      select found.* from owners cross join lateral (${dueOf(sql`e.tenant = owners.tenant`)}) found
      union all
      select * from (${dueOf(sql`e.tenant is null`)}) found
    )
    select n from (
      select n, looked, row_number() over (partition by tenant order by marked desc, looked nulls first) as turn from due
    ) ranked order by turn, looked nulls first limit ${limit}`;
  return db.select().from(executions).where(sql`${executions.n} in (${chosen})`);
}
