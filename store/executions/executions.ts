import { and, arrayOverlaps, count, desc, eq, gt, gte, ilike, inArray, lt, or, type SQL, sql } from 'drizzle-orm';
import { integerId, parseExecutionId } from '../../model/execution-id.ts';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { ExecutionStatus } from '../../model/status.ts';
import type { Database, Transaction } from '../database.ts';
import { likePattern, wildcardPattern } from '../like.ts';
import { named } from '../named.ts';
import { isRowRefused } from '../refusals.ts';
import { executions, idempotencyKeys, tombstones, watermarks } from '../schema.ts';
import { noteHooks } from './failure-hooks.ts';
import { noteTurns, type TurnClaim } from './turns.ts';

/** The most schedules whose runs are looked up in one call. */
const MAX_SCHEDULES = 20;

/** A row of the execution index. */
export type IndexRow = typeof executions.$inferSelect;

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
export interface Change {
  changed: number;
  n: number;
}

/** The grouping of statistics. */
export type Grouping = 'action_ref' | 'pack' | 'day';

/** The times up to which the index has read Temporal's visibility. */
export interface Watermark {
  namespace: string;
  started: Date;
  closed: Date;
}

/** A claim that a start makes before it calls Temporal: the row of the run, and the idempotency key with the hash of its request. */
export interface Claim {
  entry: IndexEntry;
  idempotency?: { key: string; bodyHash: string } | undefined;
}

/** An entry whose values the database refuses, with the database's error. */
export interface RefusedEntry {
  entry: IndexEntry;
  error: unknown;
}

