import { validateAsBefore8 } from '../language/earlier-schema-check.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { SchemaError } from '../model/schema/document.ts';
import { SCHEMA_WORK, validateBySchema } from '../model/schema/validate.ts';
import type { SchemaIssue } from '../model/schema/walk.ts';
import { WorkMeter } from '../model/work.ts';
import { OWN_SCHEMA_CHECKS } from './versions.ts';

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
    if (!(error instanceof SchemaError)) throw error;
    return [{ code: 'schema_invalid', path: base, message: `cannot be checked: ${error.message}`, keyword: '' }];
  }
}
