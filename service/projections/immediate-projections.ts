import { exceedsLength } from '../../model/json.ts';
import type { RunKey } from '../../model/run-key.ts';
import { ReplayExceeded, ReplayMeter } from '../../model/work.ts';
import { createProjection } from '../../projection/project.ts';
import type { PendingWork } from '../../projection/waits.ts';
import type { HistoryCopy } from './history-copies.ts';
import { type ProjectedRun, showProjection } from './projected-runs.ts';

/**
 * Limits of a projection on the event loop: events of the history (a page), units of work (50 ms at most), bytes of the history, and
 * characters of what is shown.
 */
const LIMITS = { events: 1_000, work: 100_000, bytes: 128 * 1024, shown: 1_500_000 };

/** Runs that are remembered for having exceeded a limit. */
const MAX_REMEMBERED = 10_000;

/** Projects small histories on the event loop, which is faster than in a thread. */
export interface ImmediateProjector {
  /** Reports whether a run with so much history may be projected here, as far as that is known before all of it is read. */
  mayProject(runId: string, size: { events: number; bytes: number }): boolean;
  /** Projects the whole history of a run with its pending work; returns null for a run that needs a thread. */
  project(run: RunKey, whole: HistoryCopy, pending: PendingWork): ProjectedRun | null;
}

/** Creates a projector. */
export function createImmediateProjector(): ImmediateProjector {
  const exceeding = new Set<string>();

  return {
    mayProject: (runId, { events, bytes }) => events <= LIMITS.events && bytes <= LIMITS.bytes && !exceeding.has(runId),

    project({ workflowId, runId }, whole, pending) {
      if (exceeding.has(runId)) return null;
      const shown = projectWithin(workflowId, whole, pending);
      if (shown === null) {
        // A history only grows, so the run need not be tried again.
        const [oldest] = exceeding;
        if (exceeding.size >= MAX_REMEMBERED && oldest !== undefined) exceeding.delete(oldest);
        exceeding.add(runId);
      }
      return shown;
    },
  };
}

/** Projects a whole history; returns null when that exceeds a limit. */
function projectWithin(workflowId: string, { events, bytes }: HistoryCopy, pending: PendingWork): ProjectedRun | null {
  if (bytes > LIMITS.bytes) return null;
  const projection = createProjection(workflowId, { meter: new ReplayMeter(LIMITS.work) });
  try {
    for (const event of events) projection.take(event);
    const shown = showProjection(projection, pending);
    return exceedsLength(shown, LIMITS.shown) ? null : shown;
  } catch (error) {
    if (error instanceof ReplayExceeded) return null;
    throw error;
  }
}
