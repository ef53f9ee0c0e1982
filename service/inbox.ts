import type { Execution } from '../model/execution.ts';
import { type Inquiry, inquiryChanges, stepsTaken } from '../model/inquiry.ts';
import type { Logger } from '../model/log.ts';
import type { AskingRun, InquiryStore, WantedNotice } from '../store/inquiries.ts';
import { keepGoing } from './loops.ts';
import { maskExecution } from './masks.ts';
import type { ProjectionReader } from './projections.ts';
import { createSetAside } from './set-aside.ts';
import type { Temporal } from './temporal.ts';

/** Milliseconds between two looks, and runs that are read at a time. */
const INTERVAL = 250;
const LIMIT = 50;

/** Keeps the inbox equal to what histories say of inquiries; `clock` gives milliseconds. Any number of them may run at once. */
export function createInbox(
  temporal: Temporal,
  projections: ProjectionReader,
  store: InquiryStore,
  clock: () => number,
  log: Logger,
) {
  const { namespace } = temporal;
  const aside = createSetAside(clock, log, 'the inquiries of a run cannot be read; those of others can');

  async function take(n: number, execution: Execution): Promise<void> {
    const { workflowId, workflowType, memo, run, inquiries, lastEventId, updated } = execution;
    if (memo === null || inquiries.length === 0) return;
    // Events have numbers of their own in each run of a chain: their time comes first.
    const event = Date.parse(updated) * 1000 + (lastEventId % 1000);
    const starters = run?.starters ?? [memo.owner];
    const changes = inquiryChanges(
      inquiries.map(({ votes, escalated = [], status }) => {
        return { votes, escalated, ended: status !== 'pending' && status !== 'cancelled' };
      }),
    );
    await store.sync(
      {
        ...{ namespace, workflowId, n, tenant: memo.tenant, ref: memo.ref ?? workflowType, owner: memo.owner },
        ...{ starters, event, changes },
      },
      inquiries,
      inquiries.flatMap((inquiry) => noticesOf(inquiry)),
      new Date(clock()),
    );
  }

  async function read(run: AskingRun): Promise<void> {
    const projected = await projections.read(run.workflowId);
    const execution = projected === null ? null : maskExecution(projected.execution).execution;
    const asksNothing = execution?.inquiries.length === 0;
    // A worker tells of a question before Temporal has it: until then there is nothing to read.
    if (asksNothing && execution.closed === null) return;
    if (execution === null) await store.withdraw(namespace, run.workflowId, new Date(clock()));
    if (execution === null || execution.memo === null || asksNothing) await store.skip(namespace, run.workflowId);
    else await take(run.n, execution);
  }

  return {
    /** Takes what was just read of a run. */
    take,

    /** Reads the inquiries of runs whose workers say that they have changed. */
    async tick(): Promise<void> {
      for (const run of await store.due(namespace, LIMIT)) await aside.attempt(run.workflowId, () => read(run));
    },

    /** Keeps going until the signal is aborted; trouble is logged once and tried again. */
    run(signal: AbortSignal): Promise<void> {
      const trouble = 'the inbox cannot be kept up to date';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: 8 * INTERVAL, log, trouble });
    },
  };
}

/** Where an inquiry is told, and what there is to tell. */
function noticesOf(inquiry: Inquiry): WantedNotice[] {
  const { key, status, votes, request, created } = inquiry;
  const open = status === 'pending';
  const every = request.remind_every;
  const remind = open && every !== null ? new Date(Date.parse(created) + every * 1000) : null;
  const notice = (kind: WantedNotice['kind'], target: string): WantedNotice => ({
    ...{ key, kind, target, open, remind },
    wanted: `${status}/${votes.length}`,
  });
  return [request, ...stepsTaken(inquiry)].flatMap(({ notify: { slack, email = [], webhook } }) => [
    ...(slack === undefined ? [] : [notice('slack', slack.channel)]),
    ...email.map((address) => notice('email', address.toLowerCase())),
    ...(webhook === undefined ? [] : [notice('webhook', webhook)]),
  ]);
}
