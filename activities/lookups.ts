import type { Context } from '@temporalio/activity';
import { AppError } from '../model/app-error.ts';
import { INFRASTRUCTURE_UNAVAILABLE, WORKER_BUSY } from '../model/failure.ts';
import { PERMIT_SECONDS } from '../model/run-input.ts';
import { createSignalScope } from '../model/signals.ts';
import { ActionError } from './action.ts';
import { attemptLimit } from './attempt.ts';
import type { Pulse } from './pulse.ts';

/** Seconds after which a first attempt is handed back if secrets and connections cannot be looked up. */
export const LOOKUP_SECONDS = 600;

/** Milliseconds between two tries: at first, and at most. */
const FIRST_PAUSE = 1_000;
const LAST_PAUSE = 60_000;

/** The activity that needs secrets or connections. */
export interface LookupOptions {
  context: Context;
  /** Seconds of its attempt, see ActivityScope. */
  timeout: number | undefined;
  pulse: Pulse;
}

/** Looks up secrets and connections for an activity. */
export type LookUp = <T>(find: () => Promise<T>, options: LookupOptions) => Promise<T>;

/**
 * Creates the look-up of secrets and connections for a worker with room for the given number of activities. While the
 * database does not respond, or a key is missing, it retries every 1 to 60 seconds and reports that in the heartbeats
 * of the activity. A first attempt is handed back after 10 minutes, or at once if half of the room is waiting. A later
 * attempt fails with `infrastructure_unavailable` after an hour, since a task that is handed back has all of its
 * attempts again; so does any attempt of a run that does not support hand-backs, after its timeout. Rejects when the
 * activity is cancelled, and with ActionErrors of `find`.
 */
export function createLookups(room: number): LookUp {
  let waiting = 0;
  return async (find, options) => {
    const result = await attempt(find);
    if ('found' in result) return result.found;
    const { context, timeout } = options;
    const handsBack = timeout !== undefined && context.info.attempt === 1;
    if (handsBack && waiting >= room / 2) throw givenUp(result.reason, handsBack);
    waiting += 1;
    const scope = createSignalScope();
    const over = scope.eitherOf([context.cancellationSignal, options.pulse.ended]);
    try {
      return await retried(find, result.reason, { ...options, over }, handsBack);
    } finally {
      scope.end();
      waiting -= 1;
    }
  };
}

/** Repeats a look-up that has failed for a reason, until it succeeds, its time is over, or the activity ends, as `over` says. */
async function retried<T>(
  find: () => Promise<T>,
  firstReason: string,
  { context, timeout, pulse, over }: LookupOptions & { over: AbortSignal },
  handsBack: boolean,
): Promise<T> {
  const { cancellationSignal, cancelled, info } = context;
  const patience = handsBack ? LOOKUP_SECONDS : PERMIT_SECONDS;
  const limit = timeout === undefined ? attemptLimit(info) : patience * 1000;
  const left = () => pulse.begun + limit - Date.now();
  let reason = firstReason;
  for (let pause = FIRST_PAUSE; left() > 0; pause = Math.min(LAST_PAUSE, pause * 2)) {
    const waitsFor = { waiting_for_infrastructure: reason };
    pulse.await(() => waitsFor);
    await elapsed(Math.min(pause, left()), over);
    if (cancellationSignal.aborted) return await cancelled;
    pulse.ended.throwIfAborted();
    const result = await attempt(find);
    if ('found' in result) return result.found;
    reason = result.reason;
  }
  throw givenUp(reason, handsBack);
}

/** Looks something up once: returns the result, or why the look-up failed. Rejects with errors of the task itself. */
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

/** Returns the failure after waiting without success: a hand-back, or a failed attempt. */
function givenUp(reason: string, handsBack: boolean): ActionError {
  if (!handsBack) return new ActionError(INFRASTRUCTURE_UNAVAILABLE, reason);
  return new ActionError(WORKER_BUSY, `${INFRASTRUCTURE_UNAVAILABLE}: ${reason}`, { retryable: false });
}

/** Waits for some milliseconds, or until a signal is aborted. */
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
