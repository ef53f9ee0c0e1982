import { and, eq, lte, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { scheduleLeases } from './tables.ts';

/** Leases of schedules, which Temporal has: who changes one at present. Schedules and holders have ids. */
export interface ScheduleLeaseStore {
  /** Leases a schedule for a number of seconds. Returns false while another holder has it. */
  take(scheduleId: string, holder: string, seconds: number): Promise<boolean>;
  /** Ends a lease before its time; does nothing when it is no longer the holder's. */
  end(scheduleId: string, holder: string): Promise<void>;
}

/** Creates the store over an open database, for the schedules of a namespace of Temporal. */
export function createScheduleLeaseStore(db: Database, namespace: string): ScheduleLeaseStore {
  const { scheduleId, until } = scheduleLeases;

  return named<ScheduleLeaseStore>('schedule-leases', {
    async take(id, holder, seconds) {
      const lease = { holder, until: sql`now() + make_interval(secs => ${seconds})` };
      const taken = await db
        .insert(scheduleLeases)
        .values({ namespace, scheduleId: id, ...lease })
        .onConflictDoUpdate({
          target: [scheduleLeases.namespace, scheduleId],
          set: lease,
          setWhere: lte(until, sql`now()`),
        })
        .returning({ id: scheduleId });
      return taken.length > 0;
    },

    async end(id, holder) {
      const { namespace: its } = scheduleLeases;
      await db
        .delete(scheduleLeases)
        .where(and(eq(its, namespace), eq(scheduleId, id), eq(scheduleLeases.holder, holder)));
    },
  });
}
