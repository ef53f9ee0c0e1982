import { isTemplate } from '../../expression/delimiters.ts';
import type { Issue, Suggestions } from '../../model/issue.ts';
import type { JsonObject } from '../../model/json.ts';
import { SchemaError } from '../../model/schema/document.ts';
import { completeBySchema, SCHEMA_WORK } from '../../model/schema/validate.ts';
import { WorkMeter } from '../../model/work.ts';
import { sortMismatches } from '../checks/inputs.ts';

const BASE = '/parameters';

/** Says what parameters must be. */
export const PARAMETERS_WANTED = 'must be an object, or a template that evaluates to one';

/**
 * Finds what the `param_schema` of the workflow or action refuses about parameters, as far as no template decides it. `target` is the
 * pointer of the field that names it.
 */
export function checkParameters(
  parameters: JsonObject | string,
  schema: JsonObject | null,
  target: string,
  suggestions: Suggestions,
): Issue[] {
  if (typeof parameters === 'string') {
    if (isTemplate(parameters)) return [];
    return [{ code: 'type_invalid', path: BASE, message: PARAMETERS_WANTED }];
  }
  if (schema === null) return [];
  try {
    const { issues } = completeBySchema(schema, parameters, BASE, new WorkMeter(SCHEMA_WORK));
    const { wrong, absent } = sortMismatches(issues, { input: parameters, base: BASE, schema, suggestions });
    return [...wrong, ...absent];
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    const { path, message } = error.problem;
    return [
      { code: 'schema_invalid', path: target, message: `has a param_schema that cannot be used: ${path} ${message}` },
    ];
  }
}
