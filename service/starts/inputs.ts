import { AppError } from '../../model/app-error.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { refusal } from '../../model/refusal.ts';
import type { Parameters } from '../../model/run-input.ts';
import { SchemaError } from '../../model/schema/document.ts';
import { completeBySchema, SCHEMA_WORK } from '../../model/schema/validate.ts';
import { WorkMeter } from '../../model/work.ts';

/**
 * Returns an input completed with the defaults of its schema; `field` is the field of the request that holds it. Throws
 * `input_invalid`, and `definition_outdated` for a stored schema that can no longer be used.
 */
export function completeInput(input: Parameters, field: string, schema: JsonObject | null): Parameters {
  if (schema === null) return input;
  const { value, issues } = completed(schema, input, `/${field}`);
  if (issues.length === 0) return value as Parameters; // an object stays one
  throw refusal(
    'input_invalid',
    issues.map(({ keyword: _, ...issue }) => issue),
  );
}

function completed(schema: JsonObject, value: Json, base: string): ReturnType<typeof completeBySchema> {
  try {
    return completeBySchema(schema, value, base, new WorkMeter(SCHEMA_WORK));
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    const { path, message } = error.problem;
    throw new AppError('definition_outdated', `the stored param_schema cannot be used: ${path} ${message}`, {
      issues: [{ code: 'schema_invalid', path: `/param_schema${path}`, message }],
    });
  }
}
