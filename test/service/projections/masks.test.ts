import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Execution } from '../../../model/execution.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import { createTextSearch } from '../../../service/projections/hiding/text-search.ts';
import { replaceAt, writeOnlyPaths } from '../../../service/projections/hiding/write-only.ts';
import { maskExecution, maskInput } from '../../../service/projections/masks.ts';
import { draws } from '../../seed.ts';

const text = (maxLength: number, minLength = 0) =>
  fc.array(fc.constantFrom('a', 'b'), { minLength, maxLength }).map((letters) => letters.join(''));

it('a replacer replaces what replaceAll does', () => {
  fc.assert(
    fc.property(text(12, 1), text(200), (part, whole) => {
      expect(createTextSearch(part, '***').replace(whole)).toBe(whole.replaceAll(part, '***'));
    }),
    { numRuns: draws(500) },
  );
});

it('a replacer takes as long for a part that nearly occurs everywhere as for any other', () => {
  const whole = 'a'.repeat(500_000);
  const time = (part: string) => {
    const { replace } = createTextSearch(part, '***');
    replace(whole);
    // A busy machine disturbs any one: the fastest counts.
    const rounds = [0, 1, 2, 3, 4].map(() => {
      const began = performance.now();
      replace(whole);
      return performance.now() - began;
    });
    return Math.min(...rounds);
  };
  const usual = time('x'.repeat(601));
  expect(time(`${'a'.repeat(300)}b${'a'.repeat(300)}`)).toBeLessThan(20 * usual);
});

/** An execution that hides a parameter and has an output. */
function execution(secret: Json, output: Json): Execution {
  return {
    run: { write_only: [['secret']] },
    input: { secret },
    output,
    tasks: [],
    failure: null,
    also: [],
    variables: {},
    signals: [],
    inquiries: [],
    controls: [],
    waitingFor: [],
    pendingFailure: null,
    divergence: null,
  } as unknown as Execution;
}

it.each<[string, Json, Json, Json]>([
  ['a text', 'sesame', 'sesame', '***'],
  ['a part of a text', 'sesame', 'open sesame!', 'open ***!'],
  [
    'a number of six digits, also in a text',
    [123456, 12345],
    ['is 123456', 123456, 12345, 'and 12345'],
    ['is ***', '***', 12345, 'and 12345'],
  ],
  ['what templates encode', 'open sesame', ['b3BlbiBzZXNhbWU=', 'open%20sesame'], ['***', '***']],
  ['what is in JSON within a text', 'say "sesame"', '{"a":"say \\"sesame\\""}', '{"a":"***"}'],
  ['what was cut', 'open sesame', ['it is open ses…, and op…', 'open…'], ['it is ***…, and op…', '***…']],
  ['what was cut inside a character', 'open 🗝', 'open \ufffd…', '***\ufffd…'],
  [
    'what a quotation was cut in',
    'x'.repeat(60),
    `'a${'x'.repeat(49)}' or 'a${'x'.repeat(48)}'`,
    `'a***' or 'a${'x'.repeat(48)}'`,
  ],
  ['a short text only as a whole', 'abc', ['abc', 'abcd'], ['***', 'abcd']],
  ['a long text before a shorter one in it', ['open sesame', 'sesame'], 'say open sesame, sesame', 'say ***, ***'],
])('hides %s', (_, secret, output, shown) => {
  const masked = maskExecution(execution(secret, output));
  expect(masked.execution.output).toEqual(shown);
  expect(masked.mask.hide(output)).toEqual(shown);
});

it('hides a secret in the reason of a retry, and nothing else of the memo', () => {
  const memo = { n: 1, ref: 'examples.sesame', retry_of: 2048, retry_reason: 'sesame was refused' };
  const retried = { ...execution('sesame', null), memo } as unknown as Execution;
  expect(maskExecution(retried).execution.memo).toEqual({ ...memo, retry_reason: '*** was refused' });
});

it.each<[string, string]>([
  ["'ab' is neither true nor false", "'***' is neither true nor false"],
  ['must be true or false, not "ab"', 'must be true or false, not "***"'],
  ['"abc" and ab are others', '"abc" and ab are others'],
  ['ab', '***'],
])('hides a short text that the message of a failure quotes: %s', (message, shown) => {
  const failure = { type: 'ab', message, details: [message], cause: { type: 'b', message } };
  const task = { input: null, output: null, failure, attempts: [{ error: failure }] };
  const pendingFailure = failure;
  const waitingFor = [{ kind: 'retry', detail: message }];
  const whole = { ...execution('ab', null), failure, also: [failure], pendingFailure, stopMessage: message };
  const failed = { ...whole, tasks: [task], waitingFor };
  const { execution: masked, mask } = maskExecution(failed as unknown as Execution);
  const details = message === 'ab' ? ['***'] : [message];
  const expected = { type: '***', message: shown, details, cause: { type: 'b', message: shown } };
  expect([masked.failure, ...masked.also, masked.pendingFailure]).toEqual([expected, expected, expected]);
  expect([masked.tasks[0]?.failure, masked.tasks[0]?.attempts[0]?.error]).toEqual([expected, expected]);
  expect([masked.stopMessage, masked.waitingFor[0]?.detail, mask.hideInMessage(message)]).toEqual([
    shown,
    shown,
    shown,
  ]);
});

