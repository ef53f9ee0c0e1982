import { describe, expect, it } from 'vitest';
import { decideTurns, turnFor } from '../../service/turns.ts';
import type { TurnRow } from '../../store/turns.ts';

/** Runs of one key, in order: each as its state, and what is its own. */
function rows(...given: (Partial<TurnRow> & { state: 'has' | 'waits' })[]): TurnRow[] {
  return given.map(({ state, ...own }, index) => ({
    ...{ namespace: 'n', workflowId: String(index), tenant: 't', ref: 'a.b', key: 'k', limit: 1, policy: 'queue' },
    ...{ granted: state === 'has' ? new Date() : null, refused: false, cancelled: false, told: false, stopped: false },
    created: new Date(index),
    ...own,
  }));
}

describe('who gets a turn', () => {
  it.each<[string, TurnRow[], { granted?: string[]; refused?: string[]; cancelled?: string[] }]>([
    ['the first of those that wait', rows({ state: 'waits' }, { state: 'waits' }), { granted: ['0'] }],
    ['nobody while another has it', rows({ state: 'has' }, { state: 'waits' }), {}],
    ['as many as may', rows({ state: 'has', limit: 2 }, { state: 'waits', limit: 2 }), { granted: ['1'] }],
    [
      'those of other keys, workflows and tenants by themselves',
      rows(
        { state: 'has' },
        { state: 'waits', key: 'l' },
        { state: 'waits', ref: 'a.c' },
        { state: 'waits', tenant: 'u' },
      ),
      { granted: ['1', '2', '3'] },
    ],
    [
      'not those that do not wait',
      rows({ state: 'has' }, { state: 'waits', policy: 'skip' }, { state: 'waits', policy: 'fail' }),
      { refused: ['1', '2'] },
    ],
    ['nobody twice', rows({ state: 'has' }, { state: 'waits', policy: 'skip', refused: true }), {}],
    [
      'the last that takes it from others, once they have gone',
      rows({ state: 'has' }, { state: 'waits' }, { state: 'waits', policy: 'cancel_previous' }),
      { cancelled: ['0', '1'] },
    ],
    ['it, when they have gone', rows({ state: 'waits', policy: 'cancel_previous' }), { granted: ['0'] }],
    [
      'not one that was asked to go',
      rows({ state: 'has', cancelled: true }, { state: 'waits', policy: 'cancel_previous' }),
      {},
    ],
    [
      'one that takes only as many turns as it needs',
      rows(
        { state: 'has', limit: 2 },
        { state: 'has', limit: 2 },
        { state: 'waits', limit: 2, policy: 'cancel_previous' },
      ),
      { cancelled: ['0'] },
    ],
  ])('is %s', (_, given, expected) => {
    expect(decideTurns(given)).toEqual({ granted: [], refused: [], cancelled: [], ...expected });
  });
});

it.each([
  ['{{ parameters.a }}', true],
  ['{{ range(0, 60000) | sort | length }}', false],
])('the key %s may be found out when a run is started: %s', (key, allowed) => {
  const definition = { concurrency_key: { key }, tasks: [{ name: 'a', action: 'core.noop' }] };
  const find = () => turnFor({ definition, ref: 'a.b', version: '1.0.0' }, { a: 'b' }, 'parameters');
  if (allowed) expect(find()).toMatchObject({ key: 'b' });
  else expect(find).toThrow(expect.objectContaining({ code: 'input_invalid' }));
});
