import { RenderError, renderCondition, type TemplateValue } from '../language/templates/value.ts';
import { type Failure, INFRASTRUCTURE_UNAVAILABLE, NEVER_RETRIED } from '../model/failure.ts';
import type { ActionSpec } from '../model/run-input.ts';
import { tryKey } from '../model/task-key.ts';
import { end } from './ends.ts';
import { armTimer } from './pending.ts';
import { scopeOf } from './scope.ts';
import type { Place, RunState, Visit, Work } from './state.ts';
import { ATTEMPTS_COUNTED, PERMITS_APART, POSTPONED_BY_TIME, UNDEFINED_IS_NO_RETRY } from './versions.ts';
import { mayStart, retryDelay, taskOf, templateFailure, workAt } from './visits.ts';

/** Seconds after which a task is issued again that a busy worker has handed back. */
const BUSY_SECONDS = 10;

/** How often a task is issued again because workers are busy, in runs of earlier interpreters: for a day, if they say so at once. */
const MAX_POSTPONED = 8_640;

/** Has a try issued again that was lost. */
export function reissue(state: RunState, place: Place, failure: Failure): void {
  const work = workAt(state, place);
  work.tries += 1;
  work.reissues += 1;
  work.postponedSince = undefined;
  work.failure = failure;
  work.lost = true;
  state.starting.push(place);
}

/** Has a try issued again after some seconds that a busy worker has handed back: it is no attempt. */
export function postpone(state: RunState, place: Place, failure: Failure): void {
  const work = workAt(state, place);
  work.tries += 1;
  work.postponed += 1;
  if (state.version >= POSTPONED_BY_TIME) work.postponedSince ??= state.now;
  work.failure = failure;
  work.lost = true;
  armTimer(state, tryKey(work), { ...place, kind: 'retry' }, BUSY_SECONDS * 1000);
}

/** Whether a task that a worker has handed back is to be issued again; `queue_timeout` bounds how long it waits for one. */
export function mayPostpone(state: RunState, work: Work, { queue_timeout: seconds }: ActionSpec): boolean {
  if (state.version < POSTPONED_BY_TIME) return state.version >= PERMITS_APART && work.postponed < MAX_POSTPONED;
  return work.postponedSince === undefined || state.now - work.postponedSince < seconds * 1000;
}

/** Returns the failure of a task that no worker could begin for so long: it says so where the reason was ours. */
export function givenUp({ version }: RunState, failure: Failure): Failure {
  const isOurs = version >= POSTPONED_BY_TIME && failure.message.startsWith(`${INFRASTRUCTURE_UNAVAILABLE}:`);
  return isOurs ? { ...failure, type: INFRASTRUCTURE_UNAVAILABLE } : failure;
}

/**
 * Whether further attempts of a visit are made from here, and not by Temporal's retry policy: of what runs in the
 * workflow, of sub-workflows, and under `retry.when`.
 */
export function retriesItself(state: RunState, visit: Visit): boolean {
  const { retry, action } = taskOf(state, visit);
  const { inline, waits, workflow } = state.actions[action]!;
  if (retry.when !== null || workflow) return true;
  return Boolean(inline || waits) && !state.mocked.has(visit.name);
}

/** Counts an attempt that begins. How many Temporal's retry policy makes is known when it ends, if whoever made them tells. */
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
 * Takes what an end tells of the attempts that Temporal's retry policy has made. How many of them an activity made whose worker was
 * lost, nobody tells: once another was issued, their number is not known.
 */
export function tellAttempt(state: RunState, place: Place, attempt: number | undefined): void {
  const visit = state.visits[place.visit]!;
  if (state.version < ATTEMPTS_COUNTED || retriesItself(state, visit) || taskOf(state, visit).retry.count === 0) return;
  const work = workAt(state, place);
  const known = attempt !== undefined && Number.isSafeInteger(attempt) && attempt >= 1 && work.reissues === 0;
  work.attempts = known ? attempt : null;
}

/** Counts the current try no longer as an attempt, since no worker has begun it. */
export function withdrawAttempt(state: RunState, place: Place): void {
  const work = workAt(state, place);
  if (work.attempts) work.attempts -= 1;
}

/** Returns the failure of an attempt with the number that the attempt has in the count of its task, without one where that is not known. */
export function numbered(state: RunState, place: Place, failure: Failure): Failure {
  if (state.version < ATTEMPTS_COUNTED) return failure;
  const { attempts } = workAt(state, place);
  const { attempt: _, ...rest } = failure;
  return attempts ? { ...rest, attempt: attempts } : rest;
}

/** The attempts so far, of which each try is one: of activities also those whose worker was lost, of sub-workflows only those that began. */
function attemptsIn(state: RunState, visit: Visit, work: Work): number {
  const { workflow } = state.actions[taskOf(state, visit).action]!;
  return workflow ? countedTries(work) : work.tries - work.postponed;
}

/** The tries that count towards `retry.count`: those of a lost worker do not. */
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

/** Whether the failure of a try is to be tried again; or the failure to find out. */
function wanted(state: RunState, place: Place, when: TemplateValue | null): boolean | { failure: Failure } {
  const visit = state.visits[place.visit]!;
  const { failure } = workAt(state, place);
  // Nobody is asked again because of an answer, unless the definition says when.
  if (when === null && (failure?.type === 'denied' || failure?.type === 'expired')) return false;
  if (when === null || failure === null) return true;
  if (NEVER_RETRIED.some((type) => type === failure.type)) return false;
  const status = failure.type === 'timeout' ? 'timed_out' : 'failed';
  const { variables } = visit;
  const viewpoint = { visit, variables, item: place.item, ended: { status, output: null }, error: failure };
  try {
    return renderCondition(when, scopeOf(state, viewpoint));
  } catch (error) {
    if (state.version >= UNDEFINED_IS_NO_RETRY && error instanceof RenderError && error.kind === 'undefined')
      return false;
    return { failure: templateFailure(error, { cause: failure }) };
  }
}
