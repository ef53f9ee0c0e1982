import { and, desc, eq, gt, inArray, isNull, or, sql } from 'drizzle-orm';
import type { Role } from '../model/permissions.ts';
import type { AliasKind, Principal } from '../model/principal.ts';
import type { Database } from './database.ts';
import { aliases, apiKeys, principals, tenants } from './schema.ts';

/** A key, and whose it is. */
export interface KeyRow {
  key: typeof apiKeys.$inferSelect;
  principal: typeof principals.$inferSelect;
}

/** Another name of a person. */
export type AliasRow = typeof aliases.$inferSelect;

const PRINCIPAL = {
  id: principals.id,
  tenant: principals.tenant,
  tenantRef: tenants.ref,
  subject: principals.subject,
  roles: principals.roles,
  permissions: principals.permissions,
  groups: principals.groups,
};

/** Tenants, principals and their keys. */
export type PrincipalStore = ReturnType<typeof createPrincipalStore>;

/** Makes the store over an open database. */
export function createPrincipalStore(db: Database) {
  return {
    /** The principal whose unexpired, unrevoked key has this hash, or null. */
    async findByKeyHash(hash: string, now: Date): Promise<Principal | null> {
      const found = await db
        .select(PRINCIPAL)
        .from(apiKeys)
        .innerJoin(principals, eq(principals.id, apiKeys.principal))
        .innerJoin(tenants, eq(tenants.id, principals.tenant))
        .where(
          and(eq(apiKeys.hash, hash), isNull(apiKeys.revoked), or(isNull(apiKeys.expires), gt(apiKeys.expires, now))),
        );
      return found[0] ?? null;
    },

    /** A new tenant; null when its ref is taken. */
    async createTenant(id: string, ref: string, label: string): Promise<typeof tenants.$inferSelect | null> {
      const [created] = await db.insert(tenants).values({ id, ref, label }).onConflictDoNothing().returning();
      return created ?? null;
    },

    /** A tenant by its ref or UUID, or null. */
    async findTenant(refOrId: string): Promise<typeof tenants.$inferSelect | null> {
      const [found] = await db
        .select()
        .from(tenants)
        .where(or(eq(tenants.ref, refOrId), eq(sql`${tenants.id}::text`, refOrId.toLowerCase())));
      return found ?? null;
    },

    /** A new key of a principal, which is made or changed to what is given. */
    async createKey(
      tenant: string,
      subject: string,
      grants: Partial<Pick<Principal, 'roles' | 'permissions' | 'groups'>>,
      key: { prefix: string; hash: string; label: string | null; expires: Date | null },
    ): Promise<KeyRow> {
      return db.transaction(async (transaction) => {
        const [principal] = await transaction
          .insert(principals)
          .values({ tenant, subject, ...grants })
          .onConflictDoUpdate({ target: [principals.tenant, principals.subject], set: { subject, ...grants } })
          .returning();
        const [created] = await transaction
          .insert(apiKeys)
          .values({ tenant, principal: principal!.id, ...key })
          .returning();
        return { key: created!, principal: principal! };
      });
    },

    /** The keys of a tenant that have not been revoked, newest first. */
    async listKeys(tenant: string): Promise<KeyRow[]> {
      return db
        .select({ key: apiKeys, principal: principals })
        .from(apiKeys)
        .innerJoin(principals, eq(principals.id, apiKeys.principal))
        .where(and(eq(apiKeys.tenant, tenant), isNull(apiKeys.revoked)))
        .orderBy(desc(apiKeys.id));
    },

    /** Ends a key; false when the tenant has no such key. */
    async revokeKey(tenant: string, id: number, now: Date): Promise<boolean> {
      const revoked = await db
        .update(apiKeys)
        .set({ revoked: now })
        .where(and(eq(apiKeys.tenant, tenant), eq(apiKeys.id, id), isNull(apiKeys.revoked)))
        .returning({ id: apiKeys.id });
      return revoked.length > 0;
    },

    /** Makes a tenant that is not there yet; its UUID either way. */
    async ensureTenant(id: string, ref: string, label: string): Promise<string> {
      await db.insert(tenants).values({ id, ref, label }).onConflictDoNothing();
      const [found] = await db.select({ id: tenants.id }).from(tenants).where(eq(tenants.ref, ref));
      return found!.id;
    },

    /** The integer id of a principal, which is made when it is not there. */
    async ensurePrincipal(tenant: string, subject: string): Promise<number> {
      const where = and(eq(principals.tenant, tenant), eq(principals.subject, subject));
      const [known] = await db.select({ id: principals.id }).from(principals).where(where);
      if (known !== undefined) return known.id;
      await db.insert(principals).values({ tenant, subject }).onConflictDoNothing();
      const [made] = await db.select({ id: principals.id }).from(principals).where(where);
      return made!.id;
    },

    /** A principal by its subject, or by another name; null: nobody. */
    async findPerson(
      tenant: string,
      name: { subject: string } | { kind: AliasKind; value: string },
    ): Promise<Principal | null> {
      const is =
        'subject' in name
          ? eq(principals.subject, name.subject)
          : inArray(
              principals.id,
              db
                .select({ id: aliases.principal })
                .from(aliases)
                .where(and(eq(aliases.tenant, tenant), eq(aliases.kind, name.kind), eq(aliases.value, name.value))),
            );
      const [found] = await db
        .select(PRINCIPAL)
        .from(principals)
        .innerJoin(tenants, eq(tenants.id, principals.tenant))
        .where(and(eq(principals.tenant, tenant), is));
      return found ?? null;
    },

    /** The other names of a principal. */
    async aliasesOf(principal: number): Promise<AliasRow[]> {
      return db.select().from(aliases).where(eq(aliases.principal, principal)).orderBy(aliases.id);
    },

    /** All other names of a tenant's people. */
    async listAliases(tenant: string): Promise<(AliasRow & { subject: string })[]> {
      const rows = await db
        .select({ alias: aliases, subject: principals.subject })
        .from(aliases)
        .innerJoin(principals, eq(principals.id, aliases.principal))
        .where(eq(aliases.tenant, tenant))
        .orderBy(aliases.id);
      return rows.map(({ alias, subject }) => ({ ...alias, subject }));
    },

    /** Gives a person another name; null when it is somebody's already. */
    async createAlias(row: Omit<AliasRow, 'id' | 'created'>): Promise<AliasRow | null> {
      const [created] = await db.insert(aliases).values(row).onConflictDoNothing().returning();
      return created ?? null;
    },

    /** Takes a name away; false when the tenant has none with this id. */
    async deleteAlias(tenant: string, id: number): Promise<boolean> {
      const deleted = await db
        .delete(aliases)
        .where(and(eq(aliases.tenant, tenant), eq(aliases.id, id)))
        .returning({ id: aliases.id });
      return deleted.length > 0;
    },

    /** Makes a principal and a key of it that are not there yet. */
    async ensureKey(
      tenant: string,
      subject: string,
      roles: Role[],
      key: { prefix: string; hash: string; label: string; expires?: Date },
    ): Promise<void> {
      await db.insert(principals).values({ tenant, subject, roles }).onConflictDoNothing();
      const [found] = await db
        .select({ id: principals.id })
        .from(principals)
        .where(and(eq(principals.tenant, tenant), eq(principals.subject, subject)));
      await db
        .insert(apiKeys)
        .values({ tenant, principal: found!.id, ...key })
        .onConflictDoNothing();
    },
  };
}
