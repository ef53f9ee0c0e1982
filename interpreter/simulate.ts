import { DEFAULT_CONNECTION } from '../model/connection.ts';
import type { Task } from '../model/definition.ts';
import type { ClosingDetails, Failure } from '../model/failure.ts';
import { NEVER_RETRIED } from '../model/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Parameters, RunInput } from '../model/run-input.ts';
import { SCHEMA_WORK } from '../model/schema/validate.ts';
import type { SchemaIssue } from '../model/schema/walk.ts';
import { parseTaskKey } from '../model/task-key.ts';
import { WorkExceeded, WorkMeter } from '../model/work.ts';
import type { Command, Fault, RunEvent } from './events.ts';
import { begin, step } from './interpreter.ts';
import { completed } from './schema-checks.ts';
import type { HistoryLength, RunState, Simulated } from './state.ts';
import { workDone } from './work.ts';

/** How one attempt of a task ends; a `fault` is one that only Temporal can cause. */
export type MockOutcome =
  | { output: Json }
  | { error: { type: string; message?: string | undefined } }
  | { running: true }
  | { fault: Fault };

/**
 * Outcomes by task. Each attempt takes the next one of a list, over all visits; beyond its end, and for a task without outcomes, the output
 * is null.
 */
export type MockOutcomes = Readonly<Record<string, MockOutcome | readonly MockOutcome[]>>;

/**
 * Outcomes of items, by task: one outcome for each item, or a list of such lists, one for each visit. Items without one here end by the
 * outcomes of their task.
 */
export type MockItems = Readonly<Record<string, readonly MockOutcome[] | readonly (readonly MockOutcome[])[]>>;

/** The result of a simulation: the state as it stands, the last states of earlier runs of the chain, and every command. */
export interface Simulation {
  state: RunState;
  past: RunState[];
  commands: Command[];
  close: Extract<Command, { type: 'close' }> | null;
  /** The issues of inputs of actions that Fermata's own workers run, by the key of the try. */
  missing: { key: string; issue: SchemaIssue }[];
}

/** Inputs that connections supply, by pack and name (`slack/default`), and by action. */
export type ConnectionDefaults = Readonly<Record<string, JsonObject>>;

/** Changes the events of a wave before they are taken; `state` is the state before that, undefined before the run has begun. */
export type Intervention = (events: RunEvent[], wave: number, state?: RunState) => RunEvent[];

/**
 * Plays a run through the interpreter, without any side effect, from a time in milliseconds. It goes in waves: what
 * starts together ends together, in order of start, and only then anything new starts; when nothing is left to end, time
 * jumps to the next timer. Throws WorkExceeded when all of it takes more work than a run may do
 * between two events from outside.
 */
