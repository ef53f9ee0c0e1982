import { expect, it } from 'vitest';
import { carry } from '../../interpreter/carry.ts';
import { simulate, simulatedTasks } from '../../interpreter/simulate.ts';
import type { Definition } from '../../model/definition.ts';
import { completeFailure, type Failure, withLastCause } from '../../model/failure.ts';
import { type Json, jsonSize } from '../../model/json.ts';
import { type Attempt, act, fail, give, lost, ok, rehearse, runInput, STARTED } from './rehearse.ts';

const no = (name: string, rest: object = {}) => ({
  name,
  action: 'core.fail',
  input: { message: 'no', type: `E_${name}` },
  ...rest,
});

/** The types of a failure and its causes, the earliest of which is the last. */
function typesOf(failure: Failure | null | undefined): string[] {
  return failure ? [failure.type, ...typesOf(failure.cause)] : [];
}

it.each<[how: string, tasks: Definition['tasks'], causes: string[], outcomes?: Record<string, Attempt>]>([
  ['its action', [no('a', { on_failure: 'b' }), no('b')], ['E_b', 'E_a']],
  ['its input', [no('a', { on_failure: 'b' }), give('b', '{{ error.no }}')], ['template_error', 'E_a']],
  [
    'its publish',
    [no('a', { on_failure: 'b' }), give('b', 1, { publish: { x: '{{ {}.x }}' } })],
    ['template_error', 'E_a'],
  ],
  [
    'its condition',
    [no('a', { on_failure: 'b' }), give('b', 1, { next: [{ when: '1', do: 'noop' }] })],
    ['template_error', 'E_a'],
  ],
  [
    'the word fail',
    [no('a', { on_failure: 'b' }), give('b', 1, { on_success: 'fail' })],
    ['failed_by_workflow', 'E_a'],
  ],
  ['one of its items', [no('a', { on_failure: 'b' }), no('b', { with_items: [1, 2] })], ['E_b', 'E_b', 'E_a']],
  ['a task after it', [no('a', { on_failure: 'b' }), act('b', { on_success: 'c' }), no('c')], ['E_c', 'E_a']],
  ['its own handler', [no('a', { on_failure: 'b' }), no('b', { on_failure: 'c' }), no('c')], ['E_c', 'E_b', 'E_a']],
  [
    'a join of branches, of which one has failed',
    [no('a', { on_complete: 'j' }), give('b', 1, { on_complete: 'j' }), no('j', { join: 'all' })],
    ['E_j', 'E_a'],
  ],
  ['what no failure led to', [act('a', { on_success: 'b' }), no('b')], ['E_b']],
  [
    'a condition of what has failed itself',
    [no('a', { next: [{ when: '1', do: 'noop' }] })],
    ['template_error', 'E_a'],
  ],
  ['the second visit of the word retry', [no('a', { on_failure: 'retry' })], ['E_a', 'E_a', 'E_a', 'E_a']],
])('behind a failure %s fails with that as its last cause', (_, tasks, causes, outcomes = {}) => {
  const { close } = rehearse({ definition: { tasks }, outcomes });
  expect(typesOf(close?.failure)).toEqual(causes);
});

it('a failure has ten causes at most, however long a loop of failures is', () => {
  const tasks = [
    { ...no('a'), next: [{ when: 'n < 30', publish: { n: '{{ n + 1 }}' }, do: 'b' }] },
    no('b', { on_failure: 'a' }),
  ];
  const { close } = rehearse({ definition: { variables: { n: 0 }, start: ['a'], tasks } });
  expect(typesOf(close?.failure)).toHaveLength(11);
});

it('what is added as the last cause changes neither failure', () => {
  const own: Failure = { type: 'one', message: '', cause: { type: 'two', message: '' } };
  const led: Failure = { type: 'three', message: '' };
  const before = structuredClone([own, led]);
  expect(typesOf(withLastCause(own, led))).toEqual(['one', 'two', 'three']);
  expect([own, led]).toEqual(before);
});

