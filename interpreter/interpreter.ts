import { programOf } from '../language/programs.ts';
import { renderCondition } from '../language/templates/value.ts';
import { skipOf } from '../model/control.ts';
import { integerId } from '../model/execution-id.ts';
import { engineFailure } from '../model/failure.ts';
import type { Parameters, RunInput } from '../model/run-input.ts';
import type { ReplayMeter } from '../model/work.ts';
import { isCancel, noteFired, queueOf, withoutSlices } from './backlog.ts';
import { closingOf } from './closing.ts';
import { digestRun } from './digest.ts';
import { end } from './ends.ts';
import { type Command, type RunEvent, TIMEOUT_KEY } from './events.ts';
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

/** How often a task is issued again because its worker was lost, or the id of its sub-workflow was taken. */
const MAX_REISSUES = 5;
const MAX_CLASHES = 100;

/** What a run may be begun with. */
export interface BeginOptions {
  /** Events that were already there. */
  events?: readonly RunEvent[];
  /** Tasks whose ends are told from outside although the engine could run them itself. */
  mocked?: ReadonlySet<string>;
  simulated?: Simulated | undefined;
  history?: HistoryLength;
  /** Whether others may have its concurrency key; they may unless it is told. */
  waits?: boolean;
  /** Temporal's id of the first run of its chain. */
  chain?: string | undefined;
  /** Returns the hash of everything that it was started with, before Temporal gave it a number (signatures.ts). */
  content?: (() => string) | undefined;
  /** What is charged for all work, also of later steps; they throw ReplayExceeded when it is spent. */
  replay?: ReplayMeter | undefined;
}

/** A history that is not looked at. */
const NO_HISTORY: HistoryLength = { length: 0, suggested: false };

/**
 * Starts a run at a time (milliseconds): its state, and what is to be done first. Throws a TypeError on a definition with
 * issues.
 */
export function begin(
  run: RunInput,
  input: Parameters,
  now: number,
  options: BeginOptions = {},
): { state: RunState; commands: Command[] } {
  const {
    events = [],
    mocked = new Set(),
    simulated,
    history = NO_HISTORY,
    waits = true,
    chain = '',
    content,
    replay,
  } = options;
  const program = programOf(run.definition, run.interpreter >= SECRETS);
  const digested = run.interpreter >= ONE_DIGEST ? digestRun(run, input) : null;
  const [issue] = program.issues;
  if (issue !== undefined) throw new TypeError(`the definition is invalid: ${issue.path} ${issue.message}`);
  const state: RunState = {
    version: run.interpreter,
    program,
    actions: run.actions,
    input,
    outSchema: run.out_schema,
    mocked,
    simulated,
    info: {
      id: integerId(run.n),
      ref: run.ref,
      version: run.version,
      seed: run.seed ?? String(run.n),
      timeout: timeoutOf(run),
    },
    run,
    digest: digested?.digest ?? null,
    chain,
    content,
    trust: run.trust ?? null,
    statements: { accepted: 0, refused: 0, refusals: [] },
    newestControl: 0,
    forged: 0,
    variables: new Variables(),
    ended: new Variables(),
    signals: emptyQueue(),
    inquiries: new Map(),
    decisions: [],
    turn: waits && mustWait(run) ? now : null,
    paused: null,
    controls: [],
    started: now,
    history,
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
    work: createWork(run.limits, run.carried?.middle?.span, replay),
    backlog: [],
  };
  if (digested !== null) spend(state, digested.units);
  if (run.carried !== undefined) restore(state, run.carried);
  // What people have decided is kept by a retry only where it is the same question.
  if (run.interpreter >= ONE_DIGEST && run.carried !== undefined && run.carried.middle === undefined) {
    const reopened = withoutChangedDecisions(state);
    if (reopened !== null) return begin(reopened, input, now, options);
  }
  if (run.carried !== undefined && run.turn === 'skip') closeSkipped(state);
  else if (run.carried !== undefined || prepare(state)) {
    const { timeout } = state.info;
    // Within a chain what is left of it is handed on.
    if (timeout !== null && run.carried?.middle === undefined)
      armTimer(state, TIMEOUT_KEY, { ...NO_WORK, kind: 'timeout' }, timeout * 1000);
    for (const name of run.carried === undefined ? program.entries : [])
      schedule(state, name, { from: [], variables: state.variables });
  }
  if (state.version < EVENTS_TOGETHER) settle(state);
  if (events.length > 0) beginSpan(state);
  return { state, commands: takeAll(state, events) };
}

