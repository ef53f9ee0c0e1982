import { renderCondition } from '../language/template-value.ts';
import type { Transition } from '../language/transitions.ts';
import { engineFailure, type Failure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import { scopeOf, type Viewpoint } from './scope.ts';
import type { RunState, Variables, Visit } from './state.ts';
import { endBranch, publish } from './variables.ts';
import { decide, fail, retryDelay, schedule, taskOf, templateFailure } from './visits.ts';

/** How often in a row the word `retry` leads to another visit. */
const MAX_RETRIED = 3;

/** Ends a visit with an output or a failure, and evaluates its transitions. */
export function end(
  state: RunState,
  index: number,
  result: { output: Json } | { failure: Failure; lost?: boolean },
): void {
  const visit = state.visits[index]!;
  visit.ended = state.now;
  state.endings += 1;
  visit.endedAt = state.endings;
  if ('output' in result) {
    visit.status = 'succeeded';
    visit.output = result.output;
    visit.failure = null;
  } else fail(state, visit, result.failure, result.lost ?? false);
  // What a stop has cancelled leads nowhere; what ended by itself meanwhile still publishes.
  const stopped = state.stopping !== null && !visit.shielded;
  if (stopped && (visit.status === 'cancelled' || state.version < 2)) endBranch(state, visit.variables);
  else follow(state, index);
}

/** Evaluates the transitions of a visit that has ended (design/language.md, Transitions and Failure). */
function follow(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  const task = taskOf(state, visit);
  if (visit.failure === null && task.publish.length > 0) {
    try {
      visit.variables = publish(state, task.publish, viewpointOf(visit));
    } catch (error) {
      fail(state, visit, templateFailure(error), false);
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
  const fails = told || !(failure === null || handled);
  // Only what decides the run opens a cleanup branch; what later visits lead to stays held.
  const cleanup = visit.cleanup || (fails && state.failure === null && state.stopping === null);
  const listed = visit.shielded && failure !== null && state.program.cleanup.order === 'list';
  if (fails || listed) {
    const word = () =>
      engineFailure('failed_by_workflow', `the workflow failed after "${visit.key}"`, { task: visit.key });
    decide(state, failure ?? word(), visit.lost);
  }
  if (fired.length === 0) endBranch(state, visit.variables);
  let leads = false;
  for (const { transition, variables } of fired) {
    const arrival = { from: index, variables, cleanup, shielded: visit.shielded };
    if (transition.retry) {
      const wait = retryDelay(task.retry, visit.retried + 1);
      schedule(state, visit.name, { ...arrival, retried: visit.retried + 1, wait });
    }
    for (const target of transition.targets) schedule(state, target, arrival);
    if (transition.retry || transition.targets.length > 0) leads = true;
    else endBranch(state, variables);
  }
  if (!leads) state.leaves.set(visit.name, index);
}

/** The transitions that fire, with what each publishes; null when one of them cannot be evaluated, which fails the run. */
function fire(
  state: RunState,
  visit: Visit,
  transitions: readonly Transition[],
): { transition: Transition; variables: Variables }[] | null {
  const viewpoint = viewpointOf(visit);
  const on = visit.failure === null ? 'success' : 'failure';
  try {
    const fired = transitions.filter((transition) => {
      if (transition.on !== 'complete' && transition.on !== on) return false;
      if (transition.retry && visit.retried >= MAX_RETRIED) return false;
      return transition.when === null || renderCondition(transition.when, scopeOf(state, viewpoint));
    });
    return fired.map((transition) => ({ transition, variables: publish(state, transition.publish, viewpoint) }));
  } catch (error) {
    const cause = visit.failure === null ? {} : { cause: visit.failure };
    decide(state, templateFailure(error, { task: visit.key, ...cause }), false);
    return null;
  }
}

/** What the templates of a visit see that has just ended. */
function viewpointOf(visit: Visit): Viewpoint {
  const { status, output, failure, variables } = visit;
  // A success sees the failure that led to it.
  return { visit, variables, ended: { status, output }, ...(failure === null ? {} : { error: failure }) };
}
