import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  type ExtraConfigColumn,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  unique,
} from 'drizzle-orm/pg-core';
import type { Inquiry, InquiryStatus, NoticeChannel } from '../../model/inquiry.ts';
import type { JsonObject } from '../../model/json.ts';
import type { DeliveryState, NoticeKind } from '../../model/notice.ts';
import { created, instant, tenant, told, toldList, updated } from '../columns.ts';

/** The order of lists of inquiries, as columns of an index. */
const newestFirst = ({ created: at, n, key }: Record<'created' | 'n' | 'key', ExtraConfigColumn>) =>
  [at.desc().nullsFirst(), n.desc().nullsFirst(), key] as const;

/** The inbox: inquiries, read from histories so that they can be found; a cache like the execution index. */
export const inquiries = pgTable(
  'inquiries',
  {
    namespace: told('namespace').notNull(),
    workflowId: told('workflow_id').notNull(),
    key: told('key').notNull(),
    n: bigint('n', { mode: 'number' }).notNull(),
    tenant: tenant(),
    status: text('status').$type<InquiryStatus>().notNull(),
    approvers: toldList('approvers'),
    groups: toldList('groups'),
    /** Who may not decide because they started the run; and who has voted. */
    barred: toldList('barred'),
    voters: toldList('voters'),
    /** The whole inquiry. */
    inquiry: json('inquiry').$type<Inquiry>().notNull(),
    ref: told('ref').notNull(),
    owner: told('owner'),
    created: instant('created').notNull(),
    /** The last history event that was read. */
    event: bigint('event', { mode: 'number' }).notNull(),
    /** When its targets are next reminded; null: never. */
    remindAt: instant('remind_at'),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.workflowId, table.key] }),
    index('inquiries_remind').on(table.namespace, table.remindAt).where(sql`remind_at is not null`),
    index('inquiries_newest').on(table.tenant, ...newestFirst(table)),
    index('inquiries_status').on(table.tenant, table.status, ...newestFirst(table)),
    index('inquiries_run').on(table.tenant, table.n),
  ],
);

/**
 * The outbox: one row for each event of an inquiry for a target, written in the transaction that writes the inquiry. The `opened` event
 * of a target also holds the place of its message; its id is the handle in buttons.
 */
export const noticeEvents = pgTable(
  'notice_events',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    namespace: told('namespace').notNull(),
    workflowId: told('workflow_id').notNull(),
    key: told('key').notNull(),
    tenant: tenant(),
    channel: text('channel').$type<NoticeChannel>().notNull(),
    target: told('target').notNull(),
    kind: text('kind').$type<NoticeKind>().notNull(),
    number: integer('number').notNull(),
    state: text('state').$type<DeliveryState>().notNull().default('pending'),
    attempts: integer('attempts').notNull().default(0),
    /** When it is next tried, or until when a process has leased it. */
    nextAt: instant('next_at').notNull(),
    error: told('error'),
    deliveredAt: instant('delivered_at'),
    /** The place of the message, in the form of the channel. */
    place: json('place').$type<JsonObject>(),
    created: created(),
  },
  (table) => [
    unique('notice_events_number').on(
      table.namespace,
      table.workflowId,
      table.key,
      table.channel,
      table.target,
      table.kind,
      table.number,
    ),
    index('notice_events_due')
      .on(table.namespace, table.nextAt)
      .where(sql`state in ('pending', 'retrying', 'not_set_up')`),
  ],
);

/** The URLs at which chat services have said that their channels are reached; no other source is trusted. */
export const chatPlaces = pgTable(
  'chat_places',
  {
    tenant: tenant(),
    channel: text('channel').$type<NoticeChannel>().notNull(),
    place: told('place').notNull(),
    serviceUrl: told('service_url').notNull(),
    updated: updated(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.channel, table.place] })],
);
