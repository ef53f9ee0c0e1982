import { expect, it } from 'vitest';
import { refuseLoop } from '../../../language/rules/loop-guard.ts';

it.each<[string, Parameters<typeof refuseLoop>[0], number[], string | null]>([
  ['an event from outside', { rule: 1, allowLoops: false }, [], null],
  ['an event behind other rules', { rule: 1, allowLoops: false }, [2, 3], null],
  ['an event of its own execution', { rule: 1, allowLoops: false }, [1], 'loop'],
  ['an event behind its own execution', { rule: 1, allowLoops: false }, [1, 2], 'loop'],
  ['an event of its own execution, which it allows', { rule: 1, allowLoops: true }, [1, 1, 1], null],
  ['an event behind eight rules', { rule: 1, allowLoops: true }, [1, 1, 1, 1, 1, 1, 1, 1], null],
  ['an event behind nine rules', { rule: 1, allowLoops: true }, [1, 1, 1, 1, 1, 1, 1, 1, 1], 'too_deep'],
  ['an event behind nine other rules', { rule: 1, allowLoops: false }, [2, 3, 4, 5, 6, 7, 8, 9, 10], 'too_deep'],
  ['a rule that is not stored', { rule: null, allowLoops: false }, [1], null],
])('%s', (_, rule, chain, code) => {
  expect(refuseLoop(rule, { depth: chain.length, chain })?.code ?? null).toBe(code);
});
