import type { Execution } from '../model/execution.ts';
import type { ProjectionReader } from './projections.ts';
import type { Temporal } from './temporal.ts';

/** How long an answer waits for the run to take what was sent, in milliseconds. */
const VERDICT_WITHIN = 8_000;

/**
 * Waits until a run shows, to `find`, what it makes of a message: reads it again whenever its newest run has more history. Null
 * when no worker has taken the message in time; `closed` when the run has ended without it.
 */
export async function awaitVerdict<T>(
  { temporal, projections }: { temporal: Temporal; projections: ProjectionReader },
  workflowId: string,
  find: (execution: Execution) => T | undefined,
): Promise<T | 'closed' | null> {
  const limit = AbortSignal.timeout(VERDICT_WITHIN);
  let seen = 0;
  try {
    for await (const { events } of temporal.follow(workflowId, limit, 'newest')) {
      const last = Number(events.at(-1)?.eventId ?? 0);
      // The first pages are what was there when it was read; another run of the chain counts from 1 again.
      if (last <= seen && !events.some((event) => event.workflowExecutionStartedEventAttributes)) continue;
      const execution = (await projections.read(workflowId))?.execution;
      if (execution === undefined) return null;
      seen = execution.lastEventId;
      const found = find(execution);
      if (found !== undefined) return found;
      if (execution.closed !== null) return 'closed';
    }
  } catch (error) {
    if (!limit.aborted) throw error;
  }
  return null;
}
