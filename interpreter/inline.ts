import { engineFailure, type Failure } from '../model/failure.ts';
import { issuesText } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { ActionSpec } from '../model/run-input.ts';
import { SCHEMA_WORK } from '../model/schema/validate.ts';
import type { SchemaIssue } from '../model/schema/walk.ts';
import { derive } from './derive.ts';
import { completed, mismatches } from './schema-checks.ts';
import type { InlineResult, RunState } from './state.ts';
import { createMeter, spendCheck } from './work.ts';

/** Checks an input by the schema of its action. Returns the input with defaults, or the failure `input_invalid` with every path. */
export function checkActionInput(
  state: RunState,
  { spec, action, key }: { spec: ActionSpec; action: string; key: string },
  input: Json,
): { input: Json } | { failure: Failure } {
  const { param_schema: schema } = spec;
  if (schema === undefined) return { input };
  return derive(state, spec.workflow ? `input:${action}` : 'schema', () => {
    const meter = createMeter(state, SCHEMA_WORK);
    const { value, issues } = completed(state.version, schema, input, meter);
    spendCheck(state, meter);
    const faults = issues.length === 0 ? issues : (state.simulated?.faultsOf(key, action, input, issues) ?? issues);
    return faults.length === 0 ? { input: value } : { failure: invalid('input', faults) };
  });
}

/** Returns the failure `input_invalid` or `output_invalid` with every path at which a value does not match; null when it matches. */
export function schemaFailure(
  state: RunState,
  what: 'input' | 'output',
  schema: JsonObject,
  value: Json,
): Failure | null {
  return derive(state, 'schema', () => {
    const meter = createMeter(state, SCHEMA_WORK);
    const issues = mismatches(state.version, schema, value, '', meter);
    spendCheck(state, meter);
    return issues.length === 0 ? null : invalid(what, issues);
  });
}

function invalid(what: 'input' | 'output', issues: readonly SchemaIssue[]): Failure {
  const details = issues.map(({ code, path, message }) => ({ code, path, message }));
  return engineFailure(`${what}_invalid`, `the ${what} is invalid: ${issuesText(issues, what)}`, { details });
}

/** Runs `core.transform`, `core.noop`, `core.log` or `core.fail` at once; they add nothing to the history. Pure. */
export function runInline(action: string, input: Json): InlineResult {
  switch (action) {
    case 'core.transform':
      return { output: isJsonObject(input) && Object.hasOwn(input, 'data') ? input.data! : input };
    case 'core.noop':
    case 'core.log':
      return { output: null };
    case 'core.fail': {
      // The schema of the action ensures these types.
      const { type, message, details } = input as { type: string; message: string; details?: Json };
      return { failure: { type, message, ...(details === undefined ? {} : { details }) } };
    }
    default:
      return { failure: engineFailure('action_unavailable', `"${action}" does not run inside a workflow`) };
  }
}
