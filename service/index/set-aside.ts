import type { Logger } from '../../model/log.ts';
import { isOutage } from '../outages.ts';

/** Milliseconds until the first further try, and longest between two. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 300_000;

/** Things that are remembered at most; beyond it the one that was set aside first is forgotten. */
const MAX_KEPT = 10_000;

/** Things of a loop that cannot be done now, such as one run among many. They hold up no other, and are tried again. */
export interface SetAside {
  /** How many there are. */
  readonly size: number;
  /** Whether something was set aside. */
  has(key: string): boolean;
  /** Whether something was set aside, and its time has not come. */
  waits(key: string): boolean;
  /** The keys whose time has come. */
  due(): string[];
  /** Sets something aside for what went wrong with it, longer each time; the first time is logged. */
  put(key: string, error: unknown): void;
  /** Forgets something: it is done, or gone. */
  drop(key: string): void;
  /**
   * Works on something unless it has to wait, and sets it aside when that fails; gives whether it is done. Throws what says that
   * Temporal or the database is away as a whole.
   */
  attempt(key: string, work: () => Promise<void>): Promise<boolean>;
}

/** Makes the memory of one loop; `trouble` is what is logged of each thing, `clock` gives milliseconds. */
export function createSetAside(clock: () => number, log: Logger, trouble: string): SetAside {
  const kept = new Map<string, { tries: number; until: number }>();
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
      kept.delete(key);
      const [oldest] = kept.keys();
      if (kept.size >= MAX_KEPT && oldest !== undefined) kept.delete(oldest);
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
        if (isOutage(error)) throw error;
        this.put(key, error);
        return false;
      }
      this.drop(key);
      return true;
    },
  };
}
