import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  customType,
  doublePrecision,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  serial,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { BulkError, BulkStatus, BulkVerb } from '../model/bulk.ts';
import type { ConnectedPack } from '../model/connection.ts';
import type { Definition } from '../model/definition.ts';
import type { Inquiry, InquiryStatus, NoticeChannel } from '../model/inquiry.ts';
import type { JsonObject } from '../model/json.ts';
import type { ProcessKind } from '../model/master-key.ts';
import type { DeliveryState, NoticeKind } from '../model/notice.ts';
import type { Permission, Role } from '../model/permissions.ts';
import type { AliasKind, Grants, Principal, PrincipalKind } from '../model/principal.ts';
import type { RunTurn } from '../model/run-input.ts';
import type { StartMode } from '../model/run-mode.ts';
import type { ExecutionStatus } from '../model/status.ts';
import { storableText } from '../model/text.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
const created = () => instant('created').notNull().defaultNow();
const updated = () => instant('updated').notNull().defaultNow();
const tenant = () => uuid('tenant').notNull();
/**
 * A text that tells what has happened, whatever it holds: what Postgres cannot store is replaced. A name that somebody gives
 * stands in a plain `text`, which refuses U+0000, so that no two names become one.
 */
const told = customType<{ data: string }>({ dataType: () => 'text', toDriver: storableText });
const toldList = (name: string) => told(name).array().notNull().default(sql`'{}'`);
const textList = (name: string) => text(name).array().notNull().default(sql`'{}'`);

/** Who shares an installation; every other row belongs to one. */
export const tenants = pgTable('tenants', {
  id: uuid('id').primaryKey(),
  ref: text('ref').notNull().unique(),
  label: text('label').notNull(),
  created: created(),
});

/** Who may call; the integer id is the `executor` of the Executions API. */
export const principals = pgTable(
  'principals',
  {
    id: serial('id').primaryKey(),
    tenant: tenant().references(() => tenants.id),
    subject: text('subject').notNull(),
    roles: textList('roles').$type<Role[]>(),
    permissions: textList('permissions').$type<Permission[]>(),
    groups: textList('groups'),
    /** Since when nothing of this principal counts; null: it does. */
    disabled: instant('disabled_at'),
    /** When it was disabled last, also where it was enabled since; null: never. Delegations made by then have ended. */
    disabledLast: instant('disabled_last_at'),
    /** What its last verified token granted as a person, and when that was seen. */
    claims: json('claims').$type<Grants>(),
    claimsSeen: instant('claims_at'),
    created: created(),
  },
  (table) => [unique('principals_subject').on(table.tenant, table.subject)],
);

/** API keys, as SHA-256 of the key: a key is shown once and is nowhere. */
export const apiKeys = pgTable('api_keys', {
  id: serial('id').primaryKey(),
  tenant: tenant(),
  principal: integer('principal')
    .notNull()
    .references(() => principals.id),
  prefix: text('prefix').notNull(),
  hash: text('hash').notNull().unique(),
  label: text('label'),
  kind: text('kind').$type<PrincipalKind>().notNull().default('person'),
  /** The subject on whose behalf the key acts. */
  onBehalfOf: text('on_behalf_of'),
  expires: instant('expires'),
  revoked: instant('revoked'),
  created: created(),
});

/** Packs of workflow definitions. */
export const packs = pgTable(
  'packs',
  {
    id: serial('id').primaryKey(),
    tenant: tenant(),
    ref: text('ref').notNull(),
    label: text('label').notNull(),
    description: text('description'),
    version: text('version'),
    tags: textList('tags'),
    created: created(),
    updated: updated(),
  },
  (table) => [unique('packs_ref').on(table.tenant, table.ref)],
);

/** Actions that workers outside Fermata do: what they take and give, and where they wait for work. Times in seconds. */
export const actions = pgTable(
  'actions',
  {
    id: serial('id').primaryKey(),
    tenant: tenant(),
    pack: integer('pack')
      .notNull()
      .references(() => packs.id),
    ref: text('ref').notNull(),
    label: text('label').notNull(),
    description: text('description'),
    paramSchema: json('param_schema').$type<JsonObject>(),
    outSchema: json('out_schema').$type<JsonObject>(),
    taskQueue: text('task_queue').notNull(),
    idempotent: boolean('idempotent').notNull(),
    timeout: doublePrecision('timeout').notNull(),
    queueTimeout: doublePrecision('queue_timeout').notNull(),
    heartbeatTimeout: doublePrecision('heartbeat_timeout').notNull(),
    created: created(),
    updated: updated(),
  },
  (table) => [unique('actions_ref').on(table.tenant, table.ref), index('actions_pack').on(table.pack)],
);

