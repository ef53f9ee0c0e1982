import {
  bigint,
  bigserial,
  boolean,
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
import type { ConnectedPack } from '../../model/connection.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ProcessKind } from '../../model/master-key.ts';
import type { Permission, Role } from '../../model/permissions.ts';
import type { AliasKind, Grants, PrincipalKind } from '../../model/principal.ts';
import type { SignatureRefusal, WebhookPreset, WebhookSettings } from '../../model/webhook.ts';
import { created, instant, tenant, textList, told, updated } from '../columns.ts';

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
    /** The grants of its last verified token as a person, and when it was verified. */
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

/** Sessions of browsers that are signed in. The cookie has the id, which is stored only as its SHA-256. */
export const sessions = pgTable(
  'sessions',
  {
    hash: text('hash').primaryKey(),
    tenant: tenant(),
    principal: integer('principal')
      .notNull()
      .references(() => principals.id),
    /** The API key with which it was opened; null: it was opened with a token. */
    key: integer('key').references(() => apiKeys.id),
    /** The grants of the token with which it was opened; null: it was opened with a key. */
    bearer: json('bearer').$type<Grants & { kind: PrincipalKind }>(),
    created: instant('created').notNull(),
    /** When it was last used, to the minute. */
    seen: instant('seen_at').notNull(),
    ends: instant('ends_at').notNull(),
  },
  (table) => [
    index('sessions_principal').on(table.principal, table.seen),
    index('sessions_seen').on(table.seen),
    index('sessions_ends').on(table.ends),
  ],
);

/** Task queues that are assigned to a tenant; the names of others say whose they are. */
export const taskQueues = pgTable('task_queues', {
  name: text('name').primaryKey(),
  tenant: tenant().references(() => tenants.id),
  created: created(),
});

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
  (table) => [
    index('audit_log_newest').on(table.tenant, table.id.desc().nullsFirst()),
    index('audit_log_subject').on(table.tenant, table.subject, table.id.desc().nullsFirst()),
  ],
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

/** Webhooks, through which other systems send events; the master key encrypts their secrets, and their keys are stored as SHA-256. */
export const webhooks = pgTable(
  'webhooks',
  {
    /** Never given to a later webhook, since the identities of events contain it. */
    id: serial('id').primaryKey(),
    tenant: tenant(),
    name: text('name').notNull(),
    preset: text('preset').$type<WebhookPreset>().notNull(),
    label: text('label'),
    /** The type of all its events; null: the preset reads it. */
    type: text('type'),
    /** The ref of the trigger whose type all its events have; null: it names none. */
    trigger: text('trigger'),
    enabled: boolean('enabled').notNull(),
    /** Seconds by which the time of a request may differ. */
    tolerance: integer('tolerance').notNull(),
    keepHeaders: textList('keep_headers'),
    settings: json('settings').$type<WebhookSettings>().notNull(),
    sealed: text('sealed').notNull(),
    /** The number of secrets. */
    secrets: integer('secrets').notNull(),
    /** The subjects who may know what its senders need, and so count as starters of what its events begin. */
    writers: textList('writers'),
    keyPrefix: text('key_prefix').notNull(),
    keyHash: text('key_hash').notNull().unique(),
    /** The key before the last rotation, and until when it is valid. */
    oldKeyHash: text('old_key_hash').unique(),
    oldKeyUntil: instant('old_key_until'),
    lastEvent: bigint('last_event', { mode: 'number' }),
    lastEventAt: instant('last_event_at'),
    /** The requests whose signature was refused, and the last one of them. */
    refused: bigint('refused', { mode: 'number' }).notNull().default(0),
    refusedAt: instant('refused_at'),
    refusedReason: text('refused_reason').$type<SignatureRefusal>(),
    created: created(),
    updated: updated(),
  },
  (table) => [unique('webhooks_name').on(table.tenant, table.name)],
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
