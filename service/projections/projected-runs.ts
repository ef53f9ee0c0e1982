import { carry } from '../../interpreter/carry.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import type { Execution } from '../../model/execution.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { Parameters, RunInput } from '../../model/run-input.ts';
import { tryKey } from '../../model/task-key.ts';
import type { HistoryEvent, ReplayedRun } from '../../projection/history.ts';
import { joinsOf, type WaitingJoin } from '../../projection/moment.ts';
import { createProjection, type Projection } from '../../projection/project.ts';
import type { PendingWork } from '../../projection/waits.ts';

/** A run as its projection shows it. */
export interface ProjectedRun {
  execution: Execution;
  joins: WaitingJoin[];
  /** What the runs above it hide of their own input, where any of them hides something. */
  above?: Json[];
}

/** What a retry of a run is made from. */
export interface CarriedRun {
  input: Parameters;
  run: RunInput;
  seed: string;
  /** The state to begin with, and the keys of what stays as it is; null when nothing is to be done again. */
  carried: { state: CarriedState; kept: string[] } | null;
  /** Temporal's ids of the sub-workflows that are run again, by the key of their work. */
  children: Record<string, string>;
}

/** Shows a projection with what is pending. */
export function showProjection(projection: Projection, pending?: PendingWork): ProjectedRun {
  return { execution: projection.execution(pending), joins: joinsOf(projection) };
}

/** Projects a run from the event that started it. */
export function projectStarted(workflowId: string, started: HistoryEvent): ProjectedRun {
  const projection = createProjection(workflowId);
  projection.take(started);
  const run = showProjection(projection);
  // Nothing above a run that the API starts hides anything.
  return run.execution.memo?.hides === true ? { ...run, above: [] } : run;
}

/**
 * Finds what a retry of a run begins with: from what failed, or from a task. Null when the projection is not complete, so that
 * its state cannot be trusted.
 */
export function carryProjection(projection: Projection, task: string | null): CarriedRun | null {
  const { input, run } = projection.execution();
  const replayed = projection.replayed();
  if (run === null || replayed === null || replayed.state === null || replayed.divergence !== null) return null;
  const carried = carry(replayed.state, task);
  return {
    input: isJsonObject(input) ? input : {},
    run,
    seed: replayed.state.info.seed,
    carried: carried && { state: carried.state, kept: carried.kept },
    children: carried === null ? {} : childrenOf(replayed, carried.again),
  };
}

function childrenOf({ state, tries }: ReplayedRun, again: readonly string[]): Record<string, string> {
  const repeated = new Set(again);
  const children: Record<string, string> = {};
  // What earlier runs of a chain have done is not there.
  for (const visit of state?.visits.flat() ?? []) {
    if (!repeated.has(visit.key)) continue;
    for (const work of visit.items?.work.flat() ?? [visit]) {
      if (work.status === 'succeeded') continue;
      const child = tries.get(tryKey(work))?.child ?? null;
      if (child !== null) children[work.key] = child;
    }
  }
  return children;
}