export function simulate(
  run: RunInput,
  input: Parameters,
  outcomes: MockOutcomes,
  now: number,
  {
    items = {},
    defaults = {},
    intervene = (events) => events,
    history,
  }: {
    items?: MockItems;
    defaults?: ConnectionDefaults | undefined;
    intervene?: Intervention | undefined;
    /** Returns the length of the history at a wave. */
    history?: ((wave: number) => HistoryLength) | undefined;
  } = {},
): Simulation {
  const { tasks } = run.definition;
  const ends = ({ name }: Task) => [...[outcomes[name] ?? []].flat(), ...(items[name] ?? []).flat()];
  // An action that runs inline ends at once with its mocked outcome, unless that outcome needs a worker.
  const atOnce = tasks.filter(
    (task) =>
      run.actions[task.action]?.inline &&
      ends(task).length > 0 &&
      ends(task).every((outcome) => 'output' in outcome || 'error' in outcome),
  );
  const namesAtOnce = new Set(atOnce.map(({ name }) => name));
  // No signal or decision comes in a simulation: a task that waits for one ends with its mocked outcome.
  const awaited = tasks.filter(
    ({ name, action }) =>
      (!namesAtOnce.has(name) && (Object.hasOwn(outcomes, name) || Object.hasOwn(items, name))) ||
      ['signal', 'inquiry'].includes(run.actions[action]?.waits ?? ''),
  );
  const world = createWorld(outcomes, items);
  const mocked = new Set(awaited.map(({ name }) => name));
  const missing: Simulation['missing'] = [];
  const simulated: Simulated = {
    endOf: (key) => {
      const outcome = namesAtOnce.has(parseTaskKey(key).name) ? world.nextOutcome(key) : null;
      if (outcome === null) return null;
      if ('output' in outcome) return { output: outcome.output };
      const { type, message = '' } = 'error' in outcome ? outcome.error : { type: 'action_error' };
      return { failure: { type, message } };
    },
    // In a run, one of Fermata's own workers checks the input after the connection has supplied its part.
    faultsOf: (key, action, input, issues) => {
      const { inline, waits, workflow, task_queue: queue, param_schema: schema } = run.actions[action]!;
      if (inline || waits || workflow || queue !== undefined || schema === undefined) return issues;
      const given = withDefaults(defaults, action, input);
      const found = completed(run.interpreter, schema, given, new WorkMeter(SCHEMA_WORK)).issues;
      missing.push(...found.filter(isMissing).map((issue) => ({ key, issue })));
      return found.filter((issue) => !isMissing(issue));
    },
  };
  const past: RunState[] = [];
  let { state, commands: issued } = begin(run, input, now, {
    events: intervene([], 0),
    mocked,
    simulated,
    waits: false,
    ...(history === undefined ? {} : { history: history(0) }),
  });
  const commands = [...issued];
  let time = now;
  let workBefore = 0;
  world.perform(issued, time);
  for (let wave = 1; state.outcome === null; wave += 1) {
    const onward = issued.find((command) => command.type === 'continue');
    if (onward === undefined) {
      const next = world.next();
      time = Math.max(time, next.time);
      // Within slices, the run bounds its work itself.
      if (!next.sliced && workBefore + workDone(state) > state.work.limits.span) throw new WorkExceeded();
      const events = intervene(next.events, wave, state);
      if (events.length === 0) break;
      issued = step(state, events, time, history?.(wave));
    } else {
      past.push(state);
      workBefore += workDone(state);
      ({ state, commands: issued } = begin(onward.run, input, time, {
        events: intervene([], wave, state),
        mocked,
        simulated,
        waits: false,
      }));
    }
    commands.push(...issued);
    world.perform(issued, time);
  }
  const close = commands.find((command) => command.type === 'close') ?? null;
  return { state, past, commands, close, missing };
}

function isMissing({ code }: SchemaIssue): boolean {
  return code === 'required';
}

/** Returns the input of an action, with the values that its connection supplies where the input has none. */
function withDefaults(defaults: ConnectionDefaults, action: string, input: Json): Json {
  if (!isJsonObject(input)) return input;
  const { connection = DEFAULT_CONNECTION } = input;
  const given = defaults[`${action.split('.')[0]}/${connection}`]?.[action];
  return isJsonObject(given ?? null) ? { ...(given as JsonObject), ...input } : input;
}

/** Creates the stand-in for Temporal, which gives each activity its outcome and keeps the timers. */
function createWorld(outcomes: MockOutcomes, items: MockItems) {
  const used = new Map<string, number>();
  const timers = new Map<string, { due: number; shielded: boolean }>();
  const running = new Map<string, { shielded: boolean }>();
  let answers: RunEvent[] = [];
  let slices: RunEvent[] = [];

  const nextOutcome = (key: string): MockOutcome =>
    plannedOutcome(outcomes, items, key, (name) => {
      const count = used.get(name) ?? 0;
      used.set(name, count + 1);
      return count;
    });

  const perform = (command: Extract<Command, { type: 'activity' | 'child' }>): void => {
    const { key, shielded } = command;
    const count = command.type === 'activity' ? command.retry.count : 0;
    // Only Fermata's own workers report the attempt.
    const own = command.type === 'activity' && command.spec.task_queue === undefined;
    for (let attempt = 1; ; attempt += 1) {
      const told = own ? { attempt } : {};
      const outcome = nextOutcome(key);
      if ('running' in outcome) running.set(key, { shielded });
      else if ('error' in outcome && attempt <= count && isRetried(outcome.error.type)) continue;
      else answers.push(answerOf(command, outcome, told));
      return;
    }
  };

  const cancelWork = (): void => {
    for (const [key, { shielded }] of timers) if (!shielded) timers.delete(key);
    for (const [key, { shielded }] of running) {
      if (shielded) continue;
      running.delete(key);
      answers.push({ type: 'failed', key, fault: { kind: 'cancelled' } });
    }
  };

  const take = (command: Command, now: number): void => {
    switch (command.type) {
      case 'activity':
      case 'child':
        perform(command);
        return;
      case 'timer':
        timers.set(command.key, { due: now + command.milliseconds, shielded: command.shielded });
        return;
      case 'yield':
        slices.push({ type: 'completed', key: command.key, output: null });
        return;
      case 'cancel_timer':
        timers.delete(command.key);
        return;
      case 'cancel_work':
        cancelWork();
        return;
      case 'continue':
        timers.clear();
    }
  };

  return {
    nextOutcome,

    perform(commands: readonly Command[], now: number): void {
      for (const command of commands) take(command, now);
    },

    /**
     * Returns the next events: those that a slice has left, alone; else everything that ends now; else the timers that are due first. No
     * events: nothing will happen.
     */
    next(): { events: RunEvent[]; time: number; sliced: boolean } {
      if (slices.length > 0) {
        const events = slices;
        slices = [];
        return { events, time: 0, sliced: true };
      }
      if (answers.length > 0) {
        const events = answers;
        answers = [];
        return { events, time: 0, sliced: false };
      }
      const time = Math.min(...[...timers.values()].map(({ due }) => due));
      const fired = [...timers].filter(([, { due }]) => due === time).map(([key]) => key);
      for (const key of fired) timers.delete(key);
      const events = fired.map((key): RunEvent => ({ type: 'fired', key }));
      return { events, time: Number.isFinite(time) ? time : 0, sliced: false };
    },
  };
}

