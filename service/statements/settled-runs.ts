import { AppError, type ErrorCode } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import { awaitSettled, type RunReading } from './verdicts.ts';

/**
 * Does some work with what was read of a run. Where the work is refused for what the run may not have taken yet (a delegation, or the end
 * of one), waits until it has, reads it again and does the work once more. Throws what the work throws, and `busy` where it is refused
 * and the run has still not taken all that it was sent.
 */
export type OnceSettled = <View extends { execution: Execution }, Result>(
  view: View,
  work: (view: View) => Promise<Result>,
  read: () => Promise<View>,
) => Promise<Result>;

/** Refusals that depend on the delegations of a question, and on the steps of its ladder. */
const PASSING: readonly ErrorCode[] = ['not_an_approver', 'delegate_unsuitable'];

/** Creates it. */
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
