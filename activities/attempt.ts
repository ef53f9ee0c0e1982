import { AsyncLocalStorage } from 'node:async_hooks';
import type { Info } from '@temporalio/activity';
import { BACKSTOP_SECONDS } from '../model/run-input.ts';

/** Milliseconds that a timer of Node.js can wait. */
const MAX_TIMER = 2 ** 31 - 1;

/** Fails the attempt that has started whatever runs at the moment. */
const failing = new AsyncLocalStorage<(error: unknown) => void>();

/** Runs an attempt. An error that something which it started throws outside of any promise rejects it as well. */
export function attempted<T>(work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => failing.run(reject, () => work().then(resolve, reject)));
}

/**
 * Fails the attempt to which an uncaught error belongs, such as one that a driver throws in a handler of its socket. Returns
 * false, and does nothing, when no attempt has caused it. Call it in a handler of `uncaughtException`.
 */
export function failAttempt(error: unknown): boolean {
  const fail = failing.getStore();
  fail?.(error);
  return fail !== undefined;
}

/** Returns a signal that is aborted after some seconds; after 24 days at most, since Node.js knows no longer timers. */
export function timer(seconds: number): AbortSignal {
  return AbortSignal.timeout(Math.min(Math.ceil(seconds * 1000), MAX_TIMER));
}

/** Milliseconds of an attempt whose run has not sent them: what start-to-close leaves. */
export function attemptLimit({ startToCloseTimeoutMs }: Pick<Info, 'startToCloseTimeoutMs'>): number {
  return Math.max(1, startToCloseTimeoutMs - BACKSTOP_SECONDS * 1000);
}
