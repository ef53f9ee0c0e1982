import { createHash } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import type { JobPool, RunJob } from '../../model/job-pool.ts';
import type { Json } from '../../model/json.ts';
import type { RunKey } from '../../model/run-key.ts';
import { isClosed } from '../../model/status.ts';
import type { MomentOf } from '../../projection/moment.ts';
import { createProjection } from '../../projection/project.ts';
import { readOpening, readParentRun } from '../../projection/runs/opening.ts';
import { NOTHING_PENDING, type PendingWork } from '../../projection/waits.ts';
import type { Described, Temporal } from '../../temporal/gateway.ts';
import type { NewestRun } from '../../temporal/histories.ts';
import { isClosedRun } from '../../temporal/run-info.ts';
import { copyAnswer, copyHistory, type HistoryCopy } from './history-copies.ts';
import { createHistoryThreads, type FoundRun, type Question } from './history-threads.ts';
import { createImmediateProjector } from './immediate-projections.ts';
import type { LastEvent, ProjectionJobs } from './jobs.ts';
import { createKeptProjections, type ProjectedState } from './kept-projections.ts';
import { hiddenIn } from './masks.ts';
import {
  type CarriedRun,
  type MomentaryRun,
  type ProjectedRun,
  type RetryPoint,
  showProjection,
} from './projected-runs.ts';
import type { OutlineRequest, RetryOutline } from './retry-outlines.ts';
import type { FoundTask, LogPage, LogQuery, TaskName, TaskPage, TaskQuery } from './task-lists.ts';

/** The most runs that are remembered for a projection that took too much work, and the milliseconds for which it is not tried again. */
const MAX_COSTLY = 1_000;
const COSTLY_FOR = 300_000;

/**
 * Projects the histories of workflow ids. The results are unmasked. Large ones are projected in the pool: the work of a history is not
 * known beforehand.
 */
export interface ProjectionReader {
  /**
   * Projects the whole chain of a workflow id as it is now, at the earliest as of `described`; null when Temporal has none. A history
   * that is too long, or takes too much work, is shown without tasks: `projection: partial`. Throws `busy`.
   */
  read(workflowId: string, described?: Described): Promise<ProjectedRun | null>;
  /**
   * Waits at most some milliseconds for a run to close that has just begun, and projects it from its history alone, which is read as it
   * comes. Null for a run that is still open then, and where its history does not say enough (it has continued as another run, is long, or
   * was terminated, as a run is that was reset): `read` it then.
   */
  readEnded(run: RunKey, milliseconds: number): Promise<ProjectedRun | null>;
  /** Projects a run as it was at an event; null without such an event. Throws `busy`, `work_exceeded`. */
  readAt(workflowId: string, moment: MomentOf): Promise<MomentaryRun | null>;
  /**
   * Finds what a retry continues from. Null when Temporal has no such run, when it has no such event, and when its state cannot be
   * trusted. Throws `busy`, `work_exceeded`.
   */
  readCarried(workflowId: string, point: RetryPoint): Promise<CarriedRun | null>;
  /**
   * Outlines a retry of a run as it is now, masked. Null when Temporal has no such run, and when its state cannot be trusted. Throws
   * `busy`, `work_exceeded`.
   */
  outlineRetry(workflowId: string, request: OutlineRequest): Promise<{ outline: RetryOutline; last: LastEvent } | null>;
  /**
   * Lists tasks of a run, masked; `hidden` are values to hide that the run itself does not name. Null when Temporal has no such run, and
   * when its state cannot be trusted. Throws `busy`.
   */
  listTasks(workflowId: string, query: TaskQuery, hidden: readonly Json[]): Promise<ListedTasks | null>;
  /**
   * Finds a task of a run, masked; `hidden` are values to hide that the run itself does not name. Null without one, and when the state of
   * the run cannot be trusted. Throws `busy`.
   */
  findTask(workflowId: string, name: TaskName, hidden: readonly Json[]): Promise<FoundTask | null>;
  /**
   * Reads a part of the log of a run, masked; `hidden` are values to hide that the run itself does not name. Null when Temporal has no
   * such run, and when that takes too much work. Throws `busy`.
   */
  readLog(workflowId: string, query: LogQuery, hidden: readonly Json[]): Promise<LogPage | null>;
}

