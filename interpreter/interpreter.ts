import { renderCondition } from '../language/templates/value.ts';
import type { Parameters, RunInput } from '../model/run-input.ts';
import { isCancel, noteFired, queueEvents, withoutSlices } from './backlog.ts';
import { decideClosing } from './closing.ts';
import { closeSkipped } from './concurrency-key.ts';
import { derive } from './derive.ts';
import { digestRun } from './digest.ts';
import { considerDrain, continueAsNew, mayBegin } from './drain.ts';
import { type Command, type RunEvent, TIMEOUT_KEY } from './events.ts';
import { type BeginOptions, createInitialState, NO_HISTORY } from './initial-state.ts';
import { failUnreachable } from './joins.ts';
import { withoutChangedDecisions } from './kept-decisions.ts';
import { takeMessage } from './messages.ts';
import { armTimer, hasRoom, NO_WORK } from './pending.ts';
import { publish } from './publishing.ts';
import { takeResolution, takeTimer } from './resolutions.ts';
import { restore } from './restore.ts';
import { createScope } from './scope.ts';
import { start } from './starts.ts';
import type { HistoryLength, RunState } from './state.ts';
import { beginCleanup, hasWork, stop, withdraw } from './stop.ts';
import { EARLY_WITHDRAWAL, EVENTS_TOGETHER, ONE_DIGEST } from './versions.ts';
import { decide, schedule, startTogether, templateFailure } from './visits.ts';
import { beginEvent, beginSlice, beginSpan, beginWork, endSlice, hasTime, spend } from './work.ts';

/**
 * Begins a run at a time in milliseconds. Returns its state and the first commands. Throws a TypeError when the definition has issues, and
 * ReplayExceeded when `replay` is spent.
 */
export function begin(
  run: RunInput,
  input: Parameters,
  now: number,
  options: BeginOptions = {},
): { state: RunState; commands: Command[] } {
  const { carried } = run;
  const { events = [], observer } = options;
  const digested = run.interpreter >= ONE_DIGEST ? digestRun(run, input) : null;
  const found = () => digested?.digest ?? null;
  const digest = observer === undefined ? found() : observer.derive(null, 'digest', found);
  const state = createInitialState(run, input, now, options, digest);
  if (digested !== null) spend(state, digested.units);
  if (carried !== undefined) restore(state, carried);
  // A retry keeps a decision only where the question is the same.
  if (run.interpreter >= ONE_DIGEST && carried !== undefined && carried.middle === undefined) {
    const reopened = withoutChangedDecisions(state);
    if (reopened !== null) return begin(reopened, input, now, options);
  }
  if (carried !== undefined && run.turn === 'skip') closeSkipped(state);
  else if (carried !== undefined || prepare(state)) enter(state);
  if (state.version < EVENTS_TOGETHER) settle(state);
  if (events.length > 0) beginSpan(state);
  return { state, commands: takeAll(state, events) };
}

/** Arms the timeout of the run and schedules its first tasks, unless an earlier run of the chain, or the run that is retried, did so. */
function enter(state: RunState): void {
  const { carried } = state.run;
  const { timeout } = state.info;
  // Within a chain the rest of the timeout is part of the carried state.
  if (timeout !== null && carried?.middle === undefined)
    armTimer(state, TIMEOUT_KEY, { ...NO_WORK, kind: 'timeout' }, timeout * 1000);
  if (carried !== undefined) return;
  for (const name of state.program.entries) schedule(state, name, { from: [], variables: state.variables });
}

/**
 * Takes all events of one activation, changes the state in place, and returns the next commands. The order of `events` does not matter:
 * resolutions count first, by command sequence, then signals, then the expiry of inquiries, the run's timeout, and a cancel request. New
 * work starts after all of them. Total: events with unknown keys change nothing.
 */
export function step(
  state: RunState,
  events: readonly RunEvent[],
  now: number,
  history: HistoryLength = NO_HISTORY,
): Command[] {
  state.step += 1;
  state.now = now;
  state.history = history;
  beginSlice(state);
  const others = withoutSlices(state, events);
  if (others.length > 0) beginSpan(state);
  return takeAll(state, others);
}

