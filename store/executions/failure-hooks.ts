import { and, eq, getTableColumns, inArray, isNotNull, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../database.ts';
import { buriedAmong, holdDeletions } from '../deletions.ts';
import { named } from '../named.ts';
import { failureHooks } from './tables.ts';

/** A run that has failed, and the workflow to start for that. */
export type FailureHookRow = typeof failureHooks.$inferSelect;

/** The hooks of runs that have failed. */
export interface FailureHookStore {
  /** Lists hooks to start, alternating between tenants, oldest first. */
  due(namespace: string, most: { ofTenant: number; all: number }): Promise<FailureHookRow[]>;
  /** Records that a hook was started, or why it cannot be; forgets it if its run was deleted. */
  end(row: FailureHookRow, error: string | null): Promise<void>;
}

/** Creates the store over an open database. */
export function createFailureHookStore(db: Database): FailureHookStore {
  const due = selectDue(db).prepare('failure_hooks_due');

  return named<FailureHookStore>('failure-hooks', {
    async due(namespace, { ofTenant, all }) {
      return due.execute({ namespace, ofTenant, all });
    },

    async end(row, error) {
      const { namespace, workflowId } = row;
      const that = and(eq(failureHooks.namespace, namespace), eq(failureHooks.workflowId, workflowId));
      await db.transaction(async (transaction) => {
        // A deletion waits until this is committed, and forgets the hook; one that came before has left it.
        await holdDeletions(transaction, 'shared');
        const isBuried = (await buriedAmong(transaction, [row])).size > 0;
        if (isBuried) await transaction.delete(failureHooks).where(that);
        else await transaction.update(failureHooks).set({ done: new Date(), error }).where(that);
      });
    },
  });
}

/** Adds the hooks of runs that have failed, unless they exist. */
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

/** Deletes the hooks of deleted runs that are done. */
export async function forgetHooks(
  transaction: Transaction,
  namespace: string,
  workflowIds: readonly string[],
): Promise<void> {
  const { workflowId, done } = failureHooks;
  const those = and(eq(failureHooks.namespace, namespace), inArray(workflowId, [...workflowIds]));
  await transaction.delete(failureHooks).where(and(those, isNotNull(done)));
}

/** Selects the oldest hooks of a `namespace` that have not been called: at most `ofTenant` of each tenant, and `all` together. */
function selectDue(db: Database) {
  const open = sql`h.namespace = ${sql.placeholder('namespace')} and h.done is null`;
  // Tenants and their oldest hooks are found through the index, whatever the number of hooks.
  const chosen = sql`(
    with recursive owners as (
      (select h.tenant from ${failureHooks} h where ${open} order by h.tenant limit 1)
      union all
      select (select h.tenant from ${failureHooks} h where ${open} and h.tenant > owners.tenant order by h.tenant limit 1)
      from owners where owners.tenant is not null
    )
    select found.workflow_id, found.created, row_number() over (partition by found.tenant order by found.created) as turn
    from owners cross join lateral (
      select h.workflow_id, h.tenant, h.created from ${failureHooks} h
      where ${open} and h.tenant = owners.tenant order by h.created limit ${sql.placeholder('ofTenant')}
    ) found
    order by turn, created limit ${sql.placeholder('all')}
  ) chosen`;
  return db
    .select(getTableColumns(failureHooks))
    .from(failureHooks)
    .innerJoin(
      chosen,
      and(
        eq(failureHooks.namespace, sql.placeholder('namespace')),
        eq(failureHooks.workflowId, sql`chosen.workflow_id`),
      ),
    )
    .orderBy(sql`chosen.turn`, failureHooks.created);
}
