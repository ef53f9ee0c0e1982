import { and, eq, gt, isNull, or } from 'drizzle-orm';
import type { Principal } from '../model/principal.ts';
import type { Database } from './database.ts';
import { apiKeys, principals, tenants } from './schema.ts';

/** Tenants, principals and their keys. */
export type PrincipalStore = ReturnType<typeof createPrincipalStore>;

/** Makes the store over an open database. */
export function createPrincipalStore(db: Database) {
  return {
    /** The principal whose unexpired, unrevoked key has this hash, or null. */
    async findByKeyHash(hash: string, now: Date): Promise<Principal | null> {
      const found = await db
        .select({
          id: principals.id,
          tenant: principals.tenant,
          tenantRef: tenants.ref,
          subject: principals.subject,
          roles: principals.roles,
        })
        .from(apiKeys)
        .innerJoin(principals, eq(principals.id, apiKeys.principal))
        .innerJoin(tenants, eq(tenants.id, principals.tenant))
        .where(
          and(eq(apiKeys.hash, hash), isNull(apiKeys.revoked), or(isNull(apiKeys.expires), gt(apiKeys.expires, now))),
        );
      return found[0] ?? null;
    },

    /** Makes a tenant that is not there yet; its UUID either way. */
    async ensureTenant(id: string, ref: string, label: string): Promise<string> {
      await db.insert(tenants).values({ id, ref, label }).onConflictDoNothing();
      const [found] = await db.select({ id: tenants.id }).from(tenants).where(eq(tenants.ref, ref));
      return found!.id;
    },

    /** Makes a principal and a key of it that are not there yet. */
    async ensureKey(
      tenant: string,
      subject: string,
      roles: string[],
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
