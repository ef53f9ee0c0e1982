import { describe, expect, it } from 'vitest';
import { completed } from '../../../interpreter/schema-checks.ts';
import { simulate } from '../../../interpreter/simulate.ts';
import { defaultWarnings } from '../../../language/checks/default-warnings.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import { jsonSchemaIssues } from '../../../model/json-schema.ts';
import { completeBySchema, SCHEMA_WORK } from '../../../model/schema/validate.ts';
import { WorkMeter } from '../../../model/work.ts';
import { runInput, STARTED } from '../../interpreter/rehearse.ts';

const port = { type: 'integer', default: 22 };
const host: JsonObject = { type: 'object', properties: { port } };
const complete = (schema: JsonObject, value: Json) => completeBySchema(schema, value, '', new WorkMeter(SCHEMA_WORK));

describe('defaults', () => {
  it.each<[where: string, schema: JsonObject, value: Json, filled: Json]>([
    ['of a property', host, {}, { port: 22 }],
    ['of a nested property', { properties: { a: host } }, { a: {} }, { a: { port: 22 } }],
    ['not of a nested property whose object is absent', { properties: { a: host } }, {}, {}],
    [
      'in entries of a list',
      { properties: { hosts: { items: host } } },
      { hosts: [{}, { port: 1 }] },
      { hosts: [{ port: 22 }, { port: 1 }] },
    ],
    [
      'in the first entries',
      { properties: { l: { prefixItems: [host], items: false } } },
      { l: [{}] },
      { l: [{ port: 22 }] },
    ],
    [
      'behind the first entries',
      { properties: { l: { prefixItems: [true], items: host } } },
      { l: [{}, {}] },
      { l: [{}, { port: 22 }] },
    ],
    ['never for an absent entry', { properties: { l: { prefixItems: [port], items: port } } }, { l: [] }, { l: [] }],
    [
      'in further properties',
      { properties: { a: true }, additionalProperties: host },
      { a: {}, b: {} },
      { a: {}, b: { port: 22 } },
    ],
    [
      'below a pattern',
      { patternProperties: { '^h': host }, additionalProperties: true },
      { h1: {}, b: {} },
      { h1: { port: 22 }, b: {} },
    ],
    [
      'below each pattern that fits',
      { patternProperties: { '^h': host, '1$': { properties: { n: { default: 1 } } } } },
      { h1: {} },
      { h1: { port: 22, n: 1 } },
    ],
    ['by a reference', { $ref: '#/$defs/host', $defs: { host } }, {}, { port: 22 }],
    ['by a reference to an anchor', { $ref: '#h', $defs: { host: { ...host, $anchor: 'h' } } }, {}, { port: 22 }],
    ['that a reference has itself', { properties: { p: { $ref: '#/$defs/port' } }, $defs: { port } }, {}, { p: 22 }],
    [
      'its own before that of its reference',
      { properties: { p: { $ref: '#/$defs/port', default: 80 } }, $defs: { port } },
      {},
      { p: 80 },
    ],
    [
      'of every part of allOf',
      { allOf: [host, { properties: { name: { default: 'x' } } }] },
      {},
      { port: 22, name: 'x' },
    ],
    [
      'the first of two',
      { allOf: [{ properties: { a: { default: 1 } } }, { properties: { a: { default: 2 } } }] },
      {},
      { a: 1 },
    ],
    [
      'its own before those of allOf',
      { allOf: [{ properties: { a: { default: 1 } } }], properties: { a: { default: 2 } } },
      {},
      { a: 2 },
    ],
    ['that another property brings', { dependentSchemas: { a: host } }, { a: 1 }, { a: 1, port: 22 }],
    ['that an absent property does not bring', { dependentSchemas: { a: host } }, {}, {}],
    [
      'that a filled-in property brings',
      { properties: { a: { default: 1 } }, dependentSchemas: { a: host } },
      {},
      { a: 1, port: 22 },
    ],
    ['inside a default', { properties: { a: { ...host, default: {} } } }, {}, { a: { port: 22 } }],
    [
      'inside what another part fills in',
      { allOf: [{ properties: { a: { default: {} } } }], properties: { a: host } },
      {},
      { a: { port: 22 } },
    ],
    [
      'inside what a default brings',
      { properties: { l: { items: host, default: [{}, { port: 1 }] } } },
      {},
      { l: [{ port: 22 }, { port: 1 }] },
    ],
    ['not over null', host, { port: null }, { port: null }],
    ['null itself', { properties: { a: { default: null } } }, {}, { a: null }],
    ['not by an alternative', { anyOf: [host], oneOf: [host], if: host, else: host, not: { not: host } }, {}, {}],
    ['not by contains', { properties: { l: { contains: host } } }, { l: [{}] }, { l: [{}] }],
    ['not of what is no object', { properties: { a: host } }, { a: [1] }, { a: [1] }],
    [
      'as deep as the value',
      { properties: { next: { $ref: '#' }, v: { default: 0 } } },
      { next: { next: {} } },
      { next: { next: { v: 0 }, v: 0 }, v: 0 },
    ],
    [
      'named __proto__',
      { additionalProperties: host },
      JSON.parse('{"__proto__": {}}'),
      JSON.parse('{"__proto__": {"port": 22}}'),
    ],
  ])('are filled in: %s', (_, schema, value, filled) => {
    const before = structuredClone(value);
    const { value: found } = complete(schema, value);
    expect(JSON.stringify(found)).toBe(JSON.stringify(filled));
    expect(value).toEqual(before);
    expect(complete(schema, found).value).toEqual(found);
  });

  it('are checked with the value that they complete', () => {
    const schema = { required: ['a'], properties: { a: { default: 'x' }, b: { type: 'integer' } } };
    expect(complete(schema, {}).issues).toEqual([]);
    expect(complete(schema, { b: 'x' }).issues.map(({ path }) => path)).toEqual(['/b']);
  });

  it('that fill themselves in without an end take no more than is allowed, and are refused when they are written', () => {
    const schema: JsonObject = { properties: { a: { $ref: '#', default: {} } } };
    expect(complete(schema, {}).issues.map(({ code }) => code)).toEqual(['limit_exceeded']);
    expect(jsonSchemaIssues(schema, '', 'object').map(({ code, path }) => `${code} ${path}`)).toEqual([
      'schema_invalid /properties/a/default',
    ]);
  });

  const deep = (levels: number): Json => (levels === 0 ? {} : { next: deep(levels - 1) });
  const keys = (count: number, entry: (index: number) => Json) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, entry(index)]));
  const linked = {
    $ref: '#/$defs/node',
    $defs: {
      node: { allOf: [{ properties: { next: { $ref: '#/$defs/node' }, v: { default: 0 } } }] },
    },
  };
  const one: JsonObject = { type: 'object', properties: { a: { default: 1 } } };
  const large = (bytes: number): JsonObject => ({ properties: { a: { default: 'x'.repeat(bytes) } } });
  const twice = (levels: number): JsonObject => {
    const parts = Array.from({ length: levels }, (_, level) => {
      const next = { $ref: `#/$defs/d${level + 1}` };
      return [`d${level}`, { allOf: [{ ...next }, { ...next }] }];
    });
    return {
      properties: { a: { $ref: '#/$defs/d0' }, b: { default: 1 } },
      $defs: { ...Object.fromEntries(parts), [`d${levels}`]: {} },
    };
  };
  it.each<[what: string, schema: JsonObject, value: Json, issues: string[]]>([
    ['2,000 further properties', { additionalProperties: one }, keys(2_000, () => ({})), []],
    ['16,000 further properties', { additionalProperties: one }, keys(16_000, () => ({})), []],
    ['100,000 further properties', { additionalProperties: one }, keys(100_000, () => ({})), ['limit_exceeded']],
    [
      'properties that a pattern has',
      { patternProperties: { '^k': one } },
      keys(100_000, () => ({})),
      ['limit_exceeded'],
    ],
    ['2,000 properties', { properties: keys(1_900, (index) => ({ default: index })) }, {}, []],
    ['a large default, as often as it fits', { items: large(100_000) }, Array(14).fill({}), []],
    ['a large default, once too often', { items: large(100_000) }, Array(15).fill({}), ['too_large']],
    ['a large default, 10,000 times', { items: large(100_000) }, Array(10_000).fill({}), ['too_large']],
    ['60 levels by references and allOf', linked, deep(60), []],
    ['references that double at each level', twice(30), {}, ['limit_exceeded']],
  ])('take no more work or space than is allowed: %s', (_, schema, value, issues) => {
    const meter = new WorkMeter(SCHEMA_WORK);
    const found = completeBySchema(schema, value, '', meter);
    expect(found.issues.map(({ code }) => code)).toEqual(issues);
    if (issues.length > 0) expect(found.value).toBe(value);
  });

  it('of earlier interpreters are those of properties alone', () => {
    const schema: JsonObject = { properties: { a: { default: 1 }, l: { items: host } }, allOf: [host] };
    const of = (version: number) => completed(version, schema, { l: [{}] }, new WorkMeter(SCHEMA_WORK)).value;
    expect([of(9), of(10)]).toEqual([
      { l: [{}], a: 1 },
      { l: [{ port: 22 }], a: 1, port: 22 },
    ]);
  });
});

