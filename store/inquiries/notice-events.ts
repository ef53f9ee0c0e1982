import { and, asc, desc, eq, getTableColumns, inArray, lt, lte, max, notExists, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { NoticeChannel } from '../../model/inquiry.ts';
import type { JsonObject } from '../../model/json.ts';
import { type DeliveryState, type NoticeKind, UNSETTLED } from '../../model/notice.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { noticeEvents } from '../schema.ts';

/** One thing that a target is told of an inquiry, and what has become of it. */
export type NoticeEventRow = typeof noticeEvents.$inferSelect;

/** An inquiry of a run. */
export interface InquiryPlace {
  namespace: string;
  workflowId: string;
  key: string;
}

/** An event to be written; `number` is null for the next free one of its kind. */
export interface NewNoticeEvent {
  channel: NoticeChannel;
  target: string;
  kind: NoticeKind;
  number: number | null;
}

/** What has become of an event that was tried. */
export interface Settlement {
  state: DeliveryState;
  error: string | null;
  /** When it is tried again, or was delivered. */
  at: Date;
  /** Where the message of the target is now; kept with its `opened` event. */
  place: JsonObject | null;
}

/** Events that are listed at once. */
const MAX_LISTED = 5_000;

/** The outbox of what people and programs are told. */
export interface NoticeEventStore {
  /**
   * Finds the first unsettled event of each target that is due by now. The oldest of each tenant come first, then the second
   * of each, and so on; so many of a tenant and in all, at most.
   */
  due(namespace: string, now: Date, most: { ofTenant: number; all: number }): Promise<NoticeEventRow[]>;
  /** Takes events that are due until a time, so that no other process sends them too; returns those that were still due. */
  lease(ids: readonly number[], now: Date, until: Date): Promise<NoticeEventRow[]>;
  /** All events of the target of an event, in order. */
  ofTarget(event: NoticeEventRow): Promise<NoticeEventRow[]>;
  /** Notes what has become of an event, and that others of its target were overtaken by it. */
  settle(event: NoticeEventRow | null, settlement: Settlement | null, superseded: readonly number[]): Promise<void>;
  /** An event by its id. */
  find(id: number): Promise<NoticeEventRow | null>;
  /** Has a target told how its inquiry is now; does nothing where something is to be told anyway. */
  refresh(event: NoticeEventRow, now: Date): Promise<void>;
  /** The events of a run's inquiries, or of the one with a key, in order; the latest where there are very many. */
  list(namespace: string, workflowId: string, key?: string): Promise<NoticeEventRow[]>;
}

/** Creates the store over an open database. */
export function createNoticeEventStore(db: Database): NoticeEventStore {
  return named<NoticeEventStore>('notice-events', {
    async due(namespace, now, most) {
      const earlier = alias(noticeEvents, 'earlier');
      const before = db
        .select({ one: sql`1` })
        .from(earlier)
        .where(
          and(
            eq(earlier.namespace, noticeEvents.namespace),
            eq(earlier.workflowId, noticeEvents.workflowId),
            eq(earlier.key, noticeEvents.key),
            eq(earlier.channel, noticeEvents.channel),
            eq(earlier.target, noticeEvents.target),
            lt(earlier.id, noticeEvents.id),
            inArray(earlier.state, UNSETTLED),
          ),
        );
      const turn = sql<number>`row_number() over (partition by ${noticeEvents.tenant} order by ${noticeEvents.nextAt}, ${noticeEvents.id})`;
      const ranked = db
        .select({ id: noticeEvents.id, turn: turn.as('turn') })
        .from(noticeEvents)
        .where(
          and(
            eq(noticeEvents.namespace, namespace),
            lte(noticeEvents.nextAt, now),
            // Written out, so that the planner knows the partial index by it.
            sql`${noticeEvents.state} in ('pending', 'retrying', 'not_set_up')`,
            notExists(before),
          ),
        )
        .as('ranked');
      return db
        .select(getTableColumns(noticeEvents))
        .from(noticeEvents)
        .innerJoin(ranked, eq(ranked.id, noticeEvents.id))
        .where(lte(ranked.turn, most.ofTenant))
        .orderBy(ranked.turn, noticeEvents.nextAt)
        .limit(most.all);
    },

    async lease(ids, now, until) {
      if (ids.length === 0) return [];
      return db
        .update(noticeEvents)
        .set({ nextAt: until })
        .where(and(inArray(noticeEvents.id, [...ids]), lte(noticeEvents.nextAt, now)))
        .returning();
    },

    async ofTarget(event) {
      return db.select().from(noticeEvents).where(sameTarget(event)).orderBy(asc(noticeEvents.id));
    },

    async settle(event, settlement, superseded) {
      await db.transaction(async (transaction) => {
        if (superseded.length > 0) {
          await transaction
            .update(noticeEvents)
            .set({ state: 'superseded' })
            .where(and(inArray(noticeEvents.id, [...superseded]), inArray(noticeEvents.state, UNSETTLED)));
        }
        if (event === null || settlement === null) return;
        const { state, error, at, place } = settlement;
        const delivered = state === 'delivered';
        await transaction
          .update(noticeEvents)
          .set({
            state,
            error,
            nextAt: at,
            deliveredAt: delivered ? at : null,
            attempts: sql`${noticeEvents.attempts} + 1`,
          })
          .where(eq(noticeEvents.id, event.id));
        if (!delivered) return;
        const target = sameTarget(event);
        await transaction
          .update(noticeEvents)
          .set({ place })
          .where(and(target, eq(noticeEvents.kind, 'opened')));
        // Of reminders the last one is kept: there is no end to them.
        if (event.kind === 'reminded') {
          const settled = and(
            lt(noticeEvents.number, event.number),
            sql`${noticeEvents.state} in ('delivered', 'superseded')`,
          );
          await transaction.delete(noticeEvents).where(and(target, eq(noticeEvents.kind, 'reminded'), settled));
        }
      });
    },

    async find(id) {
      const [found] = await db.select().from(noticeEvents).where(eq(noticeEvents.id, id));
      return found ?? null;
    },

    async refresh(event, now) {
      await db.transaction(async (transaction) => {
        const target = sameTarget(event);
        // Whoever adds events to the target waits.
        await transaction.select().from(noticeEvents).where(eq(noticeEvents.id, event.id)).for('update');
        const waiting = await transaction
          .select({ id: noticeEvents.id })
          .from(noticeEvents)
          .where(and(target, inArray(noticeEvents.state, UNSETTLED)))
          .limit(1);
        if (waiting.length > 0) return;
        const { channel } = event;
        await addNoticeEvents(
          transaction,
          event,
          [{ channel, target: event.target, kind: 'changed', number: null }],
          now,
        );
      });
    },

    async list(namespace, workflowId, key) {
      const rows = await db
        .select()
        .from(noticeEvents)
        .where(
          and(
            eq(noticeEvents.namespace, namespace),
            eq(noticeEvents.workflowId, workflowId),
            key === undefined ? undefined : eq(noticeEvents.key, key),
          ),
        )
        .orderBy(desc(noticeEvents.id))
        .limit(MAX_LISTED);
      return rows.reverse();
    },
  });
}

/** Writes events of an inquiry that are not there yet; `number` null becomes the next free one of its kind. */
export async function addNoticeEvents(
  db: Pick<Database, 'select' | 'insert'>,
  { namespace, workflowId, key, tenant }: InquiryPlace & { tenant: string },
  events: readonly NewNoticeEvent[],
  now: Date,
): Promise<void> {
  if (events.length === 0) return;
  const highest = new Map<NoticeKind, number>();
  for (const kind of new Set(events.filter(({ number }) => number === null).map((event) => event.kind))) {
    const [found] = await db
      .select({ number: max(noticeEvents.number) })
      .from(noticeEvents)
      .where(
        and(
          eq(noticeEvents.namespace, namespace),
          eq(noticeEvents.workflowId, workflowId),
          eq(noticeEvents.key, key),
          eq(noticeEvents.kind, kind),
        ),
      );
    highest.set(kind, found?.number ?? 0);
  }
  const rows = events.map(({ channel, target, kind, number }) => ({
    namespace,
    workflowId,
    key,
    tenant,
    channel,
    target,
    kind,
    number: number ?? highest.get(kind)! + 1,
    nextAt: now,
    created: now,
  }));
  await db.insert(noticeEvents).values(rows).onConflictDoNothing();
}

function sameTarget({ namespace, workflowId, key, channel, target }: NoticeEventRow) {
  return and(
    eq(noticeEvents.namespace, namespace),
    eq(noticeEvents.workflowId, workflowId),
    eq(noticeEvents.key, key),
    eq(noticeEvents.channel, channel),
    eq(noticeEvents.target, target),
  );
}
