import type { ScheduleLeaseStore } from '../../../store/definitions/schedule-leases.ts';

/** Leases in memory. Without a clock, in milliseconds, they last until they are ended. */
export function leases(clock = () => 0): ScheduleLeaseStore {
  const held = new Map<string, { holder: string; until: number }>();
  return {
    async take(scheduleId, holder, seconds) {
      if ((held.get(scheduleId)?.until ?? -1) > clock()) return false;
      held.set(scheduleId, { holder, until: clock() + seconds * 1000 });
      return true;
    },
    async end(scheduleId, holder) {
      if (held.get(scheduleId)?.holder === holder) held.delete(scheduleId);
    },
  };
}