/** The index of executions: a row for each run, which every writer replaces only by newer facts. */
export interface ExecutionStore {
  /**
   * Inserts the row of a run before its start together with its idempotency key, in one transaction. Returns what the key was used for
   * before, if it was, and `taken` when the number belongs to another run.
   */
  claim(tenant: string, claim: Claim): Promise<'claimed' | 'taken' | { n: number; bodyHash: string }>;
  /** Removes a claim whose run Temporal refused to start. */
  unclaim(tenant: string, claim: Claim): Promise<void>;
  /**
   * Writes entries, each only if it is not older than its row; `seen` advances the watermark with them. Rows are locked in the order of
   * their numbers, so that writers do not deadlock. Returns the entries whose values the database refuses; all others are written.
   */
  write(entries: readonly IndexEntry[], seen?: Watermark): Promise<RefusedEntry[]>;
  /** Deletes rows with the idempotency keys that led to them, and keeps writers from inserting them again until a time. */
  bury(namespace: string, workflowIds: readonly string[], until: Date): Promise<void>;
  /** Reports whether a run was deleted recently. */
  isBuried(namespace: string, workflowId: string): Promise<boolean>;
  /** Forgets deletions whose time has passed. */
  forgetBuried(now: Date): Promise<void>;
  /** Finds the sub-workflows of a run, and theirs. */
  descendants(n: number): Promise<{ n: number; workflowId: string }[]>;
  /**
   * Finds the retries of runs by integer id, and their retries, in order of start; `origin` is the run that each goes back to. At most
   * 1,000.
   */
  retriesOf(
    tenant: string,
    ids: readonly number[],
  ): Promise<{ origin: number; of: number; n: number; status: ExecutionStatus }[]>;
  /** Returns the watermark of a namespace; null before the first one was written. */
  watermark(namespace: string): Promise<{ started: Date; closed: Date } | null>;
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
  /** Finds a run by its number, in any tenant. */
  find(n: number): Promise<IndexRow | null>;
  /** Finds a run by its workflow id, in any tenant. */
  findByWorkflowId(namespace: string, workflowId: string): Promise<IndexRow | null>;
  /** Finds the tenants of runs by workflow id; the workflow id of a schedule stands for the runs that it has started. */
  tenantsOf(namespace: string, ids: readonly string[]): Promise<Map<string, string | null>>;
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
  changesBehind(tenant: string, change: Change, limit: number): Promise<IndexRow[]>;
  /** Returns the place after all changes whose order is final. */
  lastChange(): Promise<Change>;
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

/** Creates the store over an open database. */
export function createExecutionStore(db: Database): ExecutionStore {
  /** Locks rows in the order of their numbers. */
  const inOrder = (where: SQL | undefined, within: Database | Transaction = db) =>
    within.select({ n: executions.n }).from(executions).where(where).orderBy(executions.n).for('update');

  /** Writes entries in one transaction. */
  async function writeAll(entries: readonly IndexEntry[], seen?: Watermark): Promise<void> {
    await db.transaction(async (transaction) => {
      // A deletion waits until this is committed, and finds the rows; one that came before is found here.
      if (entries.length > 0) await holdDeletions(transaction, 'shared');
      const buried = await buriedAmong(transaction, entries);
      const written = entries.filter(({ workflowId }) => !buried.has(workflowId)).sort((a, b) => a.n - b.n);
      // Without the locks, an insert concurrent to an update of its row could fail on the number instead of updating.
      const numbers = written.map(({ n }) => n);
      await inOrder(inArray(executions.n, numbers), transaction);
      for (const entry of written) {
        const row = rowOf(entry);
        await transaction
          .insert(executions)
          .values(row)
          .onConflictDoUpdate({
            target: [executions.namespace, executions.workflowId],
            set: { ...row, ...KEPT_WHERE_UNKNOWN },
            setWhere: NOT_OLDER,
          });
      }
      await noteTurns(transaction, written.flatMap(turnOf));
      await noteHooks(transaction, written.flatMap(hookOf));
      if (seen === undefined) return;
      await transaction
        .insert(watermarks)
        .values(seen)
        .onConflictDoUpdate({
          target: watermarks.namespace,
          set: {
            started: sql`greatest(${watermarks.started}, excluded.started)`,
            closed: sql`greatest(${watermarks.closed}, excluded.closed)`,
          },
        });
    });
  }

  return named<ExecutionStore>('executions', {
    async claim(tenant, { entry, idempotency }) {
      return db.transaction(async (transaction) => {
        if (idempotency !== undefined) {
          const { key, bodyHash } = idempotency;
          const inserted = await transaction
            .insert(idempotencyKeys)
            .values({ tenant, key, bodyHash, n: entry.n })
            .onConflictDoNothing()
            .returning({ n: idempotencyKeys.n });
          if (inserted.length === 0) {
            const [found] = await transaction
              .select({ n: idempotencyKeys.n, bodyHash: idempotencyKeys.bodyHash })
              .from(idempotencyKeys)
              .where(and(eq(idempotencyKeys.tenant, tenant), eq(idempotencyKeys.key, key)));
            return found!;
          }
        }
        const inserted = await transaction
          .insert(executions)
          .values(rowOf(entry))
          .onConflictDoNothing()
          .returning({ n: executions.n });
        if (inserted.length > 0) return 'claimed';
        if (idempotency !== undefined) {
          const { key } = idempotency;
          await transaction
            .delete(idempotencyKeys)
            .where(and(eq(idempotencyKeys.tenant, tenant), eq(idempotencyKeys.key, key)));
        }
        return 'taken';
      });
    },

    async unclaim(tenant, { entry, idempotency }) {
      const { namespace, workflowId } = entry;
      await db.transaction(async (transaction) => {
        await transaction
          .delete(executions)
          .where(
            and(
              eq(executions.namespace, namespace),
              eq(executions.workflowId, workflowId),
              eq(executions.versionRun, ''),
            ),
          );
        if (idempotency === undefined) return;
        await transaction
          .delete(idempotencyKeys)
          .where(and(eq(idempotencyKeys.tenant, tenant), eq(idempotencyKeys.key, idempotency.key)));
      });
    },

    async write(entries, seen) {
      try {
        await writeAll(entries, seen);
        return [];
      } catch (error) {
        const [entry] = entries;
        if (entry === undefined || !isRowRefused(error)) throw error;
        if (entries.length === 1 && seen === undefined) return [{ entry, error }];
      }
      const middle = Math.ceil(entries.length / 2);
      const refused = [...(await this.write(entries.slice(0, middle))), ...(await this.write(entries.slice(middle)))];
      if (seen !== undefined) await writeAll([], seen);
      return refused;
    },

    async bury(namespace, workflowIds, until) {
      const ids = [...workflowIds];
      if (ids.length === 0) return;
      await db.transaction(async (transaction) => {
        await holdDeletions(transaction, 'alone');
        await transaction
          .insert(tombstones)
          .values(ids.map((workflowId) => ({ namespace, workflowId, until })))
          .onConflictDoUpdate({ target: [tombstones.namespace, tombstones.workflowId], set: { until } });
        const deleted = await transaction
          .delete(executions)
          .where(among(namespace, ids))
          .returning({ n: executions.n });
        const numbers = deleted.map(({ n }) => n);
        if (numbers.length > 0) await transaction.delete(idempotencyKeys).where(inArray(idempotencyKeys.n, numbers));
      });
    },

    async isBuried(namespace, workflowId) {
      const buried = await buriedAmong(db, [{ namespace, workflowId }]);
      return buried.size > 0;
    },

    async forgetBuried(now) {
      await db.delete(tombstones).where(lt(tombstones.until, now));
    },

    async descendants(n) {
      const found: { n: number; workflowId: string }[] = [];
      for (let level = [n]; level.length > 0; ) {
        const parents = level.map((number) => integerId(number));
        const rows = await db
          .select({ n: executions.n, workflowId: executions.workflowId })
          .from(executions)
          .where(inArray(executions.parent, parents));
        found.push(...rows);
        level = rows.map((row) => row.n);
      }
      return found;
    },

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

    async watermark(namespace) {
      const [found] = await db.select().from(watermarks).where(eq(watermarks.namespace, namespace));
      return found === undefined || found.started.getTime() === 0 ? null : found;
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
      const [found] = await db
        .select({ generation: watermarks.generation, rebuilt: watermarks.rebuilt })
        .from(watermarks)
        .where(eq(watermarks.namespace, namespace));
      return found ?? { generation: 0, rebuilt: 0 };
    },

    async seen(namespace, workflowIds, generation) {
      if (workflowIds.length === 0) return;
      const rows = inOrder(among(namespace, workflowIds));
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

    async find(n) {
      const [found] = await db.select().from(executions).where(eq(executions.n, n));
      return found ?? null;
    },

    async findByWorkflowId(namespace, workflowId) {
      const [found] = await db
        .select()
        .from(executions)
        .where(among(namespace, [workflowId]));
      return found ?? null;
    },

    async tenantsOf(namespace, ids) {
      if (ids.length === 0) return new Map();
      const rows = await db
        .select({ id: executions.workflowId, tenant: executions.tenant })
        .from(executions)
        .where(among(namespace, ids));
      const found = new Map<string, string | null>(rows.map(({ id, tenant }) => [id, tenant]));
      for (const id of ids.filter((each) => !found.has(each)).slice(0, MAX_SCHEDULES)) {
        // Temporal appends the time of a start, which sorts between these in every collation.
        const { workflowId } = executions;
        const started = and(
          gt(workflowId, `${id}-0`),
          lt(workflowId, `${id}-9999`),
          sql`starts_with(${workflowId}, ${`${id}-`})`,
        );
        const [row] = await db
          .select({ tenant: executions.tenant })
          .from(executions)
          .where(and(eq(executions.namespace, namespace), started))
          .limit(1);
        if (row !== undefined) found.set(id, row.tenant);
      }
      return found;
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
      const open = sql`e.namespace = ${namespace} and e.version_closed = 0`;
      const since = sql.param(before, executions.looked);
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
    },

    async looked(rows, at) {
      const numbers = rows.map(({ n }) => n);
      if (numbers.length === 0) return;
      const those = inOrder(inArray(executions.n, numbers));
      await db.update(executions).set({ marked: false, looked: at }).where(inArray(executions.n, those));
    },

    async drop({ n, versionRun, versionEvent }) {
      const same = and(eq(executions.versionRun, versionRun), eq(executions.versionEvent, versionEvent));
      await db.delete(executions).where(and(eq(executions.n, n), same));
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
  });
}

/** Takes the lock between deletions and writers of rows until the transaction ends: writers share it, a deletion has it alone. */
async function holdDeletions(transaction: Transaction, how: 'shared' | 'alone'): Promise<void> {
  const key = sql`hashtextextended('fermata deletions', 0)`;
  // A statement of its own: what is read next must see what was committed while this waited.
  await transaction.execute(
    how === 'alone' ? sql`select pg_advisory_xact_lock(${key})` : sql`select pg_advisory_xact_lock_shared(${key})`,
  );
}

/** Returns which of some runs were deleted recently. */
async function buriedAmong(
  db: Pick<Database, 'select'>,
  runs: readonly { namespace: string; workflowId: string }[],
): Promise<ReadonlySet<string>> {
  const [first] = runs;
  if (first === undefined) return new Set();
  const ids = runs.map(({ workflowId }) => workflowId);
  const found = await db
    .select({ workflowId: tombstones.workflowId })
    .from(tombstones)
    .where(and(eq(tombstones.namespace, first.namespace), inArray(tombstones.workflowId, ids)));
  return new Set(found.map(({ workflowId }) => workflowId));
}

/** The oldest transaction in progress. */
const OLDEST_TRANSACTION = sql`pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

const NEWEST_FIRST = [desc(executions.listed), desc(executions.n)];

const GROUP_KEYS = {
  action_ref: executions.ref,
  pack: executions.pack,
  day: sql<string>`to_char(${executions.created} at time zone 'UTC', 'YYYY-MM-DD')`,
};

/**
 * Holds for an entry that is not older than its row. A run that was gone from Temporal counts as older than anything: a restored server
 * has it again.
 */
const NOT_OLDER = sql`case when ${executions.errorCode} = 'GONE' then true
  when excluded.version_run = ${executions.versionRun}
  then (excluded.version_closed, excluded.version_event) >= (${executions.versionClosed}, ${executions.versionEvent})
  else (excluded.version_start, excluded.version_run collate "C") > (${executions.versionStart}, ${executions.versionRun} collate "C")
  end`;

/** Keeps what a writer may not know: a list of runs has no inputs, and runs of other clients have no tenant. */
const KEPT_WHERE_UNKNOWN = {
  input: sql`coalesce(excluded.input, ${executions.input})`,
  tenant: sql`coalesce(excluded.tenant, ${executions.tenant})`,
  runId: sql`coalesce(${executions.runId}, excluded.run_id)`,
  listed: sql`${executions.listed}`,
  // A later run of a chain starts later; a row that only the start has written has the clock of the API until Temporal's time is known.
  created: sql`case when ${executions.versionStart} = 0 then excluded.created
    else least(excluded.created, ${executions.created}) end`,
  asked: sql`greatest(excluded.asked, ${executions.asked})`,
  // A change feed reports changes of the status alone.
  changed: sql`case when (excluded.version_run, excluded.version_closed, excluded.status)
    = (${executions.versionRun}, ${executions.versionClosed}, ${executions.status})
    then ${executions.changed} else excluded.changed end`,
};

function rowOf({ version, asked = 0, turn: _, onFailure: __, ...entry }: IndexEntry) {
  return {
    ...entry,
    asked,
    changed: sql<number>`pg_current_xact_id()::text::bigint`,
    listed: entry.created,
    versionStart: version.start,
    versionRun: version.run,
    versionClosed: version.closed ? 1 : 0,
    versionEvent: version.event,
  };
}

/** Returns the claim of an open run with a concurrency key. */
function turnOf({ namespace, workflowId, tenant, ref, turn, version }: IndexEntry): TurnClaim[] {
  return turn === undefined || tenant === null || version.closed ? [] : [{ namespace, workflowId, tenant, ref, turn }];
}

/** Statuses after which `on_failure` is started, and the age in milliseconds up to which it is. */
const HOOKED: readonly ExecutionStatus[] = ['failed', 'timeout', 'abandoned'];
const HOOKED_FOR = 24 * 3_600_000;

/** Returns the hook of a run that failed recently, if its definition has one. */
function hookOf({ namespace, workflowId, tenant, status, closed, onFailure: hook }: IndexEntry) {
  if (hook === undefined || tenant === null || closed === null || !HOOKED.includes(status)) return [];
  return Date.now() - closed.getTime() > HOOKED_FOR ? [] : [{ namespace, workflowId, tenant, hook }];
}

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

function among(namespace: string, workflowIds: readonly string[]): SQL | undefined {
  return and(eq(executions.namespace, namespace), inArray(executions.workflowId, [...workflowIds]));
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
