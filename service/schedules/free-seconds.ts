import { randomInt } from 'node:crypto';
import { startOfSchedule } from '../../model/execution-id.ts';
import type { TemporalSchedules } from '../../temporal/schedules.ts';
import type { Repeats } from '../starts/idempotency.ts';
import type { FoundSchedule } from './builder.ts';
import { createDueTimes } from './times.ts';

/** The numbers by which a trigger knows that it has taken a second: as many as `randomInt` can draw from. */
const CLAIMS = 2 ** 48 - 1;

/** Gives each trigger of a schedule a second: Temporal names a run by its schedule and its second, and drops a run whose name is taken. */
export interface FreeSeconds {
  /**
   * Takes the first second from now on, in milliseconds, for which a schedule has no run and starts none, and which no other trigger has
   * taken, in this process or another. A trigger of a schedule that starts a run every second takes the place of one of these.
   */
  take(tenant: string, schedule: FoundSchedule): Promise<number>;
}

/** The dependencies of `createFreeSeconds`. */
interface FreeSecondsDependencies {
  temporal: Pick<TemporalSchedules, 'hasRun'>;
  repeats: Pick<Repeats, 'claim'>;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the seconds; `clock` returns milliseconds. */
export function createFreeSeconds({ temporal, repeats, clock }: FreeSecondsDependencies): FreeSeconds {
  /** The latest second, in milliseconds, that each schedule was given here, until it has passed: where to look for the next one. */
  const given = new Map<string, number>();

  return {
    async take(tenant, { found: { scheduleId, action, info }, kept: { request } }) {
      const now = Math.floor(clock() / 1000) * 1000;
      // Temporal names ten times, each with its jitter; it alone knows those of lines that it has parsed itself.
      const named = new Set(info.nextActionTimes.map((time) => Math.floor(time.getTime() / 1000) * 1000));
      const isDue = createDueTimes(request.spec);
      for (const [id, last] of given) if (last < now) given.delete(id);
      for (;;) {
        const second = Math.max(now, (given.get(scheduleId) ?? 0) + 1000);
        given.set(scheduleId, second);
        if (isDue(second) || named.has(second)) continue;
        const workflowId = startOfSchedule(action.workflowId!, second);
        if (await temporal.hasRun(workflowId)) continue;
        // The run may start later, after a crash even by a repeat of the request: until then only the claim shows that it is taken.
        const mine = randomInt(CLAIMS);
        if ((await repeats.claim(tenant, ['trigger', workflowId], {}, mine)) === mine) return second;
      }
    },
  };
}
