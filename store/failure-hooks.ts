import { and, eq, isNull } from 'drizzle-orm';
import type { Database, Transaction } from './database.ts';
import { failureHooks } from './schema.ts';

/** A run that has failed, and the workflow that is to be started for that. */
export type FailureHookRow = typeof failureHooks.$inferSelect;

/** Hooks of runs that have failed. */
export type FailureHookStore = ReturnType<typeof createFailureHookStore>;

/** Makes the store over an open database. */
export function createFailureHookStore(db: Database) {
  return {
    /** Some that are still to be started, the oldest first. */
    async due(namespace: string, limit: number): Promise<FailureHookRow[]> {
      return db
        .select()
        .from(failureHooks)
        .where(and(eq(failureHooks.namespace, namespace), isNull(failureHooks.done)))
        .orderBy(failureHooks.created)
        .limit(limit);
    },

    /** Notes that one is started, or why it cannot be. */
    async end({ namespace, workflowId }: FailureHookRow, error: string | null): Promise<void> {
      await db
        .update(failureHooks)
        .set({ done: new Date(), error })
        .where(and(eq(failureHooks.namespace, namespace), eq(failureHooks.workflowId, workflowId)));
    },
  };
}

/** Notes runs that have failed; one that is noted already stays as it is. */
export async function noteHooks(
  transaction: Transaction,
  rows: readonly Pick<FailureHookRow, 'namespace' | 'workflowId' | 'tenant' | 'hook'>[],
): Promise<void> {
  if (rows.length > 0)
    await transaction
      .insert(failureHooks)
      .values([...rows])
      .onConflictDoNothing();
}
