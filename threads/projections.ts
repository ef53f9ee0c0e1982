import { AppError } from '../model/app-error.ts';
import { createMoment, type Moment, type MomentOf } from '../projection/moment.ts';
import { createProjection } from '../projection/project.ts';
import type { KnownHistory, LastEvent, ProjectionJobs } from '../service/projections/jobs.ts';
import { carryProjection, showProjection } from '../service/projections/projected-runs.ts';
import { outlineRetry } from '../service/projections/retry-outlines.ts';
import { findTask, listTasks, readLog } from '../service/projections/task-lists.ts';

/** The most bytes of histories whose projections a thread keeps. */
const KEPT_BYTES = 24 * 1024 * 1024;

/** A history that is being projected. */
interface OpenHistory extends KnownHistory, Moment {
  bytes: number;
}

type RunningJobs = {
  [Name in keyof ProjectionJobs]: (input: ProjectionJobs[Name]['input']) => ProjectionJobs[Name]['result'];
};

/** Creates the jobs that project histories in a thread, which keeps the projections of the runs that were read last. */
export function createProjectionJobs(): RunningJobs {
  const kept = new Map<string, OpenHistory>();
  let open: OpenHistory | null = null;

  const opened = (): OpenHistory => {
    if (open === null) throw new Error('no history has been opened in this thread');
    return open;
  };

  return {
    open_history({ workflowId, until, fresh }) {
      const known = until === null && !fresh ? kept.get(workflowId) : undefined;
      open = known ?? { runs: [], lastEventId: 0, taken: 0, bytes: 0, ...projectionOf(workflowId, until) };
      if (until === null) {
        // The projection that was read last is forgotten last.
        kept.delete(workflowId);
        kept.set(workflowId, open);
      }
      const { runs, lastEventId, taken } = open;
      return { runs, lastEventId, taken };
    },

    take_history({ runId, events, bytes }) {
      const history = opened();
      if (history.runs.at(-1) !== runId) history.runs.push(runId);
      history.bytes += bytes;
      for (const event of events) {
        history.taken += 1;
        history.lastEventId = Number(event.eventId);
        history.take(event, history.taken);
      }
      forget(kept);
      return null;
    },

    show_history({ pending }) {
      const projection = opened().projection();
      return projection && showProjection(projection, pending);
    },

    show_moment() {
      const { projection, transitions } = opened();
      const projected = projection();
      return projected && { ...showProjection(projected), transitions: transitions() };
    },

    carry_history({ point }) {
      const projection = opened().projection();
      if (projection === null) throw new AppError('event_not_found', 'the execution has no such event');
      return carryProjection(projection, point);
    },

    outline_retry({ request, pending }) {
      const history = opened();
      const projection = history.projection();
      const outline = projection && outlineRetry(projection, pending, request);
      return outline && { outline, last: lastOf(history) };
    },

    list_tasks({ query, pending, hidden }) {
      const history = opened();
      const projection = history.projection();
      const page = projection && listTasks(projection, pending, query, hidden);
      return page && { ...page, last: lastOf(history) };
    },

    find_task({ name, pending, hidden }) {
      const projection = opened().projection();
      return projection && findTask(projection, pending, name, hidden);
    },

    read_log({ query, pending, hidden }) {
      const projection = opened().projection();
      return projection && readLog(projection, pending, query, hidden);
    },
  };
}

function lastOf({ runs, lastEventId, taken }: OpenHistory): LastEvent {
  return { runId: runs.at(-1) ?? '', eventId: lastEventId, number: taken };
}

function projectionOf(workflowId: string, until: MomentOf | null): Moment {
  if (until !== null) return createMoment(workflowId, until);
  const projection = createProjection(workflowId);
  return { take: (event) => projection.take(event), projection: () => projection, transitions: () => [] };
}

/** Forgets the projections that were read longest ago until the rest is small enough. */
function forget(kept: Map<string, OpenHistory>): void {
  let total = [...kept.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  for (const [workflowId, { bytes }] of kept) {
    if (total <= KEPT_BYTES) return;
    kept.delete(workflowId);
    total -= bytes;
  }
}
