import { act, fail, give, ok, type Rehearsal } from './rehearse.ts';

/** Transitions, conditions, publishes and the scopes of branches, as rows. */
export const TRANSITION_REHEARSALS: Rehearsal[] = [
  {
    name: 'every transition fires whose condition is true, bare or written as a template',
    definition: {
      tasks: [
        act('a', {
          next: [
            { when: 'result().n > 3', do: 'b' },
            { when: '{{ result().n > 30 }}', do: 'c' },
            { when: 'succeeded() and not failed()', do: ['d'] },
            { when: "status() == 'succeeded'", do: 'e' },
          ],
        }),
        ...['b', 'c', 'd', 'e'].map((name) => act(name)),
      ],
    },
    outcomes: { a: ok({ n: 7 }) },
    expect: { order: ['a', 'b', 'd', 'e'], outcome: 'completed', output: { b: null, d: null, e: null } },
  },
  {
    name: 'a transition without a condition fires after any end, and one without tasks ends the branch',
    definition: { tasks: [act('a', { next: [{ do: 'b' }, {}] }), act('b', { next: [{ do: [] }] })] },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: null } },
  },
  {
    name: 'a failure that no condition takes is unhandled',
    definition: { tasks: [act('a', { next: [{ when: 'succeeded()', do: 'b' }] }), act('b')] },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'E_A', task: 'a' } },
  },
  {
    name: 'in its own transitions a failed task sees its failure, and no result',
    definition: {
      tasks: [
        act('a', {
          next: [
            {
              when: "failed() and error.type == 'E_A' and a.error.type == 'E_A' and result() is none",
              publish: { seen: '{{ error.message }} {{ status() }}' },
              do: 'b',
            },
          ],
        }),
        give('b', '{{ seen }}'),
      ],
    },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: 'E_A happened failed' } },
  },
  {
    name: 'timed_out() tells a timeout from other failures',
    definition: {
      tasks: [
        act('a', {
          next: [
            { when: 'timed_out()', do: 'b' },
            { when: 'failed() and not timed_out()', do: 'c' },
          ],
        }),
        give('b', '{{ a.status }}'),
        act('c'),
      ],
    },
    outcomes: { a: fail('timeout') },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: 'timed_out' } },
  },
  {
    name: 'a condition that is neither true nor false fails the run, names the filter bool, and nothing fires',
    definition: {
      tasks: [act('a', { next: [{ do: 'b' }, { when: 'result()', publish: { x: 1 }, do: 'c' }] }), act('b'), act('c')],
    },
    outcomes: { a: ok('yes') },
    expect: {
      order: ['a'],
      outcome: 'failed',
      failure: {
        type: 'template_error',
        task: 'a',
        message:
          '/definition/tasks/0/next/1/when (line 1, column 1): must be true or false, not "yes"; the filter bool makes one of it',
      },
    },
  },
  {
    name: 'a condition that cannot be evaluated fails the run with the task failure as its cause',
    definition: { tasks: [act('a', { next: [{ when: 'result().missing > 1', do: 'b' }] }), act('b')] },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'template_error', task: 'a' } },
  },
  {
    name: 'a publish on a transition that cannot be rendered fails the run, and nothing of that task fires',
    definition: {
      tasks: [
        act('a', {
          next: [
            { publish: { x: 1 }, do: 'b' },
            { publish: { y: '{{ result().no }}' }, do: 'c' },
          ],
        }),
        act('b'),
        act('c'),
      ],
    },
    outcomes: { a: ok({ yes: 1 }) },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'template_error', task: 'a' } },
  },
  {
    name: 'a task publishes before its transitions, in order, a later name seeing the earlier ones',
    definition: {
      tasks: [
        act('a', {
          publish: { x: '{{ result().n }}', y: '{{ x + 1 }}' },
          next: [{ when: 'y == 8', publish: { z: '{{ y + 1 }}', w: '{{ z + 1 }}' }, do: 'b' }],
        }),
        give('b', ['{{ x }}', '{{ y }}', '{{ vars.z }}', '{{ variables.w }}']),
      ],
    },
    outcomes: { a: ok({ n: 7 }) },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: [7, 8, 9, 10] } },
  },
  {
    name: 'what a task publishes counts only on success',
    definition: {
      variables: { x: 'before' },
      tasks: [act('a', { publish: { x: 'after' }, on_failure: 'b' }), give('b', '{{ x }}')],
    },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: 'before' } },
  },
  {
    name: 'a task whose publish cannot be rendered has failed, and on_failure can take it',
    definition: {
      tasks: [
        act('a', { publish: { x: '{{ result().no }}' }, on_success: 'c', on_failure: 'b' }),
        give('b', ['{{ error.type }}', '{{ a.status }}']),
        act('c'),
      ],
    },
    outcomes: { a: ok({ yes: 1 }) },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: ['template_error', 'failed'] } },
  },
  {
    name: 'a publish works in a list too, without making it a graph',
    definition: {
      tasks: [act('a', { publish: { n: '{{ result() * 2 }}' } }), give('b', '{{ n }}')],
    },
    outcomes: { a: ok(21) },
    expect: { order: ['a', 'b'], outcome: 'completed', output: 42 },
  },
  {
    name: 'a transition publishes for its own tasks only',
    definition: {
      variables: { x: 0 },
      tasks: [
        act('a', {
          next: [{ publish: { x: 1 }, do: 'b' }, { publish: { x: 2 }, do: 'c' }, { do: 'd' }],
        }),
        give('b', '{{ x }}'),
        give('c', '{{ x }}'),
        give('d', '{{ x }}'),
      ],
    },
    expect: { order: ['a', 'b', 'c', 'd'], outcome: 'completed', output: { b: 1, c: 2, d: 0 } },
  },
  {
    name: 'for the output the later publish of two branches wins, and an inherited value never overwrites a changed one',
    definition: {
      variables: { x: 'start', y: 'start' },
      output: { x: '{{ x }}', y: '{{ y }}' },
      tasks: [
        act('first', { on_success: ['a', 'b'], publish: { y: 'first' } }),
        act('a', { publish: { x: 'a' }, on_success: 'a2' }),
        act('a2', { publish: { x: 'a2' } }),
        act('b', { on_success: 'b2' }),
        act('b2', { on_success: 'b3' }),
        act('b3'),
      ],
    },
    expect: {
      order: ['first', 'a', 'b', 'a2', 'b2', 'b3'],
      outcome: 'completed',
      output: { x: 'a2', y: 'first' },
    },
  },
  {
    name: 'a publish on a transition counts for the output whatever follows it',
    definition: {
      output: '{{ [x, y] }}',
      tasks: [
        act('a', {
          next: [
            { publish: { x: 1 }, do: 'noop' },
            { publish: { y: 2 }, do: 'continue' },
          ],
        }),
      ],
    },
    expect: { order: ['a'], outcome: 'completed', output: [1, 2] },
  },
  {
    name: 'a published name comes before a parameter of that name, and before a task',
    definition: {
      tasks: [
        act('a', { publish: { n: 'published', b: 'hides the task' }, on_success: 'b' }),
        give('b', ['{{ n }}', '{{ parameters.n }}', '{{ b }}', '{{ task.a.status }}']),
      ],
    },
    input: { n: 'given' },
    expect: {
      order: ['a', 'b'],
      outcome: 'completed',
      output: { b: ['published', 'given', 'hides the task', 'succeeded'] },
    },
  },
  {
    name: 'a loop ends by a condition over what it publishes',
    definition: {
      variables: { count: 0 },
      output: '{{ count }}',
      tasks: [
        give('a', '{{ count + 1 }}', {
          publish: { count: '{{ result() }}' },
          next: [{ when: 'count < 4', do: 'a' }],
        }),
      ],
      start: ['a'],
    },
    expect: { order: ['a', 'a#2', 'a#3', 'a#4'], outcome: 'completed', output: 4 },
  },
  {
    name: 'in its own transitions a later visit sees itself under its name',
    definition: {
      variables: { seen: [] },
      output: '{{ seen }}',
      tasks: [
        act('a', {
          next: [{ when: 'a.output < 3', publish: { seen: '{{ seen + [a.output] }}' }, do: 'a' }],
        }),
      ],
      start: ['a'],
    },
    outcomes: { a: [ok(1), ok(2), ok(3)] },
    expect: { order: ['a', 'a#2', 'a#3'], outcome: 'completed', output: [1, 2] },
  },
  {
    name: 'each arrival keeps the variables of its own branch',
    definition: {
      output: '{{ [first, second] }}',
      tasks: [
        act('a', { next: [{ publish: { who: 'a' }, do: 'c' }] }),
        act('b', { next: [{ publish: { who: 'b' }, do: 'c' }] }),
        give('c', '{{ who }}', {
          next: [
            { when: "result() == 'a'", publish: { first: '{{ who }}' } },
            { when: "result() == 'b'", publish: { second: '{{ who }}' } },
          ],
        }),
      ],
    },
    expect: { order: ['a', 'b', 'c', 'c#2'], outcome: 'completed', output: ['a', 'b'] },
  },
  {
    name: 'the word retry visits the task again, three times in a row at most',
    definition: { tasks: [act('a', { next: [{ when: 'failed()', do: 'retry' }] })] },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a', 'a#2', 'a#3', 'a#4'], outcome: 'failed', failure: { type: 'E_A', task: 'a#4' } },
  },
  {
    name: 'the word retry waits for retry.delay, keeps the variables, and its publish counts',
    definition: {
      variables: { tries: 0 },
      output: { tries: '{{ tries }}' },
      tasks: [
        act('a', {
          retry: { count: 0, delay: 0.1, backoff: 'exponential', factor: 2 },
          next: [{ when: 'failed()', publish: { tries: '{{ tries + 1 }}' }, do: 'retry' }],
        }),
      ],
    },
    outcomes: { a: [fail('E_1'), fail('E_2'), ok(1)] },
    expect: { order: ['a', 'a#2', 'a#3'], outcome: 'completed', output: { tries: 2 }, elapsed: 300 },
  },
  {
    name: 'once the word retry fires no more, another transition can take the failure',
    definition: {
      tasks: [
        act('a', {
          next: [
            { when: 'failed()', do: 'retry' },
            { when: "failed() and error.type == 'E_4'", do: 'b' },
          ],
        }),
        give('b', '{{ error.type }}'),
      ],
    },
    outcomes: { a: [fail('E_1'), fail('E_2'), fail('E_3'), fail('E_4')] },
    expect: { order: ['a', 'a#2', 'a#3', 'a#4', 'b'], outcome: 'completed', output: { b: 'E_4' } },
  },
  {
    name: 'noop, continue and fail mean in do what they mean elsewhere',
    definition: {
      start: ['a', 'b'],
      tasks: [
        act('a', { next: [{ when: 'failed()', do: 'noop' }] }),
        act('b', { next: [{ do: ['clean', 'fail'] }] }),
        act('clean'),
      ],
    },
    outcomes: { a: fail('E_A') },
    expect: {
      order: ['a', 'b', 'clean'],
      outcome: 'failed',
      failure: { type: 'failed_by_workflow', task: 'b' },
    },
  },
  {
    name: 'what the failure of a run holds back publishes all the same',
    definition: {
      start: ['a', 'b'],
      output: { from_b: '{{ y }}', error: '{{ error.type }}', nothing: '{{ never }}' },
      tasks: [
        act('a'),
        act('b', { publish: { y: 2 }, next: [{ publish: { y: '{{ y + 1 }}' }, do: 'c' }] }),
        act('c', { publish: { never: 1 } }),
      ],
    },
    outcomes: { a: fail('E_A') },
    expect: {
      order: ['a', 'b'],
      outcome: 'failed',
      failure: { type: 'E_A', task: 'a' },
      output: { from_b: 3, error: 'E_A' },
    },
    pure: true,
  },
];
