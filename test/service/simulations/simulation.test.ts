import { describe, expect, it } from 'vitest';
import type { DecidedTransition } from '../../../interpreter/derive.ts';
import { simulate } from '../../../interpreter/simulate.ts';
import type { MockOutcomes } from '../../../interpreter/simulated-world.ts';
import type { Definition } from '../../../model/definition.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { ActionSpec } from '../../../model/run-input.ts';
import { simulateRun } from '../../../service/simulations/simulation.ts';
import { runInput, STARTED } from '../../interpreter/rehearse.ts';

const times = { timeout: 60, heartbeat_timeout: 3, queue_timeout: 60 };
const param_schema: JsonObject = {
  type: 'object',
  required: ['channel', 'text'],
  properties: { channel: { type: 'string' }, text: { type: 'string' }, connection: { type: 'string' } },
  additionalProperties: false,
};

const ACTIONS: Record<string, ActionSpec> = {
  'slack.post': { ...times, connects: true, param_schema },
  'media.post': { ...times, task_queue: 'media', param_schema },
};
const DEFAULTS: Record<string, JsonObject> = {
  'slack/default': { 'slack.post': { channel: '#all' }, 'slack.other': { text: 'no' } },
  'slack/ops': { 'slack.post': { channel: '#ops', text: 'look' } },
};

it.each<[what: string, action: string, input: JsonObject, status: string, lacking: string[]]>([
  ['all of it', 'slack.post', { channel: '#a', text: 'x' }, 'completed', []],
  ['what its connection gives', 'slack.post', { text: 'x' }, 'completed', []],
  ['what its other connection gives', 'slack.post', { connection: 'ops' }, 'completed', []],
  ['what no connection gives', 'slack.post', {}, 'completed', ['/definition/tasks/0/input/text']],
  [
    'what a connection that is not there would give',
    'slack.post',
    { connection: 'no' },
    'completed',
    ['/definition/tasks/0/input/channel', '/definition/tasks/0/input/text'],
  ],
  ['another type', 'slack.post', { channel: 1, text: 'x' }, 'failed', []],
  ['a field that is not known', 'slack.post', { channel: '#a', text: 'x', txt: 'y' }, 'failed', []],
  ['what a worker of somebody else lacks', 'media.post', {}, 'failed', []],
  ['what a task that runs at once lacks', 'core.fail', {}, 'failed', []],
])('the input of a simulated action: %s', (_, action, input, status, lacking) => {
  const run = runInput({ tasks: [{ name: 'a', action, input }] });
  const simulated = simulateRun({
    run: { ...run, actions: { ...run.actions, ...ACTIONS } },
    paramSchema: null,
    input: {},
    outcomes: {},
    items: {},
    defaults: DEFAULTS,
    now: STARTED,
  });
  expect([simulated.status, simulated.warnings.map(({ path }) => path)]).toEqual([status, lacking]);
  expect(simulated.tasks[0]!.error?.type).toBe(status === 'failed' ? 'input_invalid' : undefined);
  // Defaults of connections are not shown to everybody who may simulate.
  if (status === 'completed') expect(simulated.tasks[0]!.input).toEqual(input);
});

it('a simulation says how each transition was decided', () => {
  const decide = (outcomes: MockOutcomes) => {
    const tasks = [
      { name: 'a', action: 'core.http', input: { url: 'https://a.b' }, on_failure: 'b', on_success: 'c' },
      { name: 'b', action: 'core.noop', next: [{ when: 'nothing.here > 1', do: 'c' }] },
      { name: 'c', action: 'core.noop' },
    ];
    const run = runInput({ tasks });
    const { transitions } = simulateRun({
      ...{ run, paramSchema: null, input: {}, outcomes, items: {}, defaults: {}, now: STARTED },
    });
    return transitions.map(({ from, to, value, fired, reason }) => [from, to.join(), value, fired, reason]);
  };
  expect(decide({})).toEqual([
    ['a', 'c', null, true, 'fired'],
    ['a', 'b', null, false, 'other_outcome'],
  ]);
  expect(decide({ a: { error: { type: 'gone' } } })).toEqual([
    ['a', 'c', null, false, 'other_outcome'],
    ['a', 'b', null, true, 'fired'],
    ['b', 'c', null, false, 'error'],
  ]);
});

describe('the values that conditions name', () => {
  const NUMBERS = Array.from({ length: 20_000 }, (_, at) => at);
  const simulated = (definition: Definition, outcomes: MockOutcomes = {}) =>
    simulateRun({
      ...{ run: runInput(definition), paramSchema: null, input: {}, outcomes, items: {}, defaults: {}, now: STARTED },
    });

  it('are shown as they were at the decision, however they are read', () => {
    const next = [{ when: "tasks[name].status == 'succeeded'", do: 'noop' }];
    const tasks = ['a', 'b'].map((name) => ({ name, action: 'core.http', input: { url: 'https://a.b' }, next }));
    const { transitions } = simulated({ variables: { name: 'a' }, tasks });
    const statuses = transitions.map(({ from, read = [] }) => {
      const seen = JSON.parse(read.find(({ path }) => path === 'tasks')!.value!.text) as Record<string, JsonObject>;
      return [from, Object.entries(seen).map(([name, { status }]) => `${name} ${status}`)];
    });
    expect(statuses).toEqual([
      ['a', ['a succeeded', 'b running']],
      ['b', ['a succeeded', 'b succeeded']],
    ]);
  });

  it('are left out where they are too large, which fails nothing', () => {
    const next = [{ when: 'tasks | length > least and result() | length > least', do: 'noop' }];
    const tasks = [{ name: 'a', action: 'core.http', input: { url: 'https://a.b' }, next }];
    const output = [...NUMBERS, ...NUMBERS];
    const { status, transitions } = simulated({ variables: { least: 0 }, tasks }, { a: { output } });
    expect([status, transitions[0]!.fired]).toEqual(['completed', true]);
    expect(transitions[0]!.read).toEqual([{ path: 'least', value: { bytes: 1, text: '0', truncated: false } }]);
  });

  it('are kept as what is shown of them, however large they are', () => {
    const next = [{ when: 'n < 50 and result() | length > n', publish: { n: '{{ n + 1 }}' }, do: 'a' }];
    const tasks = [{ name: 'a', action: 'core.http', input: { url: 'https://a.b' }, next }];
    const decided: DecidedTransition[] = [];
    const onTransition = (each: DecidedTransition) => {
      decided.push(each);
    };
    const observer = { derive: <T>(_: unknown, __: unknown, compute: () => T) => compute(), onTransition };
    const run = runInput({ start: ['a'], variables: { n: 0 }, tasks });
    simulate(run, {}, { a: { output: NUMBERS } }, STARTED, { observer });
    const reads = decided.map(({ read }) => read);
    expect(reads.map((read) => read.map(({ path }) => path))).toEqual(decided.map(() => ['n', 'result()']));
    expect(decided).toHaveLength(51);
    expect(JSON.stringify(reads).length).toBeLessThan(51 * 500);
  });
});
