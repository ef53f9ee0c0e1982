import { createHash } from 'node:crypto';
import { AppError } from '../../model/app-error.ts';
import { BoundedMap } from '../../model/bounded-map.ts';
import type { JobPool, RunJob } from '../../model/job-pool.ts';
import type { Json } from '../../model/json.ts';
import type { RunKey } from '../../model/run-key.ts';
import { isClosed } from '../../model/status.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import { createProjection } from '../../projection/project.ts';
import { readMemo, readOpening, readParentRun } from '../../projection/runs/opening.ts';
import { NOTHING_PENDING } from '../../projection/waits.ts';
import type { Described, Temporal } from '../../temporal/gateway.ts';
import type { NewestRun } from '../../temporal/histories.ts';
import { isClosedRun } from '../../temporal/run-info.ts';
import { copyAnswer, copyHistory } from './history-copies.ts';
import { createImmediateProjector } from './immediate-projections.ts';
import type { KnownHistory, ProjectionJobs } from './jobs.ts';
import { createKeptProjections, type ProjectedState } from './kept-projections.ts';
import { hiddenIn } from './masks.ts';
import { type CarriedRun, type ProjectedRun, showProjection } from './projected-runs.ts';

/** The most events of a chain that are projected, and the most bytes of their payloads. */
const MAX_EVENTS = 60_000;
const MAX_BYTES = 100 * 1024 * 1024;

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
   * Projects a run that has just closed from its history alone. Null where that does not say enough (part of a chain, long, or
   * terminated, as a run is that was reset): `read` it then.
   */
  readClosed(run: RunKey): Promise<ProjectedRun | null>;
  /** Projects a run as it was at an event, by the number of the event; null without such an event. Throws `busy`, `work_exceeded`. */
  readAt(workflowId: string, event: number): Promise<ProjectedRun | null>;
  /**
   * Finds what a retry continues from: a task, or null for what failed. Null when Temporal has no such run, and when its state cannot
   * be trusted. Throws `busy`, `work_exceeded`.
   */
  readCarried(workflowId: string, task: string | null): Promise<CarriedRun | null>;
}

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

  /** Finds and describes the newest run of a workflow id; null when Temporal has none. */
  async function find(workflowId: string, known?: Described): Promise<FoundRun | null> {
    const described = known ?? (await temporal.describe(workflowId));
    if (described === null) return null;
    const runId = described.info.execution?.runId ?? '';
    const newest = await temporal.newestRun(workflowId, runId);
    return newest === null ? null : { workflowId, runId, described, newest };
  }

  /** Projects the chain of a run up to an event, in the thread that keeps its earlier part, and asks that thread a question. */
  async function ask<T>(
    { workflowId, runId, described, newest }: FoundRun,
    until: number | null,
    question: (run: RunJob<ProjectionJobs>) => Promise<T | null>,
  ): Promise<T | null> {
    const tenant = readMemo(described.info.memo)?.tenant ?? '';
    return pool.runInThread(tenant, workflowId, async (run) => {
      let known = await run('open_history', { workflowId, until, fresh: false });
      const chain = known.runs.at(-1) === runId ? known.runs : [...(await newest.before(known.runs)), runId];
      // A run that was reset has another history than the kept one.
      if (!known.runs.every((each, index) => each === chain[index])) {
        known = await run('open_history', { workflowId, until, fresh: true });
      }
      await takeNews(run, { workflowId, chain, newest }, known, until);
      return question(run);
    });
  }

  /** Gives a thread the part of a chain that it does not know. Throws `work_exceeded` when the chain is too long to be projected. */
  async function takeNews(
    run: RunJob<ProjectionJobs>,
    found: FoundChain,
    known: KnownHistory,
    until: number | null,
  ): Promise<void> {
    let { taken } = known;
    let bytes = 0;
    for await (const { runId, events } of newPages(found, known)) {
      const copy = copyHistory(events);
      taken += copy.events.length;
      bytes += copy.bytes;
      if (taken > MAX_EVENTS || bytes > MAX_BYTES) throw tooLong();
      if (copy.events.length > 0) await run('take_history', { ...copy, runId });
      if (until !== null && taken > until) return;
    }
  }

  /** Reads the pages of a chain's history after what is known of it. */
  async function* newPages(
    { workflowId, chain, newest }: FoundChain,
    known: KnownHistory,
  ): AsyncGenerator<{ runId: string; events: HistoryEvent[] }> {
    for (const runId of chain.slice(Math.max(0, known.runs.length - 1))) {
      const pages = runId === chain.at(-1) ? newest.history() : temporal.historyOf(workflowId, runId);
      const before = runId === known.runs.at(-1) ? known.lastEventId : 0;
      for await (const page of pages) {
        yield { runId, events: page.filter(({ eventId }) => Number(eventId) > before) };
      }
    }
  }

  async function readWhole(found: FoundRun): Promise<ProjectedRun | null> {
    const { runId, described, newest } = found;
    const pending = copyAnswer(described.pending);
    const little = immediate.project(found, newest, pending);
    if (little !== null) return little;
    if ((costly.get(runId) ?? 0) < clock()) {
      try {
        return await ask(found, null, (run) => run('show_history', { pending }));
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'work_exceeded') throw error;
        costly.set(runId, clock() + COSTLY_FOR);
      }
    }
    return readEnds(found);
  }

  /** Projects the first and the last event of the newest run alone: its identity and its outcome. */
  async function readEnds({ workflowId, runId, described, newest }: FoundRun): Promise<ProjectedRun | null> {
    if (newest.first === undefined) return null;
    const projection = createProjection(workflowId, { interpret: false });
    projection.take(newest.first);
    const closed = isClosedRun(described.info) ? await temporal.closeEvent(workflowId, runId) : null;
    if (closed !== null) projection.take(closed);
    const { execution, joins } = showProjection(projection);
    if (closed !== null) return { execution, joins };
    return { execution: { ...execution, status: described.cancelRequested ? 'canceling' : 'running' }, joins };
  }

  /** Adds the values that the runs above a run hide: they may be part of its input under other names. */
  async function withAbove(run: ProjectedRun | null): Promise<ProjectedRun | null> {
    if (run === null || run.execution.memo?.hides !== true) return run;
    const above: Json[] = [];
    for (let key = run.execution.above; key !== undefined; ) {
      const started = await temporal.firstEvent(key);
      const attributes = started?.workflowExecutionStartedEventAttributes;
      // The values that a deleted run hid are unknown, so the whole input of this one is hidden.
      if (started === null || !attributes) return { ...run, above: [...above, run.execution.input] };
      const opening = readOpening(key.workflowId, started, attributes);
      above.push(...hiddenIn(opening.input, opening.run?.write_only ?? []));
      key = readParentRun(attributes).above;
    }
    return { ...run, above };
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

    async readClosed(run) {
      const newest = await temporal.newestRun(run.workflowId, run.runId);
      const projected = newest === null ? null : immediate.project(run, newest, NOTHING_PENDING);
      if (projected === null) return null;
      const { status } = projected.execution;
      return isClosed(status) && status !== 'terminated' ? withAbove(projected) : null;
    },

    async readAt(workflowId, event) {
      const found = await find(workflowId);
      return withAbove(found && (await ask(found, event, (run) => run('show_history', { pending: null }))));
    },

    async readCarried(workflowId, task) {
      const found = await find(workflowId);
      return found && ask(found, null, (run) => run('carry_history', { task }));
    },
  };
}

/** The runs of a workflow id's chain. */
interface FoundChain {
  workflowId: string;
  chain: readonly string[];
  newest: NewestRun;
}

/** The newest run of a workflow id. */
interface FoundRun {
  workflowId: string;
  runId: string;
  described: Described;
  newest: NewestRun;
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

function tooLong(): AppError {
  return new AppError('work_exceeded', 'the history of the execution is too long to be read');
}
