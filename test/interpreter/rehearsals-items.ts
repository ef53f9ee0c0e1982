import type { Json } from '../../model/json.ts';
import { act, fail, give, ok, type Rehearsal } from './rehearse.ts';

/** Waits `item` hundredths of a second. */
const wait = (name: string, rest: object = {}) => ({
  name,
  action: 'core.delay',
  input: { seconds: '{{ item / 100 }}' },
  ...rest,
});

/** Long enough for a run input to be deflated. */
const LONG = 'long'.repeat(500);

/** Tasks that run once for each item of a list. */
export const ITEM_REHEARSALS: Rehearsal[] = [
  {
    name: 'a task with items runs once for each, and gives their outputs in the order of the items',
    definition: {
      variables: { factor: 10 },
      tasks: [
        give('a', '{{ [index, item * factor] }}', { with_items: '{{ [3, 1, 2] }}' }),
        give('b', '{{ a.output }}'),
      ],
    },
    expect: {
      order: ['a', 'b'],
      outcome: 'completed',
      output: [
        [0, 30],
        [1, 10],
        [2, 20],
      ],
    },
  },
  {
    name: 'items are what their actions give, also when they end in another order',
    definition: { tasks: [act('a', { with_items: ['x', { y: '{{ 1 + 1 }}' }, 3], input: '{{ item }}' })] },
    items: { a: [ok('first'), ok('second'), ok('third')] },
    expect: { order: ['a'], outcome: 'completed', output: ['first', 'second', 'third'] },
  },
  {
    name: 'no items are a success with an empty list',
    definition: { tasks: [act('a', { with_items: '{{ [] }}' })] },
    expect: { order: ['a'], outcome: 'completed', output: [] },
  },
  {
    name: 'what is no list is refused',
    definition: { tasks: [act('a', { with_items: "{{ {'a': 1} }}" })] },
    expect: {
      order: ['a'],
      outcome: 'failed',
      failure: { type: 'input_invalid', task: 'a', message: 'with_items must give a list, not an object' },
    },
  },
  {
    name: 'a list that cannot be rendered fails the task with its place',
    definition: { tasks: [act('a', { with_items: '{{ nothing.here }}' })] },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'template_error', task: 'a' } },
  },
  {
    name: 'no more items run at once than concurrency says',
    definition: { tasks: [wait('a', { with_items: [1, 1, 1, 1, 1], concurrency: '{{ 1 + 1 }}' })] },
    expect: { order: ['a'], outcome: 'completed', elapsed: 30 },
  },
  {
    name: 'a concurrency below one is refused, one that is too high is lowered',
    definition: {
      start: ['a', 'b'],
      tasks: [
        act('a', { with_items: [1], concurrency: '{{ 0 }}', on_failure: 'c' }),
        act('b', { with_items: [1, 2], concurrency: '{{ 9000 }}' }),
        give('c', '{{ error.type }} {{ error.message }}'),
      ],
    },
    expect: {
      order: ['a', 'b', 'c'],
      outcome: 'completed',
      output: { b: [null, null], c: 'input_invalid concurrency must be a number of at least 1, not 0' },
    },
  },
  {
    name: 'after an item has failed no more start; the output has null where there is none, and the error tells which',
    definition: {
      tasks: [
        act('a', {
          with_items: [1, 2, 3, 4],
          concurrency: 2,
          next: [{ when: 'failed()', publish: { seen: '{{ result() }}' }, do: 'b' }],
        }),
        give('b', '{{ [seen, a.output, error.type, error.task, error.message, error.details, error.cause.task] }}'),
      ],
    },
    items: { a: [ok('one'), fail('E_A', 'no'), ok('three'), ok('four')] },
    expect: {
      order: ['a', 'b'],
      outcome: 'completed',
      output: {
        b: [
          ['one', null, null, null],
          ['one', null, null, null],
          'E_A',
          'a',
          'item 1 failed: no',
          {
            items: [
              { index: 1, type: 'E_A', reason: 'no' },
              ...[2, 3].map((index) => ({ index, type: 'cancelled', reason: 'the item did not start' })),
            ],
            outputs: ['one', null, null, null],
          },
          'a[1]',
        ],
      },
    },
    // The machine decides which of two items ends first.
    pure: true,
  },
  {
    name: 'with "finish" all items run, and then the task fails if any has',
    definition: {
      tasks: [
        act('a', { with_items: [1, 2, 3], concurrency: 1, on_item_failure: 'finish', on_failure: 'b' }),
        give('b', '{{ [a.output, a.status, error.message, error.details.items | map(attribute="index") | list] }}'),
      ],
    },
    items: { a: [fail('E_1', 'first'), ok('two'), fail('E_3', 'third')] },
    expect: {
      order: ['a', 'b'],
      outcome: 'completed',
      output: { b: [[null, 'two', null], 'failed', 'item 0 failed: first, and 1 more', [0, 2]] },
    },
  },
  {
    name: 'an unhandled failure of an item fails the run, with the item as its cause',
    definition: { tasks: [act('a', { with_items: [1, 2], concurrency: 1 })] },
    items: { a: [ok(1), fail('E_A', 'no')] },
    expect: {
      order: ['a'],
      outcome: 'failed',
      failure: { type: 'E_A', task: 'a', message: 'item 1 failed: no' },
    },
  },
  {
    name: 'each item is tried again by itself',
    definition: { tasks: [act('a', { with_items: [1, 2], concurrency: 1, retry: { count: 1, delay: 0 } })] },
    outcomes: { a: [fail('E_1'), ok('one'), fail('E_2'), ok('two')] },
    expect: { order: ['a'], outcome: 'completed', output: ['one', 'two'] },
    pure: true,
  },
  {
    name: 'whether an item is tried again may depend on the item',
    definition: {
      tasks: [
        {
          name: 'a',
          action: 'core.fail',
          input: { message: 'item {{ item }}', type: 'E_{{ item }}' },
          with_items: [1, 2, 3],
          on_item_failure: 'finish',
          retry: { count: 2, delay: 0.01, when: 'item > 1 and index < 2' },
          on_failure: 'b',
        },
        give('b', '{{ error.cause.attempt }} {{ error.details.items | length }}'),
      ],
    },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: '1 3' }, elapsed: 20 },
  },
  {
    name: 'the delay, the publishes and the transitions are those of the task, not of its items',
    definition: {
      tasks: [
        wait('a', { delay: 0.05, with_items: [1, 2], publish: { sum: '{{ result() | length }}' }, on_success: 'b' }),
        give('b', '{{ sum }}'),
      ],
    },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: 2 }, elapsed: 70 },
  },
  {
    name: 'a template that fails for one item fails that item',
    definition: {
      tasks: [
        give('a', '{{ item.x }}', { with_items: [{ x: 1 }, {}, { x: 3 }], on_item_failure: 'finish', on_failure: 'b' }),
        give('b', '{{ [a.output, error.type] }}'),
      ],
    },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: [[1, null, 3], 'template_error'] } },
  },
  {
    name: 'in a loop each visit has items of its own',
    definition: {
      start: ['a'],
      variables: { list: [1] },
      tasks: [
        act('a', {
          with_items: '{{ list }}',
          publish: { list: '{{ list + [1] }}' },
          next: [
            { when: 'list | length < 4', do: 'a' },
            { when: 'list | length >= 4', do: 'b' },
          ],
        }),
        give('b', '{{ a.output }}'),
      ],
    },
    items: { a: [[ok('1')], [ok('2'), ok('2')], [ok('3'), ok('3'), ok('3')]] },
    expect: { order: ['a', 'a#2', 'a#3', 'b'], outcome: 'completed', output: { b: ['3', '3', '3'] } },
  },
  {
    name: 'once the run has failed, items that have not begun do not begin, and what has keeps its output',
    definition: {
      start: ['a', 'b'],
      tasks: [
        wait('a', { with_items: [4_000, 1, 1], concurrency: 1, on_failure: 'c' }),
        { name: 'b', action: 'core.fail', input: { message: 'no', type: 'E_B' }, delay: 0.03 },
        act('c'),
      ],
      output: { a: '{{ [a.output | length, a.output[1], a.error.message] }}' },
    },
    expect: {
      order: ['a', 'b'],
      outcome: 'failed',
      failure: { type: 'E_B' },
      output: { a: [3, null, 'the run failed before item 1 began'] },
    },
  },
  {
    name: 'more than a hundred thousand items are too many',
    definition: { tasks: [act('a', { with_items: '{{ workflow.param.list }}' })] },
    input: { list: Array.from({ length: 100_001 }, (_, index) => index) },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'limit_exceeded', task: 'a' } },
    pure: true,
  },
  {
    name: 'items may be joined',
    definition: {
      tasks: [
        act('a', { with_items: [1, 2], on_success: 'j' }),
        act('b', { with_items: [], on_success: 'j' }),
        give('j', '{{ (a.output + b.output) | length }}', { join: 'all' }),
      ],
    },
    expect: { order: ['a', 'b', 'j'], outcome: 'completed', output: { j: 2 } },
  },
];

