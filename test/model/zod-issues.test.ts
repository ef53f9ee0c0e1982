import { expect, it } from 'vitest';
import { z } from 'zod';
import { convertIssues } from '../../model/zod-issues.ts';

const Outcome = z.union([
  z.strictObject({ output: z.unknown() }),
  z.strictObject({ error: z.strictObject({ type: z.string(), message: z.string().optional() }) }),
]);
const Schema = z.strictObject({
  name: z.string().min(2).max(3),
  count: z.int().min(1).max(9).optional(),
  above: z.number().positive().optional(),
  list: z
    .array(z.strictObject({ inner: z.boolean() }))
    .max(1)
    .optional(),
  word: z.enum(['one', 'two']).optional(),
  either: z.union([z.string(), z.array(z.string())]).optional(),
  outcomes: z.record(z.string(), z.union([Outcome, z.array(Outcome)])).optional(),
  at: z.iso.datetime({ offset: true }).optional(),
  uuid: z.uuid().optional(),
  code: z.string().regex(/^a+$/, 'must be a, again and again').optional(),
});
const issues = (value: unknown) => {
  const parsed = Schema.safeParse(value);
  return parsed.success ? [] : convertIssues(parsed.error, Schema, value, '/base');
};

it.each([
  [{}, 'required', '/base/name', 'is required'],
  [{ name: null }, 'type_invalid', '/base/name', 'must be a string'],
  [{ name: 'x' }, 'out_of_range', '/base/name', 'must have at least 2 characters'],
  [{ name: 'xxxx' }, 'out_of_range', '/base/name', 'must have at most 3 characters'],
  [{ name: 'xx', count: 10 }, 'out_of_range', '/base/count', 'must be at most 9'],
  [{ name: 'xx', count: '1' }, 'type_invalid', '/base/count', 'must be a number'],
  [{ name: 'xx', count: 1.5 }, 'type_invalid', '/base/count', 'must be an integer'],
  [{ name: 'xx', above: 0 }, 'out_of_range', '/base/above', 'must be above 0'],
  [{ name: 'xx', list: [1] }, 'type_invalid', '/base/list/0', 'must be an object'],
  [{ name: 'xx', outcomes: [] }, 'type_invalid', '/base/outcomes', 'must be an object'],
  [
    { name: 'xx', list: [{ inner: true, inne: 1 }] },
    'unknown_field',
    '/base/list/0/inne',
    'unknown field "inne". Did you mean "inner"?',
  ],
  [{ name: 'xx', list: [{ inner: true }, { inner: true }] }, 'out_of_range', '/base/list', 'must have at most 1 entry'],
  [{ name: 'xx', word: 'three' }, 'value_invalid', '/base/word', 'must be one of: one, two'],
  [{ name: 'xx', either: 5 }, 'type_invalid', '/base/either', 'does not match any of the allowed types'],
  [{ name: 'xx', either: ['a', 5] }, 'type_invalid', '/base/either/1', 'must be a string'],
  [{ name: 'xx', 'a/b~c': 1 }, 'unknown_field', '/base/a~1b~0c', 'unknown field "a/b~c".'],
  [
    { name: 'xx', at: '2026-11-01' },
    'value_invalid',
    '/base/at',
    'must be a date and time in ISO 8601 with a time zone, such as 2026-11-01T03:00:00Z',
  ],
  [{ name: 'xx', uuid: 'x' }, 'value_invalid', '/base/uuid', 'must be a UUID'],
  [{ name: 'xx', code: 'b' }, 'value_invalid', '/base/code', 'must be a, again and again'],
  [
    { name: 'xx', outcomes: { a: { errors: 1 } } },
    'unknown_field',
    '/base/outcomes/a/errors',
    'unknown field "errors". Did you mean "error"?',
  ],
  [
    { name: 'xx', outcomes: { a: { error: { typ: 'x', type: 'x' } } } },
    'unknown_field',
    '/base/outcomes/a/error/typ',
    'unknown field "typ". Did you mean "type"?',
  ],
  [
    { name: 'xx', outcomes: { a: [{ output: 1 }, { error: {} }] } },
    'required',
    '/base/outcomes/a/1/error/type',
    'is required',
  ],
  [{ name: 'xx', outcomes: { a: 5 } }, 'type_invalid', '/base/outcomes/a', 'does not match any of the allowed types'],
  [
    { name: 'xx', outcomes: { a: { output: 1, error: { type: 'x' } } } },
    'type_invalid',
    '/base/outcomes/a',
    'does not match any of the allowed types',
  ],
  [[], 'type_invalid', '/base', 'must be an object'],
])('%j is %s at %s: %s', (value, code, path, message) => {
  expect(issues(value)).toEqual([{ code, path, message }]);
});

it('a value that is missing where one of several types may stand is required', () => {
  const One = z.strictObject({ id: z.union([z.number(), z.string()]) });
  const parsed = One.safeParse({});
  expect(convertIssues(parsed.error!, One, {})).toEqual([{ code: 'required', path: '/id', message: 'is required' }]);
});
