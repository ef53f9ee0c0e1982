import { applyDefaultsAsBefore10 } from '../language/earlier/defaults.ts';
import { validateAsBefore8 } from '../language/earlier/schema-check.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { SchemaError } from '../model/schema/document.ts';
import { completeBySchema, SCHEMA_WORK, validateBySchema } from '../model/schema/validate.ts';
import type { SchemaIssue } from '../model/schema/walk.ts';
import { WorkMeter } from '../model/work.ts';
import { ALL_DEFAULTS, OWN_SCHEMA_CHECKS } from './versions.ts';

/** Fills in the defaults of a schema as a run of an interpreter version does. Returns the value, and everything that does not match. */
export function completed(
  version: number,
  schema: JsonObject,
  value: Json,
  meter: WorkMeter,
): { value: Json; issues: SchemaIssue[] } {
  if (version < ALL_DEFAULTS) {
    const complete = applyDefaultsAsBefore10(schema, value);
    return { value: complete, issues: mismatches(version, schema, complete, '', meter) };
  }
  try {
    return completeBySchema(schema, value, '', meter);
  } catch (error) {
    return { value, issues: [unusable(error, '')] };
  }
}

/**
 * Returns everything in a value that does not match a schema, for a run of an interpreter version; `base` is the pointer of the value.
 * A schema that cannot be used is an issue `schema_invalid`, so that no value counts as checked without a check.
 */
export function mismatches(
  version: number,
  schema: JsonObject,
  value: Json,
  base: string,
  meter = new WorkMeter(SCHEMA_WORK),
): SchemaIssue[] {
  if (version < OWN_SCHEMA_CHECKS) return validateAsBefore8(schema, value, base);
  try {
    return validateBySchema(schema, value, base, meter);
  } catch (error) {
    return [unusable(error, base)];
  }
}

/** Returns the issue of a schema that cannot be used; rethrows anything but a SchemaError. */
function unusable(error: unknown, base: string): SchemaIssue {
  if (!(error instanceof SchemaError)) throw error;
  return { code: 'schema_invalid', path: base, message: `cannot be checked: ${error.message}`, keyword: '' };
}
