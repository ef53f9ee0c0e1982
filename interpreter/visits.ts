import { engineFailure, type Failure } from '../model/failure.ts';
import { type Json, utf8Length } from '../model/json.ts';
import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import { checkInput, runInline } from './inline.ts';
import type { ProgramTask } from './program.ts';
import { scopeOf } from './scope.ts';
import type { Pending, RunState, Visit } from './state.ts';
import { RenderError, renderValue } from './template-value.ts';

/** Visits that a run may have. */
const MAX_VISITS = 100_000;

/** Puts a visit to a task at the end of what is to start; `from` is the visit that led to it. */
export function schedule(state: RunState, name: string, from: number | null, cleanup: boolean): void {
  if (state.visits.length >= MAX_VISITS) {
    decide(state, engineFailure('limit_exceeded', `the run has visited tasks ${MAX_VISITS} times`), false);
    return;
  }
  const indexes = state.visitsOf.get(name) ?? [];
  const visit = indexes.length + 1;
  const previous = from === null ? undefined : state.visits[from];
  const index = state.visits.length;
  state.visits.push({
    name,
    key: visit === 1 ? name : `${name}#${visit}`,
    visit,
    status: 'held',
    from: from === null ? [] : [from],
    error: previous?.failure ? from : (previous?.error ?? null),
    cleanup,
    tries: 1,
    reissues: 0,
    input: null,
    output: null,
    failure: null,
    lost: false,
    created: state.now,
    ended: null,
    endedAt: null,
  });
  indexes.push(index);
  if (visit === 1) state.visitsOf.set(name, indexes);
  state.starting.push(index);
}

/** Renders the input of a visit and issues it; what may not start any more stays held. */
export function start(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  const task = taskOf(state, visit);
  if (!mayStart(state, visit)) {
    if (visit.failure !== null) end(state, index, { failure: visit.failure });
    return;
  }
  visit.status = 'running';
  // A second try runs with the input that the first had.
  if (visit.tries === 1) {
    try {
      visit.input = renderValue(task.input, scopeOf(state, visit));
    } catch (error) {
      if (!(error instanceof RenderError)) throw error;
      end(state, index, { failure: templateFailure(error) });
      return;
    }
  }
  issue(state, index);
}

/** Runs an inline action at once, or tells the shell to run an activity. */
export function issue(state: RunState, index: number): void {
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
  if (spec.inline) {
    const result = runInline(task.action, visit.input);
    if ('output' in result) end(state, index, result);
    else failInline(state, index, result.failure);
    return;
  }
  const bytes = utf8Length(JSON.stringify(visit.input));
  if (bytes > MAX_PAYLOAD_BYTES) {
    const message = `the input has ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}`;
    end(state, index, { failure: engineFailure('too_large', message, { details: { field: 'input' } }) });
    return;
  }
  const key = tryKey(visit);
  const timeout = task.timeout ?? spec.timeout;
  const { action, retry } = task;
  state.commands.push({ type: 'activity', key, action, spec, input: visit.input, retry, timeout });
  awaitEvent(state, key, { visit: index, kind: 'activity' });
}

/** Notes that the shell owes an event under a key. */
export function awaitEvent(state: RunState, key: string, pending: Pick<Pending, 'visit' | 'kind'>): void {
  state.sequence += 1;
  state.pending.set(key, { ...pending, sequence: state.sequence, step: state.step });
}

/** The key of a visit's current try: what its activity or timer is called in Temporal. */
function tryKey(visit: Visit): string {
  return visit.tries === 1 ? visit.key : `${visit.key}~${visit.tries}`;
}

/** Further attempts of an inline task are made here: Temporal's retry policy never sees it. */
function failInline(state: RunState, index: number, failure: Failure): void {
  const visit = state.visits[index]!;
  const { retry } = taskOf(state, visit);
  if (visit.tries > retry.count || !mayStart(state, visit)) {
    end(state, index, { failure: { ...failure, attempt: visit.tries } });
    return;
  }
  visit.tries += 1;
  visit.failure = failure;
  if (retry.delay === 0) {
    state.starting.push(index);
    return;
  }
  const key = tryKey(visit);
  state.commands.push({ type: 'timer', key, milliseconds: Math.ceil(retry.delay * 1000), shielded: false });
  awaitEvent(state, key, { visit: index, kind: 'timer' });
}

/** Whether anything more may start for a visit: not while the run is cancelled, nor, but for cleanup, once it has failed. */
export function mayStart(state: RunState, visit: Visit): boolean {
  return !state.cancelling && (state.failure === null || visit.cleanup);
}

/** Ends a visit with an output or a failure, and evaluates its transitions unless the run is being cancelled. */
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
  } else {
    const { failure } = result;
    visit.failure = {
      ...failure,
      task: failure.task ?? visit.key,
      action: failure.action ?? taskOf(state, visit).action,
    };
    visit.lost = result.lost ?? false;
    const cancelled = state.cancelling && failure.type === 'cancelled';
    visit.status = cancelled ? 'cancelled' : failure.type === 'timeout' ? 'timed_out' : 'failed';
  }
  if (!state.cancelling) follow(state, index);
}

/** Evaluates the transitions of a visit that has ended (design/language.md, Transitions and Failure). */
function follow(state: RunState, index: number): void {
  const visit = state.visits[index]!;
  const succeeded = visit.failure === null;
  const fired = taskOf(state, visit).transitions.filter(
    ({ on }) => on === 'complete' || (on === 'success') === succeeded,
  );
  const targets = fired.flatMap((transition) => transition.targets);
  const handled = targets.length > 0 || fired.some((transition) => transition.noop);
  const told = fired.some((transition) => transition.fail);
  const fails = told || !(succeeded || handled);
  // Only what decides the run opens a cleanup branch; what later visits lead to stays held.
  const cleanup = visit.cleanup || (fails && state.failure === null);
  if (fails) {
    const word = () =>
      engineFailure('failed_by_workflow', `the workflow failed after "${visit.key}"`, { task: visit.key });
    decide(state, visit.failure ?? word(), visit.lost);
  }
  if (targets.length === 0) state.leaves.set(visit.name, index);
  for (const target of targets) schedule(state, target, index, cleanup);
}

/** The first failure decides the run; later ones stand beside it. */
export function decide(state: RunState, failure: Failure, lost: boolean): void {
  if (state.failure === null) {
    state.failure = failure;
    state.lost = lost;
  } else state.also.push(failure);
}

/** `template_error` with the field, the line and the column. */
export function templateFailure(error: RenderError): Failure {
  const { field, line, column } = error;
  const message = `${field} (line ${line}, column ${column}): ${error.message}`;
  return engineFailure('template_error', message, { details: { field, line, column } });
}

/** The task that a visit is to. */
export function taskOf(state: RunState, visit: Visit): ProgramTask {
  return state.program.tasks.get(visit.name)!;
}
