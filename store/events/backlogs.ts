import { sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { enforcements, events } from './tables.ts';

/** The events and enforcements that wait, and those that are kept no longer. */
export interface BacklogStore {
  /** Counts, by tenant, the events to plan and the enforcements to start; tenants without any are left out. */
  count(): Promise<Map<string, number>>;
  /**
   * Deletes the oldest events from before a time with their enforcements, up to a number, but none that is still to be planned or started,
   * or that began a run which the index has. Returns how many.
   */
  forget(before: Date, limit: number): Promise<number>;
}

/** Creates the store over an open database. */
export function createBacklogStore(db: Database): BacklogStore {
  return named<BacklogStore>('backlogs', {
    async count() {
      const found = await db.execute(sql`
        select tenant, count(*)::int as total from (
          select tenant from ${events} where state = 'received'
          union all
          select tenant from ${enforcements} where status = 'pending'
        ) as waiting group by tenant`);
      const rows = (found as unknown as { rows: { tenant: string; total: number }[] }).rows;
      return new Map(rows.map(({ tenant, total }) => [tenant, total]));
    },

    forget: (before, limit) =>
      db.transaction(async (transaction) => {
        const deleted = await transaction.execute(sql`
          delete from ${events} where id in (
            select e.id from ${events} e
            where e.received < ${before.toISOString()}::timestamptz and e.state <> 'received' and not exists (
              select 1 from ${enforcements} f where f.event = e.id and (f.status = 'pending'
                or exists (select 1 from executions x where x.tenant = f.tenant and x.enforcement = f.id)))
            order by e.received limit ${limit} for update of e skip locked)
          returning id::text`);
        const ids = (deleted as unknown as { rows: { id: string }[] }).rows.map(({ id }) => Number(id));
        if (ids.length > 0) {
          await transaction.execute(
            sql`delete from ${enforcements} where event in (select value::bigint from json_array_elements_text(${JSON.stringify(ids)}::json))`,
          );
        }
        return ids.length;
      }),
  });
}
