import { expect, it } from 'vitest';
import { type ControlPlan, hasSecret, planForm } from '../../console/parts/forms/plan.ts';
import { readSchemaForm, wholeName } from '../../console/parts/forms/read-form.ts';
import type { Json, JsonObject } from '../../model/json.ts';

/** Returns the control for a property with a schema. */
function controlFor(property: JsonObject): ControlPlan {
  const { control } = planForm({ type: 'object', properties: { it: property } }, 'Input');
  return (control as Extract<ControlPlan, { kind: 'group' }>).fields[0]!.control;
}

/** Reads a form with what has been entered, by the path of each control. */
function read(schema: JsonObject, entered: Record<string, string>): Json | undefined {
  return readSchemaForm(schema, 'Input', { get: (name) => (Object.hasOwn(entered, name) ? entered[name]! : null) });
}

/** Reads a form with one field. */
const readOne = (property: JsonObject, text: string): Json | undefined =>
  read({ type: 'object', properties: { it: property } }, { 'Input/it': text });

it.each<[schema: JsonObject, control: ControlPlan]>([
  [{ type: 'string' }, { kind: 'text' }],
  [{ type: ['string', 'null'] }, { kind: 'text' }],
  [{ type: 'integer' }, { kind: 'integer' }],
  [{ type: 'number', minimum: 1 }, { kind: 'number' }],
  [{ type: 'boolean' }, { kind: 'choice', choices: [true, false] }],
  [{ enum: ['now', 1, null] }, { kind: 'choice', choices: ['now', 1, null] }],
  [
    { type: 'array', items: { type: 'integer' } },
    { kind: 'list', of: 'integer' },
  ],
  [{ type: 'array', items: { type: 'object' } }, { kind: 'json' }],
  [{ type: 'array' }, { kind: 'json' }],
  [{ type: 'object' }, { kind: 'json' }],
  [{ type: 'constructor' }, { kind: 'json' }],
  [{ type: ['string', 'integer'] }, { kind: 'json' }],
  [{ type: 'string', oneOf: [] }, { kind: 'json' }],
  [{ $ref: '#/$defs/a' }, { kind: 'json' }],
  [{}, { kind: 'json' }],
])('the control for %j is %j', (schema, control) => {
  expect(controlFor(schema)).toEqual(control);
});

it('an object is a group of fields with labels, notes and defaults, unless it is too deep or too large', () => {
  const { control } = planForm(
    {
      type: 'object',
      required: ['a'],
      properties: {
        a: { type: 'string', title: 'The first', description: 'What it is.', default: 'x' },
        'b/~': { type: 'object', properties: { key: { type: 'string', writeOnly: true } } },
      },
    },
    'Input',
  );
  const fields = (control as Extract<ControlPlan, { kind: 'group' }>).fields;
  expect(fields[0]).toMatchObject({ label: 'The first', note: 'What it is.', start: 'x', isRequired: true });
  expect(fields[1]).toMatchObject({ path: 'Input/b~1~0', label: 'b/~', isRequired: false });
  expect(fields.map(hasSecret)).toEqual([false, true]);
  const nested = (depth: number): JsonObject =>
    depth === 0 ? { type: 'string' } : { type: 'object', properties: { in: nested(depth - 1) } };
  expect(JSON.stringify(planForm(nested(9), 'Input'))).toContain('{"kind":"json"}');
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`f${n}`, { type: 'string' }]));
  expect(planForm({ type: 'object', properties: many }, 'Input').control).toEqual({ kind: 'json' });
});

it.each<[schema: JsonObject, text: string, value: Json]>([
  [{ type: 'string' }, '12', '12'],
  [{ type: 'string' }, ' ', ' '],
  [{ type: 'integer' }, ' 12 ', 12],
  [{ type: 'number' }, '-2.5e3', -2500],
  [{ type: 'boolean' }, 'false', false],
  [{ enum: ['1', 1] }, '"1"', '1'],
  [{ type: 'array', items: { type: 'string' } }, 'a\r\n\n b \n', ['a', 'b']],
  [{ type: 'array', items: { type: 'number' } }, '1\n2.5', [1, 2.5]],
  [{ type: 'object' }, '{ "a": [1] }', { a: [1] }],
  [{ type: 'string', writeOnly: true }, 'hush', 'hush'],
])('by %j, the text %j is %j', (schema, text, value) => {
  expect(readOne(schema, text)).toEqual({ it: value });
});

it.each<[schema: JsonObject, text: string, message: string]>([
  [{ type: 'integer', title: 'Count' }, '2.5', '"Count" must be a whole number.'],
  [{ type: 'integer' }, 'two', '"it" must be a number, such as 3.'],
  [{ type: 'number' }, '0x10', '"it" must be a number, such as 2.5.'],
  [{ type: 'number' }, '1e999', '"it" must be a number, such as 2.5.'],
  [{ type: 'integer' }, '9007199254740993', '"it" has too many digits.'],
  [{ type: 'array', items: { type: 'integer' } }, '1\nx', '"it" must be a number, such as 3.'],
  [{ type: 'array' }, '[1', '"it" is not JSON: a text needs quotes, as in "go".'],
])('by %j, the text %j is refused', (schema, text, message) => {
  expect(() => readOne(schema, text)).toThrow(message);
});

it('what is empty is left out, and a group with it unless it is required', () => {
  const group: JsonObject = { type: 'object', properties: { b: { type: 'integer' } } };
  const schema: JsonObject = { type: 'object', properties: { a: { type: 'string' }, in: group } };
  expect(read(schema, { 'Input/a': '', 'Input/in/b': ' ' })).toEqual({});
  expect(read({ ...schema, required: ['in'] }, { 'Input/a': 'x' })).toEqual({ a: 'x', in: {} });
  expect(read(schema, { 'Input/in/b': '1' })).toEqual({ in: { b: 1 } });
});

it('a field named __proto__ is a field', () => {
  const schema = JSON.parse('{ "type": "object", "properties": { "__proto__": { "type": "string" } } }') as JsonObject;
  expect(JSON.stringify(read(schema, { 'Input/__proto__': 'x' }))).toBe('{"__proto__":"x"}');
});

it('the whole is read as JSON where that was asked for, and where the schema has no fields', () => {
  const schema: JsonObject = { type: 'object', properties: { a: { type: 'string' } } };
  expect(read(schema, { [wholeName('Input')]: '{ "more": 1 }' })).toEqual({ more: 1 });
  expect(() => read(schema, { [wholeName('Input')]: '{' })).toThrow('"Input" is not JSON');
  expect(read({ type: 'object' }, { Input: '{ "more": 1 }' })).toEqual({ more: 1 });
  expect(read({ type: 'integer' }, { Input: '' })).toBeUndefined();
});