/** Task queues that were given to a tenant; every other one is found by its name. */
export const taskQueues = pgTable('task_queues', {
  name: text('name').primaryKey(),
  tenant: tenant().references(() => tenants.id),
  created: created(),
});

/** Workflow definitions: what may change without a new revision. */
export const workflows = pgTable(
  'workflows',
  {
    id: serial('id').primaryKey(),
    tenant: tenant(),
    pack: integer('pack')
      .notNull()
      .references(() => packs.id),
    ref: text('ref').notNull(),
    label: text('label').notNull(),
    description: text('description'),
    tags: textList('tags'),
    enabled: boolean('enabled').notNull().default(true),
    /** The newest revision. */
    revision: integer('revision').notNull(),
    created: created(),
    updated: updated(),
  },
  (table) => [unique('workflows_ref').on(table.tenant, table.ref), index('workflows_pack').on(table.pack)],
);

/** What a definition was at a time: never changed once written. `json` keeps the order of keys, as `jsonb` does not. */
export const revisions = pgTable(
  'revisions',
  {
    id: serial('id').primaryKey(),
    tenant: tenant(),
    workflow: integer('workflow')
      .notNull()
      .references(() => workflows.id, { onDelete: 'cascade' }),
    revision: integer('revision').notNull(),
    version: text('version').notNull(),
    hash: text('hash').notNull(),
    definition: json('definition').$type<Definition>().notNull(),
    paramSchema: json('param_schema').$type<JsonObject>(),
    outSchema: json('out_schema').$type<JsonObject>(),
    created: created(),
  },
  (table) => [unique('revisions_number').on(table.workflow, table.revision)],
);

/** The execution index: a cache of projections, for lists. One row a run. */
export const executions = pgTable(
  'executions',
  {
    namespace: told('namespace').notNull(),
    workflowId: told('workflow_id').notNull(),
    runId: told('run_id'),
    n: bigint('n', { mode: 'number' }).notNull(),
    /** Null: a run that was started without Fermata belongs to nobody. */
    tenant: uuid('tenant'),
    ref: told('ref').notNull(),
    revision: integer('revision'),
    definition: integer('definition'),
    pack: told('pack').notNull(),
    /** Refs of the actions of the run's tasks. */
    actions: toldList('actions'),
    status: text('status').$type<ExecutionStatus>().notNull(),
    parent: bigint('parent', { mode: 'number' }),
    enforcement: bigint('enforcement', { mode: 'number' }),
    executor: integer('executor'),
    owner: told('owner'),
    tags: toldList('tags'),
    mode: told('mode').$type<StartMode>(),
    /** Integer id of the run that it is a retry of. */
    retryOf: bigint('retry_of', { mode: 'number' }),
    input: told('input'),
    result: told('result'),
    error: told('error'),
    errorCode: told('error_code'),
    created: instant('created').notNull(),
    updated: instant('updated').notNull(),
    closed: instant('closed'),
    /** Where the row stands in lists: when it was first written, and never changed, so that a cursor stays true. */
    listed: instant('listed').notNull(),
    /** The version of the write rule: start of the run in milliseconds, run id, closed, history event. */
    versionStart: bigint('version_start', { mode: 'number' }).notNull(),
    versionRun: told('version_run').notNull(),
    versionClosed: integer('version_closed').notNull(),
    versionEvent: bigint('version_event', { mode: 'number' }).notNull(),
    /** The transaction that last wrote the row: what orders changes, see `changesBehind`. */
    changed: bigint('changed', { mode: 'number' }).notNull().default(0),
    /** Something was asked of the run: the reconciler looks at it next. */
    marked: boolean('marked').notNull().default(false),
    /** When the reconciler last described it. */
    looked: instant('looked'),
    /** How often its inquiries have changed, as its worker tells, and as the inbox has read; how many are open there. */
    asked: integer('asked').notNull().default(0),
    askedSeen: integer('asked_seen').notNull().default(0),
    inquiriesOpen: integer('inquiries_open').notNull().default(0),
    /** `updated` of the row when its open inquiries were last read because something had happened in the run. */
    askedAt: instant('asked_at'),
    /** The last rebuild of the index that found the run in Temporal. */
    generation: integer('generation').notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.workflowId] }),
    uniqueIndex('executions_n').on(table.n),
    index('executions_newest').on(table.tenant, table.listed.desc().nullsFirst(), table.n.desc().nullsFirst()),
    index('executions_created').on(table.tenant, table.created),
    index('executions_executor').on(table.tenant, table.executor, table.listed.desc().nullsFirst()),
    index('executions_status').on(table.tenant, table.status, table.listed.desc().nullsFirst()),
    index('executions_ref').on(table.tenant, table.ref, table.listed.desc().nullsFirst()),
    index('executions_pack').on(table.tenant, table.pack, table.listed.desc().nullsFirst()),
    index('executions_actions').using('gin', table.actions),
    index('executions_changed').on(table.tenant, table.changed, table.n),
    // Text in the middle of a result or an id is found by trigrams.
    index('executions_result').using('gin', table.result.op('gin_trgm_ops')),
    index('executions_ids').using('gin', table.workflowId.op('gin_trgm_ops')),
    index('executions_enforcement').on(table.tenant, table.enforcement),
    index('executions_parent').on(table.tenant, table.parent),
    index('executions_retry_of').on(table.tenant, table.retryOf),
    index('executions_open').on(table.namespace, table.tenant, table.looked).where(sql`version_closed = 0`),
    index('executions_marked').on(table.namespace, table.tenant).where(sql`version_closed = 0 and marked`),
    index('executions_asked').on(table.namespace).where(sql`asked > asked_seen or inquiries_open > 0`),
  ],
);

