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
 * A text about something that happened: characters that Postgres cannot store are replaced. Names are plain `text`, which refuses
 * U+0000, so that no two names become one.
 */
const told = customType<{ data: string }>({ dataType: () => 'text', toDriver: storableText });
const toldList = (name: string) => told(name).array().notNull().default(sql`'{}'`);
const textList = (name: string) => text(name).array().notNull().default(sql`'{}'`);

/** The tenants of the installation; every other row belongs to one. */
export const tenants = pgTable('tenants', {
  id: uuid('id').primaryKey(),
  ref: text('ref').notNull().unique(),
  label: text('label').notNull(),
  created: created(),
});

/** The principals; the integer id is the `executor` of the Executions API. */
export const principals = pgTable(
  'principals',
  {
    id: serial('id').primaryKey(),
    tenant: tenant().references(() => tenants.id),
    subject: text('subject').notNull(),
    roles: textList('roles').$type<Role[]>(),
    permissions: textList('permissions').$type<Permission[]>(),
    groups: textList('groups'),
    /** Since when the principal is disabled; null: it is enabled. */
    disabled: instant('disabled_at'),
    /** When it was last disabled, even if it was enabled since; null: never. Delegations made before have ended. */
    disabledLast: instant('disabled_last_at'),
    /** What its last verified token granted it as a person, and when that was. */
    claims: json('claims').$type<Grants>(),
    claimsSeen: instant('claims_at'),
    created: created(),
  },
  (table) => [unique('principals_subject').on(table.tenant, table.subject)],
);

/** API keys, stored as their SHA-256: a key is shown once and never stored. */
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

/** Actions of workers outside Fermata: their schemas, task queues and timeouts. Times in seconds. */
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

/** Task queues that are assigned to a tenant; the names of others say whose they are. */
export const taskQueues = pgTable('task_queues', {
  name: text('name').primaryKey(),
  tenant: tenant().references(() => tenants.id),
  created: created(),
});

/** Workflows: the fields that change without a new revision. */
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

/** The revisions of workflows, which never change. `json` keeps the order of keys, unlike `jsonb`. */
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

/** The index of executions: a cache of projections for lists, with a row for each run. */
export const executions = pgTable(
  'executions',
  {
    namespace: told('namespace').notNull(),
    workflowId: told('workflow_id').notNull(),
    runId: told('run_id'),
    n: bigint('n', { mode: 'number' }).notNull(),
    /** Null for a run of another client of Temporal. */
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
    /** The position of the row in lists: when it was first written. Never changes, so that cursors stay valid. */
    listed: instant('listed').notNull(),
    /** The version by which writers compare facts: start of the run in milliseconds, run id, closed, history event. */
    versionStart: bigint('version_start', { mode: 'number' }).notNull(),
    versionRun: told('version_run').notNull(),
    versionClosed: integer('version_closed').notNull(),
    versionEvent: bigint('version_event', { mode: 'number' }).notNull(),
    /** The transaction that last wrote the row, which orders changes: see `changesBehind`. */
    changed: bigint('changed', { mode: 'number' }).notNull().default(0),
    /** The run was asked to stop: the reconciler looks at it next. */
    marked: boolean('marked').notNull().default(false),
    /** When the reconciler last described it. */
    looked: instant('looked'),
    /** How often its inquiries have changed according to its worker, and according to the inbox; and how many are open there. */
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
    // Trigram indexes find text in the middle of results and ids.
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
    index('inquiries_newest').on(table.tenant, table.status, table.created.desc().nullsFirst()),
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

/** Aliases of people, such as a mail address or a user of a Slack team. */
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

/** Requests that must be carried out once: the key, the hash of the content, and the number of the run. */
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

/** How far the reconciler has read Temporal's visibility, by namespace. */
export const watermarks = pgTable('watermarks', {
  namespace: text('namespace').primaryKey(),
  started: instant('started').notNull(),
  closed: instant('closed').notNull(),
  /** The last rebuild that was requested, and the last one that was completed. */
  generation: integer('generation').notNull().default(0),
  rebuilt: integer('rebuilt').notNull().default(0),
});

/** One row, written to check that the database can be written to. */
export const probes = pgTable('probes', { id: integer('id').primaryKey(), at: instant('at').notNull() });

/** Deleted runs, which no writer may insert again, however late it comes. */
export const tombstones = pgTable(
  'tombstones',
  {
    namespace: told('namespace').notNull(),
    workflowId: told('workflow_id').notNull(),
    until: instant('until').notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.workflowId] }), index('tombstones_until').on(table.until)],
);

