import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  customType,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { EnforcementReason } from '../../model/events/enforcement.ts';
import { FIRST_ENFORCEMENT } from '../../model/events/enforcement-number.ts';
import type { EventExtension } from '../../model/events/event.ts';
import type { EnforcementStatus, EventState } from '../../model/events/states.ts';
import type { Issue } from '../../model/issue.ts';
import type { Json } from '../../model/json.ts';
import { created, instant, tenant, textList, told, updated } from '../columns.ts';

/** A text in the order of its bytes, so that an index finds what begins in some way. */
const ordered = customType<{ data: string }>({ dataType: () => 'text collate "C"' });

/** Events from the outside and of runs that have closed. Only `state`, `matches`, `applied` and what an erasure takes away ever change. */
export const events = pgTable(
  'events',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    tenant: tenant(),
    /** SHA-256 of ingress, source and sender's id: all three together may be longer than an index allows. */
    identity: text('identity').notNull(),
    /** `api`, or the id of a webhook. */
    ingress: text('ingress').notNull(),
    eventId: text('event_id').notNull(),
    type: ordered('type').notNull(),
    source: text('source').notNull(),
    subject: text('subject'),
    /** The sender's time, as it was sent. */
    time: text('time'),
    triggerRef: text('trigger_ref'),
    /** The name of the webhook. */
    webhook: text('webhook'),
    verified: boolean('verified').notNull(),
    headers: json('headers').$type<Record<string, string>>().notNull(),
    extensions: json('extensions').$type<Record<string, EventExtension>>().notNull(),
    contentType: told('content_type'),
    /** Not `jsonb`, which has no U+0000 and another order of keys. */
    payload: json('payload').$type<Json>().notNull(),
    payloadBytes: integer('payload_bytes').notNull(),
    state: text('state').$type<EventState>().notNull(),
    issues: json('issues').$type<Issue[]>().notNull(),
    matches: integer('matches').notNull().default(0),
    /** The integer id of the last rule that was applied to it, while not all of its rules have been. */
    applied: integer('applied'),
    depth: integer('depth').notNull().default(0),
    /** The integer ids of the rules between the event and the outside. */
    chain: bigint('chain', { mode: 'number' }).array().notNull().default(sql`'{}'`),
    replayOf: bigint('replay_of', { mode: 'number' }),
    /** The integer ids of the rules that alone may match a replay; null: all. */
    replayRules: bigint('replay_rules', { mode: 'number' }).array(),
    /** The integer id of the run that it is about. */
    execution: bigint('execution', { mode: 'number' }),
    /** The subject that has posted it, and the one for whom its credential acts. */
    principal: told('principal'),
    onBehalfOf: told('on_behalf_of'),
    /** Further subjects that count as starters of the runs that it begins: those of the event or the run that it comes from. */
    starters: textList('starters'),
    received: instant('received').notNull().defaultNow(),
    erased: instant('erased'),
    /** The transaction that has recorded it, which orders the stream. */
    changed: bigint('changed', { mode: 'number' }).notNull(),
  },
  (table) => [
    uniqueIndex('events_identity').on(table.tenant, table.identity),
    index('events_newest').on(table.tenant, table.id.desc().nullsFirst()),
    index('events_type').on(table.tenant, table.type, table.id.desc().nullsFirst()),
    // Filters of lists: what few events have is found without reading the others.
    index('events_source').on(table.tenant, table.source, table.id.desc().nullsFirst()),
    index('events_subject')
      .on(table.tenant, table.subject, table.id.desc().nullsFirst())
      .where(sql`subject is not null`),
    index('events_trigger')
      .on(table.tenant, table.triggerRef, table.id.desc().nullsFirst())
      .where(sql`trigger_ref is not null`),
    index('events_webhook')
      .on(table.tenant, table.webhook, table.id.desc().nullsFirst())
      .where(sql`webhook is not null`),
    index('events_matched').on(table.tenant, table.id.desc().nullsFirst()).where(sql`matches > 0`),
    index('events_invalid').on(table.tenant, table.id.desc().nullsFirst()).where(sql`state = 'invalid'`),
    index('events_event_id').using('hash', table.eventId),
    index('events_unplanned').on(table.tenant, table.id).where(sql`state = 'received'`),
    index('events_execution').on(table.tenant, table.execution).where(sql`execution is not null`),
    index('events_replays').on(table.replayOf).where(sql`replay_of is not null`),
    index('events_received').on(table.received),
    index('events_changed').on(table.tenant, table.changed, table.id),
  ],
);

