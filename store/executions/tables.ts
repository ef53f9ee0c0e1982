import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  date,
  type ExtraConfigColumn,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { BulkError, BulkStatus, BulkVerb } from '../../model/bulk.ts';
import type { Principal } from '../../model/principal.ts';
import type { RunTurn } from '../../model/run-input.ts';
import type { StartMode } from '../../model/run-mode.ts';
import type { ExecutionStatus, Holdup } from '../../model/status.ts';
import { created, instant, tenant, told, toldList } from '../columns.ts';

/** The order of lists of runs, as columns of an index. */
const newestFirst = ({ listed, n }: { listed: ExtraConfigColumn; n: ExtraConfigColumn }) =>
  [listed.desc().nullsFirst(), n.desc().nullsFirst()] as const;

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
    /** The first thing that holds up a run that is paused or waiting; null where that is unknown. */
    waiting: text('waiting').$type<Holdup>(),
    parent: bigint('parent', { mode: 'number' }),
    enforcement: bigint('enforcement', { mode: 'number' }),
    executor: integer('executor'),
    owner: told('owner'),
    /** The subjects on whose behalf it exists, kept for when Temporal no longer has its start; null: unknown. */
    starters: told('starters').array(),
    /** Who has cancelled or terminated it, or has started what took its place: they have begun whatever begins with its end. */
    enders: toldList('enders'),
    /** The run that was found to be started by the API, on behalf of these starters. */
    proven: told('proven'),
    tags: toldList('tags'),
    mode: told('mode').$type<StartMode>(),
    /** Integer id of the run that it is a retry of. */
    retryOf: bigint('retry_of', { mode: 'number' }),
    input: told('input'),
    result: told('result'),
    error: told('error'),
    errorCode: told('error_code'),
    /** The task whose failure it is, and the hash of what the error has in common with others; null in rows of earlier releases. */
    errorTask: told('error_task'),
    fingerprint: text('fingerprint'),
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
    index('executions_newest').on(table.tenant, ...newestFirst(table)),
    index('executions_created').on(table.tenant, table.created),
    // With a status, each has the order of lists, so that a page is found without reading rows that are not on it.
    index('executions_status').on(table.tenant, table.status, ...newestFirst(table)),
    index('executions_executor').on(table.tenant, table.executor, table.status, ...newestFirst(table)),
    index('executions_ref').on(table.tenant, table.ref, table.status, ...newestFirst(table)),
    index('executions_pack').on(table.tenant, table.pack, table.status, ...newestFirst(table)),
    index('executions_definition').on(table.tenant, table.definition, table.status, ...newestFirst(table)),
    // Has all that groups of errors are made of, and their most frequent filters, so that no row is read.
    index('executions_errors')
      .on(table.tenant, ...newestFirst(table), table.fingerprint, table.created, table.ref, table.pack, table.status)
      .where(sql`fingerprint is not null`),
    index('executions_fingerprint')
      .on(table.tenant, table.fingerprint, ...newestFirst(table))
      .where(sql`fingerprint is not null`),
    // Finds the few runs that do not stand in lists where they were created, and shows planners that they are few.
    index('executions_misplaced').on(table.tenant, sql`(listed - created)`),
    index('executions_actions').using('gin', table.actions),
    index('executions_changed').on(table.tenant, table.changed, table.n),
    // Trigram indexes find text in the middle of results and ids.
    index('executions_result').using('gin', table.result.op('gin_trgm_ops')),
    index('executions_ids').using('gin', table.workflowId.op('gin_trgm_ops')),
    index('executions_enforcement').on(table.tenant, table.enforcement, ...newestFirst(table)),
    index('executions_parent').on(table.tenant, table.parent),
    index('executions_retry_of').on(table.tenant, table.retryOf),
    index('executions_open').on(table.namespace, table.tenant, table.looked).where(sql`version_closed = 0`),
    index('executions_marked').on(table.namespace, table.tenant).where(sql`version_closed = 0 and marked`),
    index('executions_asked').on(table.namespace).where(sql`asked > asked_seen or inquiries_open > 0`),
  ],
);

/** The columns by which runs are counted, and how many there are. */
const counted = () => ({
  tenant: tenant(),
  day: date('day').notNull(),
  ref: told('ref').notNull(),
  pack: told('pack').notNull(),
  status: text('status').$type<ExecutionStatus>().notNull(),
  total: bigint('total', { mode: 'number' }).notNull(),
});

/**
 * The number of runs by the UTC day of their creation, ref, pack and status, without the changes that are not folded in yet; rows of the
 * day `-infinity` have the sums of all days. A cache like the execution index.
 */
export const executionCounts = pgTable('execution_counts', counted(), (table) => [
  primaryKey({ columns: [table.tenant, table.day, table.ref, table.pack, table.status] }),
  index('execution_counts_none').on(table.tenant).where(sql`total = 0`),
]);

/** Changes of the numbers of runs, written by triggers of `executions` in the transaction of the change. */
export const executionCountChanges = pgTable('execution_count_changes', counted(), (table) => [
  index('execution_count_changes_tenant').on(table.tenant),
]);

/**
 * The actions of runs, by their ref; a run's own ref counts as one of its actions. `list` is a hash of all actions of a run, which
 * differ between revisions. Written by triggers of `executions` and never deleted: a row without runs only costs a look. Rows may occur
 * twice, so that writers never wait for each other.
 */
export const runActions = pgTable(
  'run_actions',
  { tenant: tenant(), action: told('action').notNull(), ref: told('ref').notNull(), list: text('list').notNull() },
  (table) => [index('run_actions_action').on(table.tenant, table.action, table.ref, table.list)],
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
  (table) => [
    primaryKey({ columns: [table.tenant, table.key] }),
    index('idempotency_keys_n').on(table.n),
    index('idempotency_keys_created').on(table.created),
  ],
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
    /** Whose run it was, and its number: null where a release before 0.2.0 or nobody knew it. */
    tenant: uuid('tenant'),
    n: bigint('n', { mode: 'number' }),
    until: instant('until').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.namespace, table.workflowId] }),
    index('tombstones_until').on(table.until),
    index('tombstones_n').on(table.n),
  ],
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
  (table) => [
    index('bulk_jobs_running').on(table.leased).where(sql`status = 'running'`),
    index('bulk_jobs_created').on(table.created),
  ],
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
