import { expect, it } from 'vitest';
import { begin, step } from '../../interpreter/interpreter.ts';
import type { Definition, Task } from '../../model/definition.ts';
import { WORKER_BUSY } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import { type Attempt, act, ENDLESS, fail, give, ok, type Rehearsal, rehearse, runInput } from './rehearse.ts';

/** A template of about 35,000 units. */
const HEAVY = '{% for i in range(5000) %}{% set x = i %}{% endfor %}';
const heavyItems = (count: number): Definition => ({
  tasks: [give('each', `${HEAVY}{{ item }}`, { with_items: `{{ range(${count}) }}` })],
});

const rows: {
  name: string;
  run: Pick<Rehearsal, 'definition' | 'limits'>;
  yields: [least: number, most: number];
  runs: number;
  outcome: string;
  failure?: object;
  output?: Json;
}[] = [
  {
    name: 'little work is done in one slice',
    run: { definition: heavyItems(6) },
    yields: [0, 0],
    runs: 1,
    outcome: 'completed',
    output: Array.from({ length: 6 }, (_, at) => at),
  },
  {
    name: 'items are done in slices, with the same result',
    run: { definition: heavyItems(50) },
    yields: [5, 8],
    runs: 1,
    outcome: 'completed',
    output: Array.from({ length: 50 }, (_, at) => at),
  },
  {
    name: 'more work than a replay may take goes on in other runs, with the same result',
    run: { definition: heavyItems(50), limits: { run: 300_000 } },
    yields: [2, 6],
    runs: 4,
    outcome: 'completed',
    output: Array.from({ length: 50 }, (_, at) => at),
  },
  {
    name: 'an endless loop ends at the limit of work without any event from outside, counted over the runs of a chain',
    run: { definition: ENDLESS, limits: { slice: 1_000, run: 10_000, span: 35_000 } },
    yields: [25, 40],
    runs: 4,
    outcome: 'failed',
    failure: {
      type: 'limit_exceeded',
      message: 'the run has done 35000 units of work, and nothing from outside came in between',
    },
  },
  {
    name: 'an endless loop that cleans up after a failure ends as well',
    run: {
      definition: {
        tasks: [
          { name: 'bad', action: 'core.fail', input: { message: 'no' }, on_failure: 'loop' },
          act('loop', { action: 'core.noop', on_success: ['loop', 'fail'] }),
        ],
      },
      limits: { slice: 1_000, span: 20_000 },
    },
    yields: [15, 25],
    runs: 1,
    outcome: 'failed',
  },
  {
    name: 'templates of one visit share a limit, and what they fail with can be handled',
    run: {
      definition: {
        tasks: [
          give('a', [HEAVY, HEAVY, HEAVY], {
            next: [{ when: 'failed()', publish: { why: '{{ error.type }}' }, do: 'b' }],
          }),
          give('b', '{{ why }}'),
        ],
      },
      limits: { visit: 60_000 },
    },
    yields: [0, 0],
    runs: 1,
    outcome: 'completed',
    output: { b: 'template_error' },
  },
  {
    name: 'templates of several items do not share one',
    run: { definition: heavyItems(5), limits: { visit: 60_000 } },
    yields: [0, 0],
    runs: 1,
    outcome: 'completed',
  },
  {
    name: 'what the output takes is bounded, too',
    run: { definition: { tasks: [give('a', 1)], output: { x: HEAVY, y: HEAVY } }, limits: { visit: 60_000 } },
    yields: [0, 0],
    runs: 1,
    outcome: 'failed',
    failure: { type: 'template_error' },
  },
  {
    name: 'and what the variables take',
    run: { definition: { tasks: [give('a', 1)], variables: { x: HEAVY, y: HEAVY } }, limits: { visit: 60_000 } },
    yields: [0, 0],
    runs: 1,
    outcome: 'failed',
    failure: { type: 'template_error' },
  },
];

it.each(rows)('$name', ({ run, yields: [least, most], runs, outcome, failure, output }) => {
  const { close, commands, state } = rehearse(run);
  const count = (type: string) => commands.filter((command) => command.type === type).length;
  expect(close?.outcome).toBe(outcome);
  if (failure !== undefined) expect(close?.failure).toMatchObject(failure);
  if (output !== undefined) expect(close?.output).toEqual(output);
  expect(count('yield')).toBeGreaterThanOrEqual(least);
  expect(count('yield')).toBeLessThanOrEqual(most);
  expect(count('continue') + 1).toBe(runs);
  expect(state.pending.size).toBe(0);
});

