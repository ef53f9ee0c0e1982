import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../../../model/app-error.ts';
import type { JobPool, RunJob } from '../../../model/job-pool.ts';
import type { Principal } from '../../../model/principal.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import type { Temporal } from '../../../temporal/gateway.ts';
import { mapConcurrently } from '../../background/loops.ts';
import type { ExecutionReader, UnmaskedView } from '../../executions/reader.ts';
import { copyWholeHistory, type HistoryCopy } from '../../projections/history-copies.ts';
import { createInFlight } from '../../starts/in-flight.ts';
import { buildHead, createExportFile, type ExportFile } from './file.ts';
import type { MaskingJobs } from './jobs.ts';
import { writeEvents } from './proto-json.ts';

/** The most bytes of an export, and the most events of which a run is replayed or a file made. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_EVENTS = 60_000;

/** Events, and bytes of several events, that are written before other requests have their turn. */
const EVENTS_OF_A_PART = 100;
const BYTES_OF_A_PART = 256 * 1024;

/** The most exports at once, of one tenant and of all: each keeps its file until it is sent. */
const EXPORTS = { tenant: 2, all: 4 };

/** The most runs that are counted at once. */
const COUNTED_AT_ONCE = 10;

/** Exports histories as files with which runs can be replayed elsewhere; callers see only those of their tenant. */
export interface HistoryExportService {
  /**
   * Reads the history of an execution, or of one run of its chain by its index, and returns the parts of the file. Write-only values are
   * hidden in it, and the values that a run computes from them are listed. Ends with the signal. Throws `execution_not_found`,
   * `history_unusable` where Temporal no longer has the history, `request_invalid` for a run that the chain does not have,
   * `history_too_large`, `work_exceeded` and `busy`.
   */
  export(principal: Principal, id: string, run: number | null, signal: AbortSignal): Promise<AsyncGenerator<string>>;
}

