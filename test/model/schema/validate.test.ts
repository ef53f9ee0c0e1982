import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../model/json.ts';
import { schemaProblems } from '../../../model/schema/document.ts';
import { SCHEMA_WORK, validateBySchema } from '../../../model/schema/validate.ts';
import { WorkMeter } from '../../../model/work.ts';

const issuesOf = (schema: JsonObject, value: Json): string[] =>
  validateBySchema(schema, value, '/in', new WorkMeter(SCHEMA_WORK)).map(
    ({ code, path, message }) => `${code} ${path} ${message}`,
  );

const person: JsonObject = {
  type: 'object',
  required: ['name'],
  properties: { name: { type: 'string', minLength: 2 }, age: { type: ['integer', 'null'], minimum: 0 } },
  additionalProperties: false,
};
const list: JsonObject = {
  $defs: { node: { properties: { next: { $ref: '#/$defs/node' }, v: { type: 'integer' } } } },
};

describe('what does not match is reported with code, pointer and words', () => {
  it.each<[name: string, schema: JsonObject, value: Json, issues: string[]]>([
    ['nothing', person, { name: 'Ann', age: null }, []],
    ['type', { type: ['integer', 'null'] }, '1', ['schema_mismatch /in must be an integer or null, not a string']],
    ['integer', { type: 'integer' }, 1.5, ['schema_mismatch /in must be an integer, not a number']],
    [
      'several at once',
      person,
      { nme: 1 },
      ['required /in/name is required', 'unknown_field /in/nme is not allowed here'],
    ],
    ['a bound', person, { name: 'A' }, ['schema_mismatch /in/name must have at least 2 characters, not 1']],
    ['characters beyond UTF-16', { maxLength: 1 }, '😀', []],
    ['enum', { enum: ['a', { b: [1, 2] }] }, 'c', ['schema_mismatch /in must be one of: "a", {"b":[1,2]}']],
    ['enum by value', { enum: [{ a: 1, b: [2] }] }, { b: [2], a: 1 }, []],
    ['const', { const: false }, 0, ['schema_mismatch /in must be false']],
    ['multipleOf in decimal', { multipleOf: 0.1 }, 0.3, []],
    ['multipleOf', { multipleOf: 0.1 }, 0.35, ['schema_mismatch /in must be a multiple of 0.1']],
    ['pattern', { pattern: '^a$' }, 'b', ['schema_mismatch /in must match the pattern ^a$']],
    [
      'pattern in words',
      { pattern: '^a$', 'x-expected': 'the letter a' },
      'b',
      ['schema_mismatch /in must be the letter a'],
    ],
    ['format in words', { format: 'uuid', 'x-expected': 'an id' }, 'b', ['schema_mismatch /in must be an id']],
    [
      'both in words: said once',
      { pattern: '^a', format: 'email', 'x-expected': 'an address' },
      'b',
      ['schema_mismatch /in must be an address'],
    ],
    [
      'the format alone in words',
      { pattern: '^a', format: 'email', 'x-expected': 'an address' },
      'a',
      ['schema_mismatch /in must be an address'],
    ],
    [
      'words that are no text',
      { pattern: '^a$', 'x-expected': 1 },
      'b',
      ['schema_mismatch /in must match the pattern ^a$'],
    ],
    ['format', { format: 'date' }, '2023-02-29', ['schema_mismatch /in must match the format "date"']],
    ['an unknown format', { format: 'colour' }, 'x', []],
    [
      'uniqueItems',
      { uniqueItems: true },
      [{ a: 1, b: 2 }, 1, { b: 2, a: 1 }],
      ['schema_mismatch /in the entries 0 and 2 are equal'],
    ],
    ['uniqueItems by type', { uniqueItems: true }, [1, '1', true, 'true', null, 'null'], []],
    [
      'contains',
      { contains: { const: 1 } },
      [2],
      ['schema_mismatch /in must have at least 1 entry that matches "contains", not 0'],
    ],
    [
      'maxContains',
      { contains: {}, maxContains: 1 },
      [2, 3],
      ['schema_mismatch /in must have at most 1 entry that matches "contains", not 2'],
    ],
    ['minContains 0', { contains: { const: 1 }, minContains: 0 }, [], []],
    [
      'prefixItems and items',
      { prefixItems: [{ type: 'null' }], items: false },
      [0, 1],
      ['schema_mismatch /in/0 must be null, not a number', 'unknown_field /in/1 is not allowed here'],
    ],
    [
      'propertyNames',
      { propertyNames: { maxLength: 1 } },
      { ab: 1 },
      ['schema_mismatch /in/ab has a name that does not match "propertyNames"'],
    ],
    [
      'patternProperties',
      { patternProperties: { '^a': { type: 'null' } }, additionalProperties: false },
      { ab: 1, b: 1 },
      ['schema_mismatch /in/ab must be null, not a number', 'unknown_field /in/b is not allowed here'],
    ],
    ['dependentRequired', { dependentRequired: { a: ['b'] } }, { a: 1 }, ['required /in/b is required with "a"']],
    ['dependentSchemas', { dependentSchemas: { a: { required: ['c'] } } }, { a: 1 }, ['required /in/c is required']],
    [
      'anyOf alone',
      { anyOf: [{ type: 'null' }, { minimum: 5 }] },
      1,
      ['schema_mismatch /in matches none of the alternatives of "anyOf"'],
    ],
    [
      'oneOf',
      { oneOf: [{}, {}] },
      1,
      ['schema_mismatch /in must match exactly one of the alternatives of "oneOf", not 2'],
    ],
    ['not', { not: {} }, 1, ['schema_mismatch /in must not match the schema of "not"']],
    [
      'if and then',
      // biome-ignore lint/suspicious/noThenProperty: the keyword's own name in JSON Schema
      { if: { type: 'string' }, then: { minLength: 3 }, else: false },
      'ab',
      ['schema_mismatch /in must have at least 3 characters, not 2'],
    ],
    ['if and else', { if: { type: 'string' }, else: false }, 1, ['unknown_field /in is not allowed here']],
    [
      'a recursive schema',
      { $ref: '#/$defs/node', ...list },
      { next: { next: { v: 'x' } } },
      ['schema_mismatch /in/next/next/v must be an integer, not a string'],
    ],
    [
      'an anchor',
      { $ref: '#n', $defs: { a: { $anchor: 'n', type: 'null' } } },
      1,
      ['schema_mismatch /in must be null, not a number'],
    ],
    [
      'the same reference twice',
      { allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/a' }], $defs: { a: { type: 'null' } } },
      1,
      ['schema_mismatch /in must be null, not a number'],
    ],
    [
      'one reference for equal entries',
      { items: { $ref: '#/$defs/a' }, $defs: { a: { type: 'null' } } },
      [1, 1],
      ['schema_mismatch /in/0 must be null, not a number', 'schema_mismatch /in/1 must be null, not a number'],
    ],
    [
      'unevaluated properties',
      { allOf: [{ properties: { a: {} } }], unevaluatedProperties: false },
      { a: 1, b: 2 },
      ['unknown_field /in/b is not allowed here'],
    ],
    [
      'what an alternative has looked at',
      {
        anyOf: [{ properties: { a: { const: 1 } }, required: ['a'] }, { properties: { b: {} } }],
        unevaluatedProperties: false,
      },
      { a: 1, b: 2 },
      [],
    ],
    [
      'what a shared reference has looked at',
      {
        allOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/a' }],
        unevaluatedProperties: false,
        $defs: { a: { properties: { a: {} } } },
      },
      { a: 1 },
      [],
    ],
    [
      'unevaluated items',
      { prefixItems: [{}], contains: { const: 3 }, unevaluatedItems: false },
      [1, 2, 3],
      ['unknown_field /in/1 is not allowed here'],
    ],
    [
      'inherited names',
      { required: ['toString'], properties: { constructor: { type: 'null' } } },
      {},
      ['required /in/toString is required'],
    ],
    [
      'pointers',
      { properties: { 'a/b~c': { type: 'null' } } },
      { 'a/b~c': 1 },
      ['schema_mismatch /in/a~1b~0c must be null, not a number'],
    ],
  ])('%s', (_, schema, value, issues) => {
    expect(schemaProblems(schema)).toEqual([]);
    expect(issuesOf(schema, value)).toEqual(issues);
  });

  it('at most 100 times, then with how many more there are', () => {
    const issues = issuesOf({ items: { type: 'string' } }, Array(250).fill(1));
    expect(issues.length).toBe(101);
    expect(issues[100]).toBe('more_issues /in and 150 more');
  });
});

describe('patterns mean what they mean in ECMAScript', () => {
  it.each<[pattern: string, text: string]>([
    ...['\u00a0', '\u2003', '\ufeff', ' ', '\v', 'x', '\u180e'].flatMap((text): [string, string][] => [
      ['^\\s$', text],
      ['^\\S$', text],
      ['^[\\s]$', text],
      ['^[^\\s]$', text],
      ['^[\\S]$', text],
    ]),
    ...['\n', '\r', '\u2028', '😀', 'a'].map((text): [string, string] => ['^.$', text]),
    ...['é', '٣', '_', '5'].flatMap((text): [string, string][] => [
      ['^\\d$', text],
      ['^\\w$', text],
      ['^\\W$', text],
      ['^\\p{L}$', text],
      ['^\\p{Letter}$', text],
      ['^\\P{Decimal_Number}$', text],
    ]),
    ['^\\p{Script=Greek}$', 'α'],
    ['\\u0041', 'A'],
    ['^\\u{1F600}$', '😀'],
    ['^\\ud83d\\ude00$', '😀'],
    ['^\\cJ$', '\n'],
    ['^[^]$', '\n'],
    ['[]', 'a'],
    ['^[\\b]$', '\b'],
    ['\\bfoo\\b', 'a foo b'],
    ['^\\/$', '/'],
    ['^\\0$', '\0'],
    ['^[[:a]$', ':'],
    ['^(?<year>\\d{4})$', '2024'],
    ['^a$', 'a\n'],
  ])('%j of %j', (pattern, text) => {
    expect(schemaProblems({ pattern })).toEqual([]);
    expect(issuesOf({ pattern }, text).length === 0).toBe(new RegExp(pattern, 'u').test(text));
  });
});

describe('formats', () => {
  it.each<[format: string, right: string[], wrong: string[]]>([
    ['date', ['2024-02-29', '0001-01-01'], ['2023-02-29', '2024-13-01', '2024-1-1', '2024-01-32']],
    [
      'time',
      ['10:00:00Z', '10:00:00.5+02:00', '23:59:60Z', '01:29:60+01:30'],
      ['10:00:00', '24:00:00Z', '22:59:60Z', '10:00Z'],
    ],
    [
      'date-time',
      ['2024-01-01T00:00:00Z', '2024-01-01t00:00:00z'],
      ['2024-01-01', '2024-01-01T00:00:00', '2024-01-01X00:00:00Z'],
    ],
    ['duration', ['P1D', 'PT1H30M', 'P1Y2M3DT4H', 'P2W'], ['P', 'PT', 'P1H', '1D', 'P1DT', 'PT1H1S']],
    [
      'uri',
      ['http://a.b/c?d#e', 'urn:x:y', 'mailto:a@b.c', 'http://[::1]:80/', 'http://u:p@h'],
      ['/a', '//a/b', 'http://a b', 'http://[x]/', 'a', 'http://h:x/', 'http://h/%zz', '1:b'],
    ],
    ['uri-reference', ['/a', '//a/b', '#x', '', 'a/b:c', 'http://a'], ['a b', '\\x', '%', ':a', '#a#b']],
    ['uri-template', ['/a/{b}', '{?x,y*}', '{+p:3}', ''], ['/a/{b', '{}', '}', '{a b}', '{{a}}']],
    [
      'url',
      ['https://example.com/a', 'ftp://example.com', 'http://8.8.8.8', 'http://u@example.com:80/?q'],
      ['https://localhost', 'http://10.0.0.1/', 'mailto:a@b.c', 'http://a..b.com', 'http://example.com:x'],
    ],
    [
      'email',
      ['a@b.c', '"a b"@c.d', 'a@[127.0.0.1]', 'a@[IPv6:::1]', 'a.b+c@d'],
      ['a', '@b', 'a@', '.a@b', 'a..b@c', 'a@b@c', `${'a'.repeat(65)}@b`],
    ],
    ['hostname', ['a', 'a.b-c.d', '1.2'], ['', '-a', 'a-', 'a..b', 'a_b', `${'a'.repeat(64)}.b`]],
    ['ipv4', ['1.2.3.4', '255.255.255.255'], ['1.2.3', '256.1.1.1', '01.2.3.4', '1.2.3.4.5']],
    [
      'ipv6',
      ['::', '::1', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4', '1::8'],
      ['1', ':::', '1::2::3', '1:2:3:4:5:6:7', '12345::', '::1.2.3', '1:2:3:4:5:6:7::8', ':1'],
    ],
    ['uuid', ['123e4567-e89b-12d3-a456-426614174000'], ['123e4567e89b12d3a456426614174000', '']],
    ['json-pointer', ['', '/a~0b', '//'], ['a', '/~2', '/~']],
    ['json-pointer-uri-fragment', ['#', '#/a%20'], ['/a', '#a']],
    ['relative-json-pointer', ['0', '1/a', '0#'], ['-1', '01', 'a']],
    ['regex', ['^a+$', '(?=a)'], ['(', '[z-a]', '\\a']],
  ])('%s', (format, right, wrong) => {
    for (const text of right) expect([text, issuesOf({ format }, text)]).toEqual([text, []]);
    for (const text of wrong) expect([text, issuesOf({ format }, text).length]).toEqual([text, 1]);
    expect(issuesOf({ format }, 'a'.repeat(8_193)).length).toBe(1);
    expect(issuesOf({ format }, 5)).toEqual([]);
  });
});

describe('a schema that cannot be used', () => {
  const chain = (length: number): JsonObject =>
    Object.fromEntries(
      Array.from({ length }, (_, at): [string, Json] => [`a${at}`, at === 0 ? {} : { $ref: `#/$defs/a${at - 1}` }]),
    );
  const deep = (levels: number): JsonObject => (levels === 0 ? {} : { not: deep(levels - 1) });
  it.each<[schema: JsonObject, path: string, message: string]>([
    [{ type: 'object', $ref: '#' }, '/$ref', 'refers to itself'],
    [
      { $ref: '#/$defs/a', $defs: { a: { anyOf: [{}, { $ref: '#/$defs/b' }] }, b: { not: { $ref: '#/$defs/a' } } } },
      '/$ref',
      'refers to itself',
    ],
    [{ if: { $ref: '#' } }, '/if/$ref', 'refers to itself'],
    [{ dependentSchemas: { a: { $ref: '#' } } }, '/dependentSchemas/a/$ref', 'refers to itself'],
    [{ $ref: '#/$defs/x' }, '/$ref', '"#/$defs/x" does not lead to a schema'],
    [{ $ref: '#/enum/0', enum: [{}] }, '/$ref', '"#/enum/0" does not lead to a schema'],
    [{ $ref: '#%zz' }, '/$ref', '"#%zz" is not a reference'],
    [{ $ref: 'https://example.com/s' }, '/$ref', 'must point into the same schema'],
    [{ $defs: chain(35) }, '/$defs/a33/$ref', 'follows more than 32 references one after another'],
    [{ items: { $dynamicRef: '#a' } }, '/items/$dynamicRef', 'is not supported'],
    [{ pattern: 'a(?=b)' }, '/pattern', 'look-ahead is not supported'],
    [{ pattern: 'a(?!b)' }, '/pattern', 'look-ahead is not supported'],
    [{ pattern: '(?<=a)b' }, '/pattern', 'look-behind is not supported'],
    [{ pattern: '(?<!a)b' }, '/pattern', 'look-behind is not supported'],
    [{ pattern: '(a)\\1' }, '/pattern', 'back references are not supported'],
    [{ pattern: '(?<x>a)\\k<x>' }, '/pattern', 'back references are not supported'],
    [{ pattern: 'a{1001}' }, '/pattern', 'counts above 1,000 are not supported'],
    [{ pattern: 'a{2,1001}' }, '/pattern', 'counts above 1,000 are not supported'],
    [{ patternProperties: { '(?=~)': {} } }, '/patternProperties/(?=~0)', 'look-ahead is not supported'],
    [{ pattern: 'a'.repeat(10_001) }, '/pattern', 'has more than 10,000 characters'],
    [
      { pattern: '(?:a{100}b{100}c{100}d{100}e{100}f{100})'.repeat(10) },
      '/pattern',
      'is too large once its counts are expanded',
    ],
    [
      { anyOf: Array.from({ length: 12 }, (_, at) => ({ pattern: `${at}${'a'.repeat(999)}` })) },
      '',
      'has patterns that are too large together',
    ],
    [{ anyOf: Array.from({ length: 2_001 }, () => ({})) }, '', 'has more than 2000 subschemas'],
    [deep(202), `${'/not'.repeat(201)}`, 'is inside more than 200 others'],
    [{ allOf: [5] }, '/allOf/0', 'must be a schema'],
    [{ allOf: {} }, '/allOf', 'must be a list of schemas'],
    [{ properties: [] }, '/properties', 'must be an object of schemas'],
  ])('%#', (schema, path, message) => {
    expect(schemaProblems(schema)).toEqual([{ path, message }]);
    expect(() => issuesOf(schema, 1)).toThrow(message);
  });

  it('is none of these', () => {
    for (const pattern of ['(?:a)', '(?<a>b)', '[(?=]', '\\(?=', 'a{1000}', '[\\]{1001}]', '\\\\1']) {
      expect([pattern, schemaProblems({ pattern })]).toEqual([pattern, []]);
    }
    expect(schemaProblems({ properties: { a: { $ref: '#' } }, items: { $ref: '#' } })).toEqual([]);
    expect(schemaProblems({ $defs: chain(33) })).toEqual([]);
    expect(schemaProblems(deep(200))).toEqual([]);
  });
});