/** Jobs that change many runs, with their progress; the API process with the lease works on a job. */
export const bulkJobs = pgTable(
  'bulk_jobs',
  {
    id: uuid('id').primaryKey(),
    tenant: tenant(),
    verb: text('verb').$type<BulkVerb>().notNull(),
    reason: told('reason').notNull(),
    /** The principal who began the job. */
    principal: json('principal').$type<Principal>().notNull(),
    status: text('status').$type<BulkStatus>().notNull(),
    /** The numbers of the runs, and how many of them are done. */
    targets: bigint('targets', { mode: 'number' }).array().notNull(),
    done: integer('done').notNull().default(0),
    succeeded: integer('succeeded').notNull().default(0),
    errors: json('errors').$type<BulkError[]>().notNull().default([]),
    failed: integer('failed').notNull().default(0),
    /** Until when a process has leased the job. */
    leased: instant('leased'),
    created: created(),
  },
  (table) => [index('bulk_jobs_running').on(table.leased).where(sql`status = 'running'`)],
);

/** The audit log: who changed what, and why. Rows are only added. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    tenant: tenant(),
    at: instant('at').notNull().defaultNow(),
    subject: told('subject').notNull(),
    /** The route or MCP tool. */
    operation: told('operation').notNull(),
    /** The target: the path, or the tool's `id` or `ref`. */
    target: told('target').notNull(),
    reason: told('reason'),
    requestId: told('request_id'),
    /** For a decision: kind, channel, option, bound_to and result. */
    details: json('details').$type<JsonObject>(),
  },
  (table) => [index('audit_log_newest').on(table.tenant, table.id.desc().nullsFirst())],
);

/** Connections, through which the actions of a pack reach their system; the master key encrypts their secrets. */
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

/** Secrets, which definitions name as `secret.NAME`, encrypted by the master key. */
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

/** Runs with concurrency keys, from their start until they have closed: holders of slots, and runs that wait. */
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
    /** Since when it holds a slot; whether it gets none; whether it must make room. */
    granted: instant('granted'),
    refused: boolean('refused').notNull().default(false),
    cancelled: boolean('cancelled').notNull().default(false),
    /** Whether the run was told the first two, and was asked to stop for the last. */
    told: boolean('told').notNull().default(false),
    stopped: boolean('stopped').notNull().default(false),
    created: created(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.workflowId] }),
    index('turns_key').on(table.namespace, table.tenant, table.ref, table.key),
  ],
);

/** Runs that have failed and whose definitions name a workflow to start for that. */
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

/** Runs that have provably stopped worker processes, and how often. */
export const runStrikes = pgTable(
  'run_strikes',
  {
    namespace: text('namespace').notNull(),
    workflowId: text('workflow_id').notNull(),
    runId: text('run_id').notNull(),
    count: integer('count').notNull(),
    last: instant('last').notNull(),
    /** When the run was terminated for that; null: it was not. */
    ended: instant('ended'),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.workflowId, table.runId] }),
    index('run_strikes_due').on(table.namespace, table.count).where(sql`ended is null`),
  ],
);

/** The keys that sign statements. They are kept forever, so that what they have signed can always be verified. */
export const signingKeys = pgTable('signing_keys', {
  /** RFC 7638 thumbprint of the public key, and that key, both base64url. */
  kid: text('kid').primaryKey(),
  x: text('x').notNull(),
  /** The private key, encrypted by the master key; null: it is stored elsewhere. */
  sealed: text('sealed'),
  created: created(),
  retired: instant('retired_at'),
  revoked: instant('revoked_at'),
});

/** The live processes of the installation, with the ids of their master keys and payload keys. */
export const processes = pgTable('processes', {
  id: text('id').primaryKey(),
  kind: text('kind').$type<ProcessKind>().notNull(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  /** The first one encrypts. */
  keyIds: json('key_ids').$type<string[]>().notNull(),
  /** The first one encrypts; empty where payloads are not encrypted. Null for a process of an earlier release, where it is unknown. */
  payloadKeyIds: json('payload_key_ids').$type<string[]>(),
  seen: instant('seen_at').notNull(),
});
