import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '../../model/log.ts';
import type { Bell } from './bell.ts';

/** Work that goes on in the background. */
export interface Loop {
  /** Works until the signal is aborted; logs the first of a series of errors, and tries again. */
  run(signal: AbortSignal): Promise<void>;
}

/** A loop whose rounds can also be worked one by one. */
export interface RoundLoop extends Loop {
  /** Works one round. */
  tick(): Promise<void>;
}

/** The options of a loop. */
export interface LoopOptions {
  /** The least milliseconds between two rounds. */
  interval: number;
  /** Rings when there is something to do; without one, each round follows the one before after `interval`. */
  bell?: Bell;
  /** The most milliseconds between two rounds while the bell does not ring: half a minute unless given. */
  longest?: number;
  /** Milliseconds between two rounds after an error. */
  pause: number;
  log: Logger;
  /** The message that is logged once for a series of errors. */
  trouble: string;
}

/** Milliseconds after which a loop looks by itself although its bell has not rung. */
const LONGEST = 30_000;

/** Works round after round until the signal is aborted; logs the first of a series of errors, and tries again. */
export async function keepGoing(
  work: () => Promise<void>,
  signal: AbortSignal,
  { interval, bell, longest = LONGEST, pause, log, trouble }: LoopOptions,
): Promise<void> {
  let failing = false;
  while (!signal.aborted) {
    try {
      await work();
      failing = false;
    } catch (error) {
      if (!failing && !signal.aborted) log.warn({ err: error }, trouble);
      failing = true;
    }
    await wait(failing ? pause : interval, undefined, { signal }).catch(() => undefined);
    if (!failing) await bell?.wait(longest - interval, signal);
  }
}

/** Works on all values, `atOnce` at a time, and returns the results in order. Rejects with the first rejection. */
export async function mapConcurrently<T, R>(
  values: readonly T[],
  atOnce: number,
  work: (value: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let index = 0; index < values.length; index += atOnce) {
    results.push(...(await Promise.all(values.slice(index, index + atOnce).map(work))));
  }
  return results;
}