const busy: Attempt = { fault: { kind: 'application', type: WORKER_BUSY, message: 'busy', details: [] } };

it.each<
  [name: string, rest: Partial<Task>, outcomes: Attempt[], keys: string[], attempt: number | undefined, elapsed: number]
>([
  ['a task that a busy worker hands back', {}, [busy, busy, ok(1)], ['a', 'a~2', 'a~3'], undefined, 20_000],
  [
    'a hand-back is no attempt of `retry`',
    { retry: { count: 1, delay: 0, when: 'true' } },
    [busy, fail('E'), busy, fail('E')],
    ['a', 'a~2', 'a~3', 'a~4'],
    2,
    20_000,
  ],
])('is issued again after ten seconds: %s', (_, rest, outcomes, keys, attempt, elapsed) => {
  const { commands, close, state } = rehearse({ definition: { tasks: [act('a', rest)] }, outcomes: { a: outcomes } });
  expect(commands.flatMap((command) => (command.type === 'activity' ? [command.key] : []))).toEqual(keys);
  expect(close?.failure?.attempt).toBe(attempt);
  expect(state.now - state.started).toBe(elapsed);
});

it('a hand-back says why', () => {
  const reason = 'infrastructure_unavailable: the database does not respond';
  const away: Attempt = { fault: { kind: 'application', type: WORKER_BUSY, message: reason, details: [] } };
  const messageOf = (outcome: Attempt) =>
    rehearse({ definition: { tasks: [act('a')] }, outcomes: { a: Array.from({ length: 9_000 }, () => outcome) } }).close
      ?.failure?.message;
  expect(messageOf(away)).toBe(reason);
  // The other text of a worker is not repeated.
  expect(messageOf(busy)).toBe('worker_busy: no worker had room for the task');
});

it.each([
  ['hands it back at once', 10, 0, 7, 'infrastructure_unavailable'],
  ['keeps it for ten minutes', 10, 600, 2, 'infrastructure_unavailable'],
  ['hands it back at once, of an earlier interpreter', 9, 0, 8_641, 'abandoned'],
  ['keeps it for ten minutes, of an earlier interpreter', 9, 600, 8_641, 'abandoned'],
])(
  'a task waits for a worker for its `queue_timeout` of a minute where each %s',
  (_, interpreter, kept, tries, type) => {
    const message = 'infrastructure_unavailable: the database does not respond';
    const fault = { kind: 'application' as const, type: WORKER_BUSY, message, details: [] };
    let now = 0;
    let begun = 0;
    const run = { ...runInput({ tasks: [act('a')] }), interpreter };
    run.actions = { 'test.act': { timeout: 60, heartbeat_timeout: 3, queue_timeout: 60 } };
    const { state, commands } = begin(run, {}, now);
    for (let next = commands; ; ) {
      const command = next.find(({ type }) => type === 'activity' || type === 'timer' || type === 'close');
      if (command?.type === 'activity') {
        begun += 1;
        now += kept * 1_000;
        next = step(state, [{ type: 'failed', key: command.key, fault }], now);
      } else if (command?.type === 'timer') {
        now += command.milliseconds;
        next = step(state, [{ type: 'fired', key: command.key }], now);
      } else {
        expect([begun, command]).toMatchObject([tries, { type: 'close', failure: { type, message } }]);
        return;
      }
    }
  },
);

it('what one attempt has waited does not count for the next', () => {
  const spent = Array.from({ length: 6 }, () => busy);
  const { close } = rehearse({
    definition: { tasks: [act('a', { retry: { count: 2, delay: 0, when: 'true' } })] },
    outcomes: { a: [...spent, fail('E'), ...spent, fail('E'), ...spent, ok(1)] },
  });
  expect(close?.outcome).toBe('completed');
});

it('a task that workers hand back for too long is lost, and one of a run that has failed is not issued again', () => {
  const forever = rehearse({
    definition: { tasks: [act('a')] },
    outcomes: { a: Array.from({ length: 9_000 }, () => busy) },
  });
  expect(forever.close).toMatchObject({ outcome: 'abandoned', failure: { type: 'abandoned', task: 'a' } });
  const failing = rehearse({
    definition: { start: ['a', 'b'], tasks: [act('a'), act('b', { next: [] })] },
    outcomes: { a: [busy, ok(1)], b: fail('E') },
  });
  expect(failing.close?.failure?.type).toBe('E');
  expect(failing.commands.filter(({ type }) => type === 'activity')).toHaveLength(2);
});
