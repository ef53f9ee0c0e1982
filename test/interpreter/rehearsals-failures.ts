import type { Json } from '../../model/json.ts';
import { act, fail, give, ok, type Rehearsal } from './rehearse.ts';

const no = (name: string, rest: object = {}) => ({
  name,
  action: 'core.fail',
  input: { message: 'no', type: 'E_NO' },
  ...rest,
});

const known = (failure: { [field: string]: Json }): Json => ({
  type: 'E_NO',
  message: 'no',
  task: 'a',
  action: 'core.fail',
  attempt: 1,
  code: null,
  details: null,
  cause: null,
  ...failure,
});

/** Failures and attempts as a run sees them, as rows. */
export const FAILURE_REHEARSALS: Rehearsal[] = [
  {
    name: 'an error has every field, null where nothing is known, and so has the error of a task',
    definition: {
      tasks: [no('a', { on_failure: 'b' }), give('b', ['{{ error }}', '{{ a.error == error }}', '{{ b.error }}'])],
    },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: [known({}), true, null] } },
  },
  {
    name: 'a key of what an error does not have is undefined, which default takes',
    definition: {
      tasks: [
        no('a', { on_failure: 'b' }),
        give('b', "{{ error.details.status_code | default('none') }} {{ error.cause.type is defined }}"),
      ],
    },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: 'none False' } },
  },
  {
    name: 'a task knows how many attempts it has made, and its failure which one it was',
    definition: {
      tasks: [
        no('a', { retry: { count: 2, delay: 0 }, on_failure: ['b', 'c'] }),
        act('b', { retry: { count: 3, delay: 0, when: 'true' }, on_success: 'd' }),
        give('c', '{{ {}.x }}', { on_failure: 'e' }),
        give('d', ['{{ a.attempts }}', '{{ task.b.attempts }}', '{{ error.attempt }}']),
        give('e', ['{{ c.attempts }}', '{{ c.error.attempt }}', '{{ e.attempts }}']),
      ],
    },
    outcomes: { b: [fail('E_1'), fail('E_2'), ok(1)] },
    expect: {
      order: ['a', 'b', 'c', 'e', 'd'],
      outcome: 'completed',
      output: { e: [0, null, 0], d: [3, 3, 3] },
    },
  },
  {
    name: 'a task knows how many attempts Temporal has made of it, whatever it gives',
    definition: {
      tasks: [
        act('a', { retry: { count: 2, delay: 0 }, on_success: 'b' }),
        act('b', { retry: { count: 1, delay: 0 }, on_success: 'c' }),
        act('c', { retry: { count: 1, delay: 0 }, on_failure: 'd' }),
        give('d', ['{{ a.attempts }}', '{{ b.attempts }}', '{{ c.attempts }}', '{{ error.attempt }}']),
      ],
    },
    outcomes: { a: [fail('E_1'), fail('E_2'), ok({ x: 1 })], b: ok(null), c: [fail('E_1'), fail('E_2')] },
    expect: { order: ['a', 'b', 'c', 'd'], outcome: 'completed', output: { d: [3, 1, 2, 2] } },
  },
  {
    name: 'what one visit leads to starts together, although one of it fails the run at once',
    definition: {
      tasks: [
        act('a', { on_success: ['bad', 'slow', 'more'] }),
        no('bad'),
        act('slow', { on_success: 'never' }),
        give('more', 1, { on_success: 'never' }),
        act('never'),
      ],
      output: ['{{ slow.status }}', '{{ more.output }}', '{{ never is defined }}'],
    },
    expect: {
      order: ['a', 'bad', 'slow', 'more'],
      outcome: 'failed',
      failure: { type: 'E_NO', task: 'bad' },
      output: ['succeeded', 1, false],
    },
  },
  {
    name: 'a failure of items names those that did not start',
    definition: {
      tasks: [
        act('a', { with_items: [1, 2, 3, 4], concurrency: 1, on_failure: 'b' }),
        give('b', "{{ error.details['items'] | map(attribute='index') | list }}", { on_success: 'c' }),
        give('c', "{{ error.details['items'][1] }}"),
      ],
      output: ['{{ b.output }}', '{{ c.output }}'],
    },
    items: { a: [ok(1), fail('E')] },
    expect: {
      order: ['a', 'b', 'c'],
      outcome: 'completed',
      output: [[1, 2, 3], { index: 2, type: 'cancelled', reason: 'the item did not start' }],
    },
  },
  {
    name: 'a handler that fails has the failure that it handled as its last cause',
    definition: {
      tasks: [no('a', { on_failure: 'b' }), act('b', { on_failure: 'c' }), give('c', '{{ error.details.here }}')],
      output: '{{ [error.task, error.cause.task, error.cause.cause.task, error.cause.cause.cause] }}',
    },
    outcomes: { b: fail('E_B') },
    expect: {
      order: ['a', 'b', 'c'],
      outcome: 'failed',
      failure: { type: 'template_error', task: 'c' },
      output: ['c', 'b', 'a', null],
    },
  },
  {
    name: 'a retry.when that reads what a failure does not have is false, and the failure stays',
    definition: {
      tasks: [
        no('a', { retry: { count: 2, delay: 0, when: 'error.details.status_code >= 500' }, on_failure: 'b' }),
        give('b', ['{{ error.type }}', '{{ error.attempt }}', '{{ error.cause }}']),
      ],
    },
    expect: { order: ['a', 'b'], outcome: 'completed', output: { b: ['E_NO', 1, null] } },
  },
];
