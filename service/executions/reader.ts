import { AppError } from '../../model/app-error.ts';
import { isMintedEnforcement } from '../../model/events/enforcement-number.ts';
import type { Execution } from '../../model/execution.ts';
import { integerId, parseExecutionId, workflowIdOf } from '../../model/execution-id.ts';
import type { IndexEntry } from '../../model/index-entry.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { SHOWS_ALL } from '../../model/mask.ts';
import type { Principal } from '../../model/principal.ts';
import { isRunInput } from '../../model/run-input.ts';
import { isClosed } from '../../model/status.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import type { EnforcementStore } from '../../store/events/enforcements.ts';
import type { IndexRow } from '../../store/executions/execution-rows.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { Described, Temporal } from '../../temporal/gateway.ts';
import { buildEntry, goneEntry } from '../index/entries.ts';
import type { EntryQueue } from '../index/entry-queue.ts';
import type { RetrySummary } from '../index/lists.ts';
import { executionOfRow, isWritten } from '../index/rows.ts';
import { hideCarriedInputs } from '../projections/hiding/child-inputs.ts';
import { type ShownEvent, showEvent } from '../projections/history-events.ts';
import { type MaskedExecution, type Masking, maskExecution, maskInput } from '../projections/masks.ts';
import { type ProjectedRun, projectStarted } from '../projections/projected-runs.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { cutLog, type LogPage, type LogQuery } from '../projections/task-lists.ts';
import type { Authenticator } from '../starts/warrants.ts';

/** An execution as it is shown, with its number and its retries. */
export interface ExecutionView {
  n: number;
  execution: MaskedExecution;
  /** Its retries and theirs, in order of start. */
  retries: RetrySummary[];
}

/** An execution with the unmasked projection that it was made from. */
export interface UnmaskedView extends ExecutionView, Masking {
  /** Null when Temporal does not have the run: the view then comes from the index. */
  projected: ProjectedRun | null;
}

/** Reads single executions; callers see only those of their tenant. An id is a UUID, an integer, or a workflow id. */
export interface ExecutionReader {
  /** Reads an execution. Throws `execution_not_found`, also for an execution of another tenant. */
  get(principal: Principal, id: string): Promise<ExecutionView>;
  /**
   * Returns the execution of a run that Temporal has just accepted, from the event that started it, without a call to Temporal. Later reads
   * may show another time of its creation, by milliseconds.
   */
  getStarted(n: number, started: HistoryEvent): Promise<ExecutionView>;
  /**
   * Waits at most `seconds` for a run to close that Temporal has just accepted, and returns its execution. Where it has closed by then, that is
   * projected from its history alone, without a description. Throws `execution_not_found` when it was deleted meanwhile.
   */
  getEnded(principal: Principal, run: { n: number; started: HistoryEvent }, seconds: number): Promise<ExecutionView>;
  /** Reads an execution together with its unmasked projection, which must not be shown. Throws `execution_not_found`. */
  readUnmasked(principal: Principal, id: string): Promise<UnmaskedView>;
  /**
   * Reads an execution with at most `limit` events of its history, starting after the first `after` events; no events when Temporal no
   * longer has the run. Throws `execution_not_found`.
   */
  getWithHistory(
    principal: Principal,
    id: string,
    page?: { after?: number; limit?: number },
  ): Promise<ExecutionView & { events: ShownEvent[] }>;
  /**
   * Returns what happened to a run and what its tasks logged, in order of time. Throws `execution_not_found`, `work_exceeded`.
   */
  logs(principal: Principal, id: string, query: LogQuery): Promise<LogPage>;
  /** Returns the number of the run that an id denotes, whether or not the run exists; null for a text that is not an id. */
  numberOf(principal: Principal, id: string): Promise<number | null>;
  /** Waits at most `seconds` for a run to close, and reads it again. */
  waitFor(principal: Principal, view: ExecutionView, seconds: number): Promise<ExecutionView>;
}

/** The dependencies of the reader. */
export interface ReaderDependencies {
  temporal: Pick<Temporal, 'namespace' | 'describe' | 'history' | 'waitForClose'>;
  projections: Pick<ProjectionReader, 'read' | 'readEnded' | 'readLog'>;
  store: ExecutionStore;
  enforcements: Pick<EnforcementStore, 'causes'>;
  /** Finds out whether the API started a run. */
  authenticate: Authenticator;
  /** Takes what the index does not know yet. */
  entries: Pick<EntryQueue, 'put' | 'written'>;
  /** Is called with every execution that was read from Temporal. */
  onRead: (n: number, execution: MaskedExecution) => void;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
}