it('an action gets its input with all defaults, in interpreter 10', () => {
  const definition = { tasks: [{ name: 'a', action: 'test.typed', input: { hosts: [{}] } }] };
  const inputOf = (interpreter: number) => {
    const { commands } = simulate({ ...runInput(definition), interpreter }, {}, {}, STARTED);
    return commands.flatMap((command) => (command.type === 'activity' ? [command.input] : []));
  };
  expect([inputOf(9), inputOf(10)]).toEqual([[{ hosts: [{}] }], [{ hosts: [{ port: 22 }], user: { name: 'root' } }]]);
});

it.each<[what: string, schema: JsonObject, issues: string[]]>([
  ['that matches', { properties: { a: { type: 'integer', default: 1 } } }, []],
  ['of another type', { properties: { a: { type: 'integer', default: '1' } } }, ['/properties/a/default']],
  [
    'null where null is not allowed',
    { properties: { a: { type: 'string', default: null } } },
    ['/properties/a/default'],
  ],
  ['that lacks what is required', { properties: { a: { required: ['b'], default: {} } } }, ['/properties/a/default']],
  ['that is completed by another default', { properties: { a: { required: ['port'], ...host, default: {} } } }, []],
  [
    'by what the schema refers to',
    { properties: { a: { $ref: '#/$defs/p', default: 'x' } }, $defs: { p: port } },
    ['/properties/a/default'],
  ],
  ['where nothing refers to', { $defs: { p: { type: 'integer', default: 'x' } } }, ['/$defs/p/default']],
  ['in a list of types', { properties: { a: { type: ['string', 'null'], default: null } } }, []],
])('a default is checked when it is written: %s', (_, schema, issues) => {
  expect(jsonSchemaIssues(schema, '', 'object').map(({ path }) => path)).toEqual(issues);
});

