import { and, eq, lt, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { type ChangeMoment, type ChangePlace, findMoment } from '../executions/execution-lists.ts';
import { named } from '../named.ts';
import type { EnforcementRow } from './enforcements.ts';
import { EVENT_SUMMARY_COLUMNS, type EventSummaryRow } from './event-lists.ts';
import { enforcements, events } from './tables.ts';

/**
 * An event that was recorded, or an enforcement whose status has changed. Events and enforcements have one order: `n` is twice the id, and
 * one more for an enforcement.
 */
export type EventChange = ChangePlace &
  ({ kind: 'event'; row: EventSummaryRow } | { kind: 'enforcement'; row: EnforcementRow });

/** The changes of events and enforcements. */
export interface EventChangeStore {
  /**
   * Lists what has changed after a place, in order of the transactions that wrote it. Waits with rows whose order is still open because an
   * older transaction is in progress, so that no change is ever missed.
   */
  changesBehind(tenant: string, place: ChangePlace, limit: number): Promise<EventChange[]>;
  /** Returns the present moment. */
  moment(): Promise<ChangeMoment>;
}

/** Creates the store over an open database. */
export function createEventChangeStore(db: Database): EventChangeStore {
  return named<EventChangeStore>('event-changes', {
    async changesBehind(tenant, { changed, n }, limit) {
      // One bound for both: what is final for the one is final for the other.
      const { place: open } = await findMoment(db);
      const behind = (table: typeof events | typeof enforcements, id: number): SQL | undefined =>
        and(
          eq(table.tenant, tenant),
          sql`(${table.changed}, ${table.id}) > (${changed}, ${id})`,
          lt(table.changed, open.changed),
        );
      const recorded = await db
        .select(EVENT_SUMMARY_COLUMNS)
        .from(events)
        .where(behind(events, Math.floor(n / 2)))
        .orderBy(events.changed, events.id)
        .limit(limit);
      const settled = await db
        .select()
        .from(enforcements)
        .where(behind(enforcements, Math.floor((n - 1) / 2)))
        .orderBy(enforcements.changed, enforcements.id)
        .limit(limit);
      const changes: EventChange[] = [
        ...recorded.map((row) => ({ kind: 'event' as const, changed: row.changed, n: 2 * row.id, row })),
        ...settled.map((row) => ({ kind: 'enforcement' as const, changed: row.changed, n: 2 * row.id + 1, row })),
      ];
      return changes.sort((a, b) => a.changed - b.changed || a.n - b.n).slice(0, limit);
    },

    moment: () => findMoment(db),
  });
}
