import { carry } from '../../interpreter/carry.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import type { Execution } from '../../model/execution.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { Parameters, RunInput } from '../../model/run-input.ts';
import { tryKey } from '../../model/task-key.ts';
import type { HistoryEvent, ReplayedRun } from '../../projection/history.ts';
import { listWaitingJoins, type WaitingJoin } from '../../projection/moment.ts';
import { createProjection, type Projection } from '../../projection/project.ts';
import type { PendingWork } from '../../projection/waits.ts';

/** A projected run. Its execution is unmasked: `maskExecution` makes what may be shown. */
export interface ProjectedRun {
  execution: Execution;
  joins: WaitingJoin[];
  /** The values that the runs above it hide in their inputs; absent when there are none. */
  above?: Json[];
}

/** The state from which a retry of a run continues. */
export interface CarriedRun {
  input: Parameters;
  run: RunInput;
  seed: string;
  /** The state to begin with, and the keys of the work that is kept; null when nothing is to be done again. */
  carried: { state: CarriedState; kept: string[] } | null;
  /** The workflow ids of the sub-workflows that are run again, by the key of their work. */
  children: Record<string, string>;
}

/** Makes a projected run from a projection and its pending work. */
export function showProjection(projection: Projection, pending?: PendingWork): ProjectedRun {
  return { execution: projection.execution(pending), joins: listWaitingJoins(projection) };
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
 * Finds what a retry continues from: what failed, or a task. Returns null when the projection is not complete, so that its state cannot
 * be trusted.
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
  // The work of earlier runs of a chain is not in it.
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