/** The inbox: what people were asked, read from histories so that it can be found; a cache as the execution index is. */
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
    /** Who may not decide, having started the run; and who has. */
    barred: toldList('barred'),
    voters: toldList('voters'),
    /** All of it. */
    inquiry: json('inquiry').$type<Inquiry>().notNull(),
    ref: told('ref').notNull(),
    owner: told('owner'),
    created: instant('created').notNull(),
    /** The last history event that was read. */
    event: bigint('event', { mode: 'number' }).notNull(),
    /** When its targets are reminded next; null: never. */
    remindAt: instant('remind_at'),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.workflowId, table.key] }),
    index('inquiries_remind').on(table.namespace, table.remindAt).where(sql`remind_at is not null`),
    index('inquiries_newest').on(table.tenant, table.status, table.created.desc().nullsFirst()),
    index('inquiries_run').on(table.tenant, table.n),
  ],
);

/**
 * The outbox: one row for each thing that a target is told of an inquiry, written in the transaction that writes the inquiry.
 * The `opened` event of a target also holds where its message is; its id stands in the handles of buttons.
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
    /** When it is tried next, and until when a process has it. */
    nextAt: instant('next_at').notNull(),
    error: told('error'),
    deliveredAt: instant('delivered_at'),
    /** Where the message is, in the words of the channel. */
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

/** Where a chat service has said that one of its channels is reached: nothing else is believed about that. */
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

/** Other names of a person: an e-mail address, or a user of a Slack team. */
export const aliases = pgTable(
  'aliases',
  {
    id: serial('id').primaryKey(),
    tenant: tenant(),
    principal: integer('principal')
      .notNull()
      .references(() => principals.id),
    kind: text('kind').$type<AliasKind>().notNull(),
    value: text('value').notNull(),
    created: created(),
  },
  (table) => [unique('aliases_value').on(table.tenant, table.kind, table.value)],
);

/** A start that must happen once: the key, what was asked, and the number that was minted for it. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    tenant: tenant(),
    key: text('key').notNull(),
    bodyHash: text('body_hash').notNull(),
    n: bigint('n', { mode: 'number' }).notNull(),
    created: created(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.key] })],
);

/** How far the reconciler has seen Temporal's visibility, by namespace. */
export const watermarks = pgTable('watermarks', {
  namespace: text('namespace').primaryKey(),
  started: instant('started').notNull(),
  closed: instant('closed').notNull(),
  /** Rebuilds of the index that were asked for, and the last one that was done. */
  generation: integer('generation').notNull().default(0),
  rebuilt: integer('rebuilt').notNull().default(0),
});

/** One row, written to find out whether the database can be written to. */
export const probes = pgTable('probes', { id: integer('id').primaryKey(), at: instant('at').notNull() });

/** Runs that were deleted: no writer may bring them back, however late it comes (design/index.md, 6). */
export const tombstones = pgTable(
  'tombstones',
  {
    namespace: told('namespace').notNull(),
    workflowId: told('workflow_id').notNull(),
    until: instant('until').notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.workflowId] }), index('tombstones_until').on(table.until)],
);

/** Changes of many runs at once, with how far each has come; whichever API process holds the lease goes on with it. */
export const bulkJobs = pgTable(
  'bulk_jobs',
  {
    id: uuid('id').primaryKey(),
    tenant: tenant(),
    verb: text('verb').$type<BulkVerb>().notNull(),
    reason: told('reason').notNull(),
    /** Who asked for it. */
    principal: json('principal').$type<Principal>().notNull(),
    status: text('status').$type<BulkStatus>().notNull(),
    /** Run numbers, and how many of them are done. */
    targets: bigint('targets', { mode: 'number' }).array().notNull(),
    done: integer('done').notNull().default(0),
    succeeded: integer('succeeded').notNull().default(0),
    errors: json('errors').$type<BulkError[]>().notNull().default([]),
    failed: integer('failed').notNull().default(0),
    /** Until when a process has it. */
    leased: instant('leased'),
    created: created(),
  },
  (table) => [index('bulk_jobs_running').on(table.leased).where(sql`status = 'running'`)],
);

