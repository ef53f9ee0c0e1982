import type { Json, JsonObject } from '../../../model/json.ts';
import { formatCell, pairs } from '../../output.ts';

/** Formats an execution, one field a line. */
export function summarizeExecution(execution: JsonObject): string[] {
  const { id, action_ref, state, version, created, updated, result, waiting_for } = execution;
  const waits = (waiting_for as JsonObject[]).map(({ kind, task, detail }) =>
    [kind, task, detail]
      .filter((part) => part !== null)
      .map(formatCell)
      .join(' '),
  );
  return pairs({
    id: id!,
    action: action_ref!,
    status: state!,
    ...(version === null ? {} : { version: version! }),
    created: created!,
    updated: updated!,
    ...(waits.length === 0 ? {} : { 'waits for': waits.join(', ') }),
    ...(result === null ? {} : { result: result as Json }),
  });
}