/** Seconds for the whole run: what its definition says, or whoever started it, whichever is less. */
function timeoutOf({ definition, timeout }: RunInput): number | null {
  const least = Math.min(definition.timeout ?? Number.POSITIVE_INFINITY, timeout ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(least) ? least : null;
}

/**
 * Takes all events of one activation, in any order, changes the state in place, and says what is to be done. The order in
 * which they count is the same in the shell and in the projection: resolutions by command sequence, then signals, then the
 * time of inquiries, the timeout of the run, and a cancel request. Only then anything new starts. Total: unknown keys change nothing.
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
  // What has been done just now may have been too much for one run.
  if (state.work.left) considerHold(state);
  // What cannot be handed on goes on where it is.
  const onward = goOn(state);
  if (onward === 'released') settle(state);
  if (state.work.left && state.outcome === null && onward !== 'continued') endSlice(state);
  const { commands } = state;
  state.commands = [];
  const last = commands.find(({ type }) => type === 'close' || type === 'continue');
  if (last !== undefined) return [last];
  // What was withdrawn in the activation that would have issued it is never issued.
  return commands.filter((command) => {
    const awaited = command.type === 'activity' || command.type === 'child' || command.type === 'timer';
    return !awaited || state.pending.has(command.key);
  });
}

/** Takes events in order while there is time; the rest is the backlog of the next slice. */
function takeEvents(state: RunState, events: readonly RunEvent[]): void {
  noteFired(state, events);
  const queue = queueOf(state, events);
  state.backlog = [];
  let taken = 0;
  while (taken < queue.length && state.outcome === null && hasTime(state)) {
    take(state, queue[taken]!);
    taken += 1;
    // Interpreter 1 started what followed from one event before it took the next.
    if (state.version < EVENTS_TOGETHER) settle(state);
  }
  const left = queue.slice(taken);
  state.backlog = left.filter((event) => !isCancel(event));
  for (const event of left) if (isCancel(event) && state.outcome === null) take(state, event);
}

/** Evaluates what comes before the first task; false when nothing is to run. */
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

/** Starts what is to start until nothing more follows at once, and closes the run when nothing is left. */
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
  // What is held back is still to be done.
  if (!hasWork(state) && (mayBegin(state) || state.starting.length === 0)) close(state);
}

/** Starts what is first in the queue; when that fails the run at once, what it was scheduled with still starts. */
function startNext(state: RunState): void {
  const place = state.starting.shift()!;
  const visit = state.visits[place.visit]!;
  const undecided = state.failure === null;
  // A try that is made again was scheduled with nothing.
  const begins = place.item === null && (visit.startedAt === null || visit.items !== null);
  start(state, place);
  // What there was no time for goes on first in the next slice.
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
  const visit = state.visits[place.visit]!;
  const work = workAt(state, place);
  const { action } = taskOf(state, visit);
  const spec = state.actions[action]!;
  if (event.type === 'completed') {
    const { output, attempt } = event;
    if (work.skipping !== undefined && skipOf(output) === work.skipping.id) {
      endSkipped(state, place);
      return;
    }
    tellAttempt(state, place, attempt);
    const failure = spec.out_schema === undefined ? null : schemaFailure(state, 'output', spec.out_schema, output);
    end(state, place, failure === null ? { output } : { failure });
    return;
  }
  const { failure: told, lost, again, busy } = classifyFault(event.fault, spec, work.input, work.key, action);
  const most = event.fault.kind === 'clash' ? MAX_CLASHES : MAX_REISSUES;
  tellAttempt(state, place, told.attempt);
  if (busy || (event.fault.kind === 'timeout' && event.fault.timeout === 'schedule_to_start'))
    withdrawAttempt(state, place);
  const failure = numbered(state, place, told);
  if (work.skipping !== undefined && state.stopping === null) {
    endSkipped(state, place);
    return;
  }
  if (busy && mayPostpone(state, work, spec) && mayStart(state, visit)) {
    postpone(state, place, failure);
  } else if (again && work.reissues < most && mayStart(state, visit)) reissue(state, place, failure);
  else endTry(state, place, busy ? givenUp(state, failure) : failure, lost);
}

/** Ends work as the skip says that was to end it. */
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
