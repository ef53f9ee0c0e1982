import { renderCondition, renderValue, type TemplateValue } from '../language/template-value.ts';
import { engineFailure, type Failure, NEVER_RETRIED } from '../model/failure.ts';
import { type Json, utf8Length } from '../model/json.ts';
import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import { MAX_SECONDS } from '../model/words.ts';
import { end } from './ends.ts';
import { CLEANUP_SECONDS } from './events.ts';
import { checkInput, runInline } from './inline.ts';
import { armTimer, awaitEvent } from './pending.ts';
import { scopeOf } from './scope.ts';
import { awaitSignal } from './signals.ts';
import type { RunState, Visit } from './state.ts';
import { mayStart, retryDelay, taskOf, templateFailure } from './visits.ts';

/** Starts a visit, or first its delay; what may not start any more stays held. */
export function start(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  if (!mayStart(state, visit)) {
    if (visit.failure !== null) end(state, index, { failure: visit.failure, lost: visit.lost });
    else visit.status = 'held';
    return;
  }
  if (visit.tries > 1 || visit.status === 'delayed') {
    if (visit.tries > 1) issue(state, index);
    else launch(state, index);
    return;
  }
  const delay = delayOf(state, visit);
  if (typeof delay !== 'number') {
    markStarted(state, visit);
    end(state, index, delay);
  } else if (delay > 0) {
    visit.status = 'delayed';
    armTimer(state, visit.key, { visit: index, kind: 'delay' }, delay * 1000);
  } else launch(state, index);
}

/** Renders the input of a visit and has it run. */
function launch(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  markStarted(state, visit);
  try {
    visit.input = renderValue(taskOf(state, visit).input, scopeOf(state, { visit, variables: visit.variables }));
  } catch (error) {
    end(state, index, { failure: templateFailure(error) });
    return;
  }
  issue(state, index);
}

function markStarted(state: RunState, visit: Visit): void {
  visit.status = 'running';
  visit.startedAt = state.starts;
  visit.started = state.now;
  state.starts += 1;
}

/** Seconds before a visit starts, or why there are none. */
function delayOf(state: RunState, visit: Visit): number | { failure: Failure } {
  const { delay } = taskOf(state, visit);
  if (delay === null) return visit.wait;
  try {
    const seconds = renderValue(delay, scopeOf(state, { visit, variables: visit.variables }));
    if (typeof seconds === 'number' && seconds >= 0 && seconds <= MAX_SECONDS) return visit.wait + seconds;
    const message = `the delay must be a number of seconds from 0 to ${MAX_SECONDS}, not ${JSON.stringify(seconds)}`;
    return { failure: engineFailure('input_invalid', message, { details: { field: 'delay' } }) };
  } catch (error) {
    return { failure: templateFailure(error) };
  }
}

/** Has the current try of a visit run: inside the workflow, as a wait, or by a worker. */
function issue(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  const task = taskOf(state, visit);
  const spec = state.actions[task.action];
  if (spec === undefined) {
    end(state, index, { failure: engineFailure('action_unavailable', `there is no action "${task.action}"`) });
    return;
  }
  const checked = checkInput(spec, visit.input);
  if ('failure' in checked) {
    end(state, index, checked);
    return;
  }
  visit.input = checked.input;
  const mocked = state.mocked.has(visit.name);
  if (spec.inline && !mocked) {
    const result = runInline(task.action, visit.input);
    if ('output' in result) end(state, index, result);
    else endTry(state, index, result.failure);
  } else if (spec.waits !== undefined && !mocked) wait(state, index, spec.waits);
  else issueActivity(state, index);
}