function isRetried(type: string): boolean {
  return !NEVER_RETRIED.some((never) => never === type);
}

/** Returns the event with which an activity or a sub-workflow ends; `told` is the attempt that its worker reports. */
function answerOf(
  { type: command, key }: Pick<Extract<Command, { type: 'activity' | 'child' }>, 'type' | 'key'>,
  outcome: Exclude<MockOutcome, { running: true }>,
  told: { attempt?: number },
): RunEvent {
  if ('output' in outcome) return { type: 'completed', key, output: outcome.output, ...told };
  if ('fault' in outcome) return { type: 'failed', key, fault: outcome.fault };
  const { type, message = '' } = outcome.error;
  const closing: ClosingDetails = { outcome: 'failed', failure: { type, message } };
  const details = command === 'child' ? [closing as unknown as Json] : [null, told];
  return { type: 'failed', key, fault: { kind: 'application', type, message, details } };
}

/**
 * Returns the planned outcome of a try, by its key. `nth` returns how many outcomes of a task were used before; it is called only when
 * one of them is used.
 */
export function plannedOutcome(
  outcomes: MockOutcomes,
  items: MockItems,
  key: string,
  nth: (name: string) => number,
): MockOutcome {
  const { name, visit, item } = parseTaskKey(key);
  const lists = item !== null && Object.hasOwn(items, name) ? items[name]! : [];
  const ofVisit = Array.isArray(lists[0]) ? lists[visit - 1] : lists;
  const ofItem = (ofVisit as readonly MockOutcome[] | undefined)?.[item ?? 0];
  if (ofItem !== undefined) return ofItem;
  const count = nth(name);
  const planned = Object.hasOwn(outcomes, name) ? outcomes[name]! : { output: null };
  return isList(planned) ? (planned[count] ?? { output: null }) : planned;
}

function isList(planned: MockOutcome | readonly MockOutcome[]): planned is readonly MockOutcome[] {
  return Array.isArray(planned);
}

/** A visit as a simulation shows it. */
export interface SimulatedTask {
  key: string;
  action: string;
  input: Json;
  status: 'running' | 'succeeded' | 'failed' | 'timed_out' | 'cancelled';
  output: Json;
  error: Failure | null;
}

/** Returns the visits that have started, in the order of their starts. */
export function simulatedTasks(state: RunState): SimulatedTask[] {
  return state.visits
    .filter(({ startedAt }) => startedAt !== null)
    .sort((a, b) => a.startedAt! - b.startedAt!)
    .map(({ key, name, input, status, output, failure }) => ({
      key,
      action: state.program.tasks.get(name)!.action,
      input,
      output,
      status: status === 'held' || status === 'delayed' ? 'running' : status,
      error: status === 'running' ? null : failure,
    }));
}
