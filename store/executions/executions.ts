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

/** Schedules whose runs are looked for at a time. */
const MAX_SCHEDULES = 20;

/** A row of the execution index. */
export type IndexRow = typeof executions.$inferSelect;

/** Filters of lists and statistics; all combine. */
export interface ExecutionFilter {
  statuses?: readonly ExecutionStatus[] | undefined;
  /** The run's ref, or that of one of its tasks' actions; `*` is a wildcard. */
  actionRef?: string | undefined;
  /** The run's own ref, exactly, or the integer id of its definition. */
  ref?: string | undefined;
  definition?: number | undefined;
  packName?: string | undefined;
  /** Text anywhere in the serialized result, in any case. */
  resultContains?: string | undefined;
  enforcement?: number | undefined;
  parent?: number | undefined;
  /** The caller's integer id. */
  executor?: number | undefined;
  owner?: string | undefined;
  /** Runs that have not closed. */
  open?: boolean | undefined;
  /** From, and up to but without. */
  createdAfter?: Date | undefined;
  createdBefore?: Date | undefined;
  /** A run's number, or text in Temporal's workflow id. */
  search?: { n: number } | { text: string } | undefined;
}

/** Where a list goes on: behind the last row that was seen. */
export interface Cursor {
  listed: number;
  n: number;
}

/** A place among changes: the transaction, and the run's number in it. */
export interface Change {
  changed: number;
  n: number;
}

/** What statistics are grouped by. */
export type Grouping = 'action_ref' | 'pack' | 'day';

/** How far visibility has been seen. */
export interface Watermark {
  namespace: string;
  started: Date;
  closed: Date;
}

/** What a start claims before Temporal is told: the row, and the idempotency key with the body it came with. */
export interface Claim {
  entry: IndexEntry;
  idempotency?: { key: string; bodyHash: string } | undefined;
}

/** An entry that the database does not take for what it holds, and why. */
export interface RefusedEntry {
  entry: IndexEntry;
  error: unknown;
}

/** The execution index. */
export interface ExecutionStore {
  /**
   * Inserts the row of a run before its start, with its idempotency key, in one transaction. Gives what is there
   * already when the key was used, and `taken` when the number is another run's.
   */
  claim(tenant: string, claim: Claim): Promise<'claimed' | 'taken' | { n: number; bodyHash: string }>;
  /** Takes back a claim whose run Temporal refused to start. */
  unclaim(tenant: string, claim: Claim): Promise<void>;
  /**
   * Writes entries by the one rule: each takes effect only where it is not older than what is there. Whoever writes several
   * rows takes them in the order of their numbers, so that no two wait for each other. Gives the entries that the database
   * refuses for what they hold; all others are written.
   */
  write(entries: readonly IndexEntry[], seen?: Watermark): Promise<RefusedEntry[]>;
  /** Deletes rows, with the idempotency keys that led to them, and keeps every writer from bringing them back. */
  bury(namespace: string, workflowIds: readonly string[], until: Date): Promise<void>;
  /** Whether a run was deleted not long ago. */
  isBuried(namespace: string, workflowId: string): Promise<boolean>;
  /** Forgets deletions whose time is over. */
  forgetBuried(now: Date): Promise<void>;
  /** The runs that a run has started as sub-workflows, and those below them. */
  descendants(n: number): Promise<{ n: number; workflowId: string }[]>;
  /**
   * The retries of some runs, by integer ids, with those of the retries themselves: whose retry each is in the end, in
   * order of start.
   */
  retriesOf(
    tenant: string,
    ids: readonly number[],
  ): Promise<{ origin: number; of: number; n: number; status: ExecutionStatus }[]>;
  /** How far visibility has been seen; null at the first start. */
  watermark(namespace: string): Promise<{ started: Date; closed: Date } | null>;
  /** Asks for the whole index to be made again; gives the number of that rebuild. */
  askRebuild(namespace: string): Promise<number>;
  /** Rebuilds that were asked for, and the last one that was done. */
  rebuilds(namespace: string): Promise<{ generation: number; rebuilt: number }>;
  /** Notes that a rebuild has found some runs in Temporal. */
  seen(namespace: string, workflowIds: readonly string[], generation: number): Promise<void>;
  /** Rows behind a number that a rebuild has not found in Temporal, in order of number. */
  unseen(namespace: string, generation: number, window: { n: number; limit: number }): Promise<IndexRow[]>;
  /** Notes that a rebuild is done. */
  endRebuild(namespace: string, generation: number): Promise<void>;
  /** A run by its number, whoever's it is. */
  find(n: number): Promise<IndexRow | null>;
  /** A run by Temporal's id, whoever's it is. */
  findByWorkflowId(namespace: string, workflowId: string): Promise<IndexRow | null>;
  /** The tenants of some runs, by workflow id; a schedule's id stands for the runs that it has started. */
  tenantsOf(namespace: string, ids: readonly string[]): Promise<Map<string, string | null>>;
  /** Of some runs, the versions that are known: by run id, whether it is known as closed. */
  known(namespace: string, workflowIds: readonly string[]): Promise<Map<string, boolean>>;
  /** The statuses of the runs above some sub-workflows, by the number of the sub-workflow. */
  statusesAbove(rows: readonly IndexRow[]): Promise<Map<number, ExecutionStatus>>;
  /** Asks the reconciler to look at a run next. */
  mark(n: number): Promise<void>;
  /**
   * Open rows that are due to be looked at, of one tenant after another: of each the marked ones, then those not looked at since
   * a time.
   */
  due(namespace: string, before: Date, limit: number): Promise<IndexRow[]>;
  /** Notes that a row has been looked at. */
  looked(rows: readonly IndexRow[], at: Date): Promise<void>;
  /** Drops a row of a run that Temporal does not have, unless somebody has written it since. */
  drop(row: IndexRow): Promise<void>;
  /** A page of a tenant's runs, newest first, and how many there are. */
  list(
    tenant: string,
    filter: ExecutionFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: IndexRow[]; total: number }>;
  /** The rows behind a cursor, newest first: nothing is repeated or left out while runs start and end. */
  listBehind(
    tenant: string,
    filter: ExecutionFilter,
    page: { cursor: Cursor | null; limit: number },
  ): Promise<IndexRow[]>;
  /**
   * The rows that have changed behind a place, in order of the transactions that wrote them. Rows of a transaction
   * that others may still be committing before are left for later, so that nothing is ever missed.
   */
  changesBehind(tenant: string, change: Change, limit: number): Promise<IndexRow[]>;
  /** The place behind all changes that are done. */
  lastChange(): Promise<Change>;
  /** The numbers of the runs that match a filter, the newest first. */
  numbersOf(tenant: string, filter: ExecutionFilter, limit: number): Promise<number[]>;
  /** How many runs match a filter. */
  count(tenant: string, filter: ExecutionFilter): Promise<number>;
  /** How many runs have each status, in each group; without a grouping all are in one, with the key ''. */
  countByStatus(
    tenant: string,
    filter: ExecutionFilter,
    grouping: Grouping | null,
  ): Promise<{ key: string; status: ExecutionStatus; total: number }[]>;
}

