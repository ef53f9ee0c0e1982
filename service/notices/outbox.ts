import { integerId } from '../../model/execution-id.ts';
import type { NoticeChannel } from '../../model/inquiry.ts';
import { inquiryId } from '../../model/inquiry-id.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Logger } from '../../model/log.ts';
import { type Announcer, type Notice, NoticeError, UNSETTLED } from '../../model/notice.ts';
import type { InquiryStore } from '../../store/inquiries/inquiries.ts';
import type { NoticeEventRow, NoticeEventStore, Settlement } from '../../store/inquiries/notice-events.ts';
import type { Bell } from '../background/bell.ts';
import { keepGoing } from '../background/loops.ts';
import { chooseEvent, deriveReminders } from './events.ts';
import { NoticeTraffic } from './traffic.ts';

/** The least milliseconds between two rounds; milliseconds of the lease of an event; of the timeout of a delivery; and the most between two tries. */
const INTERVAL = 250;
const LEASE = 30_000;
const TIMEOUT = 10_000;
const LONGEST_PAUSE = 60_000;

/** Milliseconds after which an event is given up, and between two checks whether a channel is set up. */
const GIVE_UP = 86_400_000;
const NOT_SET_UP_PAUSE = 60_000;

/** The most events of one round: of each tenant, and of all; and the most reminders that it writes. */
const LOOKED_AT = { ofTenant: 50, all: 500 };
const REMINDED_AT = 100;

/** Announces inquiries to people and programs. */
export interface Outbox {
  /** Finds a notice by its id, with the place of its message; null when it is gone. */
  find(id: number): Promise<{ notice: Notice; place: JsonObject } | null>;
  /** Has the message of a notice updated to the present state of its inquiry. */
  refresh(id: number): Promise<void>;
  /** Starts the deliveries that are due, as far as there is capacity; does not wait for them. */
  tick(): Promise<void>;
  /** Waits for the deliveries in progress. */
  settled(): Promise<void>;
  /** Works until the signal is aborted; logs an error of the database once, and tries again. */
  run(signal: AbortSignal): Promise<void>;
}

/** The dependencies of the outbox. */
export interface OutboxServices {
  inquiries: Pick<InquiryStore, 'find' | 'remind'>;
  events: NoticeEventStore;
  announcers: readonly Announcer[];
  namespace: string;
  /** Rings when there are events to deliver, or reminders to write. */
  bell: Bell;
  clock: () => number;
  log: Logger;
}

/**
 * Creates the outbox. It delivers the events of each target one after another, and tries each again until it is settled. A receiver
 * that does not respond delays neither other receivers nor other tenants.
 */
export function createOutbox({ inquiries, events, announcers, namespace, bell, clock, log }: OutboxServices): Outbox {
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

  /** Delivers the next event to a target; `row` is its first unsettled event. */
  async function serve(row: NoticeEventRow): Promise<void> {
    // The events are read before the inquiry, so that it is at least as recent as they are.
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
    const { kind, number, channel } = event;
    try {
      const announcer = byChannel.get(channel);
      const readiness = await announcer?.ready(notice.tenant);
      if (announcer === undefined) return notSetUp(event, notice, `channel "${channel}" not found`);
      if (readiness?.ok === false) return notSetUp(event, notice, `${readiness.setting} is missing`);
      const moved = await inTime(announcer.deliver({ ...notice, kind, number }, place));
      traffic.succeeded(event);
      return { state: 'delivered', error: null, at: new Date(clock()), place: moved };
    } catch (error) {
      return failed(event, error);
    }
  }

  /** Settles an event whose channel is not set up; an open question is tried again until it is. */
  function notSetUp(event: NoticeEventRow, { inquiry }: Notice, error: string): Settlement {
    if (inquiry.status !== 'pending' && isOld(event)) return settled('given_up', error, clock());
    return settled('not_set_up', error, clock() + NOT_SET_UP_PAUSE);
  }

  /** Settles an event whose delivery failed. */
  function failed(event: NoticeEventRow, error: unknown): Settlement {
    const { channel, attempts } = event;
    const now = clock();
    traffic.failed(event, now);
    const known = error instanceof NoticeError ? error : null;
    if (attempts === 0) {
      const { workflowId: run, key: inquiry } = event;
      log.warn({ err: error, channel, run, inquiry }, 'an event of an inquiry could not be delivered');
    }
    const text = known?.message ?? 'it could not be sent: the log of the API has the reason';
    if (known?.permanent === true || isOld(event)) return settled('given_up', text, now);
    const pause =
      known?.retryAfter === undefined ? Math.min(1_000 * 2 ** attempts, LONGEST_PAUSE) : known.retryAfter * 1000;
    return settled('retrying', text, now + pause);
  }

  async function handle(row: NoticeEventRow): Promise<void> {
    try {
      await serve(row);
    } catch (error) {
      // The lease expires, and the event is tried again.
      log.warn({ err: error, event: row.id }, 'the result of a delivery could not be stored');
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
      await inquiries.remind(namespace, new Date(now), REMINDED_AT, (inquiry) => deriveReminders(inquiry, now));
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
      const trouble = 'inquiries cannot be announced';
      await keepGoing(() => this.tick(), signal, { interval: INTERVAL, bell, pause: 8 * INTERVAL, log, trouble });
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

/** Resolves as a delivery does; rejects with a NoticeError after the timeout. */
async function inTime<T>(sent: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoticeError(`not sent within ${TIMEOUT / 1000} seconds`)), TIMEOUT);
  });
  return Promise.race([sent, late]).finally(() => clearTimeout(timer));
}
