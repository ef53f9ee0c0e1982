import type { Context } from '@temporalio/activity';
import { AppError } from '../model/app-error.ts';
import { INFRASTRUCTURE_UNAVAILABLE, WORKER_BUSY } from '../model/failure.ts';
import { PERMIT_SECONDS } from '../model/run-input.ts';
import { ActionError } from './action.ts';
import { attemptLimit } from './attempt.ts';
import type { Pulse } from './pulse.ts';

/** Seconds after which a worker hands a first attempt back for which it cannot look up secrets and connections. */
export const LOOKUP_SECONDS = 600;

/** Milliseconds between two tries: at first, and at most. */
const FIRST_PAUSE = 1_000;
const LAST_PAUSE = 60_000;

/** The activity that something is looked up for. */
export interface LookupOptions {
  context: Context;
  /** Seconds of its attempt, see ActivityScope. */
  timeout: number | undefined;
  pulse: Pulse;
}

/** Looks up what an activity needs of Fermata itself: secrets and connections. */
export type LookUp = <T>(find: () => Promise<T>, options: LookupOptions) => Promise<T>;

/**
 * Makes what looks up secrets and connections for the activities of a worker, which has room for so many. While they cannot be looked
 * up, because the database does not answer or no key of this worker opens what is stored, it tries again every 1 to 60 seconds, which
 * the heartbeats of the activity say. After 10 minutes a first attempt is handed back, and at once when it finds half of the room waiting.
 * A later attempt fails with `infrastructure_unavailable` after an hour, since a task that is handed back has all of its attempts again.
 * So does any attempt of a run that knows no hand-back, once its timeout is over.
 * Rejects with what cancels the activity, and with ActionErrors of `find`.
 */
export function createLookups(room: number): LookUp {
  let waiting = 0;
  return async (find, { context, timeout, pulse }) => {
    const { cancellationSignal, cancelled, info } = context;
    const handsBack = timeout !== undefined && info.attempt === 1;
    const patience = handsBack ? LOOKUP_SECONDS : PERMIT_SECONDS;
    const limit = timeout === undefined ? attemptLimit(info) : patience * 1000;
    const over = AbortSignal.any([cancellationSignal, pulse.ended]);
    let entered = false;
    try {
      for (let pause = FIRST_PAUSE; ; pause = Math.min(LAST_PAUSE, pause * 2)) {
        const result = await attempt(find);
        if ('found' in result) return result.found;
        const { reason } = result;
        const left = pulse.begun + limit - Date.now();
        const crowded = handsBack && !entered && waiting >= room / 2;
        if (left <= 0 || crowded) throw givenUp(reason, handsBack);
        if (!entered) waiting += 1;
        entered = true;
        pulse.await(() => ({ waiting_for_infrastructure: reason }));
        await elapsed(Math.min(pause, left), over);
        if (cancellationSignal.aborted) return await cancelled;
        pulse.ended.throwIfAborted();
      }
    } finally {
      if (entered) waiting -= 1;
    }
  };
}

/** One try: what was found, or why it could not be looked up. Rejects with what is wrong with the task itself. */
async function attempt<T>(find: () => Promise<T>): Promise<{ found: T } | { reason: string }> {
  try {
    return { found: await find() };
  } catch (error) {
    if (error instanceof ActionError) throw error;
    if (!(error instanceof AppError)) return { reason: 'secrets and connections cannot be looked up' };
    if (error.code === 'token_invalid') throw new ActionError('action_error', error.message, { cause: error });
    return { reason: error.message };
  }
}

/** The failure of an activity that has waited in vain: a hand-back, or an attempt that has failed. */
function givenUp(reason: string, handsBack: boolean): ActionError {
  if (!handsBack) return new ActionError(INFRASTRUCTURE_UNAVAILABLE, reason);
  return new ActionError(WORKER_BUSY, `${INFRASTRUCTURE_UNAVAILABLE}: ${reason}`, { retryable: false });
}

/** Waits some milliseconds, or until a signal is aborted. */
function elapsed(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, milliseconds);
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
