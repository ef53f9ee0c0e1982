import { RenderError, renderCondition, type TemplateValue } from '../language/templates/value.ts';
import { type Failure, INFRASTRUCTURE_UNAVAILABLE, NEVER_RETRIED } from '../model/failure.ts';
import type { ActionSpec } from '../model/run-input.ts';
import { tryKey } from '../model/task-key.ts';
import { derive } from './derive.ts';
import { end } from './ends.ts';
import { armTimer } from './pending.ts';
import { createScope } from './scope.ts';
import type { Place, RunState, Visit, Work } from './state.ts';
import { ATTEMPTS_COUNTED, PERMITS_APART, POSTPONED_BY_TIME, UNDEFINED_IS_NO_RETRY } from './versions.ts';
import { mayStart, retryDelay, taskOf, templateFailure, workAt } from './visits.ts';

/** Seconds after which a task is issued again that a busy worker handed back. */
const BUSY_SECONDS = 10;

/**
 * How often a task is issued again because workers are busy, in runs of earlier interpreters: for a day, if workers hand it back at once.
 */
const MAX_POSTPONED = 8_640;

/** Issues a lost try again. */
export function reissue(state: RunState, place: Place, failure: Failure): void {
  const work = workAt(state, place);
  work.tries += 1;
  work.reissues += 1;
  work.postponedSince = undefined;
  work.failure = failure;
  work.lost = true;
  state.starting.push(place);
}

/** Issues a try that a busy worker handed back again after some seconds, without counting an attempt. */
export function postpone(state: RunState, place: Place, failure: Failure): void {
  const work = workAt(state, place);
  work.tries += 1;
  work.postponed += 1;
  if (state.version >= POSTPONED_BY_TIME) work.postponedSince ??= state.now;
  work.failure = failure;
  work.lost = true;
  armTimer(state, tryKey(work), { ...place, kind: 'retry' }, BUSY_SECONDS * 1000);
}

/** Returns whether a task that a worker handed back is to be issued again; `queue_timeout` bounds how long it waits for a worker. */
export function mayPostpone(state: RunState, work: Work, { queue_timeout: seconds }: ActionSpec): boolean {
  if (state.version < POSTPONED_BY_TIME) return state.version >= PERMITS_APART && work.postponed < MAX_POSTPONED;
  return work.postponedSince === undefined || state.now - work.postponedSince < seconds * 1000;
}

/** Returns the failure of a task that no worker could begin in time; it names the reason where that is Fermata's. */
export function givenUp({ version }: RunState, failure: Failure): Failure {
  const isOurs = version >= POSTPONED_BY_TIME && failure.message.startsWith(`${INFRASTRUCTURE_UNAVAILABLE}:`);
  return isOurs ? { ...failure, type: INFRASTRUCTURE_UNAVAILABLE } : failure;
}

/**
 * Returns whether the interpreter makes further attempts of a visit, not Temporal's retry policy: of actions that run in the
 * workflow, of sub-workflows, and under `retry.when`.
 */
export function retriesItself(state: RunState, visit: Visit): boolean {
  const { retry, action } = taskOf(state, visit);
  const { inline, waits, workflow } = state.actions[action]!;
  if (retry.when !== null || workflow) return true;
  return Boolean(inline || waits) && !state.mocked.has(visit.name);
}

/**
 * Counts an attempt that begins. The number that Temporal's retry policy makes is known when the activity ends, if its worker reports it.
 */
export function countAttempt(state: RunState, place: Place): void {
  if (state.version < ATTEMPTS_COUNTED) return;
  const visit = state.visits[place.visit]!;
  const work = workAt(state, place);
  const { retry, action } = taskOf(state, visit);
  work.attempts = retriesItself(state, visit) || retry.count === 0 ? attemptsIn(state, visit, work) : null;
  const { inline, waits } = state.actions[action]!;
  if (!(inline || waits) || state.mocked.has(visit.name)) return;
  work.made ??= [];
  work.made.push({ started: state.now, ended: null, failure: null });
}

