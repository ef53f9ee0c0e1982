import type { z } from 'zod';
import { type Issue, jsonPointer, Suggestions } from './issue.ts';

type ZodIssue = z.core.$ZodIssue;

/** Messages about texts that do not have a format, by the format; custom checks have their own messages. */
const FORMATS: Record<string, string> = {
  datetime: 'must be a date and time in ISO 8601 with a time zone, such as 2026-11-01T03:00:00Z',
  uuid: 'must be a UUID',
};

/** The units of bounds: one, and several; numbers have none. */
const UNITS: Record<string, [one: string, many: string]> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
  set: ['entry', 'entries'],
};

/** A parsed value, its schema, and the pointer of its root. */
interface Parsed {
  schema: z.core.$ZodType;
  value: unknown;
  base: string;
  suggestions: Suggestions;
}

/**
 * Converts Zod's issues to Fermata's form: stable codes, JSON pointers below `base`, and for an unknown field the one that was
 * probably meant. `value` was parsed by `schema`.
 */
export function convertIssues(
  error: z.ZodError,
  schema: z.core.$ZodType,
  value: unknown,
  base = '',
  suggestions = new Suggestions(),
): Issue[] {
  return error.issues.flatMap((issue) => translate(issue, { schema, value, base, suggestions }));
}

function translate(issue: ZodIssue, parsed: Parsed): Issue[] {
  const { value, base } = parsed;
  const path = `${base}${jsonPointer(issue.path)}`;
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownFields(issue.keys, issue.path, parsed);
    case 'invalid_type': {
      const missing = valueAt(value, issue.path) === undefined;
      const message = missing ? 'is required' : `must be ${article(issue.expected)}`;
      return [{ code: missing ? 'required' : 'type_invalid', path, message }];
    }
    case 'invalid_union':
      return translateUnion(issue, parsed);
    case 'invalid_key':
      return issue.issues.map((inner) => ({ code: 'name_invalid', path, message: inner.message }));
    case 'too_small':
      return [{ code: 'out_of_range', path, message: bound(issue.origin, issue.minimum, issue.inclusive, 'least') }];
    case 'too_big':
      return [{ code: 'out_of_range', path, message: bound(issue.origin, issue.maximum, issue.inclusive, 'most') }];
    case 'invalid_format':
      return [{ code: 'value_invalid', path, message: FORMATS[issue.format] ?? issue.message }];
    case 'invalid_value':
      return [{ code: 'value_invalid', path, message: `must be one of: ${issue.values.map(String).join(', ')}` }];
    default:
      return [{ code: 'value_invalid', path, message: issue.message }];
  }
}

/** Returns an issue for each unknown field of the object at a path, with the field that was probably meant. */
function unknownFields(keys: readonly string[], at: readonly PropertyKey[], parsed: Parsed): Issue[] {
  const fields = fieldsAt(parsed.schema, at);
  return keys.map((key) => ({
    code: 'unknown_field',
    path: `${parsed.base}${jsonPointer([...at, key])}`,
    message: `unknown field "${key}".${parsed.suggestions.didYouMean(key, fields)}`,
  }));
}

/** Translates the issues of the alternative that was probably meant. */
function translateUnion(issue: z.core.$ZodIssueInvalidUnion, parsed: Parsed): Issue[] {
  const path = `${parsed.base}${jsonPointer(issue.path)}`;
  if (valueAt(parsed.value, issue.path) === undefined) return [{ code: 'required', path, message: 'is required' }];
  const alternatives = alternativesIn(issue);
  const keys = unknownToAll(alternatives);
  if (keys.length > 0) return unknownFields(keys, issue.path, parsed);
  // The alternative that matched most of the value describes the mistake best.
  const deepest = alternatives.toSorted((a, b) => depthOf(b) - depthOf(a))[0];
  if (deepest !== undefined && depthOf(deepest) > 0) {
    return deepest.flatMap((inner) => translate({ ...inner, path: [...issue.path, ...inner.path] }, parsed));
  }
  return [{ code: 'type_invalid', path, message: 'does not match any of the allowed types' }];
}

/** Returns the issues of each alternative of a union, and of the unions in it. */
function alternativesIn({ errors }: z.core.$ZodIssueInvalidUnion): ZodIssue[][] {
  return errors.flatMap((issues) => {
    const [only] = issues;
    if (issues.length === 1 && only?.code === 'invalid_union' && only.path.length === 0) return alternativesIn(only);
    return issues.length === 0 ? [] : [issues];
  });
}

/** Returns the keys that no alternative has, of those that are objects. */
function unknownToAll(alternatives: readonly ZodIssue[][]): string[] {
  const objects = alternatives.filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  const unknown = objects.map((issues) =>
    issues.flatMap((issue) => (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [])),
  );
  const [first = [], ...others] = unknown;
  return first.filter((key) => others.every((keys) => keys.includes(key)));
}

/** Returns the field names of all object schemas that a value at a path may have. */
function fieldsAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let current = schemasIn(schema);
  for (const part of path) current = current.flatMap((each) => schemasIn(childOf(each, part)));
  return [...new Set(current.flatMap((each) => Object.keys((each._zod.def as Parts).shape ?? {})))];
}

/** The parts of a schema of an object, a list, a record or a union. */
interface Parts {
  shape?: Record<PropertyKey, z.core.$ZodType>;
  element?: z.core.$ZodType;
  valueType?: z.core.$ZodType;
  options?: readonly z.core.$ZodType[];
}

function childOf(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  const { shape, element, valueType } = schema._zod.def as Parts;
  return typeof part === 'number' ? element : (shape?.[part] ?? valueType);
}

/** Returns a schema without what wraps it; of a union, its alternatives. */
function schemasIn(schema: z.core.$ZodType | undefined): z.core.$ZodType[] {
  const inner = unwrap(schema);
  if (inner === undefined) return [];
  const { options } = inner._zod.def as Parts;
  return options === undefined ? [inner] : options.flatMap(schemasIn);
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  let current = schema;
  while (current !== undefined && 'innerType' in current._zod.def) {
    current = current._zod.def.innerType as z.core.$ZodType; // optional, default and nullable wrap one inner schema
  }
  return current;
}

function bound(
  origin: string,
  limit: number | bigint,
  inclusive: boolean | undefined,
  which: 'least' | 'most',
): string {
  const [one, many] = UNITS[origin] ?? [null, null];
  if (one !== null) return `must have at ${which} ${limit} ${Number(limit) === 1 ? one : many}`;
  if (inclusive === false) return `must be ${which === 'least' ? 'above' : 'below'} ${limit}`;
  return `must be at ${which} ${limit}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[part];
  }
  return current;
}

function depthOf(issues: readonly ZodIssue[]): number {
  return Math.max(...issues.map((issue) => issue.path.length));
}

/** The names of types that JSON calls differently. */
const JSON_TYPES: Record<string, string> = { int: 'integer', record: 'object' };

function article(type: string): string {
  const expected = JSON_TYPES[type] ?? type;
  return /^[aeio]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}
