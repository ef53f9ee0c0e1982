import type { Definition } from '../../model/definition.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ActionSpec, RunInput } from '../../model/run-input.ts';
import { INTERPRETER_VERSION } from '../../model/run-input.ts';
import { findSpecs } from '../../service/actions/actions.ts';

/** A workflow in both ways: a definition, and a function of by-hand.ts of the same name. */
export interface Shape {
  name: string;
  label: string;
  definition: Definition;
  input?: JsonObject;
  /** Workflows that it starts, by ref. */
  workflows?: Record<string, Definition>;
  /** Runs of each side. */
  runs: number;
  /** It waits for a decision of people. */
  asks?: true;
}

const act = (name: string, rest: object = {}) => ({ name, action: 'bench.act', ...rest });
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

const rows = Array.from({ length: 50 }, (_, index) => ({ price: index, count: index % 7 }));

/** The shapes that are measured. */
export const SHAPES: Shape[] = [
  { name: 'one', label: 'one task', definition: { tasks: [act('a')] }, runs: 200 },
  {
    name: 'sequence',
    label: 'sequence of 10',
    runs: 60,
    definition: { tasks: names('t', 10).map((name) => act(name)) },
  },
  {
    name: 'fanned',
    label: 'fan-out of 100, joined',
    runs: 16,
    definition: {
      tasks: [...names('t', 100).map((name) => act(name, { on_success: 'j' })), act('j', { join: 'all' })],
    },
  },
  {
    name: 'looped',
    label: 'loop of 100',
    runs: 10,
    definition: {
      start: ['a'],
      variables: { count: 0 },
      tasks: [act('a', { publish: { count: '{{ count + 1 }}' }, next: [{ when: 'count < 100', do: 'a' }] })],
    },
  },
  {
    name: 'joined',
    label: 'fork of 3 and join',
    runs: 80,
    definition: {
      tasks: [
        act('fork', { on_success: ['a', 'b', 'c'] }),
        ...['a', 'b', 'c'].map((name) => act(name, { on_success: 'j' })),
        act('j', { join: 'all' }),
      ],
    },
  },
  {
    name: 'nested',
    label: 'sub-workflow',
    runs: 80,
    workflows: { 'bench.one': { tasks: [act('a')] } },
    definition: { tasks: [{ name: 'a', action: 'bench.one' }, act('b')] },
  },
  {
    name: 'asked',
    label: 'inquiry',
    runs: 40,
    asks: true,
    definition: {
      tasks: [{ name: 'ask', action: 'core.inquiry', input: { approvers: ['somebody'], bind: false } }, act('b')],
    },
  },
  {
    name: 'computed',
    label: 'pure data, 50 rows',
    runs: 400,
    input: { rows },
    definition: {
      tasks: [
        {
          name: 'sum',
          action: 'core.transform',
          input: {
            data: '{% set ns = namespace(total=0, dear=0) %}{% for r in rows %}{% set ns.total = ns.total + r.price * r.count %}{% if r.price * r.count > 100 %}{% set ns.dear = ns.dear + 1 %}{% endif %}{% endfor %}{{ ns.total }} {{ ns.dear }}',
          },
        },
      ],
    },
  },
];

/** Waits for ever: what memory is measured with. */
export const PARKED: Shape = {
  name: 'parked',
  label: 'waits',
  runs: 1_000,
  definition: { tasks: [{ name: 'a', action: 'core.wait_signal', input: { name: 'go' } }] },
};

const TIMES: ActionSpec = { timeout: 50, heartbeat_timeout: 30, queue_timeout: 60 };

/** Builds the input with which a run of a shape is started. */
export function buildShapeInput({ definition, workflows = {} }: Shape, n: number): RunInput {
  const actions = (of: Definition): Record<string, ActionSpec> => ({
    ...findSpecs(of),
    'bench.act': TIMES,
    ...Object.fromEntries(Object.keys(workflows).map((ref) => [ref, { workflow: true as const, ...TIMES }])),
  });
  const embedded = Object.entries(workflows).map(([ref, child]) => [
    ref,
    { version: '1.0.0', revision: 1, hash: ref, definition_id: 1, definition: child, actions: actions(child) },
  ]);
  return {
    interpreter: INTERPRETER_VERSION,
    n,
    ref: 'bench.run',
    version: '1.0.0',
    revision: 1,
    hash: null,
    definition,
    actions: actions(definition),
    ...(embedded.length === 0 ? {} : { workflows: Object.fromEntries(embedded) }),
  };
}
