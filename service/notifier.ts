import { integerId } from '../model/execution-id.ts';
import type { NoticeKind } from '../model/inquiry.ts';
import type { JsonObject } from '../model/json.ts';
import type { Logger } from '../model/log.ts';
import { type Announcer, type Notice, NoticeError } from '../model/notice.ts';
import type { InquiryStore, NoticeRow } from '../store/inquiries.ts';
import { inquiryId } from './inquiry-ids.ts';
import { keepGoing } from './loops.ts';

/** Milliseconds between two looks; for which a process has a notice; and longest between two tries. */
const INTERVAL = 250;
const LEASE = 30_000;
const LONGEST_PAUSE = 60_000;

const LIMIT = 20;

/** Tells people of inquiries. */
export type Notifier = ReturnType<typeof createNotifier>;

/** Makes it: tells people of inquiries, again and again until it is told; whichever way does not work stops no other. */
export function createNotifier(
  store: InquiryStore,
  announcers: readonly Announcer[],
  { namespace, clock, log }: { namespace: string; clock: () => number; log: Logger },
) {
  const byKind = new Map<NoticeKind, Announcer>(announcers.map((announcer) => [announcer.kind, announcer]));

  async function tell(row: NoticeRow, notice: Notice): Promise<void> {
    const announcer = byKind.get(row.kind);
    if (announcer === undefined) throw new NoticeError(`no ${row.kind} is set up`);
    const now = clock();
    const due = row.told !== row.wanted;
    let { handle } = row;
    if (row.told === '') handle = await announcer.ask(notice);
    else if (due) await announcer.update(notice, handle ?? {});
    else await announcer.remind(notice, handle ?? {});
    const every = notice.inquiry.request.remind_every;
    const open = notice.inquiry.status === 'pending';
    const next = row.remind !== null && row.remind.getTime() <= now && !due ? now + (every ?? 0) * 1000 : null;
    const remind = !open || every === null ? null : next === null ? row.remind : new Date(next);
    await store.told(row.id, row.wanted, { handle, remind }, new Date(now));
  }

  async function noticeOf(row: NoticeRow): Promise<Notice | null> {
    const found = await store.find(namespace, row.workflowId, row.key);
    if (found === null) return null;
    const { n, tenant, ref, owner, inquiry } = found;
    const named = { inquiryId: inquiryId(n, inquiry), execution: integerId(n) };
    return { id: row.id, tenant, target: row.target, ref, owner, inquiry, ...named };
  }

  async function handle(row: NoticeRow): Promise<void> {
    try {
      const notice = await noticeOf(row);
      if (notice !== null) await tell(row, notice);
    } catch (error) {
      const asked = error instanceof NoticeError ? error.retryAfter : undefined;
      const pause = asked === undefined ? Math.min(1_000 * 2 ** row.attempts, LONGEST_PAUSE) : asked * 1000;
      const { message } = error as Error;
      if (row.attempts === 0)
        log.warn({ err: error, kind: row.kind, run: row.workflowId, inquiry: row.key }, 'nobody could be told');
      await store.failed(row.id, message.slice(0, 1_000), new Date(clock() + pause));
    }
  }

  return {
    /** What was told under a number, and where the message is; null when there is no such notice. */
    async find(id: number): Promise<{ notice: Notice; handle: JsonObject } | null> {
      const row = await store.findNotice(id);
      const notice = row === null || row.namespace !== namespace ? null : await noticeOf(row);
      return notice === null ? null : { notice, handle: row?.handle ?? {} };
    },

    /** Tells what is due. */
    async tick(): Promise<void> {
      const now = clock();
      const rows = await store.leaseNotices(namespace, new Date(now), new Date(now + LEASE), LIMIT);
      await Promise.all(rows.map(handle));
    },

    /** Keeps going until the signal is aborted; trouble with the database is logged once and tried again. */
    run(signal: AbortSignal): Promise<void> {
      const trouble = 'people cannot be told of inquiries';
      return keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: 8 * INTERVAL, log, trouble });
    },
  };
}
