import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, json, pgTable, serial, text, unique, uuid } from 'drizzle-orm/pg-core';
import type { Json, JsonObject } from '../../model/json.ts';
import type { RuleContent } from '../../model/rules/rule.ts';
import { created, instant, tenant, textList, updated } from '../columns.ts';
import { packs } from '../definitions/tables.ts';

/** Triggers: declared types of events. */
export const triggers = pgTable(
  'triggers',
  {
    id: serial('id').primaryKey(),
    tenant: tenant(),
    pack: integer('pack')
      .notNull()
      .references(() => packs.id),
    ref: text('ref').notNull(),
    label: text('label').notNull(),
    description: text('description'),
    /** The type of its events, which never changes. */
    type: text('type').notNull(),
    schema: json('schema').$type<JsonObject>(),
    examples: json('examples').$type<Json[]>().notNull(),
    created: created(),
    updated: updated(),
  },
  (table) => [
    unique('triggers_ref').on(table.tenant, table.ref),
    unique('triggers_type').on(table.tenant, table.type),
    index('triggers_pack').on(table.pack),
  ],
);

/** Rules: the fields that change without a new revision, and those of the newest revision by which rules are found. */
export const rules = pgTable(
  'rules',
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
    enabled: boolean('enabled').notNull(),
    /** The newest revision. */
    revision: integer('revision').notNull(),
    /** The type of the events, or a pattern. */
    type: text('type').notNull(),
    trigger: text('trigger'),
    webhook: text('webhook'),
    workflow: text('workflow'),
    /** Since when it has its type and is enabled, or is disabled. */
    since: instant('since').notNull().defaultNow(),
    /** Who wrote it last: its executions are started in their name. */
    owner: integer('owner').notNull(),
    ownerSubject: text('owner_subject').notNull(),
    created: created(),
    updated: updated(),
  },
  (table) => [
    unique('rules_ref').on(table.tenant, table.ref),
    index('rules_pack').on(table.pack),
    index('rules_workflow').on(table.tenant, table.workflow),
    index('rules_trigger').on(table.tenant, table.trigger),
    index('rules_webhook').on(table.tenant, table.webhook),
    // Finds at no cost that no rule of a tenant is about executions.
    index('rules_listening').on(table.tenant).where(sql`enabled and starts_with(type, 'io.fermata.')`),
  ],
);

/** The revisions of rules, whose content never changes. `json` keeps the order of keys, unlike `jsonb`. */
export const ruleRevisions = pgTable(
  'rule_revisions',
  {
    id: serial('id').primaryKey(),
    tenant: tenant(),
    rule: integer('rule')
      .notNull()
      .references(() => rules.id, { onDelete: 'cascade' }),
    revision: integer('revision').notNull(),
    hash: text('hash').notNull(),
    content: json('content').$type<RuleContent>().notNull(),
    /** The subjects that count as its authors. Whoever changes the rule without a new revision becomes one, too. */
    writers: text('writers').array().notNull(),
    created: created(),
  },
  (table) => [unique('rule_revisions_number').on(table.rule, table.revision)],
);

const counter = (name: string) => bigint(name, { mode: 'number' }).notNull().default(0);

/**
 * How many of the events that rules were applied to had which outcome. Apart from the rules, which would be written with each event
 * otherwise.
 */
export const ruleCounts = pgTable('rule_counts', {
  rule: integer('rule')
    .primaryKey()
    .references(() => rules.id, { onDelete: 'cascade' }),
  tenant: tenant(),
  matched: counter('matched'),
  started: counter('started'),
  suppressed: counter('suppressed'),
  failed: counter('failed'),
  /** Events that do not have a path of the condition. */
  undefined: counter('undefined'),
  lastMatch: instant('last_match'),
});

/** A number for each tenant that grows with each change of its rules. */
export const ruleVersions = pgTable('rule_versions', {
  tenant: uuid('tenant').primaryKey(),
  version: integer('version').notNull(),
});
