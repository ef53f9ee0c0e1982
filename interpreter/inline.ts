import { engineFailure, type Failure } from '../model/failure.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import type { ActionSpec } from '../model/run-input.ts';
import { applyDefaults, validateJson } from './schema.ts';

/** What an action that runs inside the workflow gives: an output or a failure. */
export type InlineResult = { output: Json } | { failure: Failure };

/** The input checked against the action's schema, defaults applied; or the failure `input_invalid` with every path. */
export function checkInput(spec: ActionSpec, input: Json): { input: Json } | { failure: Failure } {
  if (spec.param_schema === undefined) return { input };
  const complete = applyDefaults(spec.param_schema, input);
  const issues = validateJson(spec.param_schema, complete);
  if (issues.length === 0) return { input: complete };
  const text = issues.map(({ path, message }) => `${path === '' ? 'input' : path} ${message}`).join('; ');
  const details = issues.map(({ code, path, message }) => ({ code, path, message }));
  return { failure: engineFailure('input_invalid', `the input is invalid: ${text}`, { details }) };
}

/** Runs `core.transform`, `core.noop`, `core.log` or `core.fail`: pure, at once, at no cost in history. */
export function runInline(action: string, input: Json): InlineResult {
  switch (action) {
    case 'core.transform':
      return { output: isJsonObject(input) && Object.hasOwn(input, 'data') ? input.data! : input };
    case 'core.noop':
    case 'core.log':
      return { output: null };
    case 'core.fail': {
      // The schema of the action has made sure of these types.
      const { type, message, details } = input as { type: string; message: string; details?: Json };
      return { failure: { type, message, ...(details === undefined ? {} : { details }) } };
    }
    default:
      return { failure: engineFailure('action_unavailable', `"${action}" does not run inside a workflow`) };
  }
}
