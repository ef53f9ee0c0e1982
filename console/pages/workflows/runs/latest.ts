import { isClosed, isSuccessful } from '../../../../model/status.ts';
import type { RunRow } from '../../../client/shapes.ts';

/** How some runs went. */
export interface Course {
  open: number;
  ended: number;
  succeeded: number;
  /** The share of those that ended which succeeded, in percent, rounded down. Null: none ended. */
  percent: number | null;
  /** The duration of those that succeeded, in milliseconds: half of them took no longer. Null: none did. */
  median: number | null;
}

/** Sums up how some runs went. */
export function sumUp(runs: readonly Pick<RunRow, 'state' | 'duration_ms'>[]): Course {
  const ended = runs.filter(({ state }) => isClosed(state));
  const succeeded = ended.filter(({ state }) => isSuccessful(state));
  return {
    open: runs.length - ended.length,
    ended: ended.length,
    succeeded: succeeded.length,
    percent: ended.length === 0 ? null : Math.floor((100 * succeeded.length) / ended.length),
    median: medianOf(succeeded.flatMap(({ duration_ms: duration }) => duration ?? [])),
  };
}

function medianOf(numbers: readonly number[]): number | null {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? null;
}
