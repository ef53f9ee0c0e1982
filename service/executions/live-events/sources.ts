import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JobPool, RunJob } from '../../../model/job-pool.ts';
import type { HistoryEvent } from '../../../projection/history.ts';
import { copyHistory } from '../../projections/history-copies.ts';
import type { StreamJobs } from './jobs.ts';
import { createStreamReplay, type EntryBatch, type IsNew } from './replay.ts';

/** Units of work for one history event on the event loop, and units after which other requests have their turn. */
const MAX_WORK_HERE = 50_000;
const TURN_WORK = 25_000;

/** Makes the entries of a run from the events of its chain, from the first one on. */
export interface EntrySource {
  take(runId: string, events: readonly HistoryEvent[]): AsyncGenerator<EntryBatch>;
}

/** A run that is streamed, and its tenant. */
export interface StreamedRun {
  workflowId: string;
  tenant: string;
}

/**
 * Creates a source that works on the event loop, in slices between which other requests have their turn. It throws ReplayExceeded for a
 * run that takes too much work there, or else, with `lean`, leaves out all tasks, as createStreamReplay does.
 */
export function createSourceHere(
  { workflowId }: StreamedRun,
  { lean = null }: { lean?: IsNew | null } = {},
): EntrySource {
  const replay = createStreamReplay(workflowId, lean === null ? { throws: MAX_WORK_HERE + TURN_WORK } : { lean });
  const { meter } = replay;
  return {
    async *take(runId, events) {
      // Reading a page has held the event loop already: what is made of it is another turn.
      await nextTurn();
      for (const original of events) {
        const { events: copies, bytes } = copyHistory([original]);
        if (meter.spent > TURN_WORK) {
          await nextTurn();
          meter.reset();
        }
        const parts = replay.take(runId, copies[0]!, bytes);
        for (let part = parts.next(); ; part = parts.next()) {
          if (part.done) {
            yield part.value;
            break;
          }
          // Replaying an event and publishing its entries must not hold the event loop in one turn.
          if (meter.spent > TURN_WORK) await nextTurn();
        }
      }
    },
  };
}

/**
 * Creates a source that works in a thread of the pool. It throws what the pool throws, and an error when the thread has forgotten the run,
 * which must then be read from its start again.
 */
export function createSourceInThread(
  { workflowId, tenant }: StreamedRun,
  pool: Pick<JobPool<StreamJobs>, 'runInThread'>,
): EntrySource {
  let taken = 0;
  return {
    async *take(runId, events) {
      await nextTurn();
      const copy = copyHistory(events);
      const work = async (run: RunJob<StreamJobs>) => {
        if (!(await run('take_stream', { ...copy, workflowId, runId, taken }))) {
          throw new Error('the thread that follows the run has forgotten it');
        }
        const batches: EntryBatch[] = [];
        for (let more = true; more; ) {
          const { more: others, ...batch } = await run('read_stream', { workflowId });
          batches.push(batch);
          more = others;
        }
        return batches;
      };
      // Another thread has not taken what came before.
      yield* await pool.runInThread(tenant, workflowId, work, { waits: true });
      taken += events.length;
    },
  };
}
