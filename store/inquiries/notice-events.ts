import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  inArray,
  lt,
  lte,
  max,
  notExists,
  type Placeholder,
  type SQL,
  sql,
} from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { NoticeChannel } from '../../model/inquiry.ts';
import type { JsonObject } from '../../model/json.ts';
import { type DeliveryState, type NoticeKind, UNSETTLED } from '../../model/notice.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { noticeEvents } from './tables.ts';

/** An event of an inquiry for one target, with the state of its delivery. */
export type NoticeEventRow = typeof noticeEvents.$inferSelect;

/** An inquiry of a run. */
export interface InquiryPlace {
  namespace: string;
  workflowId: string;
  key: string;
}

/** An event to write; `number` is null for the next free number of its kind. */
export interface NewNoticeEvent {
  channel: NoticeChannel;
  target: string;
  kind: NoticeKind;
  number: number | null;
}

/** The result of a delivery. */
export interface Settlement {
  state: DeliveryState;
  error: string | null;
  /** The time of the next try, or of the delivery. */
  at: Date;
  /** The place of the target's message; stored with its `opened` event. */
  place: JsonObject | null;
}

/** The most events that are listed. */
const MAX_LISTED = 5_000;

/** The outbox of events for people and programs. */
export interface NoticeEventStore {
  /**
   * Lists the first unsettled event of each target, if it is due: the oldest of each tenant first, then the second of each, and so on,
   * at most so many of each tenant and in all.
   */
  due(namespace: string, now: Date, most: { ofTenant: number; all: number }): Promise<NoticeEventRow[]>;
  /** Leases due events until a time, so that no other process delivers them; returns those that were still due. */
  lease(ids: readonly number[], now: Date, until: Date): Promise<NoticeEventRow[]>;
  /** Lists the events of an event's target, in order. */
  ofTarget(event: NoticeEventRow): Promise<NoticeEventRow[]>;
  /** Records the result of an event, and that it supersedes others of its target. */
  settle(event: NoticeEventRow | null, settlement: Settlement | null, superseded: readonly number[]): Promise<void>;
  /** Finds an event by its id; null when there is none. */
  find(id: number): Promise<NoticeEventRow | null>;
  /** Has the present state of an inquiry announced to a target, unless another event will do that. */
  refresh(event: NoticeEventRow, now: Date): Promise<void>;
  /** Lists the events of a run's inquiries, or of the one with a key, in order; at most the latest MAX_LISTED. */
  list(namespace: string, workflowId: string, key?: string): Promise<NoticeEventRow[]>;
}

/** Creates the store over an open database. */
export function createNoticeEventStore(db: Database): NoticeEventStore {
  const due = selectDue(db).prepare('notice_events_due');

  return named<NoticeEventStore>('notice-events', {
    async due(namespace, now, { ofTenant, all }) {
      return due.execute({ namespace, now, ofTenant, all });
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
        // Only the last reminder is kept: their number is unlimited.
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
        // The lock makes writers of this target wait.
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

/** Adds events of an inquiry unless they exist; `number` null becomes the next free number of its kind. */
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

/**
 * Selects the first unsettled event of each target of a `namespace`, if it is due `now`: at most `ofTenant` of each tenant, and `all`
 * together.
 */
function selectDue(db: Database) {
  const turn = sql<number>`row_number() over (partition by ${noticeEvents.tenant} order by ${noticeEvents.nextAt}, ${noticeEvents.id})`;
  const ranked = db
    .select({ id: noticeEvents.id, turn: turn.as('turn') })
    .from(noticeEvents)
    .where(isNoticeDue(db, sql.placeholder('namespace'), sql.placeholder('now')))
    .as('ranked');
  return db
    .select(getTableColumns(noticeEvents))
    .from(noticeEvents)
    .innerJoin(ranked, eq(ranked.id, noticeEvents.id))
    .where(lte(ranked.turn, sql.placeholder('ofTenant')))
    .orderBy(ranked.turn, noticeEvents.nextAt)
    .limit(sql.placeholder('all'));
}

/** Matches the first unsettled event of each target of a `namespace`, if it is due `now`. */
export function isNoticeDue(db: Database, namespace: Placeholder, now: Placeholder): SQL | undefined {
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
  return and(
    eq(noticeEvents.namespace, namespace),
    lte(noticeEvents.nextAt, now),
    // Literals let the planner use the partial index.
    sql`${noticeEvents.state} in ('pending', 'retrying', 'not_set_up')`,
    notExists(before),
  );
}
