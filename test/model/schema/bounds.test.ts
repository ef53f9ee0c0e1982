import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../model/json.ts';
import { schemaProblems } from '../../../model/schema/document.ts';
import { SCHEMA_WORK, validateBySchema } from '../../../model/schema/validate.ts';
import { WorkMeter } from '../../../model/work.ts';

/** A schema that refers to each level twice from the one above. */
const doubling = (levels: number): JsonObject => ({
  $ref: `#/$defs/a${levels}`,
  $defs: Object.fromEntries(
    Array.from({ length: levels + 1 }, (_, at): [string, Json] => [
      `a${at}`,
      at === 0 ? { type: 'integer' } : { allOf: [{ $ref: `#/$defs/a${at - 1}` }, { $ref: `#/$defs/a${at - 1}` }] },
    ]),
  ),
});

/** A schema that goes into each property along two ways. */
const twoWays: JsonObject = {
  $ref: '#/$defs/n',
  $defs: { n: { allOf: [1, 2].map(() => ({ properties: { x: { $ref: '#/$defs/n' } } })), type: 'object' } },
};
const nested = (levels: number): Json => (levels === 0 ? 1 : { x: nested(levels - 1) });
const numbers = Array.from({ length: 20_000 }, (_, at) => at);

const spend = (schema: JsonObject, value: Json): { codes: string[]; units: number; time: number } => {
  const meter = new WorkMeter(SCHEMA_WORK);
  const before = performance.now();
  const issues = validateBySchema(schema, value, '', meter);
  return { codes: issues.map(({ code }) => code), units: meter.spent, time: performance.now() - before };
};

describe('work that a schema and a value cause is counted, and bounded', () => {
  const mismatch = ['schema_mismatch'];
  it.each<[name: string, schema: JsonObject, value: Json, codes: string[], most: number]>([
    ['a nested count', { pattern: '^(a+)+$' }, `${'a'.repeat(5_000)}!`, mismatch, 10_000],
    ['alternatives that overlap', { pattern: '^(a|a|aa)*$' }, `${'a'.repeat(5_000)}!`, mismatch, 20_000],
    [
      'a pattern of property names',
      { patternProperties: { '^(a+)+$': false } },
      { [`${'a'.repeat(5_000)}!`]: 1 },
      [],
      10_000,
    ],
    ['doubled references that match', doubling(30), 1, [], 1_000],
    ['doubled references that do not', doubling(30), 'x', mismatch, 1_000],
    ['two ways into each level', twoWays, nested(90), mismatch, 5_000],
    ['unique entries', { uniqueItems: true }, numbers, [], 50_000],
    ['unique objects', { uniqueItems: true }, numbers.slice(0, 5_000).map((at) => ({ at })), [], 100_000],
    ['a large enum', { items: { enum: numbers } }, numbers, [], 50_000],
    ['a host that never ends', { format: 'url' }, `http://${'a'.repeat(8_000)}`, mismatch, 5_000],
    ['too many entries', { items: {} }, Array(250_000).fill(1), ['limit_exceeded'], SCHEMA_WORK + 1],
    [
      'too much for a pattern',
      { pattern: `${'a?'.repeat(900)}${'a'.repeat(900)}` },
      'a'.repeat(5_000),
      ['limit_exceeded'],
      900_000,
    ],
    [
      'alternatives × properties',
      { items: { anyOf: Array.from({ length: 500 }, (_, at) => ({ required: [`k${at}`] })) } },
      Array(1_000).fill({ k499: 1 }),
      ['limit_exceeded'],
      SCHEMA_WORK + 500,
    ],
  ])('%s', (_, schema, value, codes, most) => {
    const spent = spend(schema, value);
    expect([spent.codes, spent.units <= most]).toEqual([codes, true]);
    // As long as 20,000 plain entries take, times a factor for what is counted and for a busy machine.
    const plain = Math.max(1, spend({ items: { type: 'integer' } }, numbers).time);
    expect(spent.time / plain).toBeLessThan(2_000);
  });

  it('a schema inside itself is walked to a certain depth only', () => {
    const deep: JsonObject = { properties: { x: { $ref: '#' } } };
    expect(spend(deep, nested(300)).codes).toEqual([]);
    expect(spend(deep, nested(3_000)).codes).toEqual(['limit_exceeded']);
  });
});

describe('random schemas', () => {
  const key = fc.constantFrom('a', 'b', '~', '');
  const json = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Json>(null, true, 0, 1.5, 'a', 'aa', ''),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(key, tie('json'), { maxKeys: 3 }),
    ),
  })).json;
  const { schema } = fc.letrec<{ schema: Json }>((tie) => {
    const some = fc.array(tie('schema'), { minLength: 1, maxLength: 3 });
    const keyword = fc.oneof<fc.Arbitrary<[string, unknown]>[]>(
      fc.tuple(fc.constantFrom('type'), fc.constantFrom('object', 'array', 'string', 'integer', 'null')),
      fc.tuple(fc.constantFrom('minimum', 'maxLength', 'maxItems', 'minProperties', 'maxContains'), fc.nat(3)),
      fc.tuple(fc.constantFrom('pattern'), fc.constantFrom('^a', '(a|aa)*$', '\\s', '[')),
      fc.tuple(fc.constantFrom('$ref'), fc.constantFrom('#', '#/$defs/a', '#/$defs/b', '#c')),
      fc.tuple(fc.constantFrom('enum'), fc.array(json, { maxLength: 3 })),
      fc.tuple(fc.constantFrom('uniqueItems'), fc.boolean()),
      fc.tuple(fc.constantFrom('required'), fc.array(key, { maxLength: 2 })),
      fc.tuple(fc.constantFrom('allOf', 'anyOf', 'oneOf', 'prefixItems'), some),
      fc.tuple(fc.constantFrom('not', 'if', 'else', 'items', 'contains', 'unevaluatedItems'), tie('schema')),
      fc.tuple(fc.constantFrom('additionalProperties', 'propertyNames', 'unevaluatedProperties'), tie('schema')),
      fc.tuple(fc.constantFrom('properties', 'dependentSchemas'), fc.dictionary(key, tie('schema'), { maxKeys: 3 })),
    );
    const object = fc.array(keyword, { maxLength: 4 }).map((entries) => Object.fromEntries(entries) as Json);
    return { schema: fc.oneof({ maxDepth: 4 }, fc.boolean(), object) };
  });

  it('are refused, or check any value alike each time, without a throw and within the limit', () => {
    fc.assert(
      fc.property(schema, schema, schema, json, (first, a, b, value) => {
        const root = { allOf: [first], $defs: { a, b } };
        if (schemaProblems(root).length > 0) return;
        const spent = spend(root, value);
        expect(spent.units).toBeLessThan(SCHEMA_WORK);
        expect(spend(structuredClone(root), structuredClone(value)).codes).toEqual(spent.codes);
      }),
      { numRuns: 300 },
    );
  });
});
