/** Fewest and most starts that a process may have under way. */
const FEWEST = 4;
const MOST = 100;

/** Starts that may wait for each other: up to so many the limit grows, from so many on it shrinks. */
const FEW_QUEUED = 1;
const MANY_QUEUED = 2;

/** What is left of the limit when it shrinks. */
const DECREASE = 0.8;

/** Rounds after which the base time is learnt anew, since Temporal may have become slower for good. */
const ROUNDS = 200;

/** How many starts may be under way at once, and what that is judged by. */
export interface StartLimit {
  /** Starts that may be under way at once. */
  most: number;
  /** Milliseconds that a start takes which waits for no other one, as far as is known; infinite before the first round. */
  base: number;
  /** Rounds for which the base time has been known. */
  rounds: number;
  /** The starts that have ended in the current round: how many, the milliseconds of the fastest, and the most that were under way. */
  round: { ended: number; fastest: number; busiest: number };
}

/** A start that has ended. */
export interface EndedStart {
  /** Milliseconds that it took; null where Temporal did not answer. */
  milliseconds: number | null;
  /** Starts that were under way with it, itself included. */
  underWay: number;
}

const UNKNOWN = Number.POSITIVE_INFINITY;
const NEW_ROUND: StartLimit['round'] = { ended: 0, fastest: UNKNOWN, busiest: 0 };

/** The limit before any start. */
export const FIRST_LIMIT: StartLimit = { most: 10, base: UNKNOWN, rounds: 0, round: NEW_ROUND };

/**
 * Returns the limit after a start has ended. It is judged once in a round of as many starts as it admits, by the fastest of them, so
 * that a single slow start changes nothing. Starts that take longer than the base time wait for each other: by Little's law, how much
 * longer says how many of them wait. Pure.
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
    // With half of the starts fewer wait for each other, so that what is learnt is closer to the truth.
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
