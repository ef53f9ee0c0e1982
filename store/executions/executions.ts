import { and, eq, gt, inArray, lt, sql } from 'drizzle-orm';
import { integerId } from '../../model/execution-id.ts';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { Database } from '../database.ts';
import { buriedAmong, holdDeletions } from '../deletions.ts';
import { isRowRefused } from '../engines/refusals.ts';
import { recordEndings } from '../events/lifecycle.ts';
import { named } from '../named.ts';
import { createExecutionClaims, type ExecutionClaims } from './claims.ts';
import { createExecutionCounting, type ExecutionCounting } from './execution-counts.ts';
import { createExecutionListing, type ExecutionListing } from './execution-lists.ts';
import {
  addEnders,
  among,
  type IndexRow,
  inOrder,
  inStatements,
  listHooks,
  lockRows,
  upsertOf,
} from './execution-rows.ts';
import { forgetHooks, noteHooks } from './failure-hooks.ts';
import { createIndexUpkeep, type IndexUpkeep } from './index-upkeep.ts';
import { executions, idempotencyKeys, tombstones, watermarks } from './tables.ts';
import { listTurnClaims, noteTurns } from './turns.ts';

/** The most schedules whose runs are looked up in one call. */
const MAX_SCHEDULES = 20;

/** The times up to which the index has read Temporal's visibility. */
export interface Watermark {
  namespace: string;
  started: Date;
  closed: Date;
}

/** Whose runs are meant, and in which namespace. */
export interface RunOwner {
  namespace: string;
  tenant: string;
}

/** A run that is deleted; its number is null where only Temporal knows the run so far. */
export interface DeletedRun {
  workflowId: string;
  n: number | null;
}

/** An entry whose values the database refuses, with the database's error. */
export interface RefusedEntry {
  entry: IndexEntry;
  error: unknown;
}

/** The index of executions: a row for each run, which every writer replaces only by newer facts. */
export interface ExecutionStore extends ExecutionClaims, ExecutionListing, ExecutionCounting, IndexUpkeep {
  /**
   * Writes entries, each only if it is not older than its row; `seen` advances the watermark with them. Rows are locked in the order of
   * their numbers, so that writers do not deadlock. Returns the entries whose values the database refuses; all others are written.
   */
  write(entries: readonly IndexEntry[], seen?: Watermark): Promise<RefusedEntry[]>;
  /** Keeps writers from writing the rows of a tenant's runs until a time, so that they stay away once they are erased. */
  bury(owner: RunOwner, runs: readonly DeletedRun[], until: Date): Promise<void>;
  /** Deletes rows with the idempotency keys that led to them, and their hooks that are done. */
  erase(namespace: string, workflowIds: readonly string[]): Promise<void>;
  /** Reports whether a run was deleted recently. */
  isBuried(namespace: string, workflowId: string): Promise<boolean>;
  /** Reports whether a tenant has recently deleted the run with a number. */
  wasDeleted(tenant: string, n: number): Promise<boolean>;
  /** Finds the sub-workflows of a run, and theirs. */
  descendants(n: number): Promise<{ n: number; workflowId: string }[]>;
  /**
   * Adds subjects to those who end a run by hand, and with it maybe the runs above it: to be called before it ends. Returns whether the index
   * has the run.
   */
  noteEnders(owner: RunOwner, workflowId: string, subjects: readonly string[]): Promise<boolean>;
  /** Records that a run, by its run id, was found to be started by the API on behalf of these starters. */
  prove(tenant: string, n: number, runId: string, starters: readonly string[]): Promise<void>;
  /** Finds a run by its number, in any tenant. */
  find(n: number): Promise<IndexRow | null>;
  /** Finds a run by its workflow id, in any tenant. */
  findByWorkflowId(namespace: string, workflowId: string): Promise<IndexRow | null>;
  /** Finds the tenants of runs by workflow id; the workflow id of a schedule stands for the runs that it has started. */
  tenantsOf(namespace: string, ids: readonly string[]): Promise<Map<string, string | null>>;
}

