import { EventEmitter, once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '../../model/log.ts';
import { createBell } from './bell.ts';
import { keepGoing, type Loop } from './loops.ts';

/** Milliseconds for which values are collected, and between two attempts while they cannot be written. */
const INTERVAL = 100;
const PAUSE = 250;

/** Milliseconds for which a caller waits for values to be written, and for which a process that ends does. */
const PATIENCE = 5_000;
const LAST_PATIENCE = 2_000;

/** Values that are written soon after they were put, of each key the newest. */
export interface WriteQueue<T> extends Loop {
  /** Takes a value, unless a newer one of its key is queued or the queue is full. Never waits, never throws. */
  put(value: T): void;
  /**
   * Waits until the queued values that matter are written: at most five seconds, and not at all while values cannot be written. Never
   * throws.
   */
  written(matters: (value: T) => boolean): Promise<void>;
  /** Counts the keys whose newest value is not written yet. */
  size(): number;
  /** Writes until the signal is aborted, and then, for at most two seconds, what is left. */
  run(signal: AbortSignal): Promise<void>;
}

/** The options of a queue. */
export interface WriteQueueOptions<T> {
  keyOf: (value: T) => string;
  /** Reports whether a value can replace a queued one of the same key. */
  replaces: (value: T, queued: T) => boolean;
  /** Returns the approximate size of a value in any unit, of which all together may have `capacity`. */
  weigh: (value: T) => number;
  capacity: number;
  /** Writes values. When it rejects, they are written again later, except for those that others have replaced. */
  write: (values: readonly T[]) => Promise<void>;
  log: Logger;
  /** The messages that are logged once for a series of failed attempts, and once for values that are not taken until others are written. */
  trouble: string;
  full: string;
}

/** Creates a queue. It writes while it runs. */
export function createWriteQueue<T>(options: WriteQueueOptions<T>): WriteQueue<T> {
  const { keyOf, replaces, weigh, capacity, write, log, trouble, full } = options;
  /** The values that the next round writes, with their weights, and those that the current round does. */
  let next = new Map<string, { value: T; weight: number }>();
  let current: typeof next = new Map();
  let weight = 0;
  let isFull = false;
  let isFailing = false;
  const rounds = new EventEmitter().setMaxListeners(0);
  /** Ends the pause before the next round. */
  let hurry = new AbortController();
  const bell = createBell();

  async function writeAll(): Promise<void> {
    if (next.size === 0) return;
    [current, next] = [next, new Map()];
    try {
      await write([...current.values()].map(({ value }) => value));
      for (const written of current.values()) weight -= written.weight;
      [isFailing, isFull] = [false, false];
    } catch (error) {
      for (const [key, unwritten] of current) {
        if (next.has(key)) weight -= unwritten.weight;
        else next.set(key, unwritten);
      }
      isFailing = true;
      throw error;
    } finally {
      current = new Map();
      rounds.emit('end');
    }
  }

  const isQueued = (matters: (value: T) => boolean) =>
    [...current.values(), ...next.values()].some(({ value }) => matters(value));

  return {
    put(value) {
      const key = keyOf(value);
      const queued = next.get(key) ?? current.get(key);
      if (queued !== undefined && !replaces(value, queued.value)) return;
      const replaced = next.get(key)?.weight ?? 0;
      const added = weigh(value);
      if (weight - replaced + added > capacity) {
        if (!isFull) log.warn({ queued: next.size + current.size }, full);
        isFull = true;
        return;
      }
      weight += added - replaced;
      next.set(key, { value, weight: added });
      bell.ring();
    },

    async written(matters) {
      const patience = AbortSignal.timeout(PATIENCE);
      // The current round may have begun before the values were put; the next one has them all.
      for (let round = 0; round < 2 && !isFailing && isQueued(matters) && !patience.aborted; round += 1) {
        hurry.abort();
        await once(rounds, 'end', { signal: patience }).catch(() => undefined);
      }
    },

    size: () => new Set([...current.keys(), ...next.keys()]).size,

    async run(signal) {
      signal.addEventListener('abort', () => hurry.abort(), { once: true });
      const work = async () => {
        await wait(isFailing ? 0 : INTERVAL, undefined, { signal: hurry.signal }).catch(() => undefined);
        hurry = new AbortController();
        await writeAll();
      };
      const writeRest = () => writeAll().catch((error: unknown) => log.warn({ err: error }, trouble));
      const working = keepGoing(work, signal, { interval: 0, bell, pause: PAUSE, log, trouble }).then(writeRest);
      const ended = new AbortController();
      const patience = once(signal, 'abort', ended)
        .then(() => wait(LAST_PATIENCE, undefined, ended))
        .catch(() => undefined);
      await Promise.race([working, patience]);
      ended.abort();
    },
  };
}
