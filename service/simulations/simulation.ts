import type { DecidedTransition, Observer } from '../../interpreter/derive.ts';
import { type ConnectionDefaults, type SimulatedTask, simulate, simulatedTasks } from '../../interpreter/simulate.ts';
import type { MockItems, MockOutcomes } from '../../interpreter/simulated-world.ts';
import { listWaits, type StateWait } from '../../interpreter/waits.ts';
import type { Failure, Outcome } from '../../model/failure.ts';
import { capIssues, type Issue, Suggestions } from '../../model/issue.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { refusal } from '../../model/refusal.ts';
import type { Parameters, RunInput } from '../../model/run-input.ts';
import { parseTaskKey } from '../../model/task-key.ts';
import type { TransitionTrace } from '../../model/transition-trace.ts';
import { traceTransition } from '../../projection/runs/traces.ts';
import { completeInput } from '../starts/inputs.ts';

/** A run to simulate; `now` is in milliseconds. */
export interface SimulationRequest {
  run: RunInput;
  paramSchema: JsonObject | null;
  input: Parameters;
  outcomes: MockOutcomes;
  items: MockItems;
  defaults: ConnectionDefaults;
  now: number;
}

/** The result of a simulation; `running`: the run waits for a task that the mock outcomes never end. */
export interface SimulatedRun {
  status: Outcome | 'running';
  output: Json;
  error: Failure | null;
  waitingFor: StateWait[];
  /** The keys of the visits in order of start. */
  order: string[];
  tasks: SimulatedTask[];
  /** The decisions about the transitions of visits that have ended, in order. */
  transitions: TransitionTrace[];
  /** Inputs that actions would lack; the simulation continues without them. */
  warnings: Issue[];
}

/** Jobs that simulate runs. */
export interface SimulationJobs {
  simulate: { input: SimulationRequest; result: SimulatedRun };
}

/** Simulates a run with mock outcomes. Pure. Throws `input_invalid`, and `request_invalid` for outcomes of unknown tasks. */
export function simulateRun(request: SimulationRequest): SimulatedRun {
  const { run, paramSchema, input, outcomes, items, defaults, now } = request;
  const names = run.definition.tasks.map(({ name }) => name);
  const suggestions = new Suggestions();
  const unknown = [
    ...unknownTasks('outcomes', outcomes, names, suggestions),
    ...unknownTasks('items', items, names, suggestions),
  ];
  if (unknown.length > 0) throw refusal('request_invalid', unknown);
  const decided: DecidedTransition[] = [];
  const observer: Observer = {
    derive: (_draws, _site, compute) => compute(),
    onTransition: (each) => {
      decided.push(each);
    },
  };
  const options = { items, defaults, observer };
  const { state, close, missing } = simulate(run, completeInput(input, 'input', paramSchema), outcomes, now, options);
  const tasks = simulatedTasks(state);
  return {
    status: close?.outcome ?? 'running',
    output: close?.output ?? null,
    error: close?.failure ?? null,
    waitingFor: close === null ? listWaits(state) : [],
    order: tasks.map(({ key }) => key),
    tasks,
    transitions: decided.map(traceTransition),
    warnings: capIssues(
      missing.map(({ key, issue: { path, message } }) => {
        const index = names.indexOf(parseTaskKey(key).name);
        return {
          code: 'input_missing',
          path: `/definition/tasks/${index}/input${path}`,
          message: `${message} ("${key}")`,
        };
      }),
    ),
  };
}

function unknownTasks(
  field: string,
  given: MockOutcomes | MockItems,
  names: readonly string[],
  suggestions: Suggestions,
): Issue[] {
  const known = new Set(names);
  return Object.keys(given)
    .filter((name) => !known.has(name))
    .map((name) => ({
      code: 'unknown_task',
      path: `/${field}/${name}`,
      message: `unknown task "${name}".${suggestions.didYouMean(name, names)}`,
    }));
}
