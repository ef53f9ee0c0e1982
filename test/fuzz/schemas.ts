import { Validator } from '@cfworker/json-schema';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../model/json.ts';
import { jsonSchemaIssues } from '../../model/json-schema.ts';
import { SchemaError, schemaProblems, unmatchedDefaults } from '../../model/schema/document.ts';
import { completeBySchema, SCHEMA_WORK, validateBySchema } from '../../model/schema/validate.ts';
import type { SchemaIssue } from '../../model/schema/walk.ts';
import { WorkMeter } from '../../model/work.ts';
import type { Part } from './part.ts';

const key = fc.constantFrom('a', 'b', 'c', '~', '/', '', 'constructor', '__proto__');
const text = fc.constantFrom('a', 'aa', '', 'b1', '\u{1f600}', '2024-02-29', 'a'.repeat(200));
const scalar = fc.oneof(fc.constantFrom<Json>(null, true, false, 0, 1, -1, 1.5, 1e300), text);

const values = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('json'), { maxLength: 5 }),
    objectOf(key, tie('json'), 4),
  ),
})).json;

/** An object with own keys only, `__proto__` among them. */
function objectOf<T>(keys: fc.Arbitrary<string>, entries: fc.Arbitrary<T>, maxLength: number) {
  return fc.array(fc.tuple(keys, entries), { maxLength }).map((pairs) => Object.fromEntries(pairs) as JsonObject);
}

const TYPES = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string'];
/** Mostly such as can be used: one that cannot ends the whole check. */
const mostly = (right: readonly string[], wrong: readonly string[]) =>
  fc.oneof({ weight: 60, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });
const reference = mostly(['#/$defs/a', '#/$defs/b'], ['#', '#c', '#/allOf/0', '#/nowhere', '#%zz']);
const pattern = mostly(
  ['^a', '(a|aa)*$', '\\s', '^.$', '[^a]', '^\\p{L}+$', 'a{2,5}', '\\d'],
  ['[', '(?=a)', 'a{1001}'],
);

/**
 * Keywords on which both checks differ by intent are left out: `format`, and a `multipleOf` that has no
 * exact value in binary.
 */
const { schema: schemas } = fc.letrec<{ schema: Json }>((tie) => {
  const some = fc.array(tie('schema'), { minLength: 1, maxLength: 3 });
  const keyword = fc.oneof<fc.Arbitrary<[string, unknown]>[]>(
    fc.tuple(fc.constant('type'), fc.oneof(fc.constantFrom(...TYPES), fc.subarray(TYPES, { minLength: 1 }))),
    fc.tuple(fc.constantFrom('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'), fc.nat(3)),
    fc.tuple(fc.constantFrom('minLength', 'maxLength', 'minItems', 'maxItems'), fc.nat(3)),
    fc.tuple(fc.constantFrom('minProperties', 'maxProperties', 'minContains', 'maxContains'), fc.nat(3)),
    fc.tuple(fc.constant('multipleOf'), fc.constantFrom(1, 2, 0.5)),
    fc.tuple(fc.constant('pattern'), pattern),
    fc.tuple(fc.constant('$ref'), reference),
    fc.tuple(fc.constant('$anchor'), fc.constant('c')),
    fc.tuple(fc.constant('enum'), fc.array(values, { maxLength: 3 })),
    fc.tuple(fc.constant('const'), values),
    fc.tuple(fc.constant('default'), values),
    fc.tuple(fc.constant('uniqueItems'), fc.boolean()),
    fc.tuple(fc.constant('required'), fc.array(key, { maxLength: 2 })),
    fc.tuple(fc.constant('dependentRequired'), objectOf(key, fc.array(key, { maxLength: 2 }), 2)),
    fc.tuple(fc.constantFrom('allOf', 'anyOf', 'oneOf', 'prefixItems'), some),
    fc.tuple(fc.constantFrom('not', 'if', 'then', 'else', 'items', 'contains', 'unevaluatedItems'), tie('schema')),
    fc.tuple(fc.constantFrom('additionalProperties', 'propertyNames', 'unevaluatedProperties'), tie('schema')),
    fc.tuple(fc.constantFrom('properties', 'dependentSchemas', '$defs'), objectOf(key, tie('schema'), 3)),
    fc.tuple(fc.constant('patternProperties'), objectOf(pattern, tie('schema'), 2)),
  );
  const object = fc.array(keyword, { maxLength: 5 }).map((entries) => Object.fromEntries(entries) as Json);
  return { schema: fc.oneof({ maxDepth: 4, withCrossShrink: true }, fc.boolean(), object) };
});

