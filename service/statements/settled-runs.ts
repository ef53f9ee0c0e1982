import { AppError, type ErrorCode } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import { awaitSettled, type RunReading } from './verdicts.ts';

/**
 * Runs work with the view of a run. When it is refused for a reason that unprocessed signals may change, such as a delegation, waits
 * until the run has processed them, reads it again and repeats the work once. Throws what the work throws, and `busy` when the run has
 * still not processed everything.
 */
export type OnceSettled = <View extends { execution: Execution }, Result>(
  view: View,
  work: (view: View) => Promise<Result>,
  read: () => Promise<View>,
) => Promise<Result>;

/** The refusals that depend on the delegations and escalations of an inquiry. */
const PASSING: readonly ErrorCode[] = ['not_an_approver', 'delegate_unsuitable'];

/** Creates the function. */
export function createOnceSettled(reading: RunReading): OnceSettled {
  return async (view, work, read) => {
    try {
      return await work(view);
    } catch (error) {
      if (!mayPass(error, view)) throw error;
    }
    await awaitSettled(reading, view.execution);
    const now = await read();
    try {
      return await work(now);
    } catch (cause) {
      if (!mayPass(cause, now)) throw cause;
      throw new AppError('busy', 'the execution has not yet processed what it was sent: try again', {
        cause,
        retryAfter: 1,
      });
    }
  };
}

function mayPass(error: unknown, { execution }: { execution: Execution }): boolean {
  return execution.unsettled === true && error instanceof AppError && PASSING.includes(error.code);
}
