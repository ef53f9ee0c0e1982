import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../model/json.ts';
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
    // The time of 20,000 plain entries, times a factor for counting and for a busy machine.
    const plain = Math.max(1, spend({ items: { type: 'integer' } }, numbers).time);
    let { time } = spent;
    // A busy machine may disturb any of them: the fastest counts.
    for (let tries = 1; tries < 5 && time / plain >= 2_000; tries += 1)
      time = Math.min(time, spend(schema, value).time);
    expect(time / plain).toBeLessThan(2_000);
  });

  it('a check costs the same, whatever schemas and patterns were checked before', () => {
    const schema: JsonObject = {
      patternProperties: { '^a+$': { pattern: '^(x|y)*$' } },
      propertyNames: { pattern: 'a' },
    };
    const value = { a: 'xyx', aa: 'yx', b: 'z', aaa: 'x'.repeat(5_000) };
    const first = spend(schema, value);
    expect(spend(schema, value)).toMatchObject({ codes: first.codes, units: first.units });
    // More patterns than are kept.
    for (let at = 0; at < 100; at += 1) spend({ pattern: `x${at}` }, 'x');
    expect(spend(schema, value)).toMatchObject({ codes: first.codes, units: first.units });
    expect(spend(structuredClone(schema), value)).toMatchObject({ codes: first.codes, units: first.units });
  });

  it('more patterns than are kept are compiled once in a validation, for however many names', () => {
    const patterns = Array.from({ length: 100 }, (_, at): [string, Json] => [`^[a-z]{40}[0-9]${at}$`, {}]);
    const schema = { patternProperties: Object.fromEntries(patterns) };
    const named = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 1]));
    const factor = () => spend(schema, named(20)).time / spend(schema, named(1)).time;
    spend(schema, named(1));
    // A busy machine disturbs one of them sometimes, not each time.
    expect([factor, factor, factor].some((measure) => measure() < 6)).toBe(true);
  });

  it('a schema inside itself is walked to a certain depth only', () => {
    const deep: JsonObject = { properties: { x: { $ref: '#' } } };
    expect(spend(deep, nested(300)).codes).toEqual([]);
    expect(spend(deep, nested(3_000)).codes).toEqual(['limit_exceeded']);
  });
});
