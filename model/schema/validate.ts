import { moreIssues } from '../issue.ts';
import type { Json, JsonObject } from '../json.ts';
import { WorkExceeded, type WorkMeter } from '../work.ts';
import { DefaultsTooLarge, Filler } from './defaults.ts';
import { schemaDocument } from './document.ts';
import { ValuePlace } from './place.ts';
import { type SchemaIssue, Walk } from './walk.ts';

/** Most work of one validation at the edges, in units. */
export const SCHEMA_WORK = 200_000;

/**
 * Returns everything in a value that does not match a JSON Schema (2020-12): at most 100 issues, then one with the number of the others.
 * `base` is the pointer of the value. Work beyond the meter's limit is an issue `limit_exceeded`. Throws SchemaError for a schema that
 * cannot be used.
 */
export function validateBySchema(schema: JsonObject, value: Json, base: string, meter: WorkMeter): SchemaIssue[] {
  const { root, tracks, weight } = schemaDocument(schema);
  const walk = new Walk(meter, tracks);
  try {
    meter.charge(1 + weight);
    if (walk.visit(root, value, null, null)) return [];
    walk.visit(root, value, ValuePlace.root(base), null);
  } catch (error) {
    if (!(error instanceof WorkExceeded)) throw error;
    // The issues found until then hold in any case.
    if (walk.issues.length === 0) return [exceeded(base)];
  }
  const { issues, more } = walk;
  return more === 0 ? issues : [...issues, { ...moreIssues(more, base), keyword: '' }];
}

/**
 * Fills the defaults of a schema into a value, and then checks it as validateBySchema does. Returns the value unchanged when that takes
 * too much work, and, with an issue `too_large`, when the defaults are larger than a payload may be. Throws SchemaError.
 */
export function completeBySchema(
  schema: JsonObject,
  value: Json,
  base: string,
  meter: WorkMeter,
): { value: Json; issues: SchemaIssue[] } {
  const { root, defaults } = schemaDocument(schema);
  try {
    const complete = defaults ? new Filler(meter).fill(root, value) : value;
    return { value: complete, issues: validateBySchema(schema, complete, base, meter) };
  } catch (error) {
    if (error instanceof DefaultsTooLarge) {
      return { value, issues: [{ code: 'too_large', path: base, message: error.message, keyword: 'default' }] };
    }
    if (!(error instanceof WorkExceeded)) throw error;
    return { value, issues: [exceeded(base)] };
  }
}

function exceeded(base: string): SchemaIssue {
  return { code: 'limit_exceeded', path: base, message: 'takes more work to check than is allowed', keyword: '' };
}
