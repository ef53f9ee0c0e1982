import { z } from 'zod';
import { type Issue, Suggestions } from './issue.ts';
import type { JsonObject } from './json.ts';
import { schemaProblems, unmatchedDefaults } from './schema/document.ts';
import { MAX_PATTERN_CHARACTERS } from './schema/pattern.ts';
import { convertIssues } from './zod-issues.ts';

const TypeName = z.enum(['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']);
const Count = z.int().min(0);

const Pattern = z.string().max(MAX_PATTERN_CHARACTERS).refine(isPattern, 'is not a regular expression');

/**
 * A JSON Schema (2020-12) of the keywords that Fermata checks. Unknown keywords are refused, since a misspelt one would check nothing;
 * `x-…` keywords are allowed. References stay inside the schema.
 */
const SchemaSchema: z.ZodType = z.lazy(() => z.union([z.boolean(), SchemaObject]));

const SchemaObject = z.strictObject({
  $schema: z.string().optional(),
  $id: z.string().optional(),
  $comment: z.string().optional(),
  $ref: z.string().regex(/^#/, 'must point into the same schema').optional(),
  $defs: z.record(z.string(), SchemaSchema).optional(),
  $anchor: z.string().optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  examples: z.array(z.unknown()).optional(),
  deprecated: z.boolean().optional(),
  readOnly: z.boolean().optional(),
  writeOnly: z.boolean().optional(),
  type: z.union([TypeName, z.array(TypeName).min(1)]).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  multipleOf: z.number().positive().optional(),
  maximum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maxLength: Count.optional(),
  minLength: Count.optional(),
  pattern: Pattern.optional(),
  format: z.string().optional(),
  maxItems: Count.optional(),
  minItems: Count.optional(),
  uniqueItems: z.boolean().optional(),
  maxContains: Count.optional(),
  minContains: Count.optional(),
  maxProperties: Count.optional(),
  minProperties: Count.optional(),
  required: z.array(z.string()).optional(),
  dependentRequired: z.record(z.string(), z.array(z.string())).optional(),
  properties: z.record(z.string(), SchemaSchema).optional(),
  patternProperties: z.record(Pattern, SchemaSchema).optional(),
  additionalProperties: SchemaSchema.optional(),
  propertyNames: SchemaSchema.optional(),
  unevaluatedProperties: SchemaSchema.optional(),
  dependentSchemas: z.record(z.string(), SchemaSchema).optional(),
  prefixItems: z.array(SchemaSchema).min(1).optional(),
  items: SchemaSchema.optional(),
  contains: SchemaSchema.optional(),
  unevaluatedItems: SchemaSchema.optional(),
  contentEncoding: z.string().optional(),
  contentMediaType: z.string().optional(),
  allOf: z.array(SchemaSchema).min(1).optional(),
  anyOf: z.array(SchemaSchema).min(1).optional(),
  oneOf: z.array(SchemaSchema).min(1).optional(),
  not: SchemaSchema.optional(),
  if: SchemaSchema.optional(),
  // biome-ignore lint/suspicious/noThenProperty: the keyword's own name in JSON Schema
  then: SchemaSchema.optional(),
  else: SchemaSchema.optional(),
});

/** Returns the issues of a JSON Schema that a person wrote; `of`: whether it must describe an object. */
export function jsonSchemaIssues(
  schema: unknown,
  base: string,
  of: 'object' | 'anything',
  suggestions = new Suggestions(),
): Issue[] {
  const parsed = SchemaObject.safeParse(withoutExtensions(schema));
  if (!parsed.success) return convertIssues(parsed.error, SchemaObject, schema, base, suggestions);
  const { type } = parsed.data;
  if (of === 'object' && type !== undefined && type !== 'object') {
    return [{ code: 'schema_invalid', path: `${base}/type`, message: 'must be "object"' }];
  }
  const known = schema as JsonObject; // its shape has been checked above
  const problems = [...schemaProblems(known), ...unmatchedDefaults(known)];
  return problems.map(({ path, message }) => ({ code: 'schema_invalid', path: base + path, message }));
}

function withoutExtensions(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutExtensions);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).filter(([key]) => !key.startsWith('x-'));
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutExtensions(value)]));
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}
