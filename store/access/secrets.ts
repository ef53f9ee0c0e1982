import { and, asc, eq } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { secrets } from '../schema.ts';

/** A secret as it is stored: sealed. */
export type SecretRow = typeof secrets.$inferSelect;

/** Secrets of tenants, by name. */
export type SecretStore = ReturnType<typeof createSecretStore>;

/** Makes the store over an open database. */
export function createSecretStore(db: Database) {
  const one = (tenant: string, name: string) => and(eq(secrets.tenant, tenant), eq(secrets.name, name));

  return named('secrets', {
    /** A secret, or null. */
    async find(tenant: string, name: string): Promise<SecretRow | null> {
      const [found] = await db.select().from(secrets).where(one(tenant, name));
      return found ?? null;
    },

    /** All secrets of a tenant, by name. */
    async list(tenant: string): Promise<SecretRow[]> {
      return db.select().from(secrets).where(eq(secrets.tenant, tenant)).orderBy(asc(secrets.name));
    },

    /** Stores a secret, over one of that name. */
    async put(tenant: string, name: string, sealed: string): Promise<SecretRow> {
      const [stored] = await db
        .insert(secrets)
        .values({ tenant, name, sealed })
        .onConflictDoUpdate({ target: [secrets.tenant, secrets.name], set: { sealed, updated: new Date() } })
        .returning();
      return stored!;
    },

    /** Deletes a secret; false when there was none. */
    async remove(tenant: string, name: string): Promise<boolean> {
      const gone = await db.delete(secrets).where(one(tenant, name)).returning({ name: secrets.name });
      return gone.length > 0;
    },
  });
}