/**
 * Counts the attempts that Temporal's retry policy made, as the end of an activity reports them. An activity whose worker was lost reports
 * none: once another one was issued, the number is unknown.
 */
export function tellAttempt(state: RunState, place: Place, attempt: number | undefined): void {
  const visit = state.visits[place.visit]!;
  if (state.version < ATTEMPTS_COUNTED || retriesItself(state, visit) || taskOf(state, visit).retry.count === 0) return;
  const work = workAt(state, place);
  const known = attempt !== undefined && Number.isSafeInteger(attempt) && attempt >= 1 && work.reissues === 0;
  work.attempts = known ? attempt : null;
}

/** Removes the current try from the count of attempts, since no worker began it. */
export function withdrawAttempt(state: RunState, place: Place): void {
  const work = workAt(state, place);
  if (work.attempts) work.attempts -= 1;
}

/** Returns the failure of an attempt with the number of the attempt in its task; without one where that is unknown. */
export function numbered(state: RunState, place: Place, failure: Failure): Failure {
  if (state.version < ATTEMPTS_COUNTED) return failure;
  const { attempts } = workAt(state, place);
  const { attempt: _, ...rest } = failure;
  return attempts ? { ...rest, attempt: attempts } : rest;
}

/**
 * Returns the number of attempts so far: one for each try, including activities whose worker was lost, and only sub-workflows that began.
 */
function attemptsIn(state: RunState, visit: Visit, work: Work): number {
  const { workflow } = state.actions[taskOf(state, visit).action]!;
  return workflow ? countedTries(work) : work.tries - work.postponed;
}

/** Returns the number of tries that count towards `retry.count`; tries of a lost worker do not. */
function countedTries({ tries, reissues, postponed }: Work): number {
  return tries - reissues - postponed;
}

/** Ends a try with a failure, and the work with it unless there is to be another try. */
export function endTry(state: RunState, place: Place, failure: Failure, lost = false): void {
  const visit = state.visits[place.visit]!;
  const work = workAt(state, place);
  const { retry, action } = taskOf(state, visit);
  if (!retriesItself(state, visit)) {
    end(state, place, { failure, lost });
    return;
  }
  const counted = countedTries(work);
  const attempt = state.version < ATTEMPTS_COUNTED ? counted : attemptsIn(state, visit, work);
  work.failure = { ...failure, task: failure.task ?? work.key, action: failure.action ?? action, attempt };
  const made = work.made?.at(-1);
  if (made !== undefined) Object.assign(made, { ended: state.now, failure: work.failure });
  const again = counted <= retry.count && mayStart(state, visit) ? wanted(state, place, retry.when) : false;
  if (again !== true) {
    end(state, place, again === false ? { failure: { ...failure, attempt }, lost } : again);
    return;
  }
  work.tries += 1;
  work.lost = lost;
  work.postponedSince = undefined;
  const delay = retryDelay(retry, counted);
  if (delay === 0) state.starting.push(place);
  else armTimer(state, tryKey(work), { ...place, kind: 'retry' }, delay * 1000);
}

/** Returns whether a try is to be repeated after its failure, or the failure of evaluating that. */
function wanted(state: RunState, place: Place, when: TemplateValue | null): boolean | { failure: Failure } {
  const visit = state.visits[place.visit]!;
  const { failure } = workAt(state, place);
  // A decision does not repeat its inquiry, unless `retry.when` allows it.
  if (when === null && (failure?.type === 'denied' || failure?.type === 'expired')) return false;
  if (when === null || failure === null) return true;
  if (NEVER_RETRIED.some((type) => type === failure.type)) return false;
  const status = failure.type === 'timeout' ? 'timed_out' : 'failed';
  const { variables } = visit;
  const viewpoint = { visit, variables, item: place.item, ended: { status, output: null }, error: failure };
  try {
    return derive(state, 'condition', () => renderCondition(when, createScope(state, viewpoint)));
  } catch (error) {
    if (state.version >= UNDEFINED_IS_NO_RETRY && error instanceof RenderError && error.kind === 'undefined')
      return false;
    return { failure: templateFailure(error, { cause: failure }) };
  }
}
