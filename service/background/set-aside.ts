import { BoundedMap } from '../../model/bounded-map.ts';
import type { Logger } from '../../model/log.ts';
import { isOutage } from './outages.ts';

/** Milliseconds before the second try, and the most between two tries. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 300_000;

/** The most things that are remembered; further ones displace the oldest. */
const MAX_KEPT = 10_000;

/** Remembers what a loop cannot do now, such as one run among many, so that it delays nothing else and is tried again. */
export interface SetAside {
  /** The number of things that are set aside. */
  readonly size: number;
  /** Reports whether something is set aside. */
  has(key: string): boolean;
  /** Reports whether something is set aside and not due yet. */
  waits(key: string): boolean;
  /** Returns the keys of what is due. */
  due(): string[];
  /** Sets something aside after an error, each time for longer; logs the first error. */
  put(key: string, error: unknown): void;
  /** Forgets something that is done or gone. */
  drop(key: string): void;
  /**
   * Works on something unless it is not due, and sets it aside when that fails. Returns whether it is done. Throws errors that concern
   * everything, such as those of Temporal or the database as a whole.
   */
  attempt(key: string, work: () => Promise<void>): Promise<boolean>;
}

/**
 * Creates the memory of one loop; `trouble` is the message that is logged for each thing, and `stops` reports whether an error concerns
 * everything.
 */
export function createSetAside(clock: () => number, log: Logger, trouble: string, stops = isOutage): SetAside {
  const kept = new BoundedMap<string, { tries: number; until: number }>(MAX_KEPT);
  return {
    get size() {
      return kept.size;
    },
    has: (key) => kept.has(key),
    waits: (key) => (kept.get(key)?.until ?? 0) > clock(),
    due: () => [...kept].filter(([, { until }]) => until <= clock()).map(([key]) => key),
    put(key, error) {
      const tries = (kept.get(key)?.tries ?? 0) + 1;
      if (tries === 1) log.error({ err: error, key }, trouble);
      kept.set(key, { tries, until: clock() + Math.min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE) });
    },
    drop: (key) => {
      kept.delete(key);
    },
    async attempt(key, work) {
      if (this.waits(key)) return false;
      try {
        await work();
      } catch (error) {
        if (stops(error)) throw error;
        this.put(key, error);
        return false;
      }
      this.drop(key);
      return true;
    },
  };
}
