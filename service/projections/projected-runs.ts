import { carry } from '../../interpreter/carry.ts';
import type { Visit } from '../../interpreter/state.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import type { Execution } from '../../model/execution.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { AgainReason } from '../../model/retry-plan.ts';
import type { Parameters, RunInput } from '../../model/run-input.ts';
import { tryKey } from '../../model/task-key.ts';
import type { TransitionTrace } from '../../model/transition-trace.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { createProjection, type Projection } from '../../projection/project.ts';
import type { ReplayedRun } from '../../projection/replay/replay.ts';
import { listWaitingJoins, type WaitingJoin } from '../../projection/runs/joins.ts';
import type { TaskLimits } from '../../projection/tasks/task-order.ts';
import { isOver, listAllPlaces, workIn } from '../../projection/tasks/tasks.ts';
import type { PendingWork } from '../../projection/waits.ts';
import { hiddenIn } from './masks.ts';

/** A projected run. Its execution is unmasked: `maskExecution` makes what may be shown. */
export interface ProjectedRun {
  execution: Execution;
  joins: WaitingJoin[];
  /**
   * Values to hide that the execution itself does not name: what the runs above it hide in their inputs, and what tasks hide that are left
   * out of it; absent when there are none.
   */
  hidden?: Json[];
}

/** A projected run as it was at an event of its history. */
export interface MomentaryRun extends ProjectedRun {
  /** The transitions that it has decided upon at the event; none unless they are traced. */
  transitions: TransitionTrace[];
}

/** The point from which a retry continues: what failed, a task, or the state after an event. */
export type RetryPoint = { from: 'failed' } | { from: 'task'; task: string } | { from: 'event'; event: number };

/** The state with which a retry begins, with why its visits run again, by their keys, and the keys of the visits that it gives up. */
export interface KeptState {
  state: CarriedState;
  again: [key: string, why: AgainReason][];
  dropped: string[];
}

/** The state from which a retry of a run continues. */
export interface CarriedRun {
  input: Parameters;
  run: RunInput;
  seed: string;
  /** Null when nothing is to be done again. */
  carried: KeptState | null;
  /** The workflow ids of the sub-workflows that are run again, by the key of their work. */
  children: Record<string, string>;
}

/** The task executions that are shown at once; pages have the rest. */
export const SHOWN_TASKS: TaskLimits = { entries: 1_000, bytes: 4 * 1024 * 1024 };

/** Makes a projected run, with the first of its tasks, from a projection and its pending work. */
export function showProjection(projection: Projection, pending?: PendingWork): ProjectedRun {
  const execution = projection.execution(pending, SHOWN_TASKS);
  const run = { execution, joins: listWaitingJoins(projection) };
  if (execution.moreTasks === undefined) return run;
  const hidden = findHiddenInTasks(projection, execution.run);
  return hidden.length === 0 ? run : { ...run, hidden };
}

/** Returns the values that the inputs of a run's sub-workflows hide. */
export function findHiddenInTasks(projection: Projection, run: RunInput | null): Json[] {
  const sources = projection.sources();
  const hides = Object.values(run?.workflows ?? {}).some(({ write_only = [] }) => write_only.length > 0);
  if (sources === null || !hides) return [];
  const values = listAllPlaces(sources).flatMap((place) => {
    const { visit, work } = workIn(sources, place);
    const { action } = sources.state.program.tasks.get(visit.name)!;
    return hiddenIn(work.input, run?.workflows?.[action]?.write_only ?? []);
  });
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

/** Projects a run from the event that started it. */
export function projectStarted(workflowId: string, started: HistoryEvent): ProjectedRun {
  const projection = createProjection(workflowId);
  projection.take(started);
  const run = showProjection(projection);
  // Nothing above a run that the API starts hides anything.
  return run.execution.memo?.hides === true ? { ...run, hidden: [] } : run;
}

/**
 * Finds what a retry continues from. For an event, the projection ends there. Returns null when the projection is not complete, so that
 * its state cannot be trusted.
 */
export function carryProjection(projection: Projection, point: RetryPoint): CarriedRun | null {
  const { input = null, run = null } = projection.opening ?? {};
  const replayed = projection.replayed();
  if (run === null || replayed === null || replayed.divergence !== null) return null;
  const { state } = replayed;
  const start = { input: isJsonObject(input) ? input : {}, run };
  // Only before its first workflow task does a run have no state; what has ended has had one.
  if (state === null) return point.from === 'event' ? { ...start, seed: '', carried: null, children: {} } : null;
  const task = point.from === 'task' ? point.task : null;
  const carried = carry(state, task);
  const chosen = task === null ? undefined : state.visitsOf.get(task)?.at(-1);
  const reasons = new Map(
    state.visits.flatMap(({ key, status }, at): [string, AgainReason][] => [
      [key, at === chosen ? 'chosen' : AGAIN[status]],
    ]),
  );
  return {
    ...start,
    seed: state.info.seed,
    carried: carried && {
      state: carried.state,
      again: carried.again.map((key) => [key, reasons.get(key)!]),
      dropped: carried.dropped,
    },
    children: carried === null ? {} : childrenOf(replayed, carried.again, point.from === 'event'),
  };
}

/** Why a visit runs again, by its status. */
const AGAIN: Record<Visit['status'], AgainReason> = {
  held: 'not_begun',
  delayed: 'open',
  running: 'open',
  succeeded: 'chosen',
  failed: 'failed',
  timed_out: 'failed',
  cancelled: 'cancelled',
};

/**
 * Finds the sub-workflows that are run again from where they stood. With `ended`, one that was open then is left out: how it stood later
 * says nothing about that time.
 */
function childrenOf({ state, tries }: ReplayedRun, again: readonly string[], ended: boolean): Record<string, string> {
  const repeated = new Set(again);
  const children: Record<string, string> = {};
  // The work of earlier runs of a chain is not in it.
  for (const visit of state?.visits.flat() ?? []) {
    if (!repeated.has(visit.key)) continue;
    for (const work of visit.items?.work.flat() ?? [visit]) {
      if (work.status === 'succeeded' || (ended && !isOver(work))) continue;
      const child = tries.get(tryKey(work))?.child ?? null;
      if (child !== null) children[work.key] = child;
    }
  }
  return children;
}
