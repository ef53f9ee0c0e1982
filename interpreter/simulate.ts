import { DEFAULT_CONNECTION } from '../model/connection.ts';
import type { Task } from '../model/definition.ts';
import type { Failure } from '../model/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Parameters, RunInput } from '../model/run-input.ts';
import { SCHEMA_WORK } from '../model/schema/validate.ts';
import type { SchemaIssue } from '../model/schema/walk.ts';
import { parseTaskKey } from '../model/task-key.ts';
import { WorkExceeded, WorkMeter } from '../model/work.ts';
import type { Observer } from './derive.ts';
import type { Command, RunEvent } from './events.ts';
import { begin, step } from './interpreter.ts';
import { completed } from './schema-checks.ts';
import { createSimulatedWorld, type MockItems, type MockOutcomes } from './simulated-world.ts';
import type { HistoryLength, RunState, Simulated } from './state.ts';
import { workDone } from './work.ts';

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
    observer,
  }: {
    items?: MockItems;
    defaults?: ConnectionDefaults | undefined;
    intervene?: Intervention | undefined;
    /** Returns the length of the history at a wave. */
    history?: ((wave: number) => HistoryLength) | undefined;
    /** Observes all runs of the chain. */
    observer?: Observer | undefined;
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
  const world = createSimulatedWorld(outcomes, items);
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
    observer,
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
        observer,
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
