import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Execution } from '../../model/execution.ts';
import type { Json } from '../../model/json.ts';
import { maskExecution } from '../../service/masks.ts';
import { createReplacer } from '../../service/text-search.ts';

const text = (maxLength: number, minLength = 0) =>
  fc.array(fc.constantFrom('a', 'b'), { minLength, maxLength }).map((letters) => letters.join(''));

it('a replacer replaces what replaceAll does', () => {
  fc.assert(
    fc.property(text(12, 1), text(200), (part, whole) => {
      expect(createReplacer(part, '***')(whole)).toBe(whole.replaceAll(part, '***'));
    }),
    { numRuns: 500 },
  );
});

it('a replacer takes as long for a part that nearly occurs everywhere as for any other', () => {
  const whole = 'a'.repeat(500_000);
  const time = (part: string) => {
    const replace = createReplacer(part, '***');
    replace(whole);
    const began = performance.now();
    for (let round = 0; round < 5; round += 1) replace(whole);
    return performance.now() - began;
  };
  const usual = time('x'.repeat(601));
  expect(time(`${'a'.repeat(300)}b${'a'.repeat(300)}`)).toBeLessThan(20 * usual);
});

/** An execution that hides a parameter and has an output. */
function execution(secret: Json, output: Json): Execution {
  return {
    ...{ run: { write_only: [['secret']] }, input: { secret }, output, tasks: [], failure: null, also: [] },
    ...{ variables: {}, signals: [], inquiries: [], controls: [] },
  } as unknown as Execution;
}

it.each<[string, Json, Json, Json]>([
  ['a text', 'sesame', 'sesame', '***'],
  ['a part of a text', 'sesame', 'open sesame!', 'open ***!'],
  ['a short text only as a whole', 'abc', ['abc', 'abcd'], ['***', 'abcd']],
  ['a long text before a shorter one in it', ['open sesame', 'sesame'], 'say open sesame, sesame', 'say ***, ***'],
])('hides %s', (_, secret, output, shown) => {
  const masked = maskExecution(execution(secret, output));
  expect(masked.execution.output).toEqual(shown);
  expect(masked.mask(output)).toEqual(shown);
});

it('hides every text as a whole when there are too many to be searched', () => {
  const secret = Array.from({ length: 20_000 }, (_, index) => `hidden ${index}`);
  const masked = maskExecution(execution(secret, ['y'.repeat(100_000), 'say hidden 7', 'no', 1]));
  expect(masked.execution.output).toEqual(['***', '***', 'no', 1]);
  expect(masked.mask('say hidden 7')).toBe('say ***');
});
