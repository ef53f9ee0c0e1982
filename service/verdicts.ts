import type { Execution } from '../model/execution.ts';
import type { HistoryEvent } from '../projection/history.ts';
import { projectExecution } from '../projection/project.ts';
import type { Temporal } from './temporal.ts';

/** How long an answer waits for the run to take what was sent, in milliseconds. */
const VERDICT_WITHIN = 8_000;

/**
 * Waits for what a run makes of a message: by a long poll of its history, until `find` sees it there. Null when no worker has
 * taken it in time; `closed` when the run has ended without it.
 */
export async function awaitVerdict<T>(
  temporal: Temporal,
  workflowId: string,
  find: (execution: Execution) => T | undefined,
): Promise<T | 'closed' | null> {
  const limit = AbortSignal.timeout(VERDICT_WITHIN);
  const events: HistoryEvent[] = [];
  try {
    for await (const page of temporal.follow(workflowId, limit)) {
      events.push(...page.events);
      const execution = projectExecution(workflowId, events);
      const found = find(execution);
      if (found !== undefined) return found;
      if (execution.closed !== null) return 'closed';
    }
  } catch (error) {
    if (!limit.aborted) throw error;
  }
  return null;
}
