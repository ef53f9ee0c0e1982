import { integerId } from '../model/execution-id.ts';
import { engineFailure } from '../model/failure.ts';
import type { Parameters, RunInput } from '../model/run-input.ts';
import { closingOf } from './closing.ts';
import { type Command, GRACE_KEY, GRACE_SECONDS, type RunEvent } from './events.ts';
import { classifyFault } from './fault.ts';
import { compileDefinition } from './program.ts';
import { scopeOf } from './scope.ts';
import type { Pending, RunState } from './state.ts';
import { RenderError, renderValue } from './template-value.ts';
import { awaitEvent, decide, end, issue, mayStart, schedule, start, taskOf, templateFailure } from './visits.ts';

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

function cancel(state: RunState): void {
  if (state.cancelling) return;
  state.cancelling = true;
  state.starting = [];
  // What this very step issued has not reached Temporal, and a timer ends with the cancel: neither leaves an event.
  dropWork(state, (pending) => pending.kind === 'timer' || pending.step === state.step);
  if (!hasWork(state)) return;
  state.commands.push({ type: 'cancel_work' });
  state.commands.push({ type: 'timer', key: GRACE_KEY, milliseconds: GRACE_SECONDS * 1000, shielded: true });
  awaitEvent(state, GRACE_KEY, { visit: -1, kind: 'timer' });
}

function dropWork(state: RunState, dropped: (pending: Pending) => boolean): void {
  for (const [key, pending] of [...state.pending]) {
    if (key !== GRACE_KEY && !dropped(pending)) continue;
    state.pending.delete(key);
    if (key !== GRACE_KEY) end(state, pending.visit, { failure: engineFailure('cancelled', 'the task was cancelled') });
  }
}

function close(state: RunState): void {
  const closing = closingOf(state);
  state.outcome = closing.outcome;
  state.failure = closing.failure;
  state.commands.push({ type: 'close', ...closing });
}
