import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { enforcements, events } from './tables.ts';

/** The events and enforcements that wait, and those that are kept no longer. */
export interface BacklogStore {
  /** Counts, by tenant, the events to plan and the enforcements to start; tenants without any are left out. */
  count(): Promise<Map<string, number>>;
  /**
   * Looks at the oldest events from before a time, up to a number and behind those that were looked at before, and deletes them with their
   * enforcements; but none that is still to be planned or started, or that began a run which the index has. Returns the last one that it has
   * looked at; null when there was none.
   */
  forget(before: Date, limit: number, after: EventPlace | null): Promise<EventPlace | null>;
}

/** The place of an event in the order of receipt: the time as Postgres writes it, and the id. */
export interface EventPlace {
  received: string;
  id: string;
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

    forget: (before, limit, after) =>
      db.transaction(async (transaction) => {
        const behind =
          after === null ? sql`` : sql`and (e.received, e.id) > (${after.received}::timestamptz, ${after.id}::bigint)`;
        // By the columns of the table: those of the result, which have the same names, are texts.
        const found = await transaction.execute(sql`
          select id::text, received::text from ${events} e
          where e.received < ${before.toISOString()}::timestamptz ${behind} order by e.received, e.id limit ${limit}`);
        const looked = (found as unknown as { rows: EventPlace[] }).rows;
        const last = looked.at(-1);
        if (last === undefined) return null;
        const deleted = await transaction.execute(sql`
          delete from ${events} where id in (
            select e.id from ${events} e
            where e.id = any(${idsOf(looked)}) and e.state <> 'received' and not exists (
              select 1 from ${enforcements} f where f.event = e.id and (f.status = 'pending'
                or exists (select 1 from executions x where x.tenant = f.tenant and x.enforcement = f.id)))
            for update of e skip locked)
          returning id::text`);
        const { rows } = deleted as unknown as { rows: EventPlace[] };
        await transaction.execute(sql`delete from ${enforcements} where event = any(${idsOf(rows)})`);
        return last;
      }),
  });
}

function idsOf(rows: readonly Pick<EventPlace, 'id'>[]): SQL {
  return sql`${`{${rows.map(({ id }) => id).join()}}`}::bigint[]`;
}