/** Creates the reader. */
export function createExecutionReader(dependencies: ReaderDependencies): ExecutionReader {
  const { temporal, projections, store, enforcements, entries, authenticate, onRead, clock, log } = dependencies;
  const { namespace } = temporal;

  /** Finds the number, the workflow id and the row of the run that an id denotes. Throws `execution_not_found`. */
  async function locate(principal: Principal, id: string): Promise<Located> {
    const parsed = parseExecutionId(id);
    // Runs of schedules and of other clients have other workflow ids, which only the index can resolve.
    const row = parsed === undefined ? await store.findByWorkflowId(namespace, id) : await store.find(parsed.n);
    const n = parsed?.n ?? row?.n;
    if (n === undefined || (parsed !== undefined && parsed.visit !== 0)) throw missing(id);
    if (row !== null && row.tenant !== principal.tenant) throw missing(id);
    const workflowId = row?.workflowId ?? workflowIdOf(n);
    if (row === null && (await store.isBuried(namespace, workflowId))) throw missing(id);
    return { id, n, row, workflowId };
  }

  async function read(principal: Principal, id: string): Promise<UnmaskedView> {
    const located = await locate(principal, id);
    const described = await temporal.describe(located.workflowId);
    const projected = described === null ? null : await projections.read(located.workflowId, described);
    return described === null || projected === null
      ? viewOfRow(principal, located, described)
      : viewOfProjection(principal, located, described.info.execution?.runId ?? '', projected);
  }

  /** Shows what the index has of a run whose history Temporal does not have. */
  async function viewOfRow(
    principal: Principal,
    { id, n, row }: Located,
    described: Described | null,
  ): Promise<UnmaskedView> {
    if (row === null) throw missing(id);
    const current = described === null ? settled(await findWritten(row)) : row;
    const retries = await retriesOf(principal, n);
    const { enforcement } = row;
    const isCaused = enforcement !== null && isMintedEnforcement(enforcement);
    const causes = await enforcements.causes(principal.tenant, isCaused ? [enforcement] : []);
    const cause = enforcement === null ? undefined : causes.get(enforcement);
    return { n, execution: executionOfRow(current, cause), retries, projected: null, mask: SHOWS_ALL, hidden: [] };
  }

  async function viewOfProjection(
    principal: Principal,
    located: Located,
    runId: string,
    projected: ProjectedRun,
  ): Promise<UnmaskedView> {
    const { n } = located;
    const { execution, mask, hidden } = await showProjected(principal, located, runId, projected);
    const retries = isClosed(execution.status) ? await retriesOf(principal, n) : [];
    return { n, execution, retries, projected, mask, hidden };
  }

  /** Masks a projected run, and queues what the index does not know of it. Throws `execution_not_found`. */
  async function showProjected(
    principal: Principal,
    { id, n, row, workflowId }: Located,
    runId: string,
    projected: ProjectedRun,
  ): Promise<Masking> {
    const { execution: shown, mask, hidden } = maskExecution(projected.execution, projected.hidden);
    const execution = { ...shown, authentic: await authenticate(projected.execution) };
    if (execution.projection === 'diverged') {
      log.error(
        { workflow_id: workflowId, divergence: execution.divergence },
        'the interpreter and the history of a run do not agree',
      );
    }
    // Ids can be guessed: without a row, only the memo says whose run it is.
    if (row === null && execution.memo?.tenant !== principal.tenant) throw missing(id);
    const entry = buildEntry(namespace, execution, runId);
    // A run that has not changed since needs no write.
    if (row === null || !isWritten(row, entry)) entries.put(entry);
    onRead(n, execution);
    return { execution, mask, hidden };
  }

  /** Shows a run from the event that started it, unmasked and masked, and queues its entry. */
  function showStarted(n: number, started: HistoryEvent): { shown: Execution; execution: MaskedExecution } {
    const { execution: shown, hidden } = projectStarted(workflowIdOf(n), started);
    const { execution } = maskExecution(shown, hidden);
    entries.put({ ...buildEntry(namespace, execution, execution.runId), version: versionOfStart(shown) });
    return { shown, execution };
  }

  /** Returns the row of a run once all is written that has been learnt of it. */
  async function findWritten(row: IndexRow): Promise<IndexRow> {
    await entries.written(({ n }) => n === row.n);
    return (await store.find(row.n)) ?? row;
  }

  /** Closes the row of a run that Temporal no longer has: it has ended, and nobody can find out how. */
  function settled(row: IndexRow): IndexRow {
    if (row.versionRun === '' || row.versionClosed === 1) return row;
    const gone = goneEntry(row, new Date(clock()));
    entries.put(gone);
    const { status, result, error, errorCode, updated, closed } = gone;
    return { ...row, status, result, error, errorCode, updated, closed, versionClosed: 1 };
  }

  async function retriesOf({ tenant }: Principal, n: number): Promise<RetrySummary[]> {
    const found = await store.retriesOf(tenant, [integerId(n)]);
    return found.map(({ of, n: retry, status }) => ({ of, id: integerId(retry), status }));
  }

  const reader: ExecutionReader = {
    async get(principal, id) {
      const { n, execution, retries } = await read(principal, id);
      return { n, execution, retries };
    },

    async getStarted(n, started) {
      const { shown, execution } = showStarted(n, started);
      return { n, execution: { ...execution, authentic: await authenticate(shown) }, retries: [] };
    },

    async getEnded(principal, { n, started }, seconds) {
      // Lists and repeats of the request know the run while it is waited for.
      showStarted(n, started);
      const workflowId = workflowIdOf(n);
      const runId = started.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '';
      const deadline = clock() + seconds * 1000;
      const projected = await projections.readEnded({ workflowId, runId }, seconds * 1000);
      const id = String(integerId(n));
      if (projected === null) {
        await temporal.waitForClose(workflowId, deadline - clock());
        return reader.get(principal, id);
      }
      const { execution } = await showProjected(principal, { id, n, row: null, workflowId }, runId, projected);
      // Nobody could retry it before it had closed.
      return { n, execution, retries: [] };
    },

    readUnmasked: read,

    async getWithHistory(principal, id, { after = 0, limit = Number.POSITIVE_INFINITY } = {}) {
      const { n, execution, retries, mask, projected } = await read(principal, id);
      const events: ShownEvent[] = [];
      let number = 0;
      for await (const page of projected === null ? [] : temporal.history(execution.workflowId)) {
        for (const event of page) {
          number += 1;
          if (number <= after || events.length >= limit) continue;
          const { attributes, ...shown } = showEvent(event, number);
          events.push({ ...shown, attributes: mask.hide(maskStart(attributes, pathsOf(execution.run, event))) });
        }
        if (events.length >= limit) break;
      }
      return { n, execution, retries, events };
    },

    async logs(principal, id, query) {
      const { execution, projected } = await read(principal, id);
      if (execution.moreTasks === undefined) return cutLog(execution, query);
      const found = await projections.readLog(execution.workflowId, query, projected?.hidden ?? []);
      if (found === null) throw new AppError('work_exceeded', 'reading the log takes more work than is allowed');
      return found;
    },

    async numberOf({ tenant }, id) {
      const parsed = parseExecutionId(id);
      if (parsed !== undefined) return parsed.visit === 0 ? parsed.n : null;
      const row = await store.findByWorkflowId(namespace, id);
      return row !== null && row.tenant === tenant ? row.n : null;
    },

    async waitFor(principal, { n, execution }, seconds) {
      await temporal.waitForClose(execution.workflowId, seconds * 1000);
      return reader.get(principal, String(integerId(n)));
    },
  };
  return reader;
}

