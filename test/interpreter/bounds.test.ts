import { expect, it } from 'vitest';
import { expectRehearsal } from './expect-rehearsal.ts';
import { act, give, type Rehearsal, rehearse } from './rehearse.ts';

// Rehearsals that reach a bound of the interpreter. No server could play them.

const REHEARSALS: Omit<Rehearsal, 'pure'>[] = [
  {
    name: 'a loop of inline tasks ends at the limit of visits',
    definition: {
      start: ['a'],
      tasks: [
        { name: 'a', action: 'core.noop', on_success: 'b' },
        { name: 'b', action: 'core.noop', next: [{ when: 'succeeded()', do: 'a' }] },
      ],
    },
    expect: { order: [], outcome: 'failed', failure: { type: 'limit_exceeded' } },
  },
  {
    name: 'a hundred thousand inline items take one activation',
    definition: {
      tasks: [give('a', null, { with_items: '{{ workflow.param.list }}' }), give('b', '{{ a.output | length }}')],
    },
    input: { list: Array.from({ length: 100_000 }, (_, index) => index) },
    expect: { order: ['a', 'b'], outcome: 'completed', output: 100_000 },
  },
];

it.each(REHEARSALS)('$name', expectRehearsal);

it('a fan-out of 500 tasks takes one activation, and so does the join of all of them', () => {
  const names = Array.from({ length: 500 }, (_, index) => `t${index}`);
  const tasks = names.map((name) => act(name, { on_success: 'all' }));
  const definition = { tasks: [act('fork', { on_success: names }), ...tasks, act('all', { join: 'all' })] };
  const { order, close, commands } = rehearse({ definition });
  expect([order, close?.outcome]).toEqual([['fork', ...names, 'all'], 'completed']);
  // A slice that leaves work for another one ends with it.
  expect(commands.filter(({ type }) => type === 'yield')).toEqual([]);
});
