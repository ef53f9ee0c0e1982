import { integerId } from '../model/execution-id.ts';
import type { NoticeKind } from '../model/inquiry.ts';
import type { JsonObject } from '../model/json.ts';
import type { Logger } from '../model/log.ts';
import { type Announcer, type Notice, NoticeError } from '../model/notice.ts';
import type { InquiryStore, NoticeRow } from '../store/inquiries.ts';
import { inquiryId } from './inquiry-ids.ts';
import { keepGoing } from './loops.ts';
import { NoticeTraffic } from './notice-traffic.ts';

/** Milliseconds between two looks; for which a process has a notice; that sending one may take; and longest between two tries. */
const INTERVAL = 250;
const LEASE = 30_000;
const TIMEOUT = 10_000;
const LONGEST_PAUSE = 60_000;

/** Notices that are looked at in one round: of a tenant, and in all. */
const LOOKED_AT = { ofTenant: 50, all: 500 };

/** Tells people of inquiries. */
export type Notifier = ReturnType<typeof createNotifier>;

/**
 * Makes it: tells people of inquiries, again and again until it is told. Each notice is sent by itself: a receiver that does not
 * answer holds up neither other receivers nor other tenants.
 */
export function createNotifier(
  store: InquiryStore,
  announcers: readonly Announcer[],
  { namespace, clock, log }: { namespace: string; clock: () => number; log: Logger },
) {
  const byKind = new Map<NoticeKind, Announcer>(announcers.map((announcer) => [announcer.kind, announcer]));
  const traffic = new NoticeTraffic();
  const sending = new Set<Promise<void>>();

  async function tell(row: NoticeRow, notice: Notice): Promise<void> {
    const announcer = byKind.get(row.kind);
    if (announcer === undefined) throw new NoticeError(`no ${row.kind} is set up`);
    const now = clock();
    const due = row.told !== row.wanted;
    let { handle } = row;
    if (row.told === '') handle = await inTime(announcer.ask(notice));
    else if (due) await inTime(announcer.update(notice, handle ?? {}));
    else await inTime(announcer.remind(notice, handle ?? {}));
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
      traffic.succeeded(row);
    } catch (error) {
      traffic.failed(row, clock());
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

    /** Starts to tell what is due, as far as there is room for it; does not wait until it is told. */
    async tick(): Promise<void> {
      if (traffic.isFull()) return;
      const now = clock();
      const due = await store.dueNotices(namespace, new Date(now), LOOKED_AT);
      for (const [until, rows] of traffic.pausedOf(due, now)) {
        await store.leaseNotices(idsOf(rows), new Date(now), new Date(until));
      }
      const chosen = traffic.choose(due, now);
      const taken = new Map<number, NoticeRow>();
      try {
        const leased = await store.leaseNotices(idsOf(chosen), new Date(now), new Date(now + LEASE));
        for (const row of leased) taken.set(row.id, row);
      } finally {
        for (const row of chosen) if (!taken.has(row.id)) traffic.left(row);
      }
      for (const row of taken.values()) {
        const sent = handle(row)
          .catch((error: unknown) => log.warn({ err: error, notice: row.id }, 'a notice could not be noted'))
          .finally(() => {
            traffic.left(row);
            sending.delete(sent);
          });
        sending.add(sent);
      }
    },

    /** Waits for the notices that are being sent. */
    async settled(): Promise<void> {
      await Promise.all(sending);
    },

    /** Keeps going until the signal is aborted; trouble with the database is logged once and tried again. */
    async run(signal: AbortSignal): Promise<void> {
      const trouble = 'people cannot be told of inquiries';
      await keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: 8 * INTERVAL, log, trouble });
      await this.settled();
    },
  };
}

function idsOf(rows: readonly NoticeRow[]): number[] {
  return rows.map(({ id }) => id);
}

/** Resolves as a notice does that is being sent; rejects with a NoticeError when that takes too long. */
async function inTime<T>(sent: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoticeError(`not sent within ${TIMEOUT / 1000} seconds`)), TIMEOUT);
  });
  return Promise.race([sent, late]).finally(() => clearTimeout(timer));
}