function takeAll(state: RunState, events: readonly RunEvent[]): Command[] {
  takeEvents(state, events);
  considerDrain(state);
  settle(state);
  // Settling may have taken too much work for one run.
  if (state.work.left) considerDrain(state);
  // A state that cannot be carried continues in the same run.
  const onward = continueAsNew(state);
  if (onward === 'released') settle(state);
  if (state.work.left && state.outcome === null && onward !== 'continued') endSlice(state);
  const { commands } = state;
  state.commands = [];
  const last = commands.find(({ type }) => type === 'close' || type === 'continue');
  if (last !== undefined) return [last];
  // Work that was withdrawn in the same activation is never issued.
  return commands.filter((command) => {
    const awaited = command.type === 'activity' || command.type === 'child' || command.type === 'timer';
    return !awaited || state.pending.has(command.key);
  });
}

/** Takes events in order while the slice has time; the rest becomes the backlog of the next slice. */
function takeEvents(state: RunState, events: readonly RunEvent[]): void {
  noteFired(state, events);
  const queue = queueEvents(state, events);
  state.backlog = [];
  let taken = 0;
  while (taken < queue.length && state.outcome === null && hasTime(state)) {
    take(state, queue[taken]!);
    taken += 1;
    // Interpreter 1 settles after each event.
    if (state.version < EVENTS_TOGETHER) settle(state);
  }
  const left = queue.slice(taken);
  state.backlog = left.filter((event) => !isCancel(event));
  for (const event of left) if (isCancel(event) && state.outcome === null) take(state, event);
}

/** Evaluates the condition and the variables of the definition. Returns false when no task is to run. */
function prepare(state: RunState): boolean {
  const { when, variables } = state.program;
  beginWork(state);
  try {
    const viewpoint = () => ({ visit: null, variables: state.variables });
    const holds =
      when === null || derive(state, 'condition', () => renderCondition(when, createScope(state, viewpoint())));
    if (!holds || state.run.turn === 'skip') {
      closeSkipped(state);
      return false;
    }
    state.variables = publish(state, variables, viewpoint());
    return true;
  } catch (error) {
    decide(state, templateFailure(error), false);
    return false;
  }
}

/** Starts queued work until nothing more follows at once, and closes the run when nothing is left. */
function settle(state: RunState): void {
  if (state.outcome !== null) return;
  do {
    if (state.version >= EARLY_WITHDRAWAL) withdraw(state);
    while (state.starting.length > 0 && mayBegin(state) && hasRoom(state) && hasTime(state)) {
      startNext(state);
      if (state.version >= EARLY_WITHDRAWAL) withdraw(state);
    }
    if (state.work.left) return;
  } while (!hasWork(state) && beginCleanup(state));
  // Work that is held back must still be done.
  if (!hasWork(state) && (mayBegin(state) || state.starting.length === 0)) close(state);
}

/** Starts the first work in the queue; when that fails the run at once, the visits scheduled with it still start. */
function startNext(state: RunState): void {
  const place = state.starting.shift()!;
  const visit = state.visits[place.visit]!;
  const undecided = state.failure === null;
  // A further try is not part of any batch.
  const begins = place.item === null && (visit.startedAt === null || visit.items !== null);
  start(state, place);
  // Work that the slice had no time for is still first in the queue.
  if (state.starting[0]?.visit !== place.visit) visit.together = false;
  if (begins && undecided && state.failure !== null) startTogether(state, visit);
}

function take(state: RunState, event: RunEvent): void {
  beginEvent(state);
  if (event.type === 'cancel') stop(state, 'cancelled');
  else if (event.type === 'signal') takeMessage(state, event.name, event.payload);
  else if (event.type === 'fired') takeTimer(state, event.key);
  else takeResolution(state, event);
}

function close(state: RunState): void {
  failUnreachable(state);
  const closing = decideClosing(state);
  state.outcome = closing.outcome;
  state.failure = closing.failure;
  state.output = closing.output;
  state.pending.clear();
  state.commands.push({ type: 'close', ...closing });
}
