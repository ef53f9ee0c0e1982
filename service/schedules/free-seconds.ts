import { startOfSchedule } from '../../model/execution-id.ts';
import type { DescribedSchedule, TemporalSchedules } from '../../temporal/schedules.ts';

/**
 * Returns the first second from now on, in milliseconds, for which a schedule has no run and none is due: Temporal names a run by its
 * schedule and its second, and drops a run whose name is taken.
 */
export type FreeSecond = (scheduleId: string, found: DescribedSchedule) => Promise<number>;

/** Creates the search, which remembers the seconds that it gave. `clock` returns milliseconds. */
export function createFreeSeconds(temporal: Pick<TemporalSchedules, 'hasRun'>, clock: () => number): FreeSecond {
  /** The latest second, in milliseconds, for which each schedule was triggered, until it has passed. */
  const triggered = new Map<string, number>();

  return async (scheduleId, { action, info }) => {
    const now = Math.floor(clock() / 1000) * 1000;
    const due = new Set(info.nextActionTimes.map((time) => Math.floor(time.getTime() / 1000) * 1000));
    for (const [id, last] of triggered) if (last < now) triggered.delete(id);
    for (;;) {
      // A run that was triggered before may not have started yet.
      const second = Math.max(now, (triggered.get(scheduleId) ?? 0) + 1000);
      triggered.set(scheduleId, second);
      if (due.has(second)) continue;
      if (!(await temporal.hasRun(startOfSchedule(action.workflowId!, second)))) return second;
    }
  };
}