it('hides every text as a whole when there are too many to be searched', () => {
  const secret = Array.from({ length: 20_000 }, (_, index) => `hidden ${index}`);
  const masked = maskExecution(execution(secret, ['y'.repeat(100_000), 'say hidden 7', 'no', 1]));
  expect(masked.execution.output).toEqual(['***', '***', 'no', 1]);
  expect(masked.mask.hide('say hidden 7')).toBe('say ***');
});

const HIDDEN = { type: 'string', writeOnly: true };

// Each keyword below which a validator looks: what is shown of an input, and what is not.
it.each<[string, object, Json, Json]>([
  ['properties', { properties: { a: HIDDEN } }, { a: 'x', b: 'y' }, { a: '***', b: 'y' }],
  ['an object as a whole', { properties: { a: { writeOnly: true } } }, { a: { b: ['x'] } }, { a: '***' }],
  ['patternProperties', { patternProperties: { '^x': HIDDEN } }, { x1: 'x' }, { x1: '***' }],
  [
    'additionalProperties',
    { properties: { a: {} }, additionalProperties: HIDDEN },
    { a: 'shown', b: 'x', '*': 'x' },
    { a: 'shown', b: '***', '*': '***' },
  ],
  [
    'unevaluatedProperties',
    { properties: { a: {} }, unevaluatedProperties: HIDDEN },
    { a: 'y', b: 'x' },
    { a: 'y', b: '***' },
  ],
  ['propertyNames', { properties: { m: { propertyNames: HIDDEN } } }, { m: { x: 1 } }, { m: '***' }],
  ['items', { properties: { a: { items: HIDDEN } } }, { a: ['x', 'y'] }, { a: ['***', '***'] }],
  [
    'prefixItems',
    { properties: { a: { prefixItems: [{}, HIDDEN] } } },
    { a: ['y', 'x', 'z'] },
    { a: ['y', '***', 'z'] },
  ],
  ['contains', { properties: { a: { contains: HIDDEN } } }, { a: ['x', 1] }, { a: ['***', '***'] }],
  ['unevaluatedItems', { properties: { a: { unevaluatedItems: HIDDEN } } }, { a: ['x'] }, { a: ['***'] }],
  ['allOf', { allOf: [{ properties: { a: HIDDEN } }] }, { a: 'x' }, { a: '***' }],
  ['anyOf', { anyOf: [{}, { properties: { a: HIDDEN } }] }, { a: 'x' }, { a: '***' }],
  ['oneOf', { oneOf: [{ properties: { a: HIDDEN } }, false] }, { a: 'x' }, { a: '***' }],
  ['not', { not: { properties: { a: HIDDEN } } }, { a: 'x' }, { a: '***' }],
  ['if', { if: { properties: { a: HIDDEN } } }, { a: 'x' }, { a: '***' }],
  // biome-ignore lint/suspicious/noThenProperty: the keyword's own name in JSON Schema
  ['then', { if: {}, then: { properties: { a: HIDDEN } } }, { a: 'x' }, { a: '***' }],
  ['else', { if: {}, else: { properties: { a: HIDDEN } } }, { a: 'x' }, { a: '***' }],
  ['dependentSchemas', { dependentSchemas: { b: { properties: { a: HIDDEN } } } }, { a: 'x' }, { a: '***' }],
  ['$ref', { $defs: { s: HIDDEN }, properties: { a: { $ref: '#/$defs/s' } } }, { a: 'x' }, { a: '***' }],
  [
    '$ref with escapes',
    { $defs: { 's/t~': HIDDEN }, properties: { a: { $ref: '#/$defs/s~1t~0' } } },
    { a: 'x' },
    { a: '***' },
  ],
  [
    '$ref to an anchor',
    { $defs: { s: { $anchor: 'here', ...HIDDEN } }, properties: { a: { $ref: '#here' } } },
    { a: 'x' },
    { a: '***' },
  ],
  [
    '$ref to itself, from where on everything is hidden',
    { properties: { secret: HIDDEN, child: { $ref: '#' } } },
    { secret: 'x', child: { name: 'y', child: { secret: 'x' } } },
    { secret: '***', child: '***' },
  ],
  [
    '$ref to itself without anything hidden',
    { properties: { child: { $ref: '#' } } },
    { child: { a: 1 } },
    { child: { a: 1 } },
  ],
  ['$ref to nothing', { properties: { a: { $ref: '#/$defs/none' } } }, { a: 'y' }, { a: 'y' }],
  ['what is null', { properties: { a: HIDDEN } }, { a: null }, { a: null }],
  [
    'several of them at once',
    { properties: { a: { items: { allOf: [{ additionalProperties: HIDDEN }] } } } },
    { a: [{ b: 'x' }] },
    { a: [{ b: '***' }] },
  ],
])('writeOnly holds below %s', (_, schema, input, shown) => {
  const paths = writeOnlyPaths(schema as JsonObject);
  expect(replaceAt(input, paths, () => '***')).toEqual(shown);
  // One function hides it in answers, histories and lists.
  expect(maskInput(input, paths)).toEqual(shown);
});

