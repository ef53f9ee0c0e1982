import { act, fail, give, ok, type Rehearsal } from './rehearse.ts';

/** Waits some hundredths of a second, so that its followers come later than those of others. */
const pause = (name: string, hundredths: number, rest: object = {}) => ({
  name,
  action: 'core.delay',
  input: { seconds: hundredths / 100 },
  ...rest,
});

/** Joins, their rounds and lineages, as rows. */
export const JOIN_REHEARSALS: Rehearsal[] = [
  {
    name: 'a join runs once, when all tasks that lead to it have arrived',
    definition: {
      tasks: [
        act('a', { on_success: 'j' }),
        act('b', { on_success: 'c' }),
        act('c', { on_success: 'j' }),
        give('j', ['{{ a.output }}', '{{ c.output }}'], { join: 'all' }),
      ],
    },
    outcomes: { a: ok(1), c: ok(3) },
    expect: { order: ['a', 'b', 'c', 'j'], outcome: 'completed', output: { j: [1, 3] } },
  },
  {
    name: 'a task without transitions is none of a list that has a join',
    definition: { start: ['a', 'b'], tasks: [act('a', { on_complete: 'j' }), act('j', { join: 1 }), act('b')] },
    outcomes: { b: ok('b'), j: ok('j') },
    expect: { order: ['a', 'b', 'j'], outcome: 'completed', output: { b: 'b', j: 'j' } },
  },
  {
    name: 'behind a join the later publish of a name wins, whatever the order of arrival, and what is inherited never does',
    definition: {
      variables: { x: 'first', y: 'first' },
      tasks: [
        act('fork', { on_success: ['early', 'late', 'idle'] }),
        pause('late', 2, { publish: { x: 'late' }, on_success: 'j' }),
        pause('early', 1, { publish: { x: 'early', y: 'early' }, on_success: 'long' }),
        pause('long', 3, { on_success: 'j' }),
        pause('idle', 6, { on_success: 'j' }),
        give('j', '{{ [x, y] }}', { join: 'all' }),
      ],
    },
    expect: {
      order: ['fork', 'early', 'late', 'idle', 'long', 'j'],
      outcome: 'completed',
      output: { j: ['late', 'early'] },
    },
  },
  {
    name: 'a join with a count runs once, at the first so many; what comes later is absorbed, and its publishes count',
    definition: {
      output: { seen: '{{ [x, y] }}', by: '{{ j.output }}' },
      tasks: [
        pause('a', 1, { publish: { x: 'a' }, on_success: 'j' }),
        pause('b', 2, { on_success: 'j' }),
        pause('c', 4, { publish: { y: 'c' }, on_success: 'j' }),
        give('j', '{{ x }} {{ y is defined }}', { join: 2 }),
      ],
    },
    expect: {
      order: ['a', 'b', 'c', 'j'],
      outcome: 'completed',
      output: { seen: ['a', 'c'], by: 'a False' },
    },
  },
  {
    name: 'a join of one runs at the first arrival',
    definition: {
      tasks: [
        // So much later that no busy machine takes both arrivals at once.
        pause('a', 3_000, { on_success: 'j' }),
        pause('b', 1, { on_success: 'j' }),
        give('j', '{{ task.a.status }}', { join: 1 }),
      ],
    },
    expect: { order: ['a', 'b', 'j'], outcome: 'completed', output: { j: 'running' } },
  },
  {
    name: 'two transitions of one visit to a join are one arrival, with the publishes of both',
    definition: {
      tasks: [
        act('a', {
          next: [
            { publish: { x: 1 }, do: 'j' },
            { when: 'succeeded()', publish: { y: 2 }, do: 'j' },
          ],
        }),
        pause('b', 1, { on_success: 'j' }),
        give('j', '{{ [x, y] }}', { join: 'all' }),
      ],
    },
    expect: { order: ['a', 'b', 'j'], outcome: 'completed', output: { j: [1, 2] } },
  },
  {
    name: 'two transitions of one visit to one task open a lineage each: the join behind runs for both, with what each has published',
    definition: {
      output: '{{ seen | sort }}',
      variables: { seen: [] },
      tasks: [
        act('a', {
          next: [
            { publish: { x: 1 }, do: 'b' },
            { when: 'succeeded()', publish: { x: 2 }, do: 'b' },
            { when: 'failed()', publish: { x: 3 }, do: 'b' },
          ],
        }),
        pause('b', 1, { on_success: ['left', 'right'] }),
        // No worker runs it: of two activities, either may end first.
        give('left', null, { on_success: 'j' }),
        pause('right', 1, { on_success: 'j' }),
        give('j', '{{ x }}', { join: 'all', on_success: 'c' }),
        give('c', '{{ [x, j.output] }}', { publish: { seen: '{{ (result(),) | list }}' } }),
      ],
    },
    expect: {
      order: ['a', 'b', 'b#2', 'left', 'right', 'left#2', 'right#2', 'j', 'j#2', 'c', 'c#2'],
      outcome: 'completed',
      output: [[2, 2]],
    },
  },
  {
    name: 'two transitions twice over make four lineages, and four joins',
    definition: {
      tasks: [
        act('a', { on_success: 'b', on_complete: 'b' }),
        act('b', { on_success: 'c', on_complete: 'c' }),
        act('c', { on_success: ['left', 'right'] }),
        act('left', { on_success: 'j' }),
        act('right', { on_success: 'j' }),
        act('j', { join: 'all' }),
      ],
    },
    expect: {
      order: [
        ...['a', 'b', 'b#2', 'c', 'c#2', 'c#3', 'c#4'],
        ...['left', 'right', 'left#2', 'right#2', 'left#3', 'right#3', 'left#4', 'right#4', 'j', 'j#2', 'j#3', 'j#4'],
      ],
      outcome: 'completed',
    },
  },
  {
    name: 'in a loop each round of a join runs once',
    definition: {
      start: ['fork'],
      variables: { round: 0 },
      tasks: [
        give('fork', null, { publish: { round: '{{ round + 1 }}' }, on_success: ['a', 'b'] }),
        act('a', { on_success: 'j' }),
        pause('b', 1, { on_success: 'j' }),
        give('j', '{{ round }}', {
          join: 'all',
          next: [
            { when: 'round < 3', do: 'fork' },
            { when: 'round >= 3', do: 'last' },
          ],
        }),
        give('last', '{{ [round, j.output, fork.status] }}'),
      ],
    },
    expect: {
      order: ['fork', 'a', 'b', 'j', 'fork#2', 'a#2', 'b#2', 'j#2', 'fork#3', 'a#3', 'b#3', 'j#3', 'last'],
      outcome: 'completed',
      output: { last: [3, 3, 'succeeded'] },
    },
  },
  {
    name: 'a round of a loop may begin before the one before has been joined',
    definition: {
      start: ['a'],
      variables: { round: 0 },
      tasks: [
        give('a', null, {
          publish: { round: '{{ round + 1 }}' },
          next: [
            { when: 'round < 3', do: ['a', 'b', 'j'] },
            { when: 'round >= 3', do: ['b', 'j'] },
          ],
        }),
        pause('b', 1, { on_success: 'j' }),
        give('j', '{{ round }}', { join: 'all', next: [{ when: 'round > 99', do: 'a' }] }),
      ],
    },
    expect: {
      order: ['a', 'a#2', 'b', 'a#3', 'b#2', 'b#3', 'j', 'j#2', 'j#3'],
      outcome: 'completed',
    },
  },
  {
    name: 'a join outside the loop that leads to it runs once; later arrivals are absorbed',
    definition: {
      start: ['a', 'b'],
      variables: { round: 0 },
      output: '{{ [j.output, round] }}',
      tasks: [
        act('a', {
          publish: { round: '{{ round + 1 }}' },
          next: [{ do: 'j' }, { when: 'round < 3', do: 'a' }],
        }),
        act('b', { on_success: 'j' }),
        give('j', '{{ round }}', { join: 'all' }),
      ],
    },
    expect: { order: ['a', 'b', 'a#2', 'j', 'a#3'], outcome: 'completed', output: [1, 3] },
  },
  {
    name: 'a join that can no longer be reached fails the run, which says who is missing; what has arrived still counts',
    definition: {
      output: { x: '{{ x }}' },
      tasks: [
        act('a', { publish: { x: 'arrived' }, on_success: 'j' }),
        act('b', { on_success: 'j', on_failure: 'noop' }),
        act('c', { on_success: 'j' }),
        act('j', { join: 'all' }),
      ],
    },
    outcomes: { b: fail('E_B') },
    expect: {
      order: ['a', 'b', 'c'],
      outcome: 'failed',
      output: { x: 'arrived' },
      failure: {
        type: 'unreachable_join',
        task: 'j',
        message: '"j" waits for b, and nothing can lead there any more',
      },
    },
  },
  {
    name: 'a join with a count that can no longer be reached says how many are missing; the second one stands beside',
    definition: {
      start: ['a'],
      tasks: [
        act('a', { on_success: ['b', 'c', 'd'] }),
        act('b', { next: [{ when: 'succeeded()', do: ['j', 'k'] }] }),
        act('c', { on_success: 'j', on_failure: 'noop' }),
        act('d', { on_success: ['j', 'k'], on_failure: 'noop' }),
        act('j', { join: 2 }),
        act('k', { join: 'all' }),
      ],
    },
    outcomes: { c: fail('E_C'), d: fail('E_D') },
    expect: {
      order: ['a', 'b', 'c', 'd'],
      outcome: 'failed',
      failure: { type: 'unreachable_join', message: '"j" waits for 1 of c, d, and nothing can lead there any more' },
      also: ['unreachable_join'],
    },
  },
  {
    name: 'after an unhandled failure a join in the branch that cleans up runs when this arrival completes it',
    definition: {
      start: ['a', 'b'],
      tasks: [
        act('a', { on_success: 'j' }),
        act('b', { delay: 5, on_failure: ['fail', 'j'] }),
        give('j', '{{ [error.type, a.status] }}', { join: 'all' }),
      ],
      output: { cleaned: '{{ j.output }}' },
    },
    outcomes: { b: fail('E_B') },
    expect: {
      order: ['a', 'b', 'j'],
      outcome: 'failed',
      failure: { type: 'E_B' },
      output: { cleaned: ['E_B', 'succeeded'] },
    },
  },
  {
    name: 'a join that the failure of the run left part-filled is not missing, nor does it run',
    definition: {
      start: ['a', 'b'],
      tasks: [
        act('a', { on_failure: ['fail', 'j'] }),
        act('b', { delay: 5, on_success: 'j' }),
        act('j', { join: 'all' }),
      ],
    },
    outcomes: { a: fail('E_A') },
    expect: { order: ['a'], outcome: 'failed', failure: { type: 'E_A' } },
  },
  {
    name: 'behind a join `error` is the latest failure of its branches',
    definition: {
      tasks: [
        act('a', { on_failure: 'j' }),
        act('b', { on_success: 'j' }),
        pause('c', 500, { on_success: 'd' }),
        act('d', { on_failure: 'j' }),
        give('j', '{{ error.type }} of {{ error.task }}', { join: 'all' }),
      ],
    },
    outcomes: { a: fail('E_A'), d: fail('E_D') },
    expect: { order: ['a', 'b', 'c', 'd', 'j'], outcome: 'completed', output: { j: 'E_D of d' } },
  },
  {
    name: 'each arrival at a task with several begins a lineage of its own, and joins gather within one',
    definition: {
      tasks: [
        // No worker runs these: of two activities, either may end first, and the arrival from b is to be the later one.
        give('a', 'A', { publish: { who: 'a' }, on_success: ['several', 'b'] }),
        give('b', 'B', { publish: { who: 'b' }, on_success: 'several' }),
        give('several', null, { on_success: ['left', 'right'] }),
        pause('left', 1, { on_success: 'j' }),
        give('right', null, { on_success: 'j' }),
        give('j', '{{ who }}', { join: 'all', on_success: 'k' }),
        give('k', '{{ who }} {{ j.output }}', { join: 'all' }),
      ],
      output: '{{ [k.output, who] }}',
    },
    expect: {
      order: ['a', 'several', 'b', 'left', 'right', 'several#2', 'left#2', 'right#2', 'j', 'j#2', 'k', 'k#2'],
      outcome: 'completed',
      output: ['b b', 'b'],
    },
  },
  {
    name: 'an entry that another task leads to as well has several arrivals',
    definition: {
      start: ['a', 'b'],
      tasks: [
        act('a', { on_success: 'b' }),
        act('b', { on_success: ['c', 'd'] }),
        act('c', { on_success: 'j' }),
        act('d', { on_success: 'j' }),
        act('j', { join: 'all' }),
      ],
    },
    expect: { order: ['a', 'b', 'b#2', 'c', 'd', 'c#2', 'd#2', 'j', 'j#2'], outcome: 'completed', output: { j: null } },
  },
  {
    name: 'the word retry leads back to a join without waiting for others',
    definition: {
      start: ['a'],
      tasks: [
        act('a', { on_success: ['b', 'c'] }),
        act('b', { on_success: 'j' }),
        act('c', { on_success: 'j' }),
        act('j', { join: 'all', retry: { count: 0, delay: 0.01 }, next: [{ when: 'failed()', do: 'retry' }] }),
      ],
    },
    outcomes: { j: [fail('E_J'), fail('E_J'), ok('third')] },
    expect: { order: ['a', 'b', 'c', 'j', 'j#2', 'j#3'], outcome: 'completed', output: { j: 'third' } },
  },
  {
    name: 'behind a join a task means its latest visit on any of the paths',
    definition: {
      start: ['a'],
      variables: { round: 0 },
      tasks: [
        give('a', '{{ round + 1 }}', {
          publish: { round: '{{ round + 1 }}' },
          next: [
            { when: 'round == 1', do: ['b', 'a'] },
            { when: 'round == 2', do: 'c' },
          ],
        }),
        pause('b', 1, { on_success: 'j' }),
        act('c', { on_success: 'j' }),
        give('j', '{{ a.output }}', { join: 'all' }),
      ],
    },
    expect: { order: ['a', 'b', 'a#2', 'c', 'j'], outcome: 'completed', output: { j: 2 } },
  },
  {
    name: 'joins behind joins: a task means its visit on the path that led here',
    definition: {
      start: ['a'],
      tasks: [
        give('a', 1, { on_success: ['b', 'c'] }),
        give('b', 2, { on_success: 'd' }),
        give('c', 3, { on_success: 'd' }),
        give('d', '{{ [a.output, b.output, c.output] }}', { join: 'all', on_success: ['e', 'f'] }),
        give('e', '{{ d.output | sum }}', { on_success: 'g' }),
        give('f', '{{ b.output }}', { on_success: 'g' }),
        give('g', '{{ [e.output, f.output, a.output] }}', { join: 2 }),
      ],
    },
    expect: { order: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], outcome: 'completed', output: { g: [6, 2, 1] } },
  },
];
