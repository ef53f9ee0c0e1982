import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** The keys by which temporal/codec/payload-converter.cjs finds an output and the attempt that produced it. */
const ATTEMPT = Symbol.for('fermata.attempt');
const VALUE = Symbol.for('fermata.value');

/**
 * Adds the attempt that produced it to the output of each activity: Temporal does not report it to the workflow that awaits the activity.
 */
export const tellAttempts: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute: async (input, next) => ({ [VALUE]: await next(input), [ATTEMPT]: info.attempt }),
  },
});
