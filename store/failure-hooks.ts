import { and, eq, getTableColumns, isNull, lte, sql } from 'drizzle-orm';
import type { Database, Transaction } from './database.ts';
import { named } from './named.ts';
import { failureHooks } from './schema.ts';

/** A run that has failed, and the workflow that is to be started for that. */
export type FailureHookRow = typeof failureHooks.$inferSelect;

/** Hooks of runs that have failed. */
export type FailureHookStore = ReturnType<typeof createFailureHookStore>;

/** Makes the store over an open database. */
export function createFailureHookStore(db: Database) {
  return named('failure-hooks', {
    /** Some that are still to be started, of one tenant after another, the oldest of each first. */
    async due(namespace: string, most: { ofTenant: number; all: number }): Promise<FailureHookRow[]> {
      const turn = sql<number>`row_number() over (partition by ${failureHooks.tenant} order by ${failureHooks.created})`;
      const ranked = db
        .select({ workflowId: failureHooks.workflowId, turn: turn.as('turn') })
        .from(failureHooks)
        .where(and(eq(failureHooks.namespace, namespace), isNull(failureHooks.done)))
        .as('ranked');
      return db
        .select(getTableColumns(failureHooks))
        .from(failureHooks)
        .innerJoin(ranked, and(eq(failureHooks.namespace, namespace), eq(failureHooks.workflowId, ranked.workflowId)))
        .where(lte(ranked.turn, most.ofTenant))
        .orderBy(ranked.turn, failureHooks.created)
        .limit(most.all);
    },

    /** Notes that one is started, or why it cannot be. */
    async end({ namespace, workflowId }: FailureHookRow, error: string | null): Promise<void> {
      await db
        .update(failureHooks)
        .set({ done: new Date(), error })
        .where(and(eq(failureHooks.namespace, namespace), eq(failureHooks.workflowId, workflowId)));
    },
  });
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