/** Makes the store over an open database. */
export function createExecutionStore(db: Database): ExecutionStore {
  /** Numbers of rows, which are taken in their order: see `write`. */
  const inOrder = (where: SQL | undefined, within: Database | Transaction = db) =>
    within.select({ n: executions.n }).from(executions).where(where).orderBy(executions.n).for('update');

  /** Writes entries in one transaction, by the one rule. */
  async function writeAll(entries: readonly IndexEntry[], seen?: Watermark): Promise<void> {
    await db.transaction(async (transaction) => {
      const buried = await buriedAmong(transaction, entries);
      const written = entries.filter(({ workflowId }) => !buried.has(workflowId)).sort((a, b) => a.n - b.n);
      // An insert beside an update of its row may miss it, and then fails by the number instead of updating.
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
            // A row without a version is of a run that Temporal is still to get.
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
        // Temporal adds the time of a start: between these, in every collation.
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
      // Each tenant is found by the index, however many rows the others have; some runs are nobody's.
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

/** Of some runs those that were deleted. */
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

/** The oldest transaction that has not ended. */
const OLDEST_TRANSACTION = sql`pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

const NEWEST_FIRST = [desc(executions.listed), desc(executions.n)];

const GROUP_KEYS = {
  action_ref: executions.ref,
  pack: executions.pack,
  day: sql<string>`to_char(${executions.created} at time zone 'UTC', 'YYYY-MM-DD')`,
};

/** A run that Temporal was found to have no more is as Temporal says when it has it again: after its server was restored. */
const NOT_OLDER = sql`case when ${executions.errorCode} = 'GONE' then true
  when excluded.version_run = ${executions.versionRun}
  then (excluded.version_closed, excluded.version_event) >= (${executions.versionClosed}, ${executions.versionEvent})
  else (excluded.version_start, excluded.version_run collate "C") > (${executions.versionStart}, ${executions.versionRun} collate "C")
  end`;

/** What a later writer may not know: a list of runs has no input, a foreign run no tenant. */
const KEPT_WHERE_UNKNOWN = {
  input: sql`coalesce(excluded.input, ${executions.input})`,
  tenant: sql`coalesce(excluded.tenant, ${executions.tenant})`,
  runId: sql`coalesce(${executions.runId}, excluded.run_id)`,
  listed: sql`${executions.listed}`,
  // A later run of a chain began later; what was claimed and has not been seen yet has no time of Temporal's.
  created: sql`case when ${executions.versionRun} = '' then excluded.created
    else least(excluded.created, ${executions.created}) end`,
  asked: sql`greatest(excluded.asked, ${executions.asked})`,
  // A status that was known already is no news to whoever follows all runs.
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

/** An open run that shares a key with others. */
function turnOf({ namespace, workflowId, tenant, ref, turn, version }: IndexEntry): TurnClaim[] {
  return turn === undefined || tenant === null || version.closed ? [] : [{ namespace, workflowId, tenant, ref, turn }];
}

/** Statuses after which a definition's `on_failure` is started, and the age up to which that makes sense, in milliseconds. */
const HOOKED: readonly ExecutionStatus[] = ['failed', 'timeout', 'abandoned'];
const HOOKED_FOR = 24 * 3_600_000;

/** A run that has failed not long ago, whose definition names a workflow to start then. */
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
