import { type ReadValue, readValues } from '../language/templates/reads.ts';
import { renderCondition } from '../language/templates/value.ts';
import type { Transition } from '../language/transitions.ts';
import { engineFailure, type Failure, withLastCause } from '../model/failure.ts';
import { WorkMeter } from '../model/work.ts';
import { endBranch, mergedWith } from './branches.ts';
import { derive, type TransitionReason } from './derive.ts';
import { itemsEnding, mayStartItem } from './items.ts';
import { arrive } from './joins.ts';
import { publish } from './publishing.ts';
import { createScope, type Viewpoint } from './scope.ts';
import type { Place, RunState, Visit, Work, WorkEnding } from './state.ts';
import type { Variables } from './variables.ts';
import { HANDLED_CAUSES, LINEAGE_PER_TRANSITION, STOPPED_VISITS_PUBLISH } from './versions.ts';
import { decide, fail, retryDelay, schedule, taskOf, templateFailure, workAt } from './visits.ts';
import { renewMeter } from './work.ts';

/** How often in a row the word `retry` leads to another visit. */
const MAX_RETRIED = 3;

/** The most work of reading one value for an observer, in units: all values of a condition cost no more than a visit may. */
const OBSERVED_WORK = 30_000;

/** Ends work: an item, which may end its visit; or a visit, whose transitions are then evaluated. */
export function end(state: RunState, place: Place, ending: WorkEnding): void {
  const visit = state.visits[place.visit]!;
  const { items } = visit;
  if (place.item === null || items === null) {
    endVisit(state, place.visit, ending);
    return;
  }
  const work = workAt(state, place);
  record(state, visit, work, ending);
  items.running -= 1;
  if (work.failure !== null) items.failed.push(place.item);
  endItems(state, place.visit);
}

/** Starts more items of a visit, or ends the visit when none is left; call it when an item has ended, or none will start. */
export function endItems(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  const { items } = visit;
  if (items === null || items.queued) return;
  if (mayStartItem(state, visit)) {
    items.queued = true;
    state.starting.push({ visit: index, item: null });
  } else if (items.running === 0) endVisit(state, index, itemsEnding(state, visit, items));
}

/** Records an ending on the work itself. */
function record(state: RunState, visit: Visit, work: Work, ending: WorkEnding): void {
  work.ended = state.now;
  if ('output' in ending) {
    work.status = 'succeeded';
    work.output = ending.output;
    work.failure = null;
    return;
  }
  const isVisit = work === visit;
  const failure = isVisit ? behindFailure(state, visit, ending.failure) : ending.failure;
  fail(state, work, taskOf(state, visit), failure, ending.lost ?? false);
  if (ending.partial !== undefined) work.output = ending.partial;
}

/** Returns a failure of a visit with the failure that led to the visit, such as the one it handles, as its last cause. */
function behindFailure(state: RunState, { error }: Visit, failure: Failure): Failure {
  const led = error === null || state.version < HANDLED_CAUSES ? null : state.visits[error]?.failure;
  return led ? withLastCause(failure, led) : failure;
}

function endVisit(state: RunState, index: number, ending: WorkEnding): void {
  const visit = state.visits[index]!;
  state.endings += 1;
  visit.endedAt = state.endings;
  record(state, visit, visit, ending);
  // A visit that a stop cancelled leads nowhere; one that ended by itself meanwhile still publishes.
  const stopped = state.stopping !== null && !visit.shielded;
  const leadsNowhere = stopped && (visit.status === 'cancelled' || state.version < STOPPED_VISITS_PUBLISH);
  if (leadsNowhere || state.work.exhausted) endBranch(state, visit.variables);
  else follow(state, index);
}

/** Evaluates the transitions of a visit that has ended. */
function follow(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  const task = taskOf(state, visit);
  renewMeter(state);
  if (visit.failure === null && task.publish.length > 0) {
    try {
      visit.variables = publish(state, task.publish, viewpointOf(visit));
    } catch (error) {
      fail(state, visit, task, behindFailure(state, visit, templateFailure(error)), false);
      renewMeter(state);
    }
  }
  const fired = fire(state, visit, task.transitions);
  if (fired === null) {
    state.leaves.set(visit.name, index);
    endBranch(state, visit.variables);
    return;
  }
  const { failure } = visit;
  const handled = fired.some(({ transition: { targets, noop, retry } }) => targets.length > 0 || noop || retry);
  const told = fired.some(({ transition }) => transition.fail);
  visit.handled = handled && !told;
  const fails = told || !(failure === null || handled);
  // Only the failure that decides the run opens a cleanup branch; visits that later failures lead to stay held.
  const cleanup = visit.cleanup || (fails && state.failure === null && state.stopping === null);
  const listed = visit.shielded && failure !== null && state.program.cleanup.order === 'list';
  if (fails || listed) {
    const word = engineFailure('failed_by_workflow', `the workflow failed after "${visit.key}"`, { task: visit.key });
    decide(state, failure ?? behindFailure(state, visit, word), visit.lost);
  }
  if (fired.length === 0) endBranch(state, visit.variables);
  if (!lead(state, index, fired, cleanup)) state.leaves.set(visit.name, index);
}

