import { integerId } from '../model/execution-id.ts';
import { engineFailure, type Failure } from '../model/failure.ts';
import { type Json, utf8Length } from '../model/json.ts';
import { MAX_PAYLOAD_BYTES, type Parameters, type RunInput } from '../model/run-input.ts';
import { type Command, GRACE_KEY, GRACE_SECONDS, type RunEvent } from './events.ts';
import { classifyFault } from './fault.ts';
import { checkInput, runInline, schemaFailure } from './inline.ts';
import { compileDefinition, type ProgramTask } from './program.ts';
import { scopeOf } from './scope.ts';
import type { Pending, RunState, Visit } from './state.ts';
import { RenderError, renderValue } from './template-value.ts';

/** Visits that a run may have. */
const MAX_VISITS = 100_000;

/** How often a task is issued again because its worker was lost. */
const MAX_REISSUES = 5;

/**
 * Starts a run at a time (milliseconds): its state, and what is to be done first. `events` are those that were already
 * there. Throws a TypeError on a definition with issues.
 */
export function begin(
  run: RunInput,
  input: Parameters,
  now: number,
  events: readonly RunEvent[] = [],
): { state: RunState; commands: Command[] } {
  const program = compileDefinition(run.definition);
  const [issue] = program.issues;
  if (issue !== undefined) throw new TypeError(`the definition is invalid: ${issue.path} ${issue.message}`);
  const state: RunState = {
    program,
    actions: run.actions,
    info: { id: integerId(run.n), ref: run.ref, version: run.version },
    input,
    outSchema: run.out_schema,
    variables: {},
    visits: [],
    visitsOf: new Map(),
    pending: new Map(),
    starting: [],
    leaves: new Map(),
    commands: [],
    sequence: 0,
    step: 0,
    endings: 0,
    now,
    cancelling: false,
    failure: null,
    lost: false,
    also: [],
    outcome: null,
  };
  if (setVariables(state)) for (const name of program.entries) schedule(state, name, null, false);
  return { state, commands: withoutWithdrawn(state, [...proceed(state), ...advanceAll(state, events)]) };
}

/** Takes one event: changes the state in place and says what is to be done. Total: unknown keys change nothing. */
export function advance(state: RunState, event: RunEvent): Command[] {
  if (state.outcome !== null) return [];
  if (event.type === 'cancel') cancel(state);
  else resolve(state, event);
  return proceed(state);
}

/**
 * Takes all events of one activation, in any order, and says what is to be done. The order in which they count is the
 * same in the shell and in the projection: resolutions by command sequence, then the cancel request. What a cancel
 * request withdraws in the activation that would have issued it is never issued.
 */
export function step(state: RunState, events: readonly RunEvent[], now: number): Command[] {
  state.step += 1;
  state.now = now;
  return withoutWithdrawn(state, advanceAll(state, events));
}

function advanceAll(state: RunState, events: readonly RunEvent[]): Command[] {
  return order(state, events).flatMap((event) => advance(state, event));
}

function withoutWithdrawn(state: RunState, commands: Command[]): Command[] {
  if (!state.cancelling) return commands;
  return commands.filter(
    (command) => (command.type !== 'activity' && command.type !== 'timer') || state.pending.has(command.key),
  );
}

/** The events of one activation in the order in which they count. */
function order(state: RunState, events: readonly RunEvent[]): RunEvent[] {
  const rank = (event: RunEvent): number =>
    event.type === 'cancel' ? Number.MAX_SAFE_INTEGER : (state.pending.get(event.key)?.sequence ?? 0);
  return [...events].sort((a, b) => rank(a) - rank(b));
}

function setVariables(state: RunState): boolean {
  for (const [name, value] of state.program.variables) {
    try {
      state.variables[name] = renderValue(value, scopeOf(state, null));
    } catch (error) {
      if (!(error instanceof RenderError)) throw error;
      decide(state, templateFailure(error), false);
      return false;
    }
  }
  return true;
}

/** Starts what is to start until nothing more follows at once, closes the run when nothing is left, hands out commands. */
function proceed(state: RunState): Command[] {
  for (let index = state.starting.shift(); index !== undefined; index = state.starting.shift()) {
    start(state, index);
  }
  if (state.outcome === null && !hasWork(state)) close(state);
  const { commands } = state;
  state.commands = [];
  return commands;
}

function hasWork(state: RunState): boolean {
  return state.pending.size > (state.pending.has(GRACE_KEY) ? 1 : 0);
}

