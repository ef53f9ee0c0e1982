import type { Execution } from '../model/execution.ts';
import { createProjection } from '../projection/project.ts';
import type { Temporal } from './temporal.ts';

/** How long an answer waits for the run to take what was sent, in milliseconds. */
const VERDICT_WITHIN = 8_000;

/**
 * Waits for what a run makes of a message: by a long poll of its history, of the newest run of a chain (which hands on what
 * is asked here), until `find` sees it there. Null when no worker has
 * taken it in time; `closed` when the run has ended without it.
 */
export async function awaitVerdict<T>(
  temporal: Temporal,
  workflowId: string,
  find: (execution: Execution) => T | undefined,
): Promise<T | 'closed' | null> {
  const limit = AbortSignal.timeout(VERDICT_WITHIN);
  const projection = createProjection(workflowId);
  try {
    for await (const page of temporal.follow(workflowId, limit, 'newest')) {
      for (const event of page.events) projection.take(event);
      const execution = projection.execution();
      const found = find(execution);
      if (found !== undefined) return found;
      if (execution.closed !== null) return 'closed';
    }
  } catch (error) {
    if (!limit.aborted) throw error;
  }
  return null;
}
