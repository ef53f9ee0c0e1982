import { sql } from 'drizzle-orm';
import type { Throttle } from '../../model/rules/rule.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { enforcements } from './tables.ts';

/** The time of the database, and the newest starts of a rule, oldest first: those within the span of a throttle, and those that wait. */
export interface TakenSlots {
  now: Date;
  slots: Date[];
}

/** The part of a throttle that says how many starts there may be in so many seconds. */
export type StartRate = Pick<Throttle, 'limit' | 'per'>;

/** Knows when the rules of tenants have started executions, and are to start some. Starts of replays are left out. */
export interface StartSlotStore {
  /** Finds the newest starts of a rule, at most as many as the limit. */
  find(tenant: string, rule: number, rate: StartRate): Promise<TakenSlots>;
}

/** Creates the store over an open database or a transaction. */
export function createStartSlotStore(db: Pick<Database, 'execute'>): StartSlotStore {
  return named<StartSlotStore>('start-slots', {
    async find(tenant, rule, { limit, per }) {
      const found = await db.execute(sql`
        select now() as at, true as is_now
        union all
        (select at, false from (
          select greatest(not_before, now()) as at from ${enforcements}
          where tenant = ${tenant} and lane = ${rule} and status = 'pending' and not replayed
          union all
          (${recentStarts(tenant, rule, { limit, per })})
        ) as taken order by at desc limit ${limit})`);
      const rows = (found as unknown as { rows: { at: Date | string; is_now: boolean }[] }).rows;
      const instants = rows.map(({ at, is_now: isNow }) => ({ at: new Date(at), isNow }));
      const slots = instants.filter(({ isNow }) => !isNow).map(({ at }) => at);
      return { now: instants.find(({ isNow }) => isNow)!.at, slots: slots.sort((a, b) => a.getTime() - b.getTime()) };
    },
  });
}

/**
 * Selects the newest starts of a rule within the span of a throttle as `at`, at most as many as its limit. The span is a millisecond
 * longer: the times of starts are rounded.
 */
export function recentStarts(tenant: string, rule: number, { limit, per }: StartRate) {
  return sql`
    select started as at from ${enforcements}
    where tenant = ${tenant} and rule = ${rule} and status = 'started' and not replayed
      and started > now() - make_interval(secs => ${per} + 0.001)
    order by started desc limit ${limit}`;
}
