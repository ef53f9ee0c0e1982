import { describe, expect, it } from 'vitest';
import { carry } from '../../interpreter/carry.ts';
import { simulate } from '../../interpreter/simulate.ts';
import type { MockOutcomes } from '../../interpreter/simulated-world.ts';
import type { CarriedState } from '../../model/carried-state.ts';
import type { Definition } from '../../model/definition.ts';
import type { Json } from '../../model/json.ts';
import { act, fail, give, ok, rehearse, STARTED } from './rehearse.ts';

/** Runs a definition to its end, retries it with other outcomes, and returns what the retry did. */
function continueAsNew(definition: Definition, outcomes: MockOutcomes, task: string | null, then: MockOutcomes = {}) {
  const { state } = rehearse({ definition, outcomes: outcomes as never });
  const carried = carry(state, task);
  if (carried === null) return null;
  const input = { ...state.run, carried: JSON.parse(JSON.stringify(carried.state)) as CarriedState };
  const again = simulate(input, {}, then, STARTED + 60_000);
  const issued = again.commands.flatMap((command) => (command.type === 'activity' ? [command.key] : []));
  return { issued, output: again.close?.output as Json, outcome: again.close?.outcome };
}

const diamond: Definition = {
  tasks: [
    act('a', { on_success: ['b', 'side'] }),
    act('b', { on_success: 'c' }),
    act('c', { on_success: 'end' }),
    act('side', { on_success: 'end' }),
    act('end', { join: 'all', on_success: 'last' }),
    act('last'),
  ],
};

describe('a run that goes on from where another one stood', () => {
  it.each<[string, Definition, MockOutcomes, string | null, string[]]>([
    [
      'does what failed and what it held back',
      { tasks: [act('a'), act('b'), act('c')] },
      { b: fail('E') },
      null,
      ['b', 'c'],
    ],
    ['leaves the side that was done, and joins it', diamond, { b: fail('E') }, null, ['b', 'c', 'end', 'last']],
    [
      'from a task forgets all that followed from it, and keeps what arrived beside it',
      diamond,
      {},
      'c',
      ['c', 'end', 'last'],
    ],
    ['from the first task keeps nothing', diamond, {}, 'a', ['a', 'b', 'side', 'c', 'end', 'last']],
    [
      'keeps handled failures',
      { tasks: [act('a', { on_failure: 'mend' }), act('mend', { on_success: 'b' }), act('b')] },
      ...([{ a: fail('E'), b: fail('E') }, null, ['b']] as [MockOutcomes, null, string[]]),
    ],
    [
      'forgets what ran as the cleanup of the failure',
      {
        tasks: [
          act('a', {
            next: [
              { when: 'failed()', do: ['tidy', 'fail'] },
              { when: 'succeeded()', do: 'b' },
            ],
          }),
          act('tidy'),
          act('b'),
        ],
      },
      ...([{ a: fail('E') }, null, ['a', 'b']] as [MockOutcomes, null, string[]]),
    ],
    [
      'runs the items without success alone',
      { tasks: [act('a', { with_items: [1, 2, 3], concurrency: 1, on_item_failure: 'finish' })] },
      ...([{ a: [ok(1), fail('E'), ok(3)] }, null, ['a[1]']] as [MockOutcomes, null, string[]]),
    ],
  ])('%s', (_, definition, outcomes, task, issued) => {
    expect(continueAsNew(definition, outcomes, task)).toMatchObject({ issued, outcome: 'completed' });
  });

  it('has nothing to do where nothing is left, or the task was never visited', () => {
    expect(continueAsNew(diamond, {}, null)).toBeNull();
    expect(continueAsNew({ tasks: [act('a', { on_failure: 'never' }), act('never')] }, {}, 'never')).toBeNull();
  });

  it('keeps variables with their order, chance, and the outputs of what is done', () => {
    const definition: Definition = {
      variables: { x: 'start' },
      output: { x: '{{ x }}', id: '{{ a.output }}', after: '{{ c.output }}' },
      tasks: [give('a', '{{ uuid() }}', { publish: { x: 'from a' } }), act('b'), give('c', '{{ [x, uuid()] }}')],
    };
    const first = rehearse({ definition, outcomes: { b: fail('E') } });
    const whole = rehearse({ definition });
    const again = continueAsNew(definition, { b: fail('E') }, null);
    expect(first.close?.outcome).toBe('failed');
    expect(again?.output).toEqual(whole.close?.output);
  });
});
