/** The minimum and maximum number of starts that a process may have in progress. */
const FEWEST = 4;
const MOST = 100;

/** The number of starts that wait for each other up to which the limit grows, and from which on it shrinks. */
const FEW_QUEUED = 1;
const MANY_QUEUED = 2;

/** The factor by which the limit shrinks. */
const DECREASE = 0.8;

/** Rounds after which the base time is measured again, since Temporal may have become slower permanently. */
const ROUNDS = 200;

/** The number of starts that may be in progress, and the measurements that determine it. */
export interface StartLimit {
  /** The number of starts that may be in progress. */
  most: number;
  /** Milliseconds that a start takes if it waits for no other, as far as known; infinite before the first round. */
  base: number;
  /** Rounds for which the base time has been known. */
  rounds: number;
  /** The starts that have ended in the current round: their number, the milliseconds of the fastest, and the most that were in progress. */
  round: { ended: number; fastest: number; busiest: number };
}

/** A start that has ended. */
export interface EndedStart {
  /** Its duration in milliseconds; null if Temporal did not respond. */
  milliseconds: number | null;
  /** The number of starts that were in progress, including itself. */
  underWay: number;
}

const UNKNOWN = Number.POSITIVE_INFINITY;
const NEW_ROUND: StartLimit['round'] = { ended: 0, fastest: UNKNOWN, busiest: 0 };

/** The limit before any start. */
export const FIRST_LIMIT: StartLimit = { most: 10, base: UNKNOWN, rounds: 0, round: NEW_ROUND };

/**
 * Returns the limit after a start has ended. The limit changes once per round of as many starts as it admits, by the fastest of them, so
 * that a single slow start changes nothing. Starts that take longer than the base time wait for each other: by Little's law, the
 * additional time shows how many of them wait. Pure.
 */
export function adaptLimit(limit: StartLimit, { milliseconds, underWay }: EndedStart): StartLimit {
  const { most, base, rounds, round } = limit;
  if (milliseconds === null) return { most: shrink(most), base, rounds, round: NEW_ROUND };
  const ended = round.ended + 1;
  const fastest = Math.min(round.fastest, milliseconds);
  const busiest = Math.max(round.busiest, underWay);
  if (ended < most) return { most, base, rounds, round: { ended, fastest, busiest } };
  const isUsed = busiest > most / 2;
  if (rounds === ROUNDS) {
    // With half as many starts, fewer wait for each other, so the measurement is more accurate.
    return { most: isUsed ? shrink(most, 0.5) : most, base: UNKNOWN, rounds: 0, round: NEW_ROUND };
  }
  const lowest = Math.min(base, fastest);
  const queued = busiest * (1 - lowest / fastest);
  return { most: judge(most, queued, isUsed), base: lowest, rounds: rounds + 1, round: NEW_ROUND };
}

function judge(most: number, queued: number, isUsed: boolean): number {
  if (queued >= MANY_QUEUED) return shrink(most);
  return isUsed && queued <= FEW_QUEUED ? Math.min(MOST, most + 1) : most;
}

function shrink(most: number, part = DECREASE): number {
  return Math.max(FEWEST, Math.floor(most * part));
}
