import { and, asc, eq, ne, or, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { actions } from '../definitions/tables.ts';
import { taskQueues, tenants } from './tables.ts';

/** The tenants of the installation. */
export interface Tenants {
  /**
   * Creates a tenant; returns null when its ref is taken. Task queues whose names begin with the ref and that actions of another tenant
   * use are assigned to that tenant.
   */
  createTenant(id: string, ref: string, label: string): Promise<typeof tenants.$inferSelect | null>;
  /** Finds a tenant by its ref or UUID; null when there is none. */
  findTenant(refOrId: string): Promise<typeof tenants.$inferSelect | null>;
  /** Lists the first tenants in order of ref. */
  tenants(limit: number): Promise<{ id: string; ref: string }[]>;
  /** Reports whether there is a tenant with another ref. */
  hasTenantBeside(ref: string): Promise<boolean>;
  /** Returns the id of the default tenant. */
  homeTenant(): Promise<string>;
  /** Creates a tenant unless it exists. Returns its UUID. */
  ensureTenant(id: string, ref: string, label: string): Promise<string>;
}

/** Creates the part of the principal store that keeps tenants. */
export function createTenants(db: Database): Tenants {
  return {
    async createTenant(id, ref, label) {
      return db.transaction(async (transaction) => {
        const [created] = await transaction
          .insert(tenants)
          .values({ id, ref, label })
          .onConflictDoNothing()
          .returning();
        if (created === undefined) return null;
        const used = transaction
          .selectDistinct({ name: actions.taskQueue, tenant: actions.tenant, created: sql`now()`.as('created') })
          .from(actions)
          .where(and(ne(actions.tenant, id), sql`starts_with(${actions.taskQueue}, ${`${ref}.`})`));
        await transaction.insert(taskQueues).select(used).onConflictDoNothing();
        return created;
      });
    },

    async findTenant(refOrId) {
      const [found] = await db
        .select()
        .from(tenants)
        .where(or(eq(tenants.ref, refOrId), eq(sql`${tenants.id}::text`, refOrId.toLowerCase())));
      return found ?? null;
    },

    async tenants(limit) {
      return db.select({ id: tenants.id, ref: tenants.ref }).from(tenants).orderBy(asc(tenants.ref)).limit(limit);
    },

    async hasTenantBeside(ref) {
      const found = await db.select({ id: tenants.id }).from(tenants).where(ne(tenants.ref, ref)).limit(1);
      return found.length > 0;
    },

    async homeTenant() {
      const [found] = await db.select({ id: tenants.id }).from(tenants).where(eq(tenants.ref, 'default'));
      if (found === undefined) throw new Error('the tenant "default" is missing');
      return found.id;
    },

    async ensureTenant(id, ref, label) {
      await db.insert(tenants).values({ id, ref, label }).onConflictDoNothing();
      const [found] = await db.select({ id: tenants.id }).from(tenants).where(eq(tenants.ref, ref));
      return found!.id;
    },
  };
}