it('a schema with more hidden places than are kept hides all of its input', () => {
  const properties = Object.fromEntries(Array.from({ length: 1_100 }, (_, index) => [`a${index}`, HIDDEN]));
  expect(writeOnlyPaths({ properties })).toEqual([[]]);
  const doubling = Object.fromEntries(
    Array.from({ length: 40 }, (_, depth) => [
      `d${depth}`,
      { allOf: [{ $ref: `#/$defs/d${depth + 1}` }, { $ref: `#/$defs/d${depth + 1}` }] },
    ]),
  );
  const doubled = (d40: object) => ({ $defs: { ...doubling, d40 }, $ref: '#/$defs/d0' }) as unknown as JsonObject;
  expect(writeOnlyPaths(doubled(HIDDEN))).toEqual([[]]);
  expect(writeOnlyPaths(doubled({ type: 'string' }))).toEqual([]);
});

it('a schema whose parts all contain one another hides nothing where it says so nowhere', () => {
  const names = Array.from({ length: 12 }, (_, index) => `n${index}`);
  const properties = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }]));
  const defs = (more: object) =>
    Object.fromEntries(names.map((name) => [name, { description: 'x'.repeat(1_000), properties, ...more }]));
  const schema = (more: object) => ({ $defs: defs(more), properties }) as unknown as JsonObject;
  expect(writeOnlyPaths(schema({}))).toEqual([]);
  expect(writeOnlyPaths(schema({ items: HIDDEN }))).toEqual([[]]);
});

it('digests of questions are shown as they are, whatever is hidden', () => {
  const bound_to = 'abcd'.repeat(16);
  const decision = { id: 'd', bound_to, comment: 'abcd' };
  const inquiry = {
    what: bound_to,
    bound_to,
    votes: [decision],
    decisions: [{ decision }],
    request: { prompt: 'abcd' },
    plan: [],
  };
  const hiding = { ...execution('abcd', null), inquiries: [inquiry] } as unknown as Execution;
  const [shown] = maskExecution(hiding).execution.inquiries;
  const masked = { ...decision, comment: '***' };
  expect(shown).toMatchObject({ what: bound_to, bound_to, votes: [masked], decisions: [{ decision: masked }] });
  expect(shown!.request.prompt).toBe('***');
});

it('hides what a sub-workflow hides in the tasks that an approval would run, unless the author wrote it', () => {
  const planned = (input: JsonObject, rendered: boolean) => ({ task: 'pay', action: 'p.pay', input, rendered });
  const plan = [planned({ pin: 7, to: 'longer' }, true), planned({ pin: '{{ pin }}' }, false)];
  const run = { workflows: { 'p.pay': { write_only: [['pin'], ['to']] } } };
  const inquiries = [{ plan, votes: [], decisions: [], request: { prompt: 'to longer' } }];
  const hiding = { ...execution('abcd', null), run, inquiries } as unknown as Execution;
  const [shown] = maskExecution(hiding).execution.inquiries;
  expect(shown!.plan).toEqual([planned({ pin: '***', to: '***' }, true), planned({ pin: '{{ pin }}' }, false)]);
  expect(shown!.request.prompt).toBe('to ***');
});

it('hides a value wherever it stands in an input that is shown alone', () => {
  const input = { password: 'hunter22x', url: 'https://u:hunter22x@host', code: 'aHVudGVyMjJ4', size: 3 };
  expect(maskInput(input, [['password']])).toEqual({
    password: '***',
    url: 'https://u:***@host',
    code: '***',
    size: 3,
  });
});
