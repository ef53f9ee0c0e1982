import { describe, expect, it } from 'vitest';
import { readDefaults, textFor } from '../../console/parts/forms/field-text.ts';
import { type ControlPlan, type Field, hasSecret, planForm } from '../../console/parts/forms/plan.ts';
import { canShow, readSchemaForm, wholeName } from '../../console/parts/forms/read-form.ts';
import type { Json, JsonObject } from '../../model/json.ts';

/** Returns the fields of a group. */
function fieldsIn({ control }: Field): readonly Field[] {
  return (control as Extract<ControlPlan, { kind: 'group' }>).fields;
}

/** Returns the field for a property with a schema. */
function fieldFor(property: JsonObject): Field {
  return fieldsIn(planForm({ type: 'object', properties: { it: property } }, 'Input'))[0]!;
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
  expect(fieldFor(schema).control).toEqual(control);
});

it('an object is a group of fields with labels, notes and defaults, unless it is too deep or too large', () => {
  const plan = planForm(
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
  const fields = fieldsIn(plan);
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
  [{ type: 'boolean', writeOnly: true }, 'true', true],
  [{ type: 'array', items: { type: 'string' }, writeOnly: true }, 'a\nb', ['a', 'b']],
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
  [{ type: 'number' }, '1e-999', '"it" is too small for a number.'],
  [{ type: 'array' }, '[1', '"it" is not valid JSON: put text in quotes, as in "go".'],
  [
    { type: 'array', title: 'Ids' },
    '[0, 12345678901234567]',
    'In "Ids", /1 is 12345678901234567, which a JSON number cannot',
  ],
  [{}, '1e400', 'In "it", the value is 1e400, which is too large for a JSON number; send it as a string.'],
  [{ enum: [1, 2] }, 'x', '"it" must be one of the choices.'],
  [{ type: 'boolean', writeOnly: true }, 'hush', '"it" must be one of the choices.'],
])('by %j, the text %j is refused', (schema, text, message) => {
  expect(() => readOne(schema, text)).toThrow(
    expect.objectContaining({ control: 'Input/it', message: expect.stringContaining(message) }),
  );
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
  expect(() => read(schema, { [wholeName('Input')]: '{' })).toThrow('"Input" is not valid JSON');
  expect(read({ type: 'object' }, { Input: '{ "more": 1 }' })).toEqual({ more: 1 });
  expect(read({ type: 'integer' }, { Input: '' })).toBeUndefined();
});

it('a form without fields can be left empty where that is said', () => {
  expect(planForm({}, 'Input')).toMatchObject({ isDemanded: true, control: { kind: 'json' } });
  expect(planForm({}, 'Input', { mayBeEmpty: true })).toMatchObject({ isDemanded: false, control: { kind: 'json' } });
  expect(read({}, { Input: '' })).toBeUndefined();
  const schema: JsonObject = { type: 'object', required: ['a'], properties: { a: { type: 'string' } } };
  expect(fieldsIn(planForm(schema, 'Input', { mayBeEmpty: true }))).toMatchObject([{ isDemanded: true }]);
});

it('a field that an optional group requires is not demanded', () => {
  const group: JsonObject = { type: 'object', required: ['b'], properties: { b: { type: 'string' } } };
  const fields = fieldsIn(
    planForm({ type: 'object', required: ['needed'], properties: { needed: group, optional: group } }, 'Input'),
  );
  expect(fields.flatMap(fieldsIn)).toMatchObject([
    { path: 'Input/needed/b', isRequired: true, isDemanded: true },
    { path: 'Input/optional/b', isRequired: true, isDemanded: false },
  ]);
});

it.each<[schema: JsonObject]>([
  [{ type: 'string' }],
  [{ type: 'array', items: { type: 'string' } }],
  [{ type: 'object' }],
  [{ enum: ['a', 'b'] }],
])('what is in a secret object is secret: %j', (part) => {
  const group = fieldFor({ type: 'object', writeOnly: true, properties: { in: part } });
  expect(fieldsIn(group)).toMatchObject([{ isSecret: true }]);
});

it('one control for a value with a secret in it is secret, and so is one for a list of secrets', () => {
  const secret: JsonObject = { type: 'string', writeOnly: true };
  expect(fieldFor({ type: 'array', items: secret })).toMatchObject({ isSecret: true, control: { kind: 'list' } });
  const objects: JsonObject = { type: 'array', items: { type: 'object', properties: { token: secret } } };
  expect(fieldFor(objects)).toMatchObject({ isSecret: true, control: { kind: 'json' } });
  expect(fieldFor({ anyOf: [secret, { type: 'null' }] })).toMatchObject({ isSecret: true });
  expect(fieldFor({ type: 'object', properties: { writeOnly: { type: 'string' } } })).toMatchObject({
    isSecret: false,
  });
});

it('a form begins with the defaults, those of a group before those of its fields', () => {
  const number = (start: Json): JsonObject => ({ type: 'integer', default: start });
  const plan = planForm(
    {
      type: 'object',
      properties: {
        a: number(1),
        b: { type: 'string' },
        in: { type: 'object', default: { c: 3 }, properties: { c: number(2), d: number(4) } },
        out: { type: 'object', properties: { e: number(5) } },
      },
    },
    'Input',
  );
  expect(readDefaults(plan)).toEqual({ a: 1, in: { c: 3, d: 4 }, out: { e: 5 } });
});

it('a control shows the text of a value, and nothing for one that is not among its choices', () => {
  const choices: ControlPlan = { kind: 'choice', choices: ['1', 1] };
  expect([1, '1', 2].map((value) => textFor(choices, value))).toEqual(['1', '"1"', '']);
  expect(textFor({ kind: 'list', of: 'integer' }, [1, 2])).toBe('1\n2');
  expect(textFor({ kind: 'json' }, 'a')).toBe('"a"');
});

describe('fields show JSON', () => {
  const plan = planForm(
    {
      type: 'object',
      properties: {
        text: { type: 'string', default: 'x' },
        count: { type: ['integer', 'null'] },
        when: { enum: ['now', null] },
        words: { type: 'array', items: { type: 'string' } },
        in: { type: 'object', properties: { any: {} } },
      },
    },
    'Input',
  );

  it.each<[value: Json]>([
    [{}],
    [{ text: 'a\nb', count: 0, when: null, words: ['a', 'b c'] }],
    [{ in: { any: { more: [1, null] } } }],
  ])('that they can give back: %j', (value) => {
    expect(canShow(plan, value)).toBe(true);
  });

  it.each<[value: Json]>([
    [{ text: 'a', more: 1 }],
    [{ text: '' }],
    [{ text: null }],
    [{ text: 1 }],
    [{ text: 'a\r\nb' }],
    [{ count: null }],
    [{ count: 1.5 }],
    [{ when: 'later' }],
    [{ words: [' a'] }],
    [{ words: ['a\nb'] }],
    [{ words: [] }],
    [{ words: 'a' }],
    [{ in: 1 }],
    [{ in: {} }],
    [[1]],
    ['text'],
  ])('and no other: %j', (value) => {
    expect(canShow(plan, value)).toBe(false);
  });
});
