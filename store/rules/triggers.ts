import { and, asc, count, eq, ilike, inArray, or, type SQL } from 'drizzle-orm';
import { webhooks } from '../access/tables.ts';
import type { Database } from '../database.ts';
import { packs } from '../definitions/tables.ts';
import { likePattern } from '../like.ts';
import { named } from '../named.ts';
import { rules, triggers } from './tables.ts';

/** A stored trigger. */
export type StoredTrigger = typeof triggers.$inferSelect & { packRef: string };

/** The fields of a trigger that can be changed. */
export type TriggerFields = Pick<StoredTrigger, 'label' | 'description' | 'schema' | 'examples'>;

/** Filters of lists of triggers. */
export interface TriggerFilter {
  packRef?: string | undefined;
  type?: string | undefined;
  search?: string | undefined;
}

/** The triggers of tenants. */
export interface TriggerStore {
  /** Finds a trigger; null when there is none. */
  find(tenant: string, ref: string): Promise<StoredTrigger | null>;
  /** Finds the triggers of some types of events. */
  ofTypes(tenant: string, types: readonly string[]): Promise<StoredTrigger[]>;
  /** Lists a page of triggers in order of ref; `total` counts all that match. */
  list(
    tenant: string,
    filter: TriggerFilter,
    page: { offset: number; limit: number },
  ): Promise<{ rows: StoredTrigger[]; total: number }>;
  /** Creates a trigger; returns false when its ref or its type is taken. */
  create(tenant: string, pack: number, fields: TriggerFields & Pick<StoredTrigger, 'ref' | 'type'>): Promise<boolean>;
  /** Updates a trigger; returns false when there is none. */
  update(tenant: string, ref: string, fields: Partial<TriggerFields>): Promise<boolean>;
  /** Deletes a trigger; returns a rule or a webhook that names it, with which it stays. */
  remove(tenant: string, ref: string): Promise<{ rule: string } | { webhook: string } | null>;
}

/** Creates the store over an open database. */
export function createTriggerStore(db: Database): TriggerStore {
  const select = () =>
    db
      .select({ trigger: triggers, packRef: packs.ref })
      .from(triggers)
      .innerJoin(packs, eq(packs.id, triggers.pack))
      .$dynamic();
  const stored = ({ trigger, packRef }: { trigger: typeof triggers.$inferSelect; packRef: string }): StoredTrigger => ({
    ...trigger,
    packRef,
  });
  const that = (tenant: string, ref: string) => and(eq(triggers.tenant, tenant), eq(triggers.ref, ref));

  return named<TriggerStore>('triggers', {
    async find(tenant, ref) {
      const [found] = await select().where(that(tenant, ref));
      return found === undefined ? null : stored(found);
    },

    async ofTypes(tenant, types) {
      if (types.length === 0) return [];
      const found = await select().where(and(eq(triggers.tenant, tenant), inArray(triggers.type, [...types])));
      return found.map(stored);
    },

    async list(tenant, { packRef, type, search }, page) {
      const conditions: (SQL | undefined)[] = [
        eq(triggers.tenant, tenant),
        packRef === undefined ? undefined : eq(packs.ref, packRef),
        type === undefined ? undefined : eq(triggers.type, type),
        search === undefined
          ? undefined
          : or(...[triggers.ref, triggers.label, triggers.description].map((text) => ilike(text, likePattern(search)))),
      ];
      const where = and(...conditions);
      const rows = await select().where(where).orderBy(asc(triggers.ref)).limit(page.limit).offset(page.offset);
      const [counted] = await db
        .select({ total: count() })
        .from(triggers)
        .innerJoin(packs, eq(packs.id, triggers.pack))
        .where(where);
      return { rows: rows.map(stored), total: counted?.total ?? 0 };
    },

    async create(tenant, pack, fields) {
      const created = await db
        .insert(triggers)
        .values({ tenant, pack, ...fields })
        .onConflictDoNothing()
        .returning({ id: triggers.id });
      return created.length > 0;
    },

    async update(tenant, ref, fields) {
      const updated = await db
        .update(triggers)
        .set({ ...fields, updated: new Date() })
        .where(that(tenant, ref))
        .returning({ id: triggers.id });
      return updated.length > 0;
    },

    async remove(tenant, ref) {
      return db.transaction(async (transaction) => {
        // Who writes a rule that names it waits for this, and then finds it gone.
        await transaction.select({ id: triggers.id }).from(triggers).where(that(tenant, ref)).for('update');
        const [user] = await transaction
          .select({ ref: rules.ref })
          .from(rules)
          .where(and(eq(rules.tenant, tenant), eq(rules.trigger, ref)))
          .orderBy(asc(rules.ref))
          .limit(1);
        if (user !== undefined) return { rule: user.ref };
        const [hook] = await transaction
          .select({ name: webhooks.name })
          .from(webhooks)
          .where(and(eq(webhooks.tenant, tenant), eq(webhooks.trigger, ref)))
          .orderBy(asc(webhooks.name))
          .limit(1);
        if (hook !== undefined) return { webhook: hook.name };
        await transaction.delete(triggers).where(that(tenant, ref));
        return null;
      });
    },
  });
}
