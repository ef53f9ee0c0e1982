import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../model/app-error.ts';
import type { ScheduleLeaseStore } from '../../store/definitions/schedule-leases.ts';
import type { DescribedSchedule, TemporalSchedules } from '../../temporal/schedules.ts';

/** Milliseconds for which a change waits for its turn, and the first and the longest pause between two attempts. */
const PATIENCE = 10_000;
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 20;

/** Seconds after which a process that has not ended its change is taken for dead: longer than all calls of a change together. */
const LEASE = 60;

/**
 * Has the changes of a schedule follow one another. Temporal forgets the first of two updates, or of two triggers, backfills, pauses and
 * resumptions, that reach a schedule within one workflow task, and has answered both.
 */
export interface ScheduleChanges {
  /**
   * Changes a schedule, by its id in Temporal, while no other process of Fermata does. `change` gets the schedule as it is once Temporal
   * has worked off what was sent to it before; null when there is none. Throws `busy` after ten seconds without a turn.
   */
  alone<T>(scheduleId: string, change: (found: DescribedSchedule | null) => Promise<T>): Promise<T>;
}

/** The dependencies of `createScheduleChanges`. */
export interface ScheduleChangesDependencies {
  temporal: Pick<TemporalSchedules, 'describe'>;
  leases: ScheduleLeaseStore;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the changes. */
export function createScheduleChanges({ temporal, leases, clock }: ScheduleChangesDependencies): ScheduleChanges {
  /** The end of the newest change of each schedule here: only one at a time asks for the lease. */
  const ends = new Map<string, Promise<void>>();

  async function leased<T>(id: string, deadline: number, change: () => Promise<T>): Promise<T> {
    const holder = randomUUID();
    // Does nothing when the lease is not the holder's.
    const end = () => leases.end(id, holder);
    try {
      for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
        if (clock() > deadline) throw new AppError('busy', 'other requests are changing the schedule: try again');
        if (await leases.take(id, holder, LEASE)) break;
        await wait(pause);
      }
      return await change();
    } finally {
      // A change that was made stays made, and the lease ends by itself.
      await end().catch(() => end().catch(() => undefined));
    }
  }

  return {
    async alone(id, change) {
      const deadline = clock() + PATIENCE;
      // A description waits for the workflow task that has the signals sent before.
      const mine = (ends.get(id) ?? Promise.resolve()).then(() =>
        leased(id, deadline, async () => change(await temporal.describe(id))),
      );
      const end = mine.then(
        () => undefined,
        () => undefined,
      );
      ends.set(id, end);
      await end;
      if (ends.get(id) === end) ends.delete(id);
      return mine;
    },
  };
}