interface Fired {
  transition: Transition;
  variables: Variables;
}

/** Schedules the tasks of the transitions that fired, or lets them arrive at joins. Returns false when there are none. */
function lead(state: RunState, index: number, fired: readonly Fired[], cleanup: boolean): boolean {
  const visit = state.visits[index]!;
  let leads = false;
  const joined = new Set<string>();
  for (const { transition, variables } of fired) {
    const arrival = { variables, cleanup, shielded: visit.shielded, batch: index };
    if (transition.retry) {
      const wait = retryDelay(taskOf(state, visit).retry, visit.retried + 1);
      schedule(state, visit.name, { ...arrival, from: [index], retried: visit.retried + 1, wait });
    }
    for (const target of transition.targets) {
      if (state.program.tasks.get(target)!.join === null) {
        arrive(state, target, index, { ...arrival, several: opensSeveral(state, target, fired) });
      } else if (!joined.has(target)) {
        // Several transitions of one visit to a join are one arrival, with what each has published.
        joined.add(target);
        const all = fired.filter((other) => other.transition.targets.includes(target)).map((other) => other.variables);
        arrive(state, target, index, { ...arrival, variables: mergedWith(variables, all) });
      }
    }
    if (transition.retry || transition.targets.length > 0) leads = true;
    else endBranch(state, variables);
  }
  return leads;
}

/** Returns whether several fired transitions each open a lineage at a task without a join; in a loop, rounds separate arrivals. */
function opensSeveral({ version, program }: RunState, target: string, fired: readonly Fired[]): boolean {
  if (version < LINEAGE_PER_TRANSITION || program.graph.inLoop(target)) return false;
  return fired.filter(({ transition }) => transition.targets.includes(target)).length > 1;
}

/** Returns the transitions that fire, with what each publishes; null when one cannot be evaluated, which fails the run. */
function fire(state: RunState, visit: Visit, transitions: readonly Transition[]): Fired[] | null {
  const viewpoint = viewpointOf(visit);
  try {
    const fired = transitions.filter((transition, index) => {
      const tell = (reason: TransitionReason, error: string | null) =>
        state.observer?.onTransition?.({
          from: visit.key,
          index,
          transition,
          reason,
          error,
          read: valuesRead(state, transition, reason, viewpoint),
        });
      try {
        const reason = decideTransition(state, visit, transition, viewpoint);
        tell(reason, null);
        return reason === 'fired';
      } catch (error) {
        tell('error', templateFailure(error).message);
        throw error;
      }
    });
    return fired.map((transition) => ({ transition, variables: publish(state, transition.publish, viewpoint) }));
  } catch (error) {
    const failure = templateFailure(error, { task: visit.key });
    const led = visit.failure === null ? behindFailure(state, visit, failure) : { ...failure, cause: visit.failure };
    decide(state, led, false);
    return null;
  }
}

/** Returns whether a transition fires, or why not. Throws what its condition throws. */
function decideTransition(
  state: RunState,
  visit: Visit,
  { on, retry, when }: Transition,
  viewpoint: Viewpoint,
): TransitionReason {
  if (on !== 'complete' && on !== (visit.failure === null ? 'success' : 'failure')) return 'other_outcome';
  if (retry && visit.retried >= MAX_RETRIED) return 'retry_limit';
  if (when === null) return 'fired';
  return derive(state, 'condition', () => renderCondition(when, createScope(state, viewpoint))) ? 'fired' : 'false';
}

/** Returns the values that the condition of a transition names, for whoever observes the run: nothing of it counts, or changes the run. */
function valuesRead(
  state: RunState,
  { when }: Transition,
  reason: TransitionReason,
  viewpoint: Viewpoint,
): ReadValue[] {
  if (when === null || reason === 'other_outcome' || reason === 'retry_limit') return [];
  return readValues(when, () => createScope(state, viewpoint, new WorkMeter(OBSERVED_WORK)));
}

/** Returns the viewpoint of the templates of a visit that has just ended. */
function viewpointOf(visit: Visit): Viewpoint {
  const { status, output, failure, variables } = visit;
  // A success sees the failure that led to it.
  return { visit, variables, ended: { status, output }, ...(failure === null ? {} : { error: failure }) };
}