const child = (data: Json) => ({ tasks: [act('inner'), give('result', data)] });
const failing = { tasks: [{ name: 'inner', action: 'core.fail', input: { message: 'deep down', type: 'E_DEEP' } }] };
const sub = (name: string, rest: object = {}) => ({ name, action: 'sub.one', ...rest });

/** Sub-workflows. */
export const CHILD_REHEARSALS: Rehearsal[] = [
  {
    name: 'a sub-workflow gets its input as parameters and gives its result',
    definition: { tasks: [sub('a', { input: { n: 20 } }), give('b', '{{ a.output }}')] },
    workflows: { 'sub.one': child('{{ workflow.param.n + 1 }}') },
    outcomes: { a: ok(21) },
    expect: { order: ['a', 'b'], outcome: 'completed', output: 21 },
  },
  {
    name: 'a large workflow starts a large sub-workflow',
    definition: { variables: { long: LONG }, tasks: [sub('a'), give('b', '{{ [a.output, long | length] }}')] },
    workflows: {
      'sub.one': { variables: { long: LONG }, tasks: [give('x', '{{ long | length }}')], output: '{{ x.output }}' },
    },
    outcomes: { a: ok(2000) },
    expect: { order: ['a', 'b'], outcome: 'completed', output: [2000, 2000] },
  },
  {
    name: 'a failure comes up with its cause, and a transition can take it',
    definition: {
      tasks: [
        sub('a', { on_failure: 'b' }),
        give('b', '{{ [error.type, error.message, error.task, error.action, error.cause.message] }}'),
      ],
    },
    workflows: { 'sub.one': failing },
    outcomes: { a: fail('E_DEEP', 'deep down') },
    expect: {
      order: ['a', 'b'],
      outcome: 'completed',
      output: { b: ['E_DEEP', 'the workflow "sub.one" failed: deep down', 'a', 'sub.one', 'deep down'] },
    },
  },
  {
    name: 'an unhandled failure of a sub-workflow fails the run',
    definition: { tasks: [sub('a'), act('b')] },
    workflows: { 'sub.one': failing },
    outcomes: { a: fail('E_DEEP', 'deep down') },
    expect: {
      order: ['a'],
      outcome: 'failed',
      failure: { type: 'E_DEEP', task: 'a', message: 'the workflow "sub.one" failed: deep down' },
    },
  },
  {
    name: 'a sub-workflow is tried again by the interpreter, each time as another run',
    definition: {
      tasks: [sub('a', { retry: { count: 2, delay: 0.01 }, on_failure: 'b' }), give('b', '{{ error.attempt }}')],
    },
    workflows: { 'sub.one': failing },
    outcomes: { a: fail('E_DEEP', 'deep down') },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: 3 }, elapsed: 20 },
  },
  {
    name: 'the input of a sub-workflow must be an object',
    definition: { tasks: [sub('a', { input: '{{ [1] }}' })] },
    workflows: { 'sub.one': child(1) },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'input_invalid', task: 'a' } },
  },
  {
    name: 'sub-workflows run for each item of a list, in parallel branches, and below one another',
    definition: {
      start: ['a', 'b'],
      tasks: [
        sub('a', { with_items: [1, 2, 3], concurrency: 2, input: { n: '{{ item }}' }, on_success: 'j' }),
        { name: 'b', action: 'sub.two', on_success: 'j' },
        give('j', '{{ [a.output, b.output] }}', { join: 'all' }),
      ],
    },
    workflows: {
      'sub.one': child('{{ n * n }}'),
      'sub.two': { tasks: [sub('deeper', { input: { n: 7 } }), give('result', ['{{ deeper.output }}'])] },
    },
    outcomes: { b: ok([49]) },
    items: { a: [ok(1), ok(4), ok(9)] },
    expect: { order: ['a', 'b', 'j'], outcome: 'completed', output: { j: [[1, 4, 9], [49]] } },
  },
  {
    name: 'a sub-workflow that was skipped gives null',
    definition: { tasks: [sub('a'), give('b', '{{ a.output is none }}')] },
    workflows: { 'sub.one': { when: 'false', tasks: [act('inner')] } },
    expect: { order: ['a', 'b'], outcome: 'completed', output: true },
  },
  {
    name: 'a run knows the time that it is for, and passes it on to sub-workflows',
    definition: {
      tasks: [sub('a'), give('b', ['{{ execution.scheduled_at }}', '{{ execution.schedule }}', '{{ a.output }}'])],
    },
    workflows: { 'sub.one': child('{{ [execution.scheduled_at, execution.schedule] }}') },
    outcomes: { a: ok(['2026-11-01T03:00:00.000Z', 'nightly']) },
    scheduled: { at: '2026-11-01T03:00:00.000Z', schedule: 'nightly' },
    expect: {
      order: ['a', 'b'],
      outcome: 'completed',
      output: ['2026-11-01T03:00:00.000Z', 'nightly', ['2026-11-01T03:00:00.000Z', 'nightly']],
    },
  },
  {
    name: 'a run that no schedule has started is for no time',
    definition: { tasks: [give('a', ['{{ execution.scheduled_at }}', '{{ execution.schedule is none }}'])] },
    expect: { order: ['a'], outcome: 'completed', output: [null, true] },
    pure: true,
  },
];