/** Every change that somebody made: who, what, and why. Rows are only ever added. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    tenant: tenant(),
    at: instant('at').notNull().defaultNow(),
    subject: told('subject').notNull(),
    /** The route or MCP tool. */
    operation: told('operation').notNull(),
    /** What it was done to: the path, or the tool's `id` or `ref`. */
    target: told('target').notNull(),
    reason: told('reason'),
    requestId: told('request_id'),
    /** For a decision: kind, channel, option, bound_to and result. */
    details: json('details').$type<JsonObject>(),
  },
  (table) => [index('audit_log_newest').on(table.tenant, table.id.desc().nullsFirst())],
);

/** Where the actions of a pack find the system that they speak to; its secrets are sealed by the master key. */
export const connections = pgTable(
  'connections',
  {
    tenant: tenant(),
    pack: text('pack').$type<ConnectedPack>().notNull(),
    name: text('name').notNull(),
    settings: json('settings').$type<JsonObject>().notNull(),
    sealed: text('sealed').notNull(),
    /** Names of the secrets. */
    secrets: textList('secrets'),
    created: created(),
    updated: updated(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.pack, table.name] })],
);

/** What definitions name as `secret.NAME`, sealed by the master key. */
export const secrets = pgTable(
  'secrets',
  {
    tenant: tenant(),
    name: text('name').notNull(),
    sealed: text('sealed').notNull(),
    created: created(),
    updated: updated(),
  },
  (table) => [primaryKey({ columns: [table.tenant, table.name] })],
);

/** Runs with concurrency keys, from their start until they have closed: who has a turn, and who waits for one. */
export const turns = pgTable(
  'turns',
  {
    namespace: told('namespace').notNull(),
    workflowId: told('workflow_id').notNull(),
    tenant: tenant(),
    ref: told('ref').notNull(),
    key: told('key').notNull(),
    limit: integer('limit').notNull(),
    policy: text('policy').$type<RunTurn['policy']>().notNull(),
    /** Since when it has its turn; whether it gets none; whether it is to make room. */
    granted: instant('granted'),
    refused: boolean('refused').notNull().default(false),
    cancelled: boolean('cancelled').notNull().default(false),
    /** Whether it knows of the first two, and of the last. */
    told: boolean('told').notNull().default(false),
    stopped: boolean('stopped').notNull().default(false),
    created: created(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.workflowId] }),
    index('turns_key').on(table.namespace, table.tenant, table.ref, table.key),
  ],
);

/** Runs that have failed, whose definitions name a workflow to start then. */
export const failureHooks = pgTable(
  'failure_hooks',
  {
    namespace: told('namespace').notNull(),
    workflowId: told('workflow_id').notNull(),
    tenant: tenant(),
    hook: told('hook').notNull(),
    done: instant('done'),
    error: told('error'),
    created: created(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.workflowId] }),
    index('failure_hooks_due').on(table.namespace, table.tenant, table.created).where(sql`done is null`),
  ],
);

/** Runs that are proven to have stopped a worker process, and how often. */
export const runStrikes = pgTable(
  'run_strikes',
  {
    namespace: text('namespace').notNull(),
    workflowId: text('workflow_id').notNull(),
    runId: text('run_id').notNull(),
    count: integer('count').notNull(),
    last: instant('last').notNull(),
    /** When the run was terminated for it; null: it was not, or not yet. */
    ended: instant('ended'),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.workflowId, table.runId] }),
    index('run_strikes_due').on(table.namespace, table.count).where(sql`ended is null`),
  ],
);

/** Keys that sign what people want of runs. They are kept for ever: what they have signed can be verified for ever. */
export const signingKeys = pgTable('signing_keys', {
  /** RFC 7638 thumbprint of the public key, and that key, both base64url. */
  kid: text('kid').primaryKey(),
  x: text('x').notNull(),
  /** The private key, sealed by the master key; null: it is kept elsewhere. */
  sealed: text('sealed'),
  created: created(),
  retired: instant('retired_at'),
  revoked: instant('revoked_at'),
});

/** The processes of the installation that are alive, with the ids of their master keys and payload keys. */
export const processes = pgTable('processes', {
  id: text('id').primaryKey(),
  kind: text('kind').$type<ProcessKind>().notNull(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  /** The first one seals. */
  keyIds: json('key_ids').$type<string[]>().notNull(),
  /** The first one seals; none where payloads are not sealed. Null for a process of an earlier release, of which that is not known. */
  payloadKeyIds: json('payload_key_ids').$type<string[]>(),
  seen: instant('seen_at').notNull(),
});