/** A run that an id denotes; `row` is null while the index does not have it. */
interface Located {
  id: string;
  n: number;
  row: IndexRow | null;
  workflowId: string;
}

/** Returns the version of an entry that only the start knows. Its time is not Temporal's, so whatever is read later is newer. */
function versionOfStart({ runId, lastEventId }: Execution): IndexEntry['version'] {
  return { start: 0, run: runId, closed: false, event: lastEventId };
}

function missing(id: string): AppError {
  return new AppError('execution_not_found', `Execution with ID ${id} not found`);
}

/** Returns where the input in an event has write-only parameters: that of a run, or of a sub-workflow that it starts. */
function pathsOf(run: Execution['run'], { startChildWorkflowExecutionInitiatedEventAttributes: child }: HistoryEvent) {
  return (child ? run?.workflows?.[child.workflowType?.name ?? '']?.write_only : run?.write_only) ?? [];
}

/** Masks the two arguments in an event that starts a run: its input, and the inputs of sub-workflows in the state that it carries. */
function maskStart(attributes: Json, paths: string[][]): Json {
  if (!isJsonObject(attributes) || !Array.isArray(attributes.input)) return attributes;
  const [input = null, ...rest] = attributes.input;
  const shown = rest.map((argument) => (isRunInput(argument) ? hideCarriedInputs(argument) : argument));
  return { ...attributes, input: [maskInput(input, paths), ...shown] };
}
