import { and, eq, gte, isNull, lt, sql } from 'drizzle-orm';
import type { RunKey } from '../../model/run-key.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { runStrikes } from '../schema.ts';

/** A run that has stopped worker processes, how often, and when for the last time. */
export type RunStrikeRow = typeof runStrikes.$inferSelect;

/** Runs that have stopped worker processes. */
export interface RunStrikeStore {
  /** Counts a strike of a run, at an instant, and forgets all that are older than a day. */
  add(namespace: string, runKey: RunKey, now: Date): Promise<void>;
  /** Some runs with so many strikes or more that were not terminated yet, the oldest first. */
  due(namespace: string, strikes: number, limit: number): Promise<RunStrikeRow[]>;
  /** Notes that a run was terminated. */
  end(row: RunStrikeRow, now: Date): Promise<void>;
}

/** Milliseconds after which a strike does not count any more: a run that stops workers does it again within minutes. */
const LIFETIME = 24 * 60 * 60 * 1000;

/** Creates the store over an open database. */
export function createRunStrikeStore(db: Database): RunStrikeStore {
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
      return db
        .select()
        .from(runStrikes)
        .where(and(eq(runStrikes.namespace, namespace), isNull(runStrikes.ended), gte(runStrikes.count, strikes)))
        .orderBy(runStrikes.last)
        .limit(limit);
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