function issueActivity(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  const { action, retry, timeout } = taskOf(state, visit);
  const bytes = utf8Length(JSON.stringify(visit.input));
  if (bytes > MAX_PAYLOAD_BYTES) {
    const message = `the input has ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}`;
    end(state, index, { failure: engineFailure('too_large', message, { details: { field: 'input' } }) });
    return;
  }
  const spec = state.actions[action]!;
  const key = tryKey(visit);
  const { delay, factor, maxDelay } = retry;
  state.commands.push({
    ...{ type: 'activity', key, action, spec, input: visit.input, shielded: visit.shielded },
    // With a condition the interpreter itself makes the further attempts.
    retry: { count: retry.when === null ? retry.count : 0, delay, factor, maxDelay },
    timeout: timeout ?? (visit.shielded ? CLEANUP_SECONDS : spec.timeout),
  });
  awaitEvent(state, key, { visit: index, kind: 'activity', due: null });
}

/** Waits for time (`core.delay`) or for a signal (`core.wait_signal`). */
function wait(state: RunState, index: number, what: 'timer' | 'signal'): void {
  const visit = state.visits[index]!;
  const key = tryKey(visit);
  // The schema of the action has made sure of these types.
  const { seconds, until, name, timeout } = visit.input as Partial<Record<string, Json>>;
  if (what === 'signal') {
    const limit = typeof timeout === 'number' ? timeout : visit.shielded ? CLEANUP_SECONDS : null;
    const early = awaitSignal(state, { visit: index, key, name: name as string, timeout: limit });
    if (early !== undefined) end(state, index, { output: early });
    return;
  }
  if ((seconds === undefined) === (until === undefined)) {
    end(state, index, { failure: engineFailure('input_invalid', 'exactly one of seconds and until is required') });
    return;
  }
  const milliseconds = until === undefined ? (seconds as number) * 1000 : Date.parse(until as string) - state.now;
  if (milliseconds <= 0) end(state, index, { output: { waited_ms: 0 } });
  else armTimer(state, key, { visit: index, kind: 'wait' }, milliseconds);
}

/** The key of a visit's current try: what its activity or timer is called in Temporal. */
function tryKey(visit: Visit): string {
  return visit.tries === 1 ? visit.key : `${visit.key}~${visit.tries}`;
}

/** Has a try issued again whose worker was lost. */
export function reissue(state: RunState, index: number, failure: Failure): void {
  const visit = state.visits[index]!;
  visit.tries += 1;
  visit.reissues += 1;
  visit.failure = failure;
  visit.lost = true;
  state.starting.push(index);
}

/**
 * Ends a try with a failure. Where Temporal's retry policy does not, the next attempt is made from here: of what runs in
 * the workflow, and under `retry.when`.
 */
export function endTry(state: RunState, index: number, failure: Failure, lost = false): void {
  const visit = state.visits[index]!;
  const { retry, action } = taskOf(state, visit);
  const spec = state.actions[action]!;
  const own = retry.when !== null || ((spec.inline || spec.waits) && !state.mocked.has(visit.name));
  if (!own) {
    end(state, index, { failure, lost });
    return;
  }
  const attempt = visit.tries - visit.reissues;
  visit.failure = { ...failure, task: failure.task ?? visit.key, action: failure.action ?? action, attempt };
  const again = attempt <= retry.count && mayStart(state, visit) ? wanted(state, visit, retry.when) : false;
  if (again !== true) {
    end(state, index, again === false ? { failure: { ...failure, attempt }, lost } : again);
    return;
  }
  visit.tries += 1;
  visit.lost = lost;
  const delay = retryDelay(retry, attempt);
  if (delay === 0) state.starting.push(index);
  else armTimer(state, tryKey(visit), { visit: index, kind: 'retry' }, delay * 1000);
}

/** Whether the failure of a try is to be tried again; or the failure to find out. */
function wanted(state: RunState, visit: Visit, when: TemplateValue | null): boolean | { failure: Failure } {
  const { failure, variables } = visit;
  if (when === null || failure === null) return true;
  if (NEVER_RETRIED.some((type) => type === failure.type)) return false;
  const status = failure.type === 'timeout' ? 'timed_out' : 'failed';
  try {
    return renderCondition(when, scopeOf(state, { visit, variables, ended: { status, output: null }, error: failure }));
  } catch (error) {
    return { failure: templateFailure(error, { cause: failure }) };
  }
}
