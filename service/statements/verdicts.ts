import { RESERVED_SIGNALS } from '../../interpreter/versions.ts';
import { AppError } from '../../model/app-error.ts';
import type { Execution } from '../../model/execution.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { ProjectionReader } from '../projections/reader.ts';

/** How long an answer waits for the run to take what was sent, in milliseconds. */
const VERDICT_WITHIN = 8_000;

/** Seconds after which a run that was flooded has mostly continued as another one, which takes statements again. */
const FLOOD_SECONDS = 10;

/** What a run is read from, and followed in. */
export interface RunReading {
  temporal: Pick<Temporal, 'follow'>;
  projections: Pick<ProjectionReader, 'read'>;
}

/**
 * Waits until a run shows, to `find`, what it makes of the statement with an id that it was sent: reads it again whenever its newest run
 * has more history, until the limit. `before` is the run as it was before that. Null when no worker has taken the statement in time, and where the run
 * has taken it and records no verdicts: an old interpreter, or `isForgotten`. `closed` when the run has ended without it. Throws `busy`
 * where the run has taken it without a verdict: flooded with forgeries it has refused it unverified, or it keeps nothing of it any more.
 * It may be sent again then.
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
    // The same statement may have been refused in an earlier flood, and be sent again.
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

/** Waits until a run has taken all that it was sent, as long as for a verdict. */
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
      // The first pages are what was there when it was read; another run of the chain counts from 1 again.
      if (last <= seen && !events.some((event) => event.workflowExecutionStartedEventAttributes)) continue;
      const execution = (await projections.read(workflowId))?.execution;
      if (execution === undefined) return;
      // What was outstanding when it was read may have been taken since, in history that was read after that: its page is awaited.
      seen = execution.unsettled ? Math.max(last, execution.lastEventId - 1) : execution.lastEventId;
      yield execution;
    }
  } catch (error) {
    if (!limit.aborted) throw error;
  }
}

/** Counts how often a run is known to have refused the statement with an id because it was flooded. */
function floodedOf({ statements }: Execution, id: string): number {
  const refusals = statements?.refusals ?? [];
  return refusals.filter(({ reason, claims }) => reason === 'flooded' && claims.id === id).length;
}