/** A page of the tasks of a run, with the last event of the history that it was read from. */
export type ListedTasks = TaskPage & { last: LastEvent };

/** The dependencies of the service. */
export interface ProjectionReaderDependencies {
  temporal: Temporal;
  pool: JobPool<ProjectionJobs>;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the reader. */
export function createProjectionReader({ temporal, pool, clock }: ProjectionReaderDependencies): ProjectionReader {
  const reading = new Map<string, Promise<ProjectedRun | null>>();
  const costly = new BoundedMap<string, number>(MAX_COSTLY);
  const immediate = createImmediateProjector();
  const kept = createKeptProjections();
  const threads = createHistoryThreads({ temporal, pool });

  /** Finds and describes the newest run of a workflow id; null when Temporal has none. */
  async function find(workflowId: string, known?: Described): Promise<FoundRun | null> {
    const described = known ?? (await temporal.describe(workflowId));
    if (described === null) return null;
    const runId = described.info.execution?.runId ?? '';
    let newest: Promise<NewestRun | null> | undefined;
    const readNewest = () => {
      newest ??= temporal.newestRun(workflowId, runId);
      return newest;
    };
    return { workflowId, runId, described, newest: readNewest };
  }

  /** Projects a run on the event loop if it is small; null when it needs a thread. */
  async function readLittle(found: FoundRun, pending: PendingWork): Promise<ProjectedRun | null> {
    const { historyLength } = found.described.info;
    if (!immediate.mayProject(found.runId, { events: Number(historyLength), bytes: 0 })) return null;
    const whole = (await found.newest())?.whole ?? null;
    return whole === null ? null : immediate.project(found, copyHistory(whole), pending);
  }

  /** Copies the history of a run as it comes; null when the run is still open after some milliseconds, or not small. */
  async function copyUntilClosed(run: RunKey, milliseconds: number): Promise<HistoryCopy | null> {
    const whole: HistoryCopy = { events: [], bytes: 0 };
    for await (const { events, isClosed } of temporal.historyUntilClosed(run, milliseconds)) {
      const copy = copyHistory(events);
      whole.events.push(...copy.events);
      whole.bytes += copy.bytes;
      if (isClosed) return whole;
      if (!immediate.mayProject(run.runId, { events: whole.events.length, bytes: whole.bytes })) return null;
    }
    return null;
  }

  /** Asks about a part of a run; null when Temporal has none, or the projection takes too much work. */
  async function askPart<T>(
    workflowId: string,
    question: (run: RunJob<ProjectionJobs>, pending: PendingWork) => Promise<T | null>,
  ): Promise<T | null> {
    const found = await find(workflowId);
    if (found === null || isCostly(found)) return null;
    const pending = copyAnswer(found.described.pending);
    return orCostly(found, () => threads.ask(found, null, (run) => question(run, pending)));
  }

  function isCostly({ runId }: FoundRun): boolean {
    return (costly.get(runId) ?? 0) >= clock();
  }

  /** Does work on a run in a thread; returns null when that is too much, and remembers so. */
  async function orCostly<T>({ runId }: FoundRun, work: () => Promise<T | null>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'work_exceeded') throw error;
      costly.set(runId, clock() + COSTLY_FOR);
      return null;
    }
  }

  async function readWhole(found: FoundRun): Promise<ProjectedRun | null> {
    const pending = copyAnswer(found.described.pending);
    const little = await readLittle(found, pending);
    if (little !== null) return little;
    const show: Question<ProjectedRun> = (run) => run('show_history', { pending });
    const projected = isCostly(found) ? null : await orCostly(found, () => threads.ask(found, null, show));
    return projected ?? readEnds(found);
  }

  /** Projects the first and the last event of the newest run alone: its identity and its outcome. */
  async function readEnds({ workflowId, runId, described, newest }: FoundRun): Promise<ProjectedRun | null> {
    const first = (await newest())?.first;
    if (first === undefined) return null;
    const projection = createProjection(workflowId, { interpret: false });
    projection.take(first);
    const closed = isClosedRun(described.info) ? await temporal.closeEvent(workflowId, runId) : null;
    if (closed !== null) projection.take(closed);
    const { execution, joins } = showProjection(projection);
    if (closed !== null) return { execution, joins };
    return { execution: { ...execution, status: described.cancelRequested ? 'canceling' : 'running' }, joins };
  }

  /** Adds the values that the runs above a run hide: they may be part of its input under other names. */
  async function withAbove<Run extends ProjectedRun>(run: Run | null): Promise<Run | null> {
    if (run === null || run.execution.memo?.hides !== true) return run;
    const above: Json[] = [];
    for (let key = run.execution.above; key !== undefined; ) {
      const started = await temporal.firstEvent(key);
      const attributes = started?.workflowExecutionStartedEventAttributes;
      // The values that a deleted run hid are unknown, so the whole input of this one is hidden.
      if (started === null || !attributes) return hiding(run, [...above, run.execution.input]);
      const opening = readOpening(key.workflowId, started, attributes);
      above.push(...hiddenIn(opening.input, opening.run?.write_only ?? []));
      key = readParentRun(attributes).above;
    }
    return hiding(run, above);
  }

  return {
    async read(workflowId, before) {
      const described = before ?? (await temporal.describe(workflowId));
      if (described === null) return null;
      const state = stateOf(described);
      const known = kept.find(state);
      if (known !== null) return known;
      // Concurrent readers of the same state share one answer.
      const key = `${state.runId} ${state.state}`;
      const shared = reading.get(key);
      if (shared !== undefined) return shared;
      const read = find(workflowId, described)
        .then((found) => found && readWhole(found))
        .then(withAbove)
        .then((projected) => {
          // A partial projection is not kept, so that it is tried again later.
          if (projected !== null && projected.execution.projection !== 'partial') kept.keep(state, projected);
          return projected;
        })
        .finally(() => reading.delete(key));
      reading.set(key, read);
      return read;
    },

    async readEnded(run, milliseconds) {
      const whole = await copyUntilClosed(run, milliseconds);
      const projected = whole && immediate.project(run, whole, NOTHING_PENDING);
      if (projected === null) return null;
      const { status } = projected.execution;
      return isClosed(status) && status !== 'terminated' ? withAbove(projected) : null;
    },

    async readAt(workflowId, moment) {
      const found = await find(workflowId);
      return withAbove(found && (await threads.ask(found, moment, (run) => run('show_moment', null))));
    },

    async readCarried(workflowId, point) {
      const found = await find(workflowId);
      const until = point.from === 'event' ? { event: point.event, traced: false } : null;
      return found && threads.ask(found, until, (run) => run('carry_history', { point }));
    },

    async outlineRetry(workflowId, request) {
      const found = await find(workflowId);
      if (found === null) return null;
      const pending = copyAnswer(found.described.pending);
      return threads.ask(found, null, (run) => run('outline_retry', { request, pending }));
    },

    listTasks: (workflowId, query, hidden) =>
      askPart(workflowId, (run, pending) => run('list_tasks', { query, pending, hidden: [...hidden] })),

    findTask: (workflowId, name, hidden) =>
      askPart(workflowId, (run, pending) => run('find_task', { name, pending, hidden: [...hidden] })),

    readLog: (workflowId, query, hidden) =>
      askPart(workflowId, (run, pending) => run('read_log', { query, pending, hidden: [...hidden] })),
  };
}

/** Adds values that a run hides. */
function hiding<Run extends ProjectedRun>(run: Run, values: readonly Json[]): Run {
  return { ...run, hidden: [...(run.hidden ?? []), ...values] };
}

/** Returns the state of a run that a projection of it shows: what its history and its pending work are. */
function stateOf({ info, pending, cancelRequested }: Described): ProjectedState {
  const state = JSON.stringify(
    [Number(info.historyLength), info.status, cancelRequested, copyAnswer(pending)],
    hexOfBytes,
  );
  return {
    runId: info.execution?.runId ?? '',
    state: createHash('sha256').update(state).digest('base64'),
    bytes: Number(info.historySizeBytes ?? 0),
  };
}

function hexOfBytes(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
