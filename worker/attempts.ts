import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** The keys by which temporal/codec/payload-converter.cjs finds an output and the attempt that has made it. */
const ATTEMPT = Symbol.for('fermata.attempt');
const VALUE = Symbol.for('fermata.value');

/** Has the output of each activity say which attempt has made it: Temporal tells that to nobody who awaits the activity. */
export const tellAttempts: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    execute: async (input, next) => ({ [VALUE]: await next(input), [ATTEMPT]: info.attempt }),
  },
});