it.each<[what: string, failure: object]>([
  ['details', { message: 'no', details: 'x'.repeat(50_000) }],
  ['messages', { message: 'x'.repeat(50_000) }],
  ['details that are escaped', { message: 'no', details: '\u0001'.repeat(9_000) }],
])('a chain of handlers that fail keeps hardly more than without causes: large %s', (_, input) => {
  const tasks = Array.from({ length: 25 }, (_, index) => ({
    name: `t${index}`,
    action: 'core.fail',
    input: { ...input, type: `E_${index}` },
    ...(index === 24 ? {} : { on_failure: `t${index + 1}` }),
  }));
  const keptBy = (interpreter: number) => {
    const { state, close } = simulate({ ...runInput({ tasks }), interpreter }, {}, {}, STARTED);
    return { bytes: jsonSize(carry(state, null)), causes: typesOf(close?.failure) };
  };
  const [then, now] = [keptBy(9), keptBy(10)];
  expect(now.bytes / then.bytes).toBeLessThan(1.5);
  expect(now.causes).toEqual(Array.from({ length: 11 }, (_, index) => `E_${24 - index}`));
});

it('a complete failure has all fields, at every depth', () => {
  const fields = ['action', 'attempt', 'cause', 'code', 'details', 'message', 'task', 'type'];
  const complete = completeFailure({ type: 'a', message: 'm', code: 'C', cause: { type: 'b', message: 'n' } });
  expect(Object.keys(complete).sort()).toEqual(fields);
  expect(Object.keys(complete.cause as object).sort()).toEqual(fields);
  expect(complete).toMatchObject({ code: 'C', details: null, cause: { type: 'b', code: null, cause: null } });
});

type Row = [what: string, task: object, outcomes: Record<string, Attempt | Attempt[]>, attempts: Json, attempt: Json];
const safe = (rest: object) => ({ name: 'a', action: 'test.safe', ...rest });

it.each<Row>([
  ['inline, once', no('a'), {}, 1, 1],
  ['inline, tried again', no('a', { retry: { count: 2, delay: 0 } }), {}, 3, 3],
  ['by a worker, once', act('a'), { a: fail('E') }, 1, 1],
  [
    'by a worker, Temporal tries again',
    act('a', { retry: { count: 2, delay: 0 } }),
    { a: [fail('E'), ok(1)] },
    2,
    null,
  ],
  [
    'by a worker, Temporal tries again in vain',
    act('a', { retry: { count: 1, delay: 0 } }),
    { a: [fail('E'), fail('E')] },
    2,
    2,
  ],
  [
    'by a worker, the interpreter tries again',
    act('a', { retry: { count: 3, delay: 0, when: 'error.attempt < 3' } }),
    { a: [fail('E'), fail('E'), fail('E'), ok(1)] },
    3,
    3,
  ],
  ['by a worker that is lost', safe({}), { a: [lost, fail('E')] }, 2, 2],
  ['by a worker that is lost, and by the next', safe({}), { a: [lost, ok(1)] }, 2, null],
  [
    'by a worker that is lost, Temporal tries again',
    safe({ retry: { count: 2, delay: 0 } }),
    { a: [lost, fail('E'), fail('E'), fail('E')] },
    null,
    null,
  ],
  [
    'by a worker that is lost, which counts as no retry, the interpreter tries again',
    safe({ retry: { count: 1, delay: 0, when: 'true' } }),
    { a: [lost, fail('E'), fail('E')] },
    3,
    3,
  ],
  ['by no worker in time', act('a'), { a: { fault: { kind: 'timeout', timeout: 'schedule_to_start' } } }, 0, null],
  ...[-1, 0, 0.5, 1e308].map(
    (attempt): Row => [
      `by a worker that tells ${attempt}`,
      act('a', { retry: { count: 1, delay: 0 } }),
      { a: { fault: { kind: 'application', type: 'E', message: '', details: [null, { attempt }] } } },
      null,
      null,
    ],
  ),
  ['an input that is refused', { name: 'a', action: 'core.fail', input: {} }, {}, 0, null],
  ['an input that cannot be rendered', give('a', '{{ nope }}'), {}, 0, null],
  ['a publish that cannot be rendered', give('a', 1, { publish: { x: '{{ {}.x }}' } }), {}, 1, 1],
  ['a wait', { name: 'a', action: 'core.delay', input: { seconds: 1 } }, {}, 1, null],
  ['items, which have attempts each', no('a', { with_items: [1, 2], retry: { count: 1, delay: 0 } }), {}, null, 2],
])('attempts are counted: %s', (_, task, outcomes, attempts, attempt) => {
  const tasks = [
    { ...task, on_complete: 'b' },
    give('b', ['{{ a.attempts }}', '{{ (a.error or {}).attempt | default(none) }}']),
  ];
  const { close } = rehearse({ definition: { tasks: tasks as Definition['tasks'] }, outcomes });
  expect(close?.output).toEqual({ b: [attempts, attempt] });
});