/** When a pending enforcement can be leased: as soon as it is not put off and no process has leased it. */
export const DUE_AT = sql`coalesce(greatest(not_before, leased), '-infinity'::timestamptz)`;

/** Matches of rules by events: one of each, and what it has started. */
export const enforcements = pgTable(
  'enforcements',
  {
    /** Larger than any number that a caller may give. */
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity({ startWith: FIRST_ENFORCEMENT }),
    tenant: tenant(),
    event: bigint('event', { mode: 'number' }).notNull(),
    rule: integer('rule').notNull(),
    ruleRef: text('rule_ref').notNull(),
    ruleRevision: integer('rule_revision').notNull(),
    eventType: text('event_type').notNull(),
    triggerRef: text('trigger_ref'),
    /** The webhook and the depth of the event. */
    webhook: text('webhook'),
    depth: integer('depth').notNull(),
    status: text('status').$type<EnforcementStatus>().notNull(),
    reason: json('reason').$type<EnforcementReason>(),
    reasonCode: text('reason_code'),
    /** The ref of the workflow or action that it starts. */
    workflow: text('workflow').notNull(),
    /** The number of the run that it has started. */
    execution: bigint('execution', { mode: 'number' }),
    /** The enforcement whose key it repeats. */
    duplicateOf: bigint('duplicate_of', { mode: 'number' }),
    /** Whether the event is a replay, which no throttle counts. */
    replayed: boolean('replayed').notNull().default(false),
    /** The id of its rule, if that says how many of its enforcements are started at a time. */
    lane: integer('lane'),
    /** When it is tried next, where that is put off. */
    notBefore: instant('not_before'),
    /** How often its start has failed for reasons of Fermata itself. */
    attempts: integer('attempts').notNull().default(0),
    /** Until when a process has leased it; null: none ever has, so that nothing of it can have started. */
    leased: instant('leased'),
    created: created(),
    updated: updated(),
    started: instant('started'),
    /** The transaction that last changed its status, which orders the stream. */
    changed: bigint('changed', { mode: 'number' }).notNull(),
  },
  (table) => [
    unique('enforcements_match').on(table.event, table.rule),
    index('enforcements_newest').on(table.tenant, table.id.desc().nullsFirst()),
    index('enforcements_rule').on(table.tenant, table.rule, table.id.desc().nullsFirst()),
    index('enforcements_rule_ref').on(table.tenant, table.ruleRef, table.id.desc().nullsFirst()),
    // Filters of lists, as of events.
    index('enforcements_created').on(table.created),
    index('enforcements_trigger')
      .on(table.tenant, table.triggerRef, table.id.desc().nullsFirst())
      .where(sql`trigger_ref is not null`),
    index('enforcements_workflow').on(table.tenant, table.workflow, table.id.desc().nullsFirst()),
    index('enforcements_reason')
      .on(table.tenant, table.reasonCode, table.id.desc().nullsFirst())
      .where(sql`reason_code is not null`),
    index('enforcements_ended')
      .on(table.tenant, table.status, table.id.desc().nullsFirst())
      .where(sql`status in ('suppressed', 'failed')`),
    index('enforcements_changed').on(table.tenant, table.changed, table.id),
    index('enforcements_lanes')
      .on(table.tenant, table.lane, table.id)
      .where(sql`status = 'pending' and lane is not null`),
    index('enforcements_underway')
      .on(table.tenant, table.lane, table.id)
      .where(sql`status = 'pending' and lane is not null and leased is not null`),
    index('enforcements_starts')
      .on(table.tenant, table.rule, table.started.desc().nullsFirst())
      .where(sql`status = 'started' and not replayed`),
    index('enforcements_free').on(table.tenant, table.id).where(sql`status = 'pending' and lane is null`),
    index('enforcements_due').on(table.tenant, DUE_AT).where(sql`status = 'pending'`),
  ],
);

/** The keys of rules with `dedupe`: further matches with the key of one start nothing for a while. */
export const ruleKeys = pgTable(
  'rule_keys',
  {
    tenant: tenant(),
    rule: integer('rule').notNull(),
    /** SHA-256 of the key, which may be longer than an index allows. */
    hash: text('hash').notNull(),
    /** The first match with the key, and when its event was received. */
    enforcement: bigint('enforcement', { mode: 'number' }).notNull(),
    since: instant('since').notNull(),
    /** From when on the key is of no use. */
    until: instant('until').notNull(),
  },
  (table) => [primaryKey({ columns: [table.rule, table.hash] }), index('rule_keys_until').on(table.until)],
);
