import { integerId } from '../../model/execution-id.ts';
import type { NoticeChannel } from '../../model/inquiry.ts';
import { inquiryId } from '../../model/inquiry-id.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { type Announcer, type Notice, NoticeError, UNSETTLED } from '../../model/notice.ts';
import type { InquiryStore } from '../../store/inquiries/inquiries.ts';
import type { NoticeEventRow, NoticeEventStore, Settlement } from '../../store/inquiries/notice-events.ts';
import { keepGoing } from '../loops.ts';
import { chooseEvent, remindersOf } from './events.ts';
import { NoticeTraffic } from './traffic.ts';

/** Milliseconds between two looks; for which a process has an event; that telling one may take; and longest between two tries. */
const INTERVAL = 250;
const LEASE = 30_000;
const TIMEOUT = 10_000;
const LONGEST_PAUSE = 60_000;

/** Milliseconds after which an event is given up, and between two looks whether its channel is set up. */
const GIVE_UP = 86_400_000;
const NOT_SET_UP_PAUSE = 60_000;

/** Events that are looked at in one round: of a tenant, and in all; and reminders that are written in one round. */
const LOOKED_AT = { ofTenant: 50, all: 500 };
const REMINDED_AT = 100;

/** Tells people and programs of inquiries. */
export interface Outbox {
  /** The notice that stands in a handle, and where its message is; null when it is gone. */
  find(id: number): Promise<{ notice: Notice; place: JsonObject } | null>;
  /** Has the message of a notice changed to what its inquiry is now. */
  refresh(id: number): Promise<void>;
  /** Starts to tell what is due, as far as there is room for it; does not wait until it is told. */
  tick(): Promise<void>;
  /** Waits for the events that are being told. */
  settled(): Promise<void>;
  /** Keeps going until the signal is aborted; trouble with the database is logged once and tried again. */
  run(signal: AbortSignal): Promise<void>;
}

/** What the outbox works with; `clock` gives milliseconds. */
export interface OutboxServices {
  inquiries: Pick<InquiryStore, 'find' | 'remind'>;
  events: NoticeEventStore;
  announcers: readonly Announcer[];
  namespace: string;
  clock: () => number;
  log: Logger;
}

/**
 * Makes it: tells every event to its target, one target's events one after another, again and again until each is settled. A
 * receiver that does not answer delays neither other receivers nor other tenants.
 */
