import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '../../../model/app-error.ts';
import type { JobPool } from '../../../model/job-pool.ts';
import type { Json } from '../../../model/json.ts';
import type { Mask } from '../../../model/mask.ts';
import type { Principal } from '../../../model/principal.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import type { Temporal } from '../../../temporal/gateway.ts';
import type { ExecutionReader, UnmaskedView } from '../../executions/reader.ts';
import { copyHistory } from '../../projections/history-copies.ts';
import { continueWith, maskEvent, NO_RUN } from './event-masks.ts';
import { createExportMask } from './export-mask.ts';
import { buildHead, FileParts } from './file.ts';
import type { MaskedPart, MaskingJobs } from './jobs.ts';
import { writeEvent } from './proto-json.ts';

/** The most bytes of an export, and the most events of a chain of which a part is exported. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_EVENTS = 60_000;

/** Events that are written before other requests have their turn, and that a thread is given at a time. */
const EVENTS_OF_A_TURN = 25;
const EVENTS_OF_A_PART = 500;

/** Exports histories as files with which runs can be computed again elsewhere; callers see only those of their tenant. */
export interface HistoryExportService {
  /**
   * Reads the history of an execution, or of one run of its chain by its index, and returns the parts of the file. Write-only values are
   * hidden in it, and the values that a run computes from them are listed. Throws `execution_not_found`, `history_unusable` where Temporal
   * no longer has the history, `request_invalid` for a run that the chain does not have, `history_too_large`, `work_exceeded` and `busy`.
   */
  export(principal: Principal, id: string, run: number | null): Promise<AsyncGenerator<string>>;
}

/** The dependencies of the service. */
export interface HistoryExportDependencies {
  temporal: Pick<Temporal, 'describe' | 'newestRun' | 'historyOf'>;
  executions: Pick<ExecutionReader, 'readUnmasked'>;
  pool: Pick<JobPool<MaskingJobs>, 'runInThread'>;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Computes the run over a part of the masked history. */
type Compute = (events: HistoryEvent[], bytes: number) => Promise<MaskedPart>;

/** Creates the service. */
export function createHistoryExportService(dependencies: HistoryExportDependencies): HistoryExportService {
  const { temporal, executions, pool, clock } = dependencies;

  /** Returns the ids of the runs of a chain, the first one first. Throws `history_unusable`. */
  async function chainOf(workflowId: string): Promise<string[]> {
    const described = await temporal.describe(workflowId);
    const last = described?.info.execution?.runId;
    const newest = last ? await temporal.newestRun(workflowId, last) : null;
    if (!last || newest === null) throw gone();
    return [...(await newest.before()), last];
  }

  /** Reads the runs of a chain up to the wanted one, in parts. */
  async function* readParts(workflowId: string, chain: readonly string[], until: number) {
    let left = until;
    for (const [index, runId] of chain.entries()) {
      for await (const page of temporal.historyOf(workflowId, runId)) {
        for (let at = 0; at < page.length && left > 0; at += EVENTS_OF_A_PART) {
          const events = page.slice(at, at + Math.min(EVENTS_OF_A_PART, left));
          left -= events.length;
          // Reading a page has held the event loop already: copying it is another turn.
          await nextTurn();
          yield { index, runId, ...copyHistory(events) };
        }
      }
      if (left === 0) return;
    }
  }

  /** Reads what a file has of a chain. Throws `request_invalid`, `history_too_large` and `work_exceeded`. */
  async function collect(
    { execution, hidden }: UnmaskedView,
    wanted: number | null,
    compute: Compute | null,
  ): Promise<FileParts> {
    const { workflowId, lastEvent } = execution;
    const chain = await chainOf(workflowId);
    if (wanted !== null && wanted >= chain.length) throw noRun(wanted, chain.length);
    const writer = createWriter(execution.run ?? NO_RUN, hidden.length === 0 ? null : createExportMask(hidden));
    const file = new FileParts(wanted);
    const needed = chain.slice(0, wanted === null ? chain.length : wanted + 1);
    for await (const { index, runId, events, bytes } of readParts(workflowId, needed, lastEvent ?? MAX_EVENTS + 1)) {
      const part = compute === null ? NOTHING : await compute(events, bytes);
      await file.add({ index, runId }, part, await writer.write(events, part.continued));
      if (file.events > MAX_EVENTS) throw new AppError('work_exceeded', 'the history is too long to be exported');
      if (file.bytes > MAX_BYTES) throw tooLarge(wanted, chain.length);
    }
    return file;
  }

  return {
    async export(principal, id, wanted) {
      const view = await executions.readUnmasked(principal, id);
      if (view.projected === null) throw gone();
      const { workflowId } = view.execution;
      const hidden = [...view.hidden];
      const exported =
        hidden.length === 0
          ? await collect(view, wanted, null)
          : await pool.runInThread(principal.tenant, workflowId, async (run) => {
              await run('open_masking', { workflowId, hidden });
              return collect(view, wanted, (events, bytes) => run('take_masking', { events, bytes }));
            });
      return exported.write(buildHead(view, exported.reason, new Date(clock())));
    },
  };
}

/** A part of a history of which nothing is hidden. */
const NOTHING: MaskedPart = { evaluations: [], computed: 0, reason: null, continued: null };

/** Creates a writer of events in order, which hides data in them and lets other requests have their turn. */
function createWriter(run: Parameters<typeof maskEvent>[1], mask: Mask | null) {
  let continued: Json = null;
  return {
    /** Writes events; the first of them that continues as new, and the start of the run after it, have the given run input. */
    async write(events: readonly HistoryEvent[], next: Json): Promise<string[]> {
      const texts: string[] = [];
      for (const event of events) {
        if (texts.length % EVENTS_OF_A_TURN === 0) await nextTurn();
        const shown = mask === null ? event : maskEvent(event, run, mask);
        if (event.workflowExecutionContinuedAsNewEventAttributes) continued = next;
        if (event.workflowExecutionContinuedAsNewEventAttributes || event.workflowExecutionStartedEventAttributes) {
          continueWith(shown, continued);
        }
        texts.push(writeEvent(shown));
      }
      return texts;
    },
  };
}

function gone(): AppError {
  return new AppError('history_unusable', 'Temporal no longer has the history of the execution');
}

function noRun(run: number, runs: number): AppError {
  const message = `there is no run ${run}: the execution has ${runs}, from 0`;
  return new AppError('request_invalid', message, { issues: [{ code: 'value_invalid', path: '/run', message }] });
}

function tooLarge(wanted: number | null, runs: number): AppError {
  const advice = wanted === null && runs > 1 ? ': export its runs one by one with "run"' : '';
  return new AppError('history_too_large', `the export has more than ${MAX_BYTES} bytes${advice}`);
}
