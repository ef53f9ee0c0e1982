import type { Command } from '../../interpreter/events.ts';
import { type Intervention, simulate, simulatedTasks } from '../../interpreter/simulate.ts';
import type { MockOutcome } from '../../interpreter/simulated-world.ts';
import type { RunState } from '../../interpreter/state.ts';
import type { KnownAction } from '../../language/checks/actions.ts';
import type { Definition } from '../../model/definition.ts';
import type { Outcome } from '../../model/failure.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import {
  type ActionSpec,
  type EmbeddedWorkflow,
  INTERPRETER_VERSION,
  type RunInput,
  type ScheduledTime,
} from '../../model/run-input.ts';
import type { WorkLimits } from '../../model/work.ts';
import { findSpecs, KNOWN_ACTIONS } from '../../service/actions/actions.ts';

/** How one attempt of a task ends: in tests of the interpreter, and by the test worker on a real server. */
export type Attempt = MockOutcome;

/** A table row: a definition, the outcomes of its tasks, and the expected results. */
export interface Rehearsal {
  name: string;
  definition: Definition;
  input?: JsonObject;
  /** Outcomes by task; each attempt takes the next one of a list. A task without outcomes succeeds with null. */
  outcomes?: Record<string, Attempt | Attempt[]>;
  /** Outcomes by task, one for each item. */
  items?: Record<string, Attempt[] | Attempt[][]>;
  /** Workflows that it can reach, by ref. On a server they run; here they end by `outcomes`. */
  workflows?: Record<string, Definition>;
  /** Limits of its work; the interpreter's own unless they are given. */
  limits?: Partial<WorkLimits>;
  /** The time that it is for, as a retry of a scheduled run has it. */
  scheduled?: ScheduledTime;
  expect: {
    /** Keys of the visits in the order of their start. */
    order: string[];
    outcome: Outcome;
    output?: Json;
    failure?: { type: string; task?: string; message?: string };
    also?: string[];
    /** Milliseconds that pass in the simulation, where nothing but timers takes time. */
    elapsed?: number;
  };
  /** Whether the row holds only in the interpreter, because it needs faults, or an order of endings, that no test can cause on a server. */
  pure?: true;
}

/** A task that the test's own worker runs. */
export const act = (name: string, rest: object = {}) => ({ name, action: 'test.act', ...rest });
/** A task that returns some data, inside the workflow. */
export const give = (name: string, data: Json, rest: object = {}) => ({
  name,
  action: 'core.transform',
  input: { data },
  ...rest,
});

export const ok = (output: Json): Attempt => ({ output });
/** A loop of built-in tasks that nothing ends but a limit. */
export const ENDLESS: Definition = {
  start: ['a'],
  variables: { n: 0 },
  tasks: [
    {
      name: 'a',
      action: 'core.noop',
      publish: { n: '{{ n + 1 }}' },
      next: [
        { when: 'n > 0', do: 'a' },
        { when: 'n < 0', do: [] },
      ],
    },
  ],
};

export const fail = (type: string, message = `${type} happened`): Attempt => ({ error: { type, message } });
export const hang: Attempt = { running: true };
export const lost: Attempt = { fault: { kind: 'timeout', timeout: 'heartbeat' } };

/** Long ones: on a busy machine a worker may say nothing for many seconds. */
const TEST_TIMES = { timeout: 600, heartbeat_timeout: 60, queue_timeout: 600 };

/** `test.act`; `test.safe`, which is idempotent; `test.typed`, whose input has a schema with defaults. */
const TEST_SPECS: Record<string, ActionSpec> = {
  'test.act': TEST_TIMES,
  'test.safe': { ...TEST_TIMES, idempotent: true },
  'test.typed': {
    ...TEST_TIMES,
    param_schema: {
      properties: { hosts: { items: { $ref: '#/$defs/host' } } },
      allOf: [{ properties: { user: { default: {}, properties: { name: { default: 'root' } } } } }],
      $defs: { host: { properties: { port: { type: 'integer', default: 22 } } } },
    },
  },
};

/** The actions that the validation of tests knows. */
export const TEST_ACTIONS: ReadonlyMap<string, KnownAction> = new Map([
  ...KNOWN_ACTIONS,
  ...Object.keys(TEST_SPECS).map((ref): [string, KnownAction] => [ref, { runs: 'worker', param_schema: null }]),
  // Every workflow of a test has a ref below this.
  ...['one', 'two', 'three'].map((name): [string, KnownAction] => [
    `sub.${name}`,
    { runs: 'workflow', param_schema: null },
  ]),
]);

function specs(definition: Definition, workflows: Record<string, Definition>): Record<string, ActionSpec> {
  const children = definition.tasks.flatMap(({ action }): [string, ActionSpec][] =>
    Object.hasOwn(workflows, action) ? [[action, { workflow: true, ...TEST_TIMES }]] : [],
  );
  return { ...findSpecs(definition), ...TEST_SPECS, ...Object.fromEntries(children) };
}

export function runInput(
  definition: Definition,
  n = 1,
  workflows: Record<string, Definition> = {},
  limits?: Partial<WorkLimits>,
): RunInput {
  const embedded = Object.entries(workflows).map(([ref, child]): [string, EmbeddedWorkflow] => [
    ref,
    {
      version: '1.0.0',
      revision: 1,
      hash: ref,
      definition_id: 1,
      definition: child,
      actions: specs(child, workflows),
    },
  ]);
  return {
    interpreter: INTERPRETER_VERSION,
    n,
    ref: 'test.rehearsal',
    version: '1.0.0',
    revision: 1,
    hash: null,
    definition,
    actions: specs(definition, workflows),
    ...(embedded.length === 0 ? {} : { workflows: Object.fromEntries(embedded) }),
    ...(limits === undefined ? {} : { limits }),
  };
}

/** The results of a rehearsal. */
export interface Rehearsed {
  state: RunState;
  order: string[];
  close: Extract<Command, { type: 'close' }> | undefined;
  commands: Command[];
}

/** Plays a definition with mock outcomes through the pure interpreter, in waves. */
export function rehearse(
  {
    definition,
    input = {},
    outcomes = {},
    items = {},
    workflows = {},
    limits,
    scheduled,
  }: Pick<Rehearsal, 'definition' | 'input' | 'outcomes' | 'items' | 'workflows' | 'limits' | 'scheduled'>,
  intervene?: Intervention,
): Rehearsed {
  const run = { ...runInput(definition, 1, workflows, limits), ...(scheduled === undefined ? {} : { scheduled }) };
  const { state, close, commands } = simulate(run, input, outcomes, STARTED, { items, intervene });
  return { state, order: simulatedTasks(state).map(({ key }) => key), close: close ?? undefined, commands };
}

/** When rehearsals begin. */
export const STARTED = Date.UTC(2026, 0, 1);
