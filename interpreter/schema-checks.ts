import { applyDefaultsAsBefore10 } from '../language/earlier-defaults.ts';
import { validateAsBefore8 } from '../language/earlier-schema-check.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { SchemaError } from '../model/schema/document.ts';
import { completeBySchema, SCHEMA_WORK, validateBySchema } from '../model/schema/validate.ts';
import type { SchemaIssue } from '../model/schema/walk.ts';
import { WorkMeter } from '../model/work.ts';
import { ALL_DEFAULTS, OWN_SCHEMA_CHECKS } from './versions.ts';

/** A value with the defaults of a schema, as a run of a version of the interpreter fills them in, and everything in which it does not match. */
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
 * Everything in which a value does not match a schema, for a run of a version of the interpreter; `base` is the pointer of the
 * value. A schema that cannot be used is an issue `schema_invalid`, since nothing may rest on a check that was not made.
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

/** The issue of a schema that cannot be used; anything but a SchemaError is thrown again. */
function unusable(error: unknown, base: string): SchemaIssue {
  if (!(error instanceof SchemaError)) throw error;
  return { code: 'schema_invalid', path: base, message: `cannot be checked: ${error.message}`, keyword: '' };
}