interface Case {
  schema: JsonObject;
  value: Json;
}

const cases: fc.Arbitrary<Case> = fc
  .tuple(schemas, schemas, schemas, values)
  .map(([first, a, b, value]) => ({ schema: { allOf: [first], $defs: { a, b } }, value }));

/** The check of a value, with what it has cost. */
function check({ schema, value }: Case, limit: number): { issues: SchemaIssue[]; spent: number } {
  const meter = new WorkMeter(limit);
  return { issues: validateBySchema(schema, value, '', meter), spent: meter.spent };
}

/** Throws when the check of a value does not keep what it promises. */
function verify(given: Case): void {
  const { schema, value } = given;
  const issues = jsonSchemaIssues(schema, '', 'anything').length;
  const refused = issues > 0;
  if (schemaProblems(schema).length > 0) {
    if (!refused) throw new Error('a schema that cannot be used can be stored');
    try {
      check(given, SCHEMA_WORK);
    } catch (error) {
      if (error instanceof SchemaError) return;
      throw error;
    }
    throw new Error('a schema that cannot be used checks a value');
  }
  const whole = check(given, SCHEMA_WORK);
  if (whole.spent > SCHEMA_WORK) throw new Error(`a small check costs ${whole.spent} units`);
  const copy = check(structuredClone(given), SCHEMA_WORK);
  if (copy.spent !== whole.spent) throw new Error(`it costs ${whole.spent} units, and then ${copy.spent}`);
  equal(copy.issues, whole.issues, 'the same check again');
  equal(check(given, whole.spent).issues, whole.issues, 'with exactly the work that it takes');
  for (const limit of [whole.spent - 1, whole.spent / 2, 0]) {
    const { issues } = check(given, limit);
    if (issues.length === 1 && issues[0]!.code === 'limit_exceeded') continue;
    // Issues found before the limit are issues in any case.
    equal(issues, whole.issues.slice(0, issues.length), `with ${limit} units`);
    if (issues.length === 0) throw new Error(`a value passes with ${limit} units of ${whole.spent}`);
  }
  complete(given);
  // A default that does not match is refused, and changes nothing of the check.
  if (issues > unmatchedDefaults(schema).length) return;
  const { valid } = new Validator(schema, '2020-12', true).validate(value);
  if (valid !== (whole.issues.length === 0)) throw new Error(`the earlier check says ${valid}`);
}

/** Throws when filling in defaults changes the value itself, or fills in more the second time. */
function complete({ schema, value }: Case): void {
  const before = JSON.stringify(value);
  const fill = (given: Json) => completeBySchema(schema, given, '', new WorkMeter(SCHEMA_WORK));
  const { value: filled, issues } = fill(value);
  equal(value, JSON.parse(before), 'a value whose defaults are filled in');
  if (!issues.some(({ code }) => code === 'limit_exceeded')) equal(fill(filled).value, filled, 'filled in again');
}

function equal(a: unknown, b: unknown, what: string): void {
  if (JSON.stringify(a) !== JSON.stringify(b))
    throw new Error(`${what}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`);
}

/** Random schemas and values: no check throws, takes more than its limit, or says other than the earlier one. */
export const schemaPart: Part = {
  name: 'schemas',
  runs: 2_000,
  property: fc.property(cases, verify),
};