it.each<[what: string, schema: JsonObject, warnings: string[]]>([
  ['of a property', { properties: { a: { default: 1 } } }, []],
  ['of what a property refers to', { properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: { default: 1 } } }, []],
  ['of a part of a property', { properties: { a: { allOf: [{ default: 1 }] } } }, []],
  ['of the whole', { default: {} }, ['default_unused /default']],
  ['of an entry', { properties: { a: { items: { default: 1 } } } }, ['default_unused /properties/a/items/default']],
  ['below an entry', { properties: { a: { items: host } } }, []],
  ['of further properties', { additionalProperties: { default: 1 } }, ['default_unused /additionalProperties/default']],
  ['of an alternative', { anyOf: [host] }, ['default_unused /anyOf/0/properties/port/default']],
  ['behind a condition', { if: false, else: host }, ['default_unused /else/properties/port/default']],
  [
    'that an alternative shares with a property',
    { properties: { a: { $ref: '#/$defs/h' } }, oneOf: [{ $ref: '#/$defs/h' }], $defs: { h: host } },
    [],
  ],
  ['that nothing refers to', { $defs: { h: host } }, ['default_unused /$defs/h/properties/port/default']],
  ['with a template', { properties: { a: { default: 'see {{ b }}' } } }, ['template_in_default /properties/a/default']],
  [
    'with a template inside',
    { properties: { a: { default: { b: ['{% if x %}'] } } } },
    ['template_in_default /properties/a/default'],
  ],
])('a default may be doubtful: %s', (_, schema, warnings) => {
  expect(defaultWarnings(schema, '').map(({ code, path }) => `${code} ${path}`)).toEqual(warnings);
});