/** The dependencies of the service. */
export interface HistoryExportDependencies {
  temporal: Pick<Temporal, 'describe' | 'newestRun' | 'historyOf'>;
  executions: Pick<ExecutionReader, 'readUnmasked'>;
  pool: Pick<JobPool<MaskingJobs>, 'runInThread'>;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** A part of a history, of one run. */
interface Part extends HistoryCopy {
  index: number;
  run_id: string;
}

/** The runs of a chain up to the last one that is read, of which some are only counted. */
interface Range {
  runs: string[];
  /** The index of the first run that is read. */
  from: number;
  /** The number of events of the runs before it. */
  skipped: number;
  /** The most events that are read. */
  until: number;
  /** The number of runs that the chain has. */
  of: number;
}

/** Creates the service. */
export function createHistoryExportService(dependencies: HistoryExportDependencies): HistoryExportService {
  const { temporal, executions, pool, clock } = dependencies;
  const enter = createAdmission();

  /** Returns the ids of the runs of a chain, the first one first. Throws `history_unusable`. */
  async function chainOf(workflowId: string): Promise<string[]> {
    const described = await temporal.describe(workflowId);
    const last = described?.info.execution?.runId;
    const newest = last ? await temporal.newestRun(workflowId, last) : null;
    if (!last || newest === null) throw gone();
    return [...(await newest.before()), last];
  }

  /** Counts the events of runs that have ended. Throws `history_unusable`. */
  async function countEvents(workflowId: string, runs: readonly string[]): Promise<number> {
    const counts = await mapConcurrently(runs, COUNTED_AT_ONCE, async (runId) => {
      const described = await temporal.describe(workflowId, runId);
      if (described === null) throw gone();
      return Number(described.info.historyLength);
    });
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Reads runs of a chain in parts, up to a number of events. */
  async function* readParts(workflowId: string, { runs, from, until }: Range): AsyncGenerator<Part> {
    let left = until;
    for (const [at, run_id] of runs.entries()) {
      if (at < from) continue;
      for await (const page of temporal.historyOf(workflowId, run_id)) {
        const events = page.slice(0, left);
        left -= events.length;
        for (const part of cutPage(events)) {
          // Reading a page, or writing the part before, has held the event loop already.
          await nextTurn();
          yield { index: at, run_id, ...part };
        }
      }
      if (left === 0) return;
    }
  }

  /**
   * Finds the runs that are read for a file. Where nothing is hidden nothing is replayed, and runs before the wanted one are only counted.
   * Throws `request_invalid` and `history_unusable`.
   */
  async function findRange({ execution }: UnmaskedView, wanted: number | null, isReplayed: boolean): Promise<Range> {
    const { workflowId, lastEvent } = execution;
    const chain = await chainOf(workflowId);
    if (wanted !== null && wanted >= chain.length) throw noRun(wanted, chain.length);
    const runs = chain.slice(0, (wanted ?? chain.length) + 1);
    const from = isReplayed ? 0 : (wanted ?? 0);
    const skipped = await countEvents(workflowId, runs.slice(0, from));
    // Events that come while the file is made are later than the state in its head.
    const until = lastEvent === undefined ? MAX_EVENTS + 1 : Math.max(0, lastEvent - skipped);
    return { runs, from, skipped, until, of: chain.length };
  }

  /** Reads the events of which a file is made. Throws `request_invalid`, `history_too_large` and `work_exceeded`. */
  async function collect(
    view: UnmaskedView,
    { wanted, signal, run }: { wanted: number | null; signal: AbortSignal; run: RunJob<MaskingJobs> | null },
  ): Promise<ExportFile> {
    const range = await findRange(view, wanted, run !== null);
    const file = createExportFile();
    file.skip(range.skipped, null);
    for await (const { index, run_id, events, bytes } of readParts(view.execution.workflowId, range)) {
      if (signal.aborted) throw new AppError('busy', 'nobody waits for the export any more');
      const writes = wanted === null || wanted === index;
      const part = run === null ? null : await run('take_masking', { events, bytes, writes });
      const written = part === null ? writeEvents(events) : part.written;
      if (written === null) file.skip(events.length, part);
      else file.add({ index, run_id }, events.length, written, part);
      if (file.events - range.skipped > MAX_EVENTS) throw tooLong(run !== null);
      if (file.bytes > MAX_BYTES) throw tooLarge(wanted, range.of);
    }
    return file;
  }

  /** Collects a file, and finds out whether the run can be replayed from it. */
  async function make(
    principal: Principal,
    view: UnmaskedView,
    { wanted, signal }: { wanted: number | null; signal: AbortSignal },
  ): Promise<AsyncGenerator<string>> {
    const { workflowId } = view.execution;
    const hidden = [...view.hidden];
    const at = () => new Date(clock());
    if (hidden.length === 0) {
      const file = await collect(view, { wanted, signal, run: null });
      return file.write(buildHead(view, null, at()));
    }
    return pool.runInThread(principal.tenant, workflowId, async (run) => {
      await run('open_masking', { workflowId, hidden });
      const file = await collect(view, { wanted, signal, run });
      const { reason } = await run('end_masking', null);
      return file.write(buildHead(view, reason, at()));
    });
  }

  return {
    async export(principal, id, wanted, signal) {
      const view = await executions.readUnmasked(principal, id);
      if (view.projected === null) throw gone();
      const leave = enter(principal.tenant);
      signal.addEventListener('abort', leave);
      try {
        return leaveAfter(await make(principal, view, { wanted, signal }), leave);
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}

/** Creates a limit on exports at once, whose function returns the one that ends an export, once or more often. Throws `busy`. */
function createAdmission(): (tenant: string) => () => void {
  const [enterTenant, enterAll] = [createInFlight(EXPORTS.tenant), createInFlight(EXPORTS.all)];
  return (tenant) => {
    const leaveTenant = enterTenant(tenant);
    const leaveAll = leaveTenant === null ? null : enterAll('');
    if (leaveAll === null) {
      leaveTenant?.();
      throw new AppError('busy', 'other histories are being exported: try again later');
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      leaveTenant!();
      leaveAll();
    };
  };
}

async function* leaveAfter(parts: AsyncGenerator<string>, leave: () => void): AsyncGenerator<string> {
  try {
    yield* parts;
  } finally {
    leave();
  }
}

/** Cuts events into parts that are small enough to be written at once, except for a single large event. */
function* cutPage(page: readonly HistoryEvent[]): Generator<HistoryCopy> {
  let part: HistoryCopy = { events: [], bytes: 0 };
  for (const event of page) {
    const { events, bytes } = copyWholeHistory([event]);
    const isFull = part.events.length === EVENTS_OF_A_PART || part.bytes + bytes > BYTES_OF_A_PART;
    if (isFull && part.events.length > 0) {
      yield part;
      part = { events: [], bytes: 0 };
    }
    part.events.push(...events);
    part.bytes += bytes;
  }
  if (part.events.length > 0) yield part;
}

function gone(): AppError {
  return new AppError('history_unusable', 'Temporal no longer has the history of the execution');
}

function noRun(run: number, runs: number): AppError {
  const message = `there is no run ${run}: the execution has ${runs}, from 0`;
  return new AppError('request_invalid', message, { issues: [{ code: 'value_invalid', path: '/run', message }] });
}

function tooLong(isReplayed: boolean): AppError {
  const what = isReplayed ? 'the history is replayed from its beginning, and has' : 'the history has';
  return new AppError('work_exceeded', `${what} more than ${MAX_EVENTS} events`);
}

function tooLarge(wanted: number | null, runs: number): AppError {
  const advice = wanted === null && runs > 1 ? ': export its runs one by one with "run"' : '';
  return new AppError('history_too_large', `the export has more than ${MAX_BYTES} bytes${advice}`);
}
