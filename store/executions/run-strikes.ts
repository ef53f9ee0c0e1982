import { and, eq, gte, isNull, lt, type Placeholder, type SQL, sql } from 'drizzle-orm';
import type { RunKey } from '../../model/run-key.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { runStrikes } from './tables.ts';

/** A run that has stopped worker processes, with how often and when it last did. */
export type RunStrikeRow = typeof runStrikes.$inferSelect;

/** The runs that have stopped worker processes. */
export interface RunStrikeStore {
  /** Counts a strike of a run, and forgets strikes that are older than a day. */
  add(namespace: string, runKey: RunKey, now: Date): Promise<void>;
  /** Lists runs with at least `strikes` strikes that were not terminated yet, oldest first. */
  due(namespace: string, strikes: number, limit: number): Promise<RunStrikeRow[]>;
  /** Records that a run was terminated. */
  end(row: RunStrikeRow, now: Date): Promise<void>;
}

/** Milliseconds after which a strike expires: a run that stops workers does it again within minutes. */
const LIFETIME = 24 * 60 * 60 * 1000;

/** Creates the store over an open database. */
export function createRunStrikeStore(db: Database): RunStrikeStore {
  const due = db
    .select()
    .from(runStrikes)
    .where(isStruck(sql.placeholder('namespace'), sql.placeholder('strikes')))
    .orderBy(runStrikes.last)
    .limit(sql.placeholder('limit'))
    .prepare('run_strikes_due');

  return named<RunStrikeStore>('run-strikes', {
    async add(namespace, { workflowId, runId }, now) {
      await db.delete(runStrikes).where(lt(runStrikes.last, new Date(now.getTime() - LIFETIME)));
      await db
        .insert(runStrikes)
        .values({ namespace, workflowId, runId, count: 1, last: now })
        .onConflictDoUpdate({
          target: [runStrikes.namespace, runStrikes.workflowId, runStrikes.runId],
          set: { count: sql`${runStrikes.count} + 1`, last: now, ended: null },
        });
    },

    async due(namespace, strikes, limit) {
      return due.execute({ namespace, strikes, limit });
    },

    async end({ namespace, workflowId, runId }, now) {
      await db
        .update(runStrikes)
        .set({ ended: now })
        .where(
          and(eq(runStrikes.namespace, namespace), eq(runStrikes.workflowId, workflowId), eq(runStrikes.runId, runId)),
        );
    },
  });
}

/** Matches the runs of a `namespace` with at least so many strikes that were not terminated yet. */
export function isStruck(namespace: Placeholder, strikes: Placeholder | number): SQL | undefined {
  return and(eq(runStrikes.namespace, namespace), isNull(runStrikes.ended), gte(runStrikes.count, strikes));
}
