import { applyDefaults, validateJson } from '../language/schema.ts';
import { AppError } from '../model/app-error.ts';
import { andMore, type Issue } from '../model/issue.ts';
import type { JsonObject } from '../model/json.ts';
import type { Parameters } from '../model/run-input.ts';

/** The input of a run with its schema's defaults; `field` is where it stands in the request. Throws `input_invalid`. */
export function checkInput(input: Parameters, field: string, schema: JsonObject | null): Parameters {
  if (schema === null) return input;
  const complete = applyDefaults(schema, input) as Parameters; // an object stays one
  const issues = validateJson(schema, complete, `/${field}`).map(({ keyword: _, ...issue }) => issue);
  if (issues.length === 0) return complete;
  throw refusal('input_invalid', issues);
}

/** A refusal with every issue, told by the first. */
export function refusal(code: 'request_invalid' | 'input_invalid' | 'definition_invalid', issues: Issue[]): AppError {
  return new AppError(code, `${issues[0]!.path}: ${issues[0]!.message}${andMore(issues)}`, { issues });
}
