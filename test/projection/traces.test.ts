import { expect, it } from 'vitest';
import type { DecidedTransition } from '../../interpreter/derive.ts';
import type { Transition } from '../../language/transitions.ts';
import { preview } from '../../model/preview.ts';
import { traceTransition } from '../../projection/runs/traces.ts';

const CONDITION = { kind: 'template', text: '{{ n > 1 }}', template: { statements: [] }, path: '' } as const;
const TRANSITION: Transition = {
  ...{ on: 'complete', when: CONDITION, publish: [], targets: ['b'], noop: false, fail: true, retry: false },
};

function trace(reason: DecidedTransition['reason'], when: Transition['when'] = CONDITION) {
  const read = [{ path: 'n', value: preview('x'.repeat(300)) }];
  return traceTransition({ from: 'a', index: 0, transition: { ...TRANSITION, when }, reason, error: null, read });
}

it.each([
  ['fired', CONDITION, true, true],
  ['false', CONDITION, false, false],
  ['error', CONDITION, false, null],
  ['other_outcome', CONDITION, false, null],
  ['retry_limit', CONDITION, false, null],
  ['fired', null, true, null],
] as const)(
  'of a transition for which %s is the reason (condition %j), fired is %j and the value %j',
  (reason, when, fired, value) => {
    expect(trace(reason, when)).toMatchObject({
      ...{ reason, fired, value, when: when?.text ?? null, to: ['b', 'fail'] },
    });
  },
);

it('the values that a condition names are shown as far as there is room', () => {
  expect(trace('false').read).toEqual([
    { path: 'n', value: { bytes: 302, text: `"${'x'.repeat(199)}`, truncated: true } },
  ]);
});
