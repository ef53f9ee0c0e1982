import { and, eq, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../database.ts';
import { named } from '../named.ts';
import { enforcements, events } from './tables.ts';

/** Erases what events say. */
export interface ErasureStore {
  /**
   * Erases the payload, the headers, the subject, the extensions and the issues of an event, if it is not erased yet, and in any case the
   * messages of its enforcements that have failed, which may quote it. `pending`: it stays as it is because it is still to be planned, or an
   * enforcement of it to be started.
   */
  erase(tenant: string, id: number): Promise<'erased' | 'missing' | 'pending'>;
}

/** Stands in the place of an erased message. */
const ERASED = 'the message was erased with the event';

/** The rest of an erased event. The payload is the JSON value null: the column is never empty. */
const EMPTY = {
  payload: sql`'null'::json`,
  headers: {},
  extensions: {},
  issues: [],
  subject: null,
  erased: sql`now()`,
};

/** Creates the store over an open database. */
export function createErasureStore(db: Database): ErasureStore {
  return named<ErasureStore>('erasures', {
    erase: (tenant, id) =>
      db.transaction(async (transaction) => {
        const that = and(eq(events.tenant, tenant), eq(events.id, id));
        const { state, erased } = events;
        // Whoever plans it has locked the row: what was planned is seen below.
        const [found] = await transaction.select({ state, erased }).from(events).where(that).for('update');
        if (found === undefined) return 'missing';
        if (found.erased === null) {
          if (found.state === 'received' || (await isAwaited(transaction, tenant, id))) return 'pending';
          await transaction.update(events).set(EMPTY).where(that);
        }
        // An event that an earlier version has erased may still be quoted.
        await transaction
          .update(enforcements)
          .set({ reason: sql`json_build_object('code', reason_code, 'message', ${ERASED}::text)` })
          .where(and(eq(enforcements.tenant, tenant), eq(enforcements.event, id), eq(enforcements.status, 'failed')));
        return 'erased';
      }),
  });
}

/** Reports whether an enforcement of an event is still to be started. */
async function isAwaited(transaction: Transaction, tenant: string, event: number): Promise<boolean> {
  const waiting = await transaction
    .select({ id: enforcements.id })
    .from(enforcements)
    .where(and(eq(enforcements.tenant, tenant), eq(enforcements.event, event), eq(enforcements.status, 'pending')))
    .limit(1);
  return waiting.length > 0;
}
