import { RESERVED_SIGNALS } from '../../interpreter/versions.ts';
import { AppError } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { ProjectionReader } from '../projections/reader.ts';

/** Milliseconds for which an answer waits for the verdict of a run. */
const VERDICT_WITHIN = 8_000;

/** Seconds after which a flooded run has usually continued as new and verifies statements again. */
const FLOOD_SECONDS = 10;

/** The sources from which a run is followed. */
export interface RunReading {
  temporal: Pick<Temporal, 'follow'>;
  projections: Pick<ProjectionReader, 'read'>;
}

/**
 * Waits until `find` returns the verdict of a run on the statement with an id: reads the run whenever its newest run has more history,
 * until the limit. `before` is the run before the statement was sent. Returns null when no worker has processed the statement in time,
 * and when the run records no verdicts (an old interpreter, or `isForgotten`); `closed` when the run has ended without one. Throws
 * `busy` when the run has processed the statement without a verdict: it refused it unverified in a flood of forgeries, or keeps no
 * record of it any more. The statement can be sent again then.
 */
export async function awaitVerdict<T>(
  reading: RunReading,
  before: Execution,
  id: string,
  find: (execution: Execution) => T | undefined,
  isForgotten: (execution: Execution) => boolean = () => false,
  limit: AbortSignal = AbortSignal.timeout(VERDICT_WITHIN),
): Promise<T | 'closed' | null> {
  for await (const execution of readingsOf(reading, before.workflowId, limit)) {
    const found = find(execution);
    if (found !== undefined) return found;
    // The statement may have been refused in an earlier flood, too.
    if (floodedOf(execution, id) > floodedOf(before, id)) {
      const message =
        'the execution has received too many forged statements and verifies no more of them for now: try again';
      throw new AppError('busy', message, { retryAfter: FLOOD_SECONDS });
    }
    if (execution.closed !== null) return 'closed';
    if (execution.projection === 'complete' && execution.unsettled === undefined) {
      // Plain signals have no verdict.
      if ((execution.run?.interpreter ?? Infinity) < RESERVED_SIGNALS || isForgotten(execution)) return null;
      throw new AppError('busy', 'the execution received this but did not record it: try again', { retryAfter: 1 });
    }
  }
  return null;
}

/** Waits until a run has processed everything it was sent, at most as long as for a verdict. */
export async function awaitSettled(reading: RunReading, { workflowId }: Execution): Promise<void> {
  for await (const { unsettled } of readingsOf(reading, workflowId, AbortSignal.timeout(VERDICT_WITHIN)))
    if (unsettled === undefined) return;
}

/** Reads a run whenever its newest run has more history, until the limit. */
async function* readingsOf(
  { temporal, projections }: RunReading,
  workflowId: string,
  limit: AbortSignal,
): AsyncGenerator<Execution> {
  let seen = 0;
  try {
    for await (const { events } of temporal.follow(workflowId, limit, 'newest')) {
      const last = Number(events.at(-1)?.eventId ?? 0);
      // The first pages are those that were read before; the event ids of another run of the chain begin at 1 again.
      if (last <= seen && !events.some((event) => event.workflowExecutionStartedEventAttributes)) continue;
      const execution = (await projections.read(workflowId))?.execution;
      if (execution === undefined) return;
      // Events that were outstanding may have been processed since, in history after what was read: await its page.
      seen = execution.unsettled ? Math.max(last, execution.lastEventId - 1) : execution.lastEventId;
      yield execution;
    }
  } catch (error) {
    if (!limit.aborted) throw error;
  }
}

/** Counts how often a run has refused the statement with an id because of a flood, as far as is known. */
function floodedOf({ statements }: Execution, id: string): number {
  const refusals = statements?.refusals ?? [];
  return refusals.filter(({ reason, claims }) => reason === 'flooded' && claims.id === id).length;
}
