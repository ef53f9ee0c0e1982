import { FAILURE_REHEARSALS } from './rehearsals-failures.ts';
import { CHILD_REHEARSALS, ITEM_REHEARSALS } from './rehearsals-items.ts';
import { JOIN_REHEARSALS } from './rehearsals-joins.ts';
import { RUN_REHEARSALS } from './rehearsals-runs.ts';
import { TRANSITION_REHEARSALS } from './rehearsals-transitions.ts';
import { act, fail, lost, ok, type Rehearsal } from './rehearse.ts';

/** Every rule of the language as it stands, as a row. */
export const REHEARSALS: Rehearsal[] = [
  ...TRANSITION_REHEARSALS,
  ...RUN_REHEARSALS,
  ...JOIN_REHEARSALS,
  ...ITEM_REHEARSALS,
  ...CHILD_REHEARSALS,
  ...FAILURE_REHEARSALS,
  {
    name: 'tasks without transitions run in list order, and the result is that of the last',
    definition: { tasks: [act('a'), act('b'), act('c')] },
    outcomes: { c: ok({ done: true }) },
    expect: { order: ['a', 'b', 'c'], outcome: 'completed', output: { done: true } },
  },
  {
    name: 'a list stops at the first failure',
    definition: { tasks: [act('a'), act('b'), act('c')] },
    outcomes: { b: fail('E_B') },
    expect: { order: ['a', 'b'], outcome: 'failed', failure: { type: 'E_B', task: 'b', message: 'E_B happened' } },
  },
  {
    name: 'in a graph all entries start together, and the result holds the leaves by name',
    definition: { tasks: [act('a', { on_success: 'c' }), act('b', { on_success: ['d'] }), act('c'), act('d')] },
    outcomes: { c: ok(1), d: ok(2) },
    expect: { order: ['a', 'b', 'c', 'd'], outcome: 'completed', output: { c: 1, d: 2 } },
  },
  {
    name: 'start names the entries where they would be ambiguous',
    definition: { tasks: [act('a'), act('b')], start: ['b', 'a'] },
    outcomes: { a: ok('A'), b: ok('B') },
    expect: { order: ['b', 'a'], outcome: 'completed', output: { b: 'B', a: 'A' } },
  },
  {
    name: 'a failure that a transition takes is handled',
    definition: {
      tasks: [
        act('a', { on_success: 'b', on_failure: 'rescue' }),
        act('b'),
        {
          name: 'rescue',
          action: 'core.transform',
          input: { data: '{{ error.type }} in {{ error.task }}: {{ error.message }}' },
        },
      ],
    },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a', 'rescue'], outcome: 'completed', output: { rescue: 'E_A in a: E_A happened' } },
  },
  {
    name: 'the error stays with the branch after its handler',
    definition: {
      tasks: [
        act('a', { on_failure: 'rescue' }),
        act('rescue', { on_success: 'report' }),
        { name: 'report', action: 'core.transform', input: '{{ error.type }}' },
      ],
    },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a', 'rescue', 'report'], outcome: 'completed', output: { report: 'E_A' } },
  },
  {
    name: 'noop handles a failure and ends the branch',
    definition: { tasks: [act('a', { on_failure: 'noop' })] },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a'], outcome: 'completed', output: { a: null } },
  },
  {
    name: 'continue leaves a failure unhandled',
    definition: { tasks: [act('a', { on_failure: 'continue' })] },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'E_A', task: 'a' } },
  },
  {
    name: 'fail after a success fails the run as failed_by_workflow',
    definition: { tasks: [act('a', { on_success: 'fail' })] },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'failed_by_workflow', task: 'a' } },
  },
  {
    name: 'fail beside a task runs that task as cleanup and then fails with the failure',
    definition: {
      tasks: [act('a', { on_failure: ['clean', 'fail'] }), act('clean', { on_success: 'sweep' }), act('sweep')],
    },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a', 'clean', 'sweep'], outcome: 'failed', failure: { type: 'E_A', task: 'a' } },
  },
  {
    name: 'on_complete fires after a success and after a failure',
    definition: { tasks: [act('a', { on_complete: 'z' }), act('b', { on_complete: 'y' }), act('y'), act('z')] },
    outcomes: { a: fail('E_A'), y: ok('Y'), z: ok('Z') },
    expect: { order: ['a', 'b', 'z', 'y'], outcome: 'completed', output: { y: 'Y', z: 'Z' } },
  },
  {
    name: 'after an unhandled failure what is running is awaited and starts nothing; later failures stand beside',
    definition: {
      tasks: [act('a'), act('b', { on_success: 'never' }), act('c'), act('never')],
      start: ['a', 'b', 'c'],
    },
    outcomes: { a: fail('E_A'), c: fail('E_C') },
    expect: { order: ['a', 'b', 'c'], outcome: 'failed', failure: { type: 'E_A', task: 'a' }, also: ['E_C'] },
    pure: true,
  },
  {
    name: 'once the run has failed, neither a handler nor a cleanup of what still ran is started',
    definition: {
      tasks: [
        act('a'),
        act('b', { on_failure: ['clean', 'fail'] }),
        act('c', { on_failure: 'rescue' }),
        act('clean'),
        act('rescue'),
      ],
      start: ['a', 'b', 'c'],
    },
    outcomes: { a: fail('E_A'), b: fail('E_B'), c: fail('E_C') },
    expect: { order: ['a', 'b', 'c'], outcome: 'failed', failure: { type: 'E_A', task: 'a' }, also: ['E_B'] },
    pure: true,
  },
  {
    name: 'a second arrival is a second visit',
    definition: { tasks: [act('a', { on_success: 'c' }), act('b', { on_success: 'c' }), act('c')] },
    outcomes: { c: ok(2) },
    expect: { order: ['a', 'b', 'c', 'c#2'], outcome: 'completed', output: { c: 2 } },
  },
  {
    name: 'a loop visits its tasks again until one fails out of it',
    definition: {
      tasks: [act('a', { on_success: 'b' }), act('b', { on_success: 'a', on_failure: 'noop' })],
      start: ['a'],
    },
    outcomes: { b: [ok(1), ok(2), fail('E_END')] },
    expect: { order: ['a', 'b', 'a#2', 'b#2', 'a#3', 'b#3'], outcome: 'completed', output: { b: null } },
  },
  {
    name: 'further attempts are made until one succeeds',
    definition: { tasks: [act('a', { retry: { count: 2, delay: 0 } })] },
    outcomes: { a: [fail('E_1'), fail('E_2'), ok('third')] },
    expect: { order: ['a'], outcome: 'completed', output: 'third' },
  },
  {
    name: 'when the attempts are used up, the last failure counts',
    definition: { tasks: [act('a', { retry: { count: 1, delay: 0 } })] },
    outcomes: { a: [fail('E_1'), fail('E_2'), ok('third')] },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'E_2', task: 'a' } },
  },
  {
    name: 'an inline task is tried again by the interpreter',
    definition: {
      tasks: [{ name: 'a', action: 'core.fail', input: { message: 'no' }, retry: { count: 2, delay: 0.01 } }],
    },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'action_error', task: 'a', message: 'no' } },
  },
  {
    name: 'parameters, variables, outputs and literals come through templates with their types',
    definition: {
      variables: { base: '{{ workflow.param.n }}', copy: ['{{ base }}', 'text {{ base }}'] },
      tasks: [
        act('a'),
        {
          name: 'b',
          action: 'core.transform',
          input: {
            data: {
              whole: '{{ a.output }}',
              field: '{{ task.a.output.list[-1] }}',
              status: '{{ tasks.a.status }}',
              mixed: 'n={{ n }} on={{ parameters.on }} none={{ a.output.none }} {{ a.output.list }}',
              variable: '{{ variables.copy }}',
              execution: '{{ execution.id }}',
              ref: '{{ workflow.ref }}@{{ workflow.version }}',
              literal: [1, null, { deep: true }],
            },
          },
        },
      ],
    },
    input: { n: 7, on: true },
    outcomes: { a: ok({ list: [1, 'two', { three: 3 }], none: null }) },
    expect: {
      order: ['a', 'b'],
      outcome: 'completed',
      output: {
        whole: { list: [1, 'two', { three: 3 }], none: null },
        field: { three: 3 },
        status: 'succeeded',
        mixed: "n=7 on=True none=None [1, 'two', {'three': 3}]",
        variable: [7, 'text 7'],
        execution: 1024,
        ref: 'test.rehearsal@1.0.0',
        literal: [1, null, { deep: true }],
      },
    },
  },
  {
    name: 'templates inside data are data',
    definition: { tasks: [act('a'), { name: 'b', action: 'core.transform', input: '{{ a.output }}' }] },
    outcomes: { a: ok('{{ workflow.param.secret }}') },
    expect: { order: ['a', 'b'], outcome: 'completed', output: '{{ workflow.param.secret }}' },
  },
  {
    name: 'a missing key fails the task with template_error, its place and the keys there are',
    definition: {
      tasks: [
        act('a', { on_success: 'b' }),
        act('b', { input: { x: 'see\n {{ a.output.cod }}' }, on_failure: 'c' }),
        {
          name: 'c',
          action: 'core.transform',
          input: '{{ error.details }}',
        },
      ],
    },
    outcomes: { a: ok({ code: 1, body: 2 }) },
    expect: {
      order: ['a', 'b', 'c'],
      outcome: 'completed',
      output: { c: { field: '/definition/tasks/1/input/x', line: 2, column: 14 } },
    },
  },
  {
    name: 'a variable that cannot be rendered fails the run before anything starts',
    definition: { variables: { x: '{{ workflow.param.gone }}' }, tasks: [act('a')] },
    expect: { order: [], outcome: 'failed', failure: { type: 'template_error' } },
  },
  {
    name: 'an inline input that does not match is input_invalid and is not tried again',
    definition: {
      tasks: [{ name: 'a', action: 'core.fail', input: { message: '{{ n }}' }, retry: { count: 3, delay: 0 } }],
    },
    input: { n: 3 },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'input_invalid', task: 'a' } },
  },
  {
    name: 'an input that is too large is found before it is sent',
    definition: {
      tasks: [
        { name: 'a', action: 'core.transform', input: ['{{ big }}', '{{ big }}'] },
        act('b', { input: '{{ a.output }}' }),
      ],
    },
    input: { big: 'é'.repeat(400_000) },
    expect: { order: ['a', 'b'], outcome: 'failed', failure: { type: 'too_large', task: 'b' } },
  },
  {
    name: 'a result that is too large fails the run instead of hanging it',
    definition: { tasks: [{ name: 'a', action: 'core.transform', input: ['{{ big }}', '{{ big }}'] }] },
    input: { big: 'x'.repeat(800_000) },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'too_large' } },
  },
  {
    name: 'a lost worker ends a task as abandoned, which on_failure can take',
    definition: { tasks: [act('a', { on_failure: 'b' }), act('b', { input: '{{ error.type }}' })] },
    outcomes: { a: lost },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: null } },
    pure: true,
  },
  {
    name: 'an unhandled lost worker ends the run as abandoned',
    definition: { tasks: [act('a')] },
    outcomes: { a: lost },
    expect: { order: ['a'], outcome: 'abandoned', failure: { type: 'abandoned', task: 'a' } },
    pure: true,
  },
  {
    name: 'an idempotent task is issued again after its worker was lost',
    definition: { tasks: [{ name: 'a', action: 'test.safe' }] },
    outcomes: { a: [lost, lost, ok('at last')] },
    expect: { order: ['a'], outcome: 'completed', output: 'at last' },
    pure: true,
  },
  {
    name: 'an idempotent task is issued again five times at most',
    definition: { tasks: [{ name: 'a', action: 'test.safe' }] },
    outcomes: { a: [lost, lost, lost, lost, lost, lost, ok('too late')] },
    expect: { order: ['a'], outcome: 'abandoned', failure: { type: 'abandoned', task: 'a' } },
    pure: true,
  },
  {
    name: 'an HTTP request that only reads is issued again after its worker was lost',
    definition: { tasks: [{ name: 'a', action: 'core.http', input: { url: 'http://a.b', method: "{{ 'HEAD' }}" } }] },
    outcomes: { a: [lost, ok('at last')] },
    expect: { order: ['a'], outcome: 'completed', output: 'at last' },
    pure: true,
  },
  {
    name: 'an HTTP request that may change something is not',
    definition: { tasks: [{ name: 'a', action: 'core.http', input: { url: 'http://a.b', method: 'PUT' } }] },
    outcomes: { a: [lost, ok('never')] },
    expect: { order: ['a'], outcome: 'abandoned', failure: { type: 'abandoned', task: 'a' } },
    pure: true,
  },
  {
    name: 'an action that throws a type of the engine is not taken for the engine',
    definition: { tasks: [{ name: 'a', action: 'test.safe' }] },
    outcomes: { a: [fail('abandoned'), ok('never')] },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'abandoned', task: 'a' } },
  },
];
