import { type Inquiry, inquiryChanges } from '../../model/inquiry.ts';
import type { Logger } from '../../model/log.ts';
import { startersOf } from '../../model/run-starters.ts';
import type { InquiryRun, InquiryStore } from '../../store/inquiries/inquiries.ts';
import { isOutage } from '../background/outages.ts';
import { createWriteQueue, type WriteQueue } from '../background/write-queues.ts';
import { deriveNoticeEvents, nextReminder } from '../notices/events.ts';
import type { MaskedExecution } from '../projections/masks.ts';

/** Milliseconds after the end of a run from which on its inquiries are not announced: a new database finds all old runs. */
const TOO_OLD = 86_400_000;

/** The most characters of all queued readings, as JSON. */
const CAPACITY = 16_000_000;

/** The inquiries of a run as they were read from its history. */
export interface InquiryReading {
  run: InquiryRun;
  inquiries: Inquiry[];
  /** When the run closed, as ISO 8601; null for an open run. */
  closed: string | null;
}

/** Takes the inquiries from a run that was read; null when it has none, or is not Fermata's. */
export function readInquiries(namespace: string, n: number, execution: MaskedExecution): InquiryReading | null {
  const { workflowId, workflowType, memo, inquiries, lastEventId, updated, closed } = execution;
  if (memo === null || inquiries.length === 0) return null;
  // Each run of a chain numbers its events from 1, so the time comes first.
  const event = Date.parse(updated) * 1000 + (lastEventId % 1000);
  const changes = inquiryChanges(
    inquiries.map(({ votes, escalated = [], delegations = [], status }) => {
      return { votes, escalated, delegations, ended: status !== 'pending' && status !== 'cancelled' };
    }),
  );
  const { tenant, owner, ref = workflowType } = memo;
  const starters = startersOf(execution);
  return { run: { namespace, workflowId, n, tenant, ref, owner, starters, event, changes }, inquiries, closed };
}

/** Writes a reading to the inbox, with the events to announce. */
export type WriteReading = (reading: InquiryReading) => Promise<void>;

/** Creates the function that writes readings; `clock` returns milliseconds. */
export function createReadingWriter(store: Pick<InquiryStore, 'sync'>, clock: () => number): WriteReading {
  return async ({ run, inquiries, closed }) => {
    const isOld = closed !== null && clock() - Date.parse(closed) > TOO_OLD;
    const remindAt = (inquiry: Inquiry) => nextReminder(inquiry, clock());
    await store.sync(run, inquiries, { derive: isOld ? () => [] : deriveNoticeEvents, remindAt }, new Date(clock()));
  };
}

/** The inquiries of runs that requests have read, until they are in the inbox. Those that are not taken are left to the inbox. */
export type ReadingQueue = WriteQueue<InquiryReading>;

/** Creates the queue. A reading that the database refuses is logged and left out. */
export function createReadingQueue(write: WriteReading, log: Logger): ReadingQueue {
  return createWriteQueue({
    keyOf: ({ run: { namespace, workflowId } }) => `${namespace} ${workflowId}`,
    replaces: (reading, queued) => reading.run.event >= queued.run.event,
    weigh: ({ inquiries }) => JSON.stringify(inquiries).length,
    capacity: CAPACITY,
    async write(readings) {
      for (const reading of readings) {
        try {
          await write(reading);
        } catch (error) {
          if (isOutage(error)) throw error;
          log.error(
            { err: error, workflow_id: reading.run.workflowId },
            'the inquiries of a run cannot be written to the inbox',
          );
        }
      }
    },
    log,
    trouble: 'inquiries that were read cannot be written to the inbox; trying again',
    full: 'too many inquiries were read before they could be written to the inbox, which will find them',
  });
}

/** Returns a store whose lists wait for the queued readings of their tenant, so that none is behind what a caller has seen. */
export function awaitReadings(store: InquiryStore, readings: Pick<ReadingQueue, 'written'>): InquiryStore {
  const written = (tenant: string) => readings.written(({ run }) => run.tenant === tenant);
  return {
    ...store,
    async list(tenant, filter, page) {
      await written(tenant);
      return store.list(tenant, filter, page);
    },
    async delegated(tenant, limit) {
      await written(tenant);
      return store.delegated(tenant, limit);
    },
  };
}
