import { programOf } from '../language/programs.ts';
import { renderCondition } from '../language/templates/value.ts';
import { skipOf } from '../model/control.ts';
import { integerId } from '../model/execution-id.ts';
import { engineFailure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { Parameters, RunInput } from '../model/run-input.ts';
import type { ReplayMeter } from '../model/work.ts';
import { isCancel, noteFired, queueOf, withoutSlices } from './backlog.ts';
import { closingOf } from './closing.ts';
import { digestRun, type RunDigest } from './digest.ts';
import { end } from './ends.ts';
import { type Command, type Fault, type RunEvent, TIMEOUT_KEY } from './events.ts';
import { classifyFault } from './fault.ts';
import { considerHold, endHold, goOn, mayBegin } from './hold.ts';
import { schemaFailure } from './inline.ts';
import { takeDue } from './inquiries.ts';
import { failUnreachable } from './joins.ts';
import { withoutChangedDecisions } from './kept-decisions.ts';
import { takeMessage } from './messages.ts';
import { armTimer, forget, hasRoom, NO_WORK } from './pending.ts';
import { publish } from './publishing.ts';
import { restore } from './restore.ts';
import { scopeOf } from './scope.ts';
import { emptyQueue } from './signals.ts';
import { start } from './starts.ts';
import type { HistoryLength, Place, RunState, Simulated } from './state.ts';
import { beginCleanup, endGrace, hasWork, stop, withdraw } from './stop.ts';
import { endTry, givenUp, mayPostpone, numbered, postpone, reissue, tellAttempt, withdrawAttempt } from './tries.ts';
import { closeSkipped, mustWait } from './turns.ts';
import { Variables } from './variables.ts';
import { EARLY_WITHDRAWAL, EVENTS_TOGETHER, ONE_DIGEST, SECRETS } from './versions.ts';
import { decide, mayStart, schedule, startTogether, taskOf, templateFailure, workAt } from './visits.ts';
import { beginEvent, beginSlice, beginSpan, beginWork, createWork, endSlice, hasTime, spend } from './work.ts';

/** How often a task is reissued after its worker was lost, and after the id of its sub-workflow was taken. */
const MAX_REISSUES = 5;
const MAX_CLASHES = 100;

/** Options for beginning a run. */
export interface BeginOptions {
  /** Events that arrived before the first activation. */
  events?: readonly RunEvent[];
  /** Tasks whose results come from outside although the interpreter could run them itself. */
  mocked?: ReadonlySet<string>;
  simulated?: Simulated | undefined;
  history?: HistoryLength;
  /** Whether the run waits for its concurrency key; true by default. */
  waits?: boolean;
  /** Temporal's id of the first run of its chain. */
  chain?: string | undefined;
  /** Returns the hash of everything that the run was started with, before Temporal gave it a number (see signatures.ts). */
  content?: (() => string) | undefined;
  /** A meter charged for all work, including later steps, which throw ReplayExceeded when it is spent. */
  replay?: ReplayMeter | undefined;
}

/** For callers that do not track the length of the history. */
const NO_HISTORY: HistoryLength = { length: 0, suggested: false };

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
  const { events = [] } = options;
  const digested = run.interpreter >= ONE_DIGEST ? digestRun(run, input) : null;
  const state = initialState(run, input, now, options, digested?.digest ?? null);
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

function initialState(
  run: RunInput,
  input: Parameters,
  now: number,
  options: BeginOptions,
  digest: RunDigest | null,
): RunState {
  const program = programOf(run.definition, run.interpreter >= SECRETS);
  const [issue] = program.issues;
  if (issue !== undefined) throw new TypeError(`the definition is invalid: ${issue.path} ${issue.message}`);
  return {
    version: run.interpreter,
    program,
    actions: run.actions,
    input,
    outSchema: run.out_schema,
    mocked: options.mocked ?? new Set(),
    simulated: options.simulated,
    info: {
      id: integerId(run.n),
      ref: run.ref,
      version: run.version,
      seed: run.seed ?? String(run.n),
      timeout: timeoutOf(run),
    },
    run,
    digest,
    chain: options.chain ?? '',
    content: options.content,
    trust: run.trust ?? null,
    statements: { accepted: 0, refused: 0, refusals: [] },
    newestControl: 0,
    forged: 0,
    variables: new Variables(),
    ended: new Variables(),
    signals: emptyQueue(),
    inquiries: new Map(),
    decisions: [],
    turn: (options.waits ?? true) && mustWait(run) ? now : null,
    paused: null,
    controls: [],
    started: now,
    history: options.history ?? NO_HISTORY,
    hold: null,
    holdFrom: 0,
    asked: 0,
    visits: [],
    visitsOf: new Map(),
    pending: new Map(),
    inFlight: 0,
    starting: [],
    gatherings: new Map(),
    roundsOf: new Map(),
    leaves: new Map(),
    commands: [],
    sequence: 0,
    step: 0,
    endings: 0,
    starts: 0,
    published: 0,
    drawn: 0,
    now,
    stopping: null,
    cleaning: false,
    failure: null,
    lost: false,
    also: [],
    outcome: null,
    output: null,
    work: createWork(run.limits, run.carried?.middle?.span, options.replay),
    backlog: [],
  };
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

/** Returns the seconds for the whole run: the lesser of the limits of the definition and of the start; null without either. */
function timeoutOf({ definition, timeout }: RunInput): number | null {
  const least = Math.min(definition.timeout ?? Number.POSITIVE_INFINITY, timeout ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(least) ? least : null;
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
  considerHold(state);
  settle(state);
  // Settling may have taken too much work for one run.
  if (state.work.left) considerHold(state);
  // A state that cannot be carried continues in the same run.
  const onward = goOn(state);
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
  const queue = queueOf(state, events);
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
    if ((when !== null && !renderCondition(when, scopeOf(state, viewpoint()))) || state.run.turn === 'skip') {
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

function takeTimer(state: RunState, key: string): void {
  const pending = state.pending.get(key);
  if (pending === undefined) return;
  const { visit: index, item, kind } = pending;
  const place: Place = { visit: index, item };
  forget(state, key);
  if (kind === 'grace') {
    endGrace(state);
    return;
  }
  if (kind === 'drain') {
    endHold(state);
    return;
  }
  const visit = state.visits[index];
  if (visit === undefined) stop(state, 'timeout');
  else if (kind === 'inquiry') takeDue(state, key, place);
  else if (kind === 'delay' || kind === 'retry') state.starting.push(place);
  else if (kind === 'wait') {
    end(state, place, { output: { waited_ms: state.now - (workAt(state, place).started ?? state.now) } });
  } else {
    const message = `no signal "${pending.signal}" came in time`;
    endTry(state, place, engineFailure('timeout', message));
  }
}

function takeResolution(state: RunState, event: Extract<RunEvent, { type: 'completed' | 'failed' }>): void {
  const pending = state.pending.get(event.key);
  if (pending === undefined) return;
  const place: Place = { visit: pending.visit, item: pending.item };
  forget(state, event.key);
  if (event.type === 'completed') takeOutput(state, place, event.output, event.attempt);
  else takeFault(state, place, event.fault);
}

function takeOutput(state: RunState, place: Place, output: Json, attempt: number | undefined): void {
  const { skipping } = workAt(state, place);
  if (skipping !== undefined && skipOf(output) === skipping.id) {
    endSkipped(state, place);
    return;
  }
  tellAttempt(state, place, attempt);
  const { out_schema: schema } = state.actions[taskOf(state, state.visits[place.visit]!).action]!;
  const failure = schema === undefined ? null : schemaFailure(state, 'output', schema, output);
  end(state, place, failure === null ? { output } : { failure });
}

function takeFault(state: RunState, place: Place, fault: Fault): void {
  const visit = state.visits[place.visit]!;
  const work = workAt(state, place);
  const { action } = taskOf(state, visit);
  const spec = state.actions[action]!;
  const { failure: told, lost, again, busy } = classifyFault(fault, spec, work.input, work.key, action);
  tellAttempt(state, place, told.attempt);
  const isUnstarted = busy || (fault.kind === 'timeout' && fault.timeout === 'schedule_to_start');
  if (isUnstarted) withdrawAttempt(state, place);
  const failure = numbered(state, place, told);
  if (work.skipping !== undefined && state.stopping === null) {
    endSkipped(state, place);
    return;
  }
  const most = fault.kind === 'clash' ? MAX_CLASHES : MAX_REISSUES;
  if (busy && mayPostpone(state, work, spec) && mayStart(state, visit)) postpone(state, place, failure);
  else if (again && work.reissues < most && mayStart(state, visit)) reissue(state, place, failure);
  else endTry(state, place, busy ? givenUp(state, failure) : failure, lost);
}

/** Ends work with the output of the skip that waited for its activity to end. */
function endSkipped(state: RunState, place: Place): void {
  const work = workAt(state, place);
  const { by, output } = work.skipping!;
  work.skipped = by;
  end(state, place, { output });
}

function close(state: RunState): void {
  failUnreachable(state);
  const closing = closingOf(state);
  state.outcome = closing.outcome;
  state.failure = closing.failure;
  state.output = closing.output;
  state.pending.clear();
  state.commands.push({ type: 'close', ...closing });
}
