import { Validator } from '@cfworker/json-schema';
import { jsonPointer } from '../../model/issue.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { SchemaIssue } from '../../model/schema/walk.ts';

/** Keywords whose errors only repeat that something below them failed. */
const WRAPPERS: ReadonlySet<string> = new Set([
  ...['$ref', 'properties', 'patternProperties', 'additionalProperties', 'items', 'prefixItems', 'allOf', 'if', 'then'],
  ...['else', 'dependentSchemas', 'unevaluatedProperties', 'unevaluatedItems'],
]);

const CHOICES: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'not']);

/**
 * Returns everything in a value that does not match a JSON Schema (2020-12), as interpreters below 8 decide it; `base` is the pointer
 * of the value. Patterns and references are not bounded: only runs that were started by those interpreters come here.
 */
export function validateAsBefore8(schema: JsonObject, value: Json, base = ''): SchemaIssue[] {
  const { errors } = new Validator(schema, '2020-12', false).validate(value);
  const issues: SchemaIssue[] = [];
  // The errors inside the alternatives of a choice contradict each other: only the choice itself is reported.
  const choices = errors.filter(({ keyword }) => CHOICES.has(keyword)).map(({ keywordLocation }) => keywordLocation);
  for (const { keyword, keywordLocation, instanceLocation, error } of errors) {
    if (WRAPPERS.has(keyword) || choices.some((choice) => keywordLocation.startsWith(`${choice}/`))) continue;
    const path = `${base}${decodeURIComponent(instanceLocation.slice(1))}`;
    if (keyword === 'false') {
      issues.push({ code: 'unknown_field', path, message: 'is not allowed here', keyword });
    } else if (keyword === 'required') {
      const property = /required property "(.*)"/s.exec(error)?.[1] ?? '';
      issues.push({ code: 'required', path: `${path}${jsonPointer([property])}`, message: 'is required', keyword });
    } else {
      issues.push({ code: 'schema_mismatch', path, message: error.replace(/\.$/, ''), keyword });
    }
  }
  return issues;
}
