import { and, asc, eq, gt, or, sql } from 'drizzle-orm';
import type { SignatureRefusal } from '../../model/webhook.ts';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { holdTrigger } from '../rules/named-parts.ts';
import { rules } from '../rules/tables.ts';
import { webhooks } from './tables.ts';

/** A stored webhook with encrypted secrets. */
export type WebhookRow = typeof webhooks.$inferSelect;

/** A webhook to store. */
export type NewWebhook = typeof webhooks.$inferInsert;

type ChangeableField =
  | 'label'
  | 'type'
  | 'trigger'
  | 'enabled'
  | 'tolerance'
  | 'keepHeaders'
  | 'settings'
  | 'sealed'
  | 'secrets';

/** The fields of a webhook to change; those that are undefined stay unchanged. */
export type WebhookFields = { [Name in ChangeableField]?: WebhookRow[Name] | undefined };

/** Those who change a webhook; `replaced` is what was sealed before, if none of these secrets stays. */
export interface WebhookWriters {
  subjects: readonly string[];
  replaced: string | null;
}

/** The requests to a webhook since its counts were last written. */
export interface WebhookTally {
  id: number;
  /** The number of requests whose signature was refused. */
  refused: number;
  lastRefusal: { at: Date; reason: SignatureRefusal } | null;
  lastEvent: { id: number; at: Date } | null;
}

/** The webhooks of tenants. */
export interface WebhookStore {
  /** Creates a webhook; returns null when its name is taken or its trigger is no longer there. */
  create(row: NewWebhook): Promise<WebhookRow | null>;
  /** Finds a webhook; null when there is none. */
  find(tenant: string, name: string): Promise<WebhookRow | null>;
  /** Finds the enabled webhook whose key has a hash, or whose old key has it and is still valid; null when there is none. */
  findByKey(hash: string, now: Date): Promise<WebhookRow | null>;
  /** Lists the webhooks of a tenant, by name. */
  list(tenant: string): Promise<WebhookRow[]>;
  /**
   * Changes the given fields of a webhook and no others; returns null when there is none, or its trigger is no longer there. Those who change it
   * become writers of it, the only ones if nobody else knows its secrets any more.
   */
  change(tenant: string, name: string, by: WebhookWriters, fields: WebhookFields): Promise<WebhookRow | null>;
  /**
   * Replaces the key of a webhook, whose old key stays valid until `oldUntil`; null ends it at once. Those who do that become writers of it.
   * Returns null when there is none.
   */
  rotate(
    tenant: string,
    name: string,
    by: readonly string[],
    key: { keyHash: string; keyPrefix: string; oldUntil: Date | null },
  ): Promise<WebhookRow | null>;
  /** Deletes a webhook; returns false when there was none, and the ref of a rule that names it, with which it stays. */
  remove(tenant: string, name: string): Promise<boolean | string>;
  /** Adds to the counts of webhooks. Those that are gone are left out. */
  tally(tallies: readonly WebhookTally[]): Promise<void>;
}

/** Creates the store over an open database. */
export function createWebhookStore(db: Database): WebhookStore {
  const { writers, sealed } = webhooks;
  const listOf = (by: readonly string[]) => sql`${sql.param([...by], writers)}::text[]`;
  const joined = (by: readonly string[]) => sql`array(select distinct unnest(${writers} || ${listOf(by)}) order by 1)`;
  const left = ({ subjects, replaced }: WebhookWriters) =>
    sql`case when ${sealed} = ${replaced}::text then ${listOf(subjects)} else ${joined(subjects)} end`;
  const one = (tenant: string, name: string) => and(eq(webhooks.tenant, tenant), eq(webhooks.name, name));

  return named<WebhookStore>('webhooks', {
    async create(row) {
      return db.transaction(async (transaction) => {
        if (!(await holdTrigger(transaction, row.tenant, row.trigger ?? null))) return null;
        const [created] = await transaction
          .insert(webhooks)
          .values(row)
          .onConflictDoNothing({ target: [webhooks.tenant, webhooks.name] })
          .returning();
        return created ?? null;
      });
    },

    async find(tenant, name) {
      const [found] = await db.select().from(webhooks).where(one(tenant, name));
      return found ?? null;
    },

    async findByKey(hash, now) {
      const { keyHash, oldKeyHash, oldKeyUntil, enabled } = webhooks;
      const isKey = or(eq(keyHash, hash), and(eq(oldKeyHash, hash), gt(oldKeyUntil, now)));
      const [found] = await db.select().from(webhooks).where(and(isKey, enabled));
      return found ?? null;
    },

    async list(tenant) {
      return db.select().from(webhooks).where(eq(webhooks.tenant, tenant)).orderBy(asc(webhooks.name));
    },

    async change(tenant, name, by, fields) {
      return db.transaction(async (transaction) => {
        if (!(await holdTrigger(transaction, tenant, fields.trigger ?? null))) return null;
        const [changed] = await transaction
          .update(webhooks)
          .set({ ...fields, writers: left(by), updated: new Date() })
          .where(one(tenant, name))
          .returning();
        return changed ?? null;
      });
    },

    async rotate(tenant, name, by, { keyHash, keyPrefix, oldUntil }) {
      const [rotated] = await db
        .update(webhooks)
        .set({
          keyHash,
          keyPrefix,
          oldKeyHash: oldUntil === null ? null : sql`${webhooks.keyHash}`,
          oldKeyUntil: oldUntil,
          writers: joined(by),
          updated: new Date(),
        })
        .where(one(tenant, name))
        .returning();
      return rotated ?? null;
    },

    async remove(tenant, name) {
      return db.transaction(async (transaction) => {
        await transaction.select({ id: webhooks.id }).from(webhooks).where(one(tenant, name)).for('update');
        const [user] = await transaction
          .select({ ref: rules.ref })
          .from(rules)
          .where(and(eq(rules.tenant, tenant), eq(rules.webhook, name)))
          .orderBy(asc(rules.ref))
          .limit(1);
        if (user !== undefined) return user.ref;
        const gone = await transaction.delete(webhooks).where(one(tenant, name)).returning({ name: webhooks.name });
        return gone.length > 0;
      });
    },

    async tally(tallies) {
      const rows = tallies.map(({ id, refused, lastRefusal, lastEvent }) => ({
        id,
        refused,
        refused_at: lastRefusal?.at ?? null,
        refused_reason: lastRefusal?.reason ?? null,
        last_event: lastEvent?.id ?? null,
        last_event_at: lastEvent?.at ?? null,
      }));
      await db.execute(sql`
        update ${webhooks} kept set
          refused = kept.refused + news.refused,
          refused_at = coalesce(news.refused_at, kept.refused_at),
          refused_reason = coalesce(news.refused_reason, kept.refused_reason),
          last_event = coalesce(news.last_event, kept.last_event),
          last_event_at = coalesce(news.last_event_at, kept.last_event_at)
        from json_to_recordset(${JSON.stringify(rows)}::json) as news(id integer, refused bigint, refused_at timestamptz,
          refused_reason text, last_event bigint, last_event_at timestamptz)
        where kept.id = news.id`);
    },
  });
}
