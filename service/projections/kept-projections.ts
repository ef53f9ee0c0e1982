import { BoundedMap } from '../../model/bounded-map.ts';
import type { ProjectedRun } from './projected-runs.ts';

/** The most that all kept projections weigh: a task, or a KiB of history, weighs 1. */
const MAX_WEIGHT = 200_000;

/** The state that a projection depends on: the newest run of a chain as Temporal describes it. */
export interface ProjectedState {
  runId: string;
  /** A text that differs when the history has grown, or when anything else has changed that a projection shows. */
  state: string;
  /** Bytes of the history. */
  bytes: number;
}

/**
 * Keeps the projections that were read last, so that a run which has not changed is not projected again. They are unmasked, and are
 * shared: whoever shows one masks a copy.
 */
export interface KeptProjections {
  /** Returns the projection of a run in this very state; null when there is none. */
  find(of: ProjectedState): ProjectedRun | null;
  /** Keeps a projection instead of an earlier one of the run; forgets those that were read longest ago until the rest is small enough. */
  keep(of: ProjectedState, projected: ProjectedRun): void;
}

/** Creates an empty memory; `most` is what the projections weigh at most in all. */
export function createKeptProjections(most = MAX_WEIGHT): KeptProjections {
  const kept = new BoundedMap<string, Kept>(most, ({ weight }) => weight);
  return {
    find({ runId, state }) {
      const found = kept.get(runId);
      if (found === undefined || found.state !== state) return null;
      // The projection that was read last is forgotten last.
      kept.set(runId, found);
      return found.projected;
    },

    keep({ runId, state, bytes }, projected) {
      const weight = projected.execution.tasks.length + Math.ceil(bytes / 1024) + 1;
      kept.set(runId, { state, projected, weight });
    },
  };
}

interface Kept {
  state: string;
  projected: ProjectedRun;
  weight: number;
}
