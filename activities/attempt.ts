import { AsyncLocalStorage } from 'node:async_hooks';
import type { Info } from '@temporalio/activity';
import { BACKSTOP_SECONDS } from '../model/run-input.ts';

/** Fails the attempt whose code is currently running. */
const failing = new AsyncLocalStorage<(error: unknown) => void>();

/** Runs an attempt, which is also rejected by errors that its code throws outside of promises. */
export function attempted<T>(work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => failing.run(reject, () => work().then(resolve, reject)));
}

/**
 * Fails the attempt whose code threw an uncaught error, for example in a socket handler of a driver. Returns false if
 * no attempt caused it. Call it in a handler of `uncaughtException`.
 */
export function failAttempt(error: unknown): boolean {
  const fail = failing.getStore();
  fail?.(error);
  return fail !== undefined;
}

/** Returns the time limit of an attempt in milliseconds if its run has not sent one: the rest of start-to-close. */
export function attemptLimit({ startToCloseTimeoutMs }: Pick<Info, 'startToCloseTimeoutMs'>): number {
  return Math.max(1, startToCloseTimeoutMs - BACKSTOP_SECONDS * 1000);
}
