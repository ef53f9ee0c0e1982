import { inquiryChanges } from '../../model/inquiry.ts';
import type { Logger } from '../../model/log.ts';
import type { AskingRun, InquiryStore } from '../../store/inquiries/inquiries.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import { keepGoing } from '../background/loops.ts';
import { createSetAside } from '../background/set-aside.ts';
import { nextReminder, noticeEventsOf } from '../notices/events.ts';
import { type MaskedExecution, maskExecution } from '../projections/masks.ts';
import type { ProjectionReader } from '../projections/reader.ts';

/** Milliseconds between two looks, and runs that are read at a time. */
const INTERVAL = 250;
const LIMIT = 50;

/**
 * Milliseconds between two readings of a run because of what happens next to its open inquiries; and how many times as long as the
 * last reading has taken.
 */
const NEXT_TO_IT = 3_000;
const TIMES_LONGER = 20;

/** Runs of which it is remembered when they were read. */
const MAX_REMEMBERED = 10_000;

/** Milliseconds after its end from which on nobody is told what a run had asked: a new database finds all old runs. */
const TOO_OLD = 86_400_000;

/** The dependencies of the service. */
export interface InboxDependencies {
  temporal: Temporal;
  projections: ProjectionReader;
  store: InquiryStore;
  /** Returns the time in milliseconds. */
  clock: () => number;
  log: Logger;
}

/** Keeps the inbox equal to what histories say of inquiries; `clock` gives milliseconds. Any number of them may run at once. */
export function createInquiryInbox({ temporal, projections, store, clock, log }: InboxDependencies) {
  const { namespace } = temporal;
  /** Until when runs rest, in milliseconds. */
  const rests = new Map<string, number>();
  const aside = createSetAside(clock, log, 'the inquiries of a run cannot be read; those of others can');

  async function take(n: number, execution: MaskedExecution): Promise<void> {
    const { workflowId, workflowType, memo, run, inquiries, lastEventId, updated, closed } = execution;
    if (memo === null || inquiries.length === 0) return;
    // Events have numbers of their own in each run of a chain: their time comes first.
    const event = Date.parse(updated) * 1000 + (lastEventId % 1000);
    const starters = run?.starters ?? [memo.owner];
    const changes = inquiryChanges(
      inquiries.map(({ votes, escalated = [], delegations = [], status }) => {
        return { votes, escalated, delegations, ended: status !== 'pending' && status !== 'cancelled' };
      }),
    );
    await store.sync(
      {
        namespace,
        workflowId,
        n,
        tenant: memo.tenant,
        ref: memo.ref ?? workflowType,
        owner: memo.owner,
        starters,
        event,
        changes,
      },
      inquiries,
      {
        derive: closed !== null && clock() - Date.parse(closed) > TOO_OLD ? () => [] : noticeEventsOf,
        remindAt: (inquiry) => nextReminder(inquiry, clock()),
      },
      new Date(clock()),
    );
  }

  async function read(run: AskingRun): Promise<void> {
    const projected = await projections.read(run.workflowId);
    const execution = projected === null ? null : maskExecution(projected.execution, projected.above).execution;
    const asksNothing = execution?.inquiries.length === 0;
    // A worker tells of a question before Temporal has it: until then there is nothing to read.
    if (asksNothing && execution.closed === null) return;
    // What nothing is known of any more is withdrawn too: the history of its run is gone, or takes too much work.
    if (execution === null || asksNothing) {
      await store.withdraw(namespace, run.workflowId, noticeEventsOf, new Date(clock()));
    }
    if (execution === null || execution.memo === null || asksNothing) await store.skip(namespace, run.workflowId);
    else await take(run.n, execution);
    await store.looked(namespace, run.workflowId, run.updated);
  }

  /** Whether a run is to be read now: one that goes on next to its open inquiries is read once in a while. */
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
    /** Writes the inquiries of a run that was just read. */
    take,

    /** Reads the inquiries of runs whose workers report changes. */
    async tick(): Promise<void> {
      for (const run of await store.due(namespace, LIMIT)) {
        if (!isTime(run)) continue;
        const began = clock();
        await aside.attempt(run.workflowId, () => read(run));
        rest(run, began);
      }
    },

    /** Works until the signal is aborted; logs an error once, and tries again. */
    run(signal: AbortSignal): Promise<void> {
      const trouble = 'the inbox cannot be updated';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: 8 * INTERVAL, log, trouble });
    },
  };
}
