import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Database, Transaction } from './database.ts';
import { tombstones } from './executions/tables.ts';

/** Takes the lock between deletions and writers of rows until the transaction ends: writers share it, a deletion has it alone. */
export async function holdDeletions(transaction: Transaction, how: 'shared' | 'alone'): Promise<void> {
  const key = sql`hashtextextended('fermata deletions', 0)`;
  // A separate statement, so that the next read sees what was committed while this one waited.
  await transaction.execute(
    how === 'alone' ? sql`select pg_advisory_xact_lock(${key})` : sql`select pg_advisory_xact_lock_shared(${key})`,
  );
}

/** Returns which of some runs were deleted recently. */
export async function buriedAmong(
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