it.each<[what: string, tasks: Definition['tasks'], then: Json, now: Json]>([
  [
    'a template sees the fields that a failure has',
    [no('a', { on_failure: 'b' }), give('b', '{{ error | length }}')],
    5,
    8,
  ],
  ['a task has attempts', [give('a', 1, { on_success: 'b' }), give('b', "{{ a.attempts | default('no') }}")], 'no', 1],
  [
    'a retry.when that reads nothing',
    [
      no('a', { retry: { count: 1, delay: 0, when: 'error.details.x' }, on_failure: 'b' }),
      give('b', '{{ error.type }}'),
    ],
    'template_error',
    'E_a',
  ],
  [
    'a handler that fails tells why it ran',
    [
      no('a', { on_failure: 'b' }),
      no('b', { on_failure: 'c' }),
      give('c', "{{ (error.cause or {'type': 'none'}).type if error.cause is defined else 'none' }}"),
    ],
    'none',
    'E_a',
  ],
  [
    'a publish tells its attempt',
    [give('a', 1, { publish: { x: '{{ {}.x }}' }, on_failure: 'b' }), give('b', "{{ error.attempt | default('no') }}")],
    'no',
    1,
  ],
])('%s, otherwise than in interpreter 9', (_, tasks, then, now) => {
  const of = (interpreter: number) => {
    const run = { ...runInput({ tasks }), interpreter };
    return Object.values(simulate(run, {}, {}, STARTED).close?.output as object).at(-1);
  };
  expect([of(9), of(10)]).toEqual([then, now]);
});

it.each<[what: string, tasks: Definition['tasks'], start: string[], then: string[], now: string[]]>([
  ['what fails first', [no('bad'), act('slow')], ['bad', 'slow'], ['bad'], ['bad', 'slow']],
  ['what fails last', [no('bad'), act('slow')], ['slow', 'bad'], ['slow', 'bad'], ['slow', 'bad']],
  [
    'items, as many as start together',
    [no('bad'), act('slow', { with_items: [1, 2, 3], concurrency: 2 })],
    ['bad', 'slow'],
    ['bad'],
    ['bad', 'slow'],
  ],
  [
    'what follows does not start',
    [no('bad'), give('more', 1, { on_success: 'never' }), act('never')],
    ['bad', 'more'],
    ['bad'],
    ['bad', 'more'],
  ],
  ['a delay does not begin', [no('bad'), act('slow', { delay: 1 })], ['bad', 'slow'], ['bad'], ['bad']],
  [
    'what another visit leads to does not start',
    [give('a', 1, { on_success: 'bad' }), give('b', 1, { on_success: 'slow' }), no('bad'), act('slow')],
    ['a', 'b'],
    ['a', 'b', 'bad'],
    ['a', 'b', 'bad'],
  ],
])(
  'what one visit leads to starts together, and nothing more once the run has failed: %s',
  (_, tasks, start, then, now) => {
    const of = (interpreter: number) => {
      const { state, commands } = simulate({ ...runInput({ start, tasks }), interpreter }, {}, {}, STARTED);
      const begun = simulatedTasks(state).map(({ key }) => key);
      return [begun, commands.filter(({ type }) => type === 'activity').length];
    };
    const activities = (order: string[]) => (order.includes('slow') ? (tasks[1]!.with_items ? 2 : 1) : 0);
    expect([of(9), of(10)]).toEqual([then, now].map((order) => [order, activities(order)]));
  },
);

it.each<[what: string, outcomes: Record<string, Attempt>]>([
  ['a given outcome', { r: fail('E') }],
  ['several given outcomes', { r: fail('E'), l: ok(1), l2: ok(1) }],
])('in a simulation what starts together ends together: %s', (_, outcomes) => {
  const noop = (name: string, rest: object = {}) => ({ name, action: 'core.noop', ...rest });
  const tasks = [
    noop('begin', { on_success: ['l', 'r'] }),
    noop('l', { on_success: 'l2' }),
    noop('r'),
    noop('l2', { on_success: 'l3' }),
    noop('l3'),
  ];
  expect(rehearse({ definition: { tasks }, outcomes }).order).toEqual(['begin', 'l', 'r']);
});

it('in a simulation a list of outcomes of what runs at once is consumed one an attempt', () => {
  const tasks = [
    no('a', { retry: { count: 3, delay: 0 }, on_success: 'b' }),
    give('b', ['{{ a.output }}', '{{ a.attempts }}']),
  ];
  const { close } = rehearse({ definition: { tasks }, outcomes: { a: [fail('E'), fail('E'), ok('third')] } });
  expect(close?.output).toEqual({ b: ['third', 3] });
});