export function createOutbox({ inquiries, events, announcers, namespace, clock, log }: OutboxServices): Outbox {
  const byChannel = new Map<NoticeChannel, Announcer>(announcers.map((announcer) => [announcer.channel, announcer]));
  const traffic = new NoticeTraffic();
  const sending = new Set<Promise<void>>();

  async function noticeOf(row: NoticeEventRow, id: number): Promise<Notice | null> {
    const found = await inquiries.find(namespace, row.workflowId, row.key);
    if (found === null) return null;
    const { n, tenant, ref, owner, inquiry } = found;
    const { channel, target } = row;
    const named = { inquiryId: inquiryId(n, inquiry), execution: integerId(n) };
    return { id, tenant, channel, target, ref, owner, inquiry, ...named };
  }

  const isOld = ({ created }: NoticeEventRow) => clock() - created.getTime() > GIVE_UP;

  /** Tells a target what is next, `row` being its first unsettled event. */
  async function serve(row: NoticeEventRow): Promise<void> {
    // Read before the inquiry, so that it shows at least what these events are about.
    const all = await events.ofTarget(row);
    const opened = all.find(({ kind }) => kind === 'opened') ?? null;
    const queue = all.filter(({ state }) => UNSETTLED.includes(state));
    const notice = opened === null ? null : await noticeOf(row, opened.id);
    if (opened === null || notice === null) return events.settle(null, null, idsOf(queue));
    const open = notice.inquiry.status === 'pending';
    const { send, superseded } = chooseEvent(queue, {
      channel: row.channel,
      open,
      told: opened.state === 'delivered',
    });
    const settlement = send === null ? null : await tell(send, notice, opened.place);
    await events.settle(send, settlement, idsOf(superseded));
  }

  async function tell(event: NoticeEventRow, notice: Notice, place: JsonObject | null): Promise<Settlement> {
    const { kind, number, channel, attempts } = event;
    try {
      const announcer = byChannel.get(channel);
      const readiness = await announcer?.ready(notice.tenant);
      if (announcer === undefined || readiness?.ok === false) {
        const error = readiness?.ok === false ? `${readiness.setting} is missing` : `channel "${channel}" not found`;
        // An open question is told whenever its channel is set up.
        if (notice.inquiry.status !== 'pending' && isOld(event)) return settled('given_up', error, clock());
        return settled('not_set_up', error, clock() + NOT_SET_UP_PAUSE);
      }
      const moved = await inTime(announcer.deliver({ ...notice, kind, number }, place));
      traffic.succeeded(event);
      return { state: 'delivered', error: null, at: new Date(clock()), place: moved };
    } catch (error) {
      const now = clock();
      traffic.failed(event, now);
      const known = error instanceof NoticeError ? error : null;
      if (attempts === 0) {
        const { workflowId: run, key: inquiry } = event;
        log.warn({ err: error, channel, run, inquiry }, 'an event of an inquiry could not be told');
      }
      const text = known?.message ?? 'it could not be sent: the log of the API has the reason';
      if (known?.permanent === true || isOld(event)) return settled('given_up', text, now);
      const pause =
        known?.retryAfter === undefined ? Math.min(1_000 * 2 ** attempts, LONGEST_PAUSE) : known.retryAfter * 1000;
      return settled('retrying', text, now + pause);
    }
  }

  async function handle(row: NoticeEventRow): Promise<void> {
    try {
      await serve(row);
    } catch (error) {
      // The lease ends by itself, and another try is made.
      log.warn({ err: error, event: row.id }, 'what became of an event of an inquiry could not be noted');
    } finally {
      traffic.left(row);
    }
  }

  return {
    async find(id) {
      const row = await events.find(id);
      const notice = row === null || row.namespace !== namespace ? null : await noticeOf(row, row.id);
      return notice === null ? null : { notice, place: row?.place ?? {} };
    },

    async refresh(id) {
      const row = await events.find(id);
      if (row !== null) await events.refresh(row, new Date(clock()));
    },

    async tick() {
      const now = clock();
      await inquiries.remind(namespace, new Date(now), REMINDED_AT, (inquiry) => remindersOf(inquiry, now));
      if (traffic.isFull()) return;
      const due = await events.due(namespace, new Date(now), LOOKED_AT);
      for (const [until, rows] of traffic.pausedOf(due, now)) {
        await events.lease(idsOf(rows), new Date(now), new Date(until));
      }
      const chosen = traffic.choose(due, now);
      const taken = new Map<number, NoticeEventRow>();
      try {
        const leased = await events.lease(idsOf(chosen), new Date(now), new Date(now + LEASE));
        for (const row of leased) taken.set(row.id, row);
      } finally {
        for (const row of chosen) if (!taken.has(row.id)) traffic.left(row);
      }
      for (const row of taken.values()) {
        const sent = handle(row).finally(() => sending.delete(sent));
        sending.add(sent);
      }
    },

    async settled() {
      await Promise.all(sending);
    },

    async run(signal) {
      const trouble = 'people cannot be told of inquiries';
      await keepGoing(() => this.tick(), signal, { interval: INTERVAL, pause: 8 * INTERVAL, log, trouble });
      await this.settled();
    },
  };
}

function settled(state: Settlement['state'], error: string, at: number): Settlement {
  return { state, error, at: new Date(at), place: null };
}

function idsOf(rows: readonly NoticeEventRow[]): number[] {
  return rows.map(({ id }) => id);
}

/** Resolves as a delivery does; rejects with a NoticeError when that takes too long. */
async function inTime<T>(sent: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoticeError(`not sent within ${TIMEOUT / 1000} seconds`)), TIMEOUT);
  });
  return Promise.race([sent, late]).finally(() => clearTimeout(timer));
}