function schedule(state: RunState, name: string, from: number | null, cleanup: boolean): void {
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

function start(state: RunState, index: number): void {
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
  expect(state, key, { visit: index, kind: 'activity' });
}

function expect(state: RunState, key: string, pending: Pick<Pending, 'visit' | 'kind'>): void {
  state.sequence += 1;
  state.pending.set(key, { ...pending, sequence: state.sequence, step: state.step });
}

/** The key of a visit's current try: what its activity or timer is called in Temporal. */
function tryKey(visit: Visit): string {
  return visit.tries === 1 ? visit.key : `${visit.key}~${visit.tries}`;
}

function resolve(state: RunState, event: Exclude<RunEvent, { type: 'cancel' }>): void {
  const pending = state.pending.get(event.key);
  if (pending === undefined) return;
  if (event.key === GRACE_KEY) {
    dropWork(state, () => true);
    return;
  }
  state.pending.delete(event.key);
  const visit = state.visits[pending.visit]!;
  if (event.type === 'fired') {
    if (mayStart(state, visit)) issue(state, pending.visit);
    else end(state, pending.visit, { failure: visit.failure! });
  } else if (event.type === 'completed') {
    end(state, pending.visit, { output: event.output });
  } else {
    const task = taskOf(state, visit);
    const spec = state.actions[task.action]!;
    const { failure, lost, interrupted } = classifyFault(event.fault, spec, visit.key, task.action);
    if (interrupted && spec.idempotent && visit.reissues < MAX_REISSUES && mayStart(state, visit)) {
      visit.tries += 1;
      visit.reissues += 1;
      issue(state, pending.visit);
    } else end(state, pending.visit, { failure, lost });
  }
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
  expect(state, key, { visit: index, kind: 'timer' });
}

/** Whether anything more may start for a visit: not while the run is cancelled, nor, but for cleanup, once it has failed. */
function mayStart(state: RunState, visit: Visit): boolean {
  return !state.cancelling && (state.failure === null || visit.cleanup);
}

function end(state: RunState, index: number, result: { output: Json } | { failure: Failure; lost?: boolean }): void {
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
  const wasFailing = state.failure !== null;
  const decides = told || !(succeeded || handled);
  if (decides) {
    const word = () =>
      engineFailure('failed_by_workflow', `the workflow failed after "${visit.key}"`, { task: visit.key });
    decide(state, visit.failure ?? word(), visit.lost);
  }
  if (targets.length === 0) state.leaves.set(visit.name, index);
  if (wasFailing && !visit.cleanup) return;
  for (const target of targets) schedule(state, target, index, visit.cleanup || decides);
}

function decide(state: RunState, failure: Failure, lost: boolean): void {
  if (state.failure === null) {
    state.failure = failure;
    state.lost = lost;
  } else state.also.push(failure);
}

function cancel(state: RunState): void {
  if (state.cancelling) return;
  state.cancelling = true;
  state.starting = [];
  // What this very step issued has not reached Temporal, and a timer ends with the cancel: neither leaves an event.
  dropWork(state, (pending) => pending.kind === 'timer' || pending.step === state.step);
  if (!hasWork(state)) return;
  state.commands.push({ type: 'cancel_work' });
  state.commands.push({ type: 'timer', key: GRACE_KEY, milliseconds: GRACE_SECONDS * 1000, shielded: true });
  expect(state, GRACE_KEY, { visit: -1, kind: 'timer' });
}

function dropWork(state: RunState, dropped: (pending: Pending) => boolean): void {
  for (const [key, pending] of [...state.pending]) {
    if (key !== GRACE_KEY && !dropped(pending)) continue;
    state.pending.delete(key);
    if (key !== GRACE_KEY) end(state, pending.visit, { failure: engineFailure('cancelled', 'the task was cancelled') });
  }
}

type Closing = Omit<Extract<Command, { type: 'close' }>, 'type'>;

function close(state: RunState): void {
  const closing = closingOf(state);
  state.outcome = closing.outcome;
  state.failure = closing.failure;
  state.commands.push({ type: 'close', ...closing });
}

function closingOf(state: RunState): Closing {
  const { failure, also } = state;
  if (state.cancelling) return { outcome: 'cancelled', output: null, failure, also };
  if (failure !== null) return { outcome: state.lost ? 'abandoned' : 'failed', output: null, failure, also };
  const output = resultOf(state);
  const bytes = utf8Length(JSON.stringify(output));
  if (bytes > MAX_PAYLOAD_BYTES) {
    const message = `the result has ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}`;
    const tooLarge = engineFailure('too_large', message, { details: { field: 'output' } });
    return { outcome: 'failed', output: null, failure: tooLarge, also };
  }
  const invalid = state.outSchema === undefined ? null : schemaFailure('output', state.outSchema, output);
  if (invalid !== null) return { outcome: 'failed', output: null, failure: invalid, also };
  return { outcome: 'completed', output, failure: null, also };
}

/** The result without an `output` field: of the last task in list order, or of the leaves by name. */
function resultOf(state: RunState): Json {
  if (state.program.order === 'list') return state.visits.at(-1)?.output ?? null;
  return Object.fromEntries([...state.leaves].map(([name, index]) => [name, state.visits[index]!.output]));
}

function templateFailure(error: RenderError): Failure {
  const { field, line, column } = error;
  const message = `${field} (line ${line}, column ${column}): ${error.message}`;
  return engineFailure('template_error', message, { details: { field, line, column } });
}

function taskOf(state: RunState, visit: Visit): ProgramTask {
  return state.program.tasks.get(visit.name)!;
}
