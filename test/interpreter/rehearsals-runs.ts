import { act, fail, give, hang, ok, type Rehearsal } from './rehearse.ts';

/** Rules for a run as a whole: `when`, `output`, `timeout`, cleanup; and time, attempts and chance, as rows. */
export const RUN_REHEARSALS: Rehearsal[] = [
  {
    name: 'a run whose condition is false is skipped, having run nothing',
    definition: { when: 'n > 3', tasks: [act('a')], output: 1, variables: { x: '{{ n.no }}' } },
    input: { n: 3 },
    expect: { order: [], outcome: 'skipped', output: null },
  },
  {
    name: 'a run whose condition is true runs',
    definition: { when: "{{ workflow.param.env == 'prod' }}", tasks: [act('a')] },
    input: { env: 'prod' },
    outcomes: { a: ok(1) },
    expect: { order: ['a'], outcome: 'completed', output: 1 },
  },
  {
    name: 'a run whose condition cannot be evaluated fails',
    definition: { when: 'workflow.param.gone', tasks: [act('a')] },
    expect: { order: [], outcome: 'failed', failure: { type: 'template_error' } },
  },
  {
    name: 'the output names what the run gives',
    definition: {
      variables: { greeting: 'hello' },
      output: { text: '{{ greeting }} {{ a.output.name }}', all: ['{{ a.status }}', 1], 'any key': true },
      tasks: [act('a')],
    },
    outcomes: { a: ok({ name: 'you' }) },
    expect: {
      order: ['a'],
      outcome: 'completed',
      output: { text: 'hello you', all: ['succeeded', 1], 'any key': true },
    },
  },
  {
    name: 'an output may be one template, which keeps its type',
    definition: { output: '{{ a.output.list }}', tasks: [act('a')] },
    outcomes: { a: ok({ list: [1, 2] }) },
    expect: { order: ['a'], outcome: 'completed', output: [1, 2] },
  },
  {
    name: 'an output that cannot be rendered fails a run that had succeeded',
    definition: { output: { x: '{{ a.output.no }}' }, tasks: [act('a')] },
    outcomes: { a: ok({ yes: 1 }) },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'template_error' } },
  },
  {
    name: 'after a failure the output holds what can be rendered, and hides nothing',
    definition: {
      output: { done: '{{ a.output }}', why: '{{ error.type }} in {{ error.task }}', lost: '{{ c.output }}' },
      tasks: [act('a'), act('b'), act('c')],
    },
    outcomes: { a: ok(1), b: fail('E_B') },
    expect: {
      order: ['a', 'b'],
      outcome: 'failed',
      failure: { type: 'E_B', task: 'b' },
      output: { done: 1, why: 'E_B in b' },
    },
  },
  {
    name: 'a run that takes longer than its timeout is cancelled and ends as timeout',
    definition: { timeout: 0.5, tasks: [act('a'), act('b')] },
    outcomes: { a: hang },
    expect: {
      order: ['a'],
      outcome: 'timeout',
      failure: { type: 'timeout', message: 'the run took longer than 0.5 seconds' },
      elapsed: 500,
    },
  },
  {
    name: 'a run that ends in time does not know of its timeout',
    definition: { timeout: 60, tasks: [act('a')] },
    outcomes: { a: ok(1) },
    expect: { order: ['a'], outcome: 'completed', output: 1, elapsed: 0 },
  },
  {
    name: 'a task that times out unhandled makes the run fail, not time out',
    definition: { timeout: 60, tasks: [act('a')] },
    outcomes: { a: fail('timeout') },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'timeout', task: 'a' } },
  },
  {
    name: 'after the timeout of the run the cleanup runs in list order with the variables of all branches, past its own failures',
    definition: {
      // Long enough for a busy machine to reach the task that hangs.
      timeout: 20,
      start: ['a', 'b'],
      on_cancel: ['undo', 'report'],
      output: { undone: '{{ undo.status }}', report: '{{ report.output }}' },
      tasks: [
        act('a', { publish: { x: 1 } }),
        act('b', { next: [{ publish: { y: 2 }, do: 'wait' }] }),
        act('wait'),
        act('undo'),
        give('report', '{{ [x, y, wait.status, a.status] }}'),
      ],
    },
    outcomes: { wait: hang, undo: fail('E_UNDO') },
    expect: {
      order: ['a', 'b', 'wait', 'undo', 'report'],
      outcome: 'timeout',
      failure: { type: 'timeout' },
      also: ['E_UNDO'],
      output: { undone: 'failed', report: [1, 2, 'cancelled', 'succeeded'] },
      elapsed: 20_000,
    },
  },
  {
    name: 'a cleanup with transitions is a graph of its own, and leaves a list a list',
    definition: {
      timeout: 20,
      on_cancel: 'undo',
      tasks: [
        act('a'),
        act('b'),
        act('undo', { on_failure: 'undo_harder', on_success: 'never' }),
        act('undo_harder', { retry: { count: 1, delay: 0.01, when: "error.type == 'E_H'" } }),
        act('never'),
      ],
    },
    outcomes: { b: hang, undo: fail('E_UNDO'), undo_harder: [fail('E_H'), ok(1)] },
    expect: { order: ['a', 'b', 'undo', 'undo_harder'], outcome: 'timeout', failure: { type: 'timeout' } },
  },
  {
    name: 'a cleanup that nothing calls for does not run',
    definition: { on_cancel: ['undo'], tasks: [act('a'), act('undo')] },
    outcomes: { a: ok(1) },
    expect: { order: ['a'], outcome: 'completed', output: 1 },
  },
  {
    name: 'retry.when decides over each failure whether to try again',
    definition: {
      tasks: [act('a', { retry: { count: 5, delay: 0.01, when: "error.type == 'E_TRY' and error.attempt < 4" } })],
    },
    outcomes: { a: [fail('E_TRY'), fail('E_TRY'), fail('E_STOP'), ok(1)] },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'E_STOP', task: 'a' }, elapsed: 20 },
  },
  {
    name: 'retry.when makes no more attempts than retry.count',
    definition: { tasks: [act('a', { retry: { count: 2, delay: 0, when: 'failed()' } })] },
    outcomes: { a: [fail('E_1'), fail('E_2'), fail('E_3'), ok(1)] },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'E_3', task: 'a' } },
  },
  {
    name: 'a retry.when that cannot be evaluated fails the task with template_error',
    definition: {
      tasks: [
        act('a', { retry: { count: 2, delay: 0, when: 'error.message > 1' }, on_failure: 'b' }),
        give('b', ['{{ error.type }}', '{{ error.cause.type }}']),
      ],
    },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: ['template_error', 'E_A'] } },
  },
  {
    name: 'the input of an action has the defaults of its schema wherever that applies',
    definition: { tasks: [{ name: 'a', action: 'test.typed', input: { hosts: [{}, { port: 1 }] } }] },
    outcomes: { a: ok(1) },
    expect: { order: ['a'], outcome: 'completed', output: 1 },
  },
  {
    name: 'attempts that the interpreter makes wait longer each time, up to max_delay',
    definition: {
      tasks: [
        {
          name: 'a',
          action: 'core.fail',
          input: { message: 'no' },
          retry: { count: 4, delay: 0.01, backoff: 'exponential', factor: 3, max_delay: 0.05 },
        },
      ],
    },
    expect: {
      order: ['a'],
      outcome: 'failed',
      failure: { type: 'action_error', task: 'a' },
      elapsed: 10 + 30 + 50 + 50,
    },
  },
  {
    name: 'a delay comes before a task starts, and its input is rendered after it',
    definition: {
      variables: { seconds: 0.2 },
      tasks: [give('a', '{{ now() }}'), give('b', '{{ now() > a.output }}', { delay: '{{ seconds }}' })],
    },
    expect: { order: ['a', 'b'], outcome: 'completed', output: true, elapsed: 200 },
  },
  {
    name: 'a delay that is no number of seconds is input_invalid',
    definition: {
      variables: { seconds: 'soon' },
      tasks: [act('a', { delay: '{{ seconds }}', on_failure: 'b' }), give('b', '{{ error.details.field }}')],
    },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: 'delay' } },
  },
  {
    name: 'a delay that cannot be rendered is a template_error',
    definition: { tasks: [act('a', { delay: '{{ workflow.param.no }}' })] },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'template_error', task: 'a' } },
  },
  {
    name: 'core.delay waits for seconds or until a time, and not at all for one that has passed',
    definition: {
      tasks: [
        { name: 'a', action: 'core.delay', input: { seconds: 0.1 } },
        { name: 'b', action: 'core.delay', input: { until: '2001-01-01T00:00:00Z' } },
        give('c', '{{ [a.output.waited_ms >= 100, b.output.waited_ms] }}'),
      ],
    },
    expect: { order: ['a', 'b', 'c'], outcome: 'completed', output: [true, 0], elapsed: 100 },
  },
  {
    name: 'core.delay wants exactly one of seconds and until',
    definition: { tasks: [{ name: 'a', action: 'core.delay', input: '{{ {} }}' }] },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'input_invalid', task: 'a' } },
  },
  {
    name: 'core.delay waits for 10 years at most',
    definition: { tasks: [{ name: 'a', action: 'core.delay', input: { until: '2400-01-01T00:00:00Z' } }] },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'input_invalid', task: 'a' } },
    pure: true,
  },
  {
    name: 'when a run has failed, what waits for a further attempt or for its delay is not awaited',
    definition: {
      start: ['a', 'b', 'c'],
      tasks: [act('a'), act('b', { retry: { count: 3, delay: 3600, when: 'failed()' } }), act('c', { delay: 3600 })],
    },
    outcomes: { a: fail('E_A'), b: fail('E_B') },
    expect: {
      order: ['a', 'b'],
      outcome: 'failed',
      failure: { type: 'E_A' },
      also: ['E_B'],
      elapsed: 0,
    },
    pure: true,
  },
  {
    name: 'templates of the second dialect decide what a run gives',
    definition: {
      output: '{{ a.output }}',
      tasks: [
        give('a', [
          '{{ 1.25 | round(1) }}',
          "{{ 'price X' | regex_replace('X', '$5') }}",
          "{{ 'a1' | regex_findall('([a-z])([0-9])') }}",
          "{{ dict([('a', 1)]) }}",
          '{% set q = nope %}{{ q is defined }}',
          "{{ ('1.0.0+b1' | version_compare('1.0.0+b2')) }}",
        ]),
      ],
    },
    expect: {
      order: ['a'],
      outcome: 'completed',
      output: [1.2, 'price $5', [['a', '1']], { a: 1 }, false, 0],
    },
  },
  {
    name: 'what the third dialect mended decides what a run gives',
    definition: {
      output: '{{ a.output }}',
      tasks: [
        give('a', [
          '{{ 9007199254740991 // -3 }}',
          '{% set q = 5 %}{% with q = 2, r = q %}{{ r }}{% endwith %}',
          "{{ ['\u00a0'] ~ '' }}",
          '{{ 1 is sameas true }}',
          "{{ 'a\\tb'.expandtabs(4) }}",
        ]),
      ],
    },
    expect: { order: ['a'], outcome: 'completed', output: [-3002399751580331, 5, "['\\xa0']", false, 'a   b'] },
  },
  {
    name: 'chance and UUIDs are drawn anew each time',
    definition: {
      output: '{{ [a.output | unique | list | length, a.output[0] | length, [1] | random] }}',
      tasks: [give('a', ['{{ uuid() }}', '{{ uuid() }}', '{{ uuid() }}'])],
    },
    expect: { order: ['a'], outcome: 'completed', output: [3, 36, 1] },
  },
];
