import { HELD_BACK, type Wait } from './execution.ts';
import { executionKey } from './task-key.ts';

/** Kinds of waits that a skip can end. */
const SKIPPABLE: readonly Wait['kind'][] = ['inquiry', 'signal', 'timer', 'retry'];

/** Returns the keys of the tasks whose wait a skip can end, of everything that a run waits for. */
export function listSkippable(waits: readonly Wait[]): Set<string> {
  // An activity that was issued again has the number of its try after the key of its task.
  return new Set(waits.flatMap((wait) => (wait.task !== null && isSkippable(wait) ? [executionKey(wait.task)] : [])));
}

function isSkippable({ kind, detail }: Wait): boolean {
  return SKIPPABLE.includes(kind) || (kind === 'pause' && detail === HELD_BACK);
}