/** Creates the store over an open database; `onEvents` is called after runs were written whose ends are new events. */
export function createExecutionStore(db: Database, onEvents: () => void = () => undefined): ExecutionStore {
  const byNumber = db
    .select()
    .from(executions)
    .where(eq(executions.n, sql.placeholder('n')))
    .prepare('execution_by_number');

  /** Writes entries in one transaction. */
  async function writeAll(entries: readonly IndexEntry[], seen?: Watermark): Promise<void> {
    const hasEvents = await db.transaction(async (transaction) => {
      // A deletion waits until this is committed, and finds the rows; one that came before is found here.
      if (entries.length > 0) await holdDeletions(transaction, 'shared');
      const buried = await buriedAmong(transaction, entries);
      const written = entries.filter(({ workflowId }) => !buried.has(workflowId)).sort((a, b) => a.n - b.n);
      // Without the locks, an insert concurrent to an update of its row could fail on the number instead of updating.
      const numbers = written.map(({ n }) => n);
      const unheard = numbers.length > 0 ? await lockRows(transaction, numbers) : new Set();
      for (const some of inStatements(written)) await transaction.execute(upsertOf(some));
      await noteTurns(transaction, written.flatMap(listTurnClaims));
      await noteHooks(transaction, written.flatMap(listHooks));
      const isHeard = await recordEndings(
        transaction,
        written.filter(({ n }) => !unheard.has(n)),
      );
      if (seen === undefined) return isHeard;
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
      return isHeard;
    });
    if (hasEvents) onEvents();
  }

  return named<ExecutionStore>('executions', {
    ...createExecutionClaims(db),
    ...createExecutionListing(db),
    ...createExecutionCounting(db),
    ...createIndexUpkeep(db),

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

    async bury({ namespace, tenant }, runs, until) {
      if (runs.length === 0) return;
      await db.transaction(async (transaction) => {
        await holdDeletions(transaction, 'alone');
        await transaction
          .insert(tombstones)
          .values(runs.map(({ workflowId, n }) => ({ namespace, tenant, workflowId, n, until })))
          .onConflictDoUpdate({
            target: [tombstones.namespace, tombstones.workflowId],
            set: { until, tenant, n: sql`coalesce(excluded.n, ${tombstones.n})` },
          });
      });
    },

    async erase(namespace, workflowIds) {
      if (workflowIds.length === 0) return;
      await db.transaction(async (transaction) => {
        await forgetHooks(transaction, namespace, workflowIds);
        const found = await inOrder(transaction, among(namespace, workflowIds));
        const numbers = found.map(({ n }) => n);
        if (numbers.length === 0) return;
        await transaction.delete(executions).where(inArray(executions.n, numbers));
        await transaction.delete(idempotencyKeys).where(inArray(idempotencyKeys.n, numbers));
      });
    },

    async isBuried(namespace, workflowId) {
      const buried = await buriedAmong(db, [{ namespace, workflowId }]);
      return buried.size > 0;
    },

    async wasDeleted(tenant, n) {
      const found = await db
        .select({ n: tombstones.n })
        .from(tombstones)
        .where(and(eq(tombstones.tenant, tenant), eq(tombstones.n, n)))
        .limit(1);
      return found.length > 0;
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

    noteEnders: (owner, workflowId, subjects) =>
      addEnders(db, owner, workflowId, sql`select unnest(${sql.param([...subjects], executions.enders)}::text[])`),

    async prove(tenant, n, runId, starters) {
      await db
        .update(executions)
        .set({ starters: [...starters], proven: runId })
        .where(and(eq(executions.tenant, tenant), eq(executions.n, n), eq(executions.versionRun, runId)));
    },

    async find(n) {
      const [found] = await byNumber.execute({ n });
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
  });
}
