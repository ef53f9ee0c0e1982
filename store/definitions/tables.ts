import {
  boolean,
  doublePrecision,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  serial,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Definition } from '../../model/definition.ts';
import type { JsonObject } from '../../model/json.ts';
import { created, instant, tenant, textList, updated } from '../columns.ts';

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

/** Who changes a schedule of Temporal at present, and until when nobody else may. */
export const scheduleLeases = pgTable(
  'schedule_leases',
  {
    namespace: text('namespace').notNull(),
    scheduleId: text('schedule_id').notNull(),
    holder: uuid('holder').notNull(),
    until: instant('until').notNull(),
  },
  (table) => [primaryKey({ columns: [table.namespace, table.scheduleId] })],
);
