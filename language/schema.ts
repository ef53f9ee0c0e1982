import { Validator } from '@cfworker/json-schema';
import { type Issue, jsonPointer } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';

/** Keywords whose errors only repeat that something below them failed. */
const WRAPPERS: ReadonlySet<string> = new Set([
  ...['$ref', 'properties', 'patternProperties', 'additionalProperties', 'items', 'prefixItems', 'allOf', 'if', 'then'],
  ...['else', 'dependentSchemas', 'unevaluatedProperties', 'unevaluatedItems'],
]);

const CHOICES: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'not']);

/** One failed check: which keyword refused, at which JSON pointer below the value. */
export interface SchemaIssue extends Issue {
  keyword: string;
}

/** Everything in which a value does not match a JSON Schema (2020-12); `base` is the pointer of the value. */
export function validateJson(schema: JsonObject, value: Json, base = ''): SchemaIssue[] {
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

/** The value with the schema's defaults filled in where a property is absent, through nested properties. */
export function applyDefaults(schema: Json | undefined, value: Json): Json {
  if (!isJsonObject(schema) || !isJsonObject(value)) return value;
  const properties = ownValue(schema, 'properties');
  if (!isJsonObject(properties)) return value;
  const result: JsonObject = { ...value };
  for (const [name, property] of Object.entries(properties)) {
    const present = ownValue(result, name);
    if (present !== undefined) result[name] = applyDefaults(property, present);
    else if (isJsonObject(property) && Object.hasOwn(property, 'default')) result[name] = property.default ?? null;
  }
  return result;
}
