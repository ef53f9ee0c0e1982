import type { Logger } from '../../model/log.ts';
import type { BulkJobStore } from '../../store/executions/bulk-jobs.ts';
import type { IdempotencyKeyStore } from '../../store/executions/idempotency-keys.ts';
import { keepGoing, type RoundLoop } from '../background/loops.ts';

/** Days for which a request is known by its idempotency key, and for which a bulk job is kept once it has ended; docs/clients.md has it. */
export const DAYS_KEPT = 30;

/** Milliseconds between two rounds, and after an error; and the most rows of each table that a round deletes. */
const INTERVAL = 60_000;
const PAUSE = 300_000;
const AT_ONCE = 10_000;

/** Milliseconds for which a key is kept after the job that it led to. */
const LATER = 3_600_000;

/** The dependencies of the service. */
export interface RequestKeeperDependencies {
  keys: Pick<IdempotencyKeyStore, 'forget'>;
  jobs: Pick<BulkJobStore, 'forget'>;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
}

/** Creates the loop that forgets old requests with idempotency keys, and old bulk jobs that have ended. Any number of processes may run it. */
export function createRequestKeeper({ keys, jobs, clock, log }: RequestKeeperDependencies): RoundLoop {
  return {
    async tick() {
      const before = new Date(clock() - DAYS_KEPT * 24 * 3_600_000);
      await jobs.forget(before, AT_ONCE);
      // A job has the id of its request, which is stored first: once its key is free, no earlier job may have the id.
      await keys.forget(new Date(before.getTime() - LATER), AT_ONCE);
    },

    run(signal) {
      const trouble = 'old idempotency keys and bulk jobs cannot be deleted';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: PAUSE, log, trouble });
    },
  };
}
