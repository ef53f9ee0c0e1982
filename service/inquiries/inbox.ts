import type { Logger } from '../../model/log.ts';
import type { AskingRun, InquiryStore } from '../../store/inquiries/inquiries.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { Bell } from '../background/bell.ts';
import { keepGoing, type RoundLoop } from '../background/loops.ts';
import { createSetAside } from '../background/set-aside.ts';
import { deriveNoticeEvents } from '../notices/events.ts';
import { type MaskedExecution, maskExecution } from '../projections/masks.ts';
import type { ProjectionReader } from '../projections/reader.ts';
import { createReadingWriter, readInquiries } from './inquiry-readings.ts';

/** The least milliseconds between two rounds, and the number of runs in one. */
const INTERVAL = 250;
const LIMIT = 50;

/**
 * The pause between two reads of a run that continues while its inquiries are open: in milliseconds, and as a multiple of the duration
 * of the last read.
 */
const NEXT_TO_IT = 3_000;
const TIMES_LONGER = 20;

/** The number of runs whose last read is remembered. */
const MAX_REMEMBERED = 10_000;

/**
 * Keeps the stored inquiries equal to those in histories: each round reads the inquiries of runs whose workers report changes. Any number
 * of processes may run it.
 */
export interface InquiryInbox extends RoundLoop {
  /** Writes the inquiries of a run that was just read. */
  take(n: number, execution: MaskedExecution): Promise<void>;
}

/** The dependencies of the inbox. */
export interface InboxDependencies {
  temporal: Temporal;
  projections: ProjectionReader;
  store: InquiryStore;
  /** Rings when there are runs to read. */
  bell: Bell;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
}

/** Creates the inbox. */
export function createInquiryInbox({
  temporal,
  projections,
  store,
  bell,
  clock,
  log,
}: InboxDependencies): InquiryInbox {
  const { namespace } = temporal;
  /** When each run may be read again, in milliseconds. */
  const rests = new Map<string, number>();
  const aside = createSetAside(clock, log, 'the inquiries of a run cannot be read; those of others can');

  const write = createReadingWriter(store, clock);

  async function take(n: number, execution: MaskedExecution): Promise<void> {
    const reading = readInquiries(namespace, n, execution);
    if (reading !== null) await write(reading);
  }

  async function read(run: AskingRun): Promise<void> {
    const projected = await projections.read(run.workflowId);
    const execution = projected === null ? null : maskExecution(projected.execution, projected.hidden).execution;
    const asksNothing = execution?.inquiries.length === 0;
    // A worker reports a question before Temporal has recorded it; until then there is nothing to read.
    if (asksNothing && execution.closed === null) return;
    // Inquiries whose run cannot be read any more are withdrawn: its history is gone, or takes too much work.
    if (execution === null || asksNothing) {
      await store.withdraw(namespace, run.workflowId, deriveNoticeEvents, new Date(clock()));
    }
    if (execution === null || execution.memo === null || asksNothing) await store.skip(namespace, run.workflowId);
    else await take(run.n, execution);
    await store.looked(namespace, run.workflowId, run.updated);
  }

  /** Reports whether a run is due: one that continues while its inquiries are open is read from time to time. */
  function isTime({ workflowId, changed }: AskingRun): boolean {
    return changed || clock() >= (rests.get(workflowId) ?? 0);
  }

  /** Postpones the next read of a run; for longer if reading it takes long. */
  function rest({ workflowId }: AskingRun, began: number): void {
    const now = clock();
    rests.delete(workflowId);
    rests.set(workflowId, now + Math.max(NEXT_TO_IT, TIMES_LONGER * (now - began)));
    if (rests.size > MAX_REMEMBERED) rests.delete(rests.keys().next().value!);
  }

  return {
    take,

    async tick() {
      for (const run of await store.due(namespace, LIMIT)) {
        if (!isTime(run)) continue;
        const began = clock();
        await aside.attempt(run.workflowId, () => read(run));
        rest(run, began);
      }
    },

    run(signal) {
      const trouble = 'the inbox cannot be updated';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, bell, pause: 8 * INTERVAL, log, trouble });
    },
  };
}
