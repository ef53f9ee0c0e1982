import { and, asc, eq } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { named } from '../named.ts';
import { secrets } from './tables.ts';

/** A stored, encrypted secret. */
export type SecretRow = typeof secrets.$inferSelect;

/** The secrets of tenants. */
export interface SecretStore {
  /** Finds a secret; null when there is none. */
  find(tenant: string, name: string): Promise<SecretRow | null>;
  /** Lists the secrets of a tenant, by name. */
  list(tenant: string): Promise<SecretRow[]>;
  /** Creates or replaces a secret. */
  put(tenant: string, name: string, sealed: string): Promise<SecretRow>;
  /** Deletes a secret; returns false when there was none. */
  remove(tenant: string, name: string): Promise<boolean>;
}

/** Creates the store over an open database. */
export function createSecretStore(db: Database): SecretStore {
  const one = (tenant: string, name: string) => and(eq(secrets.tenant, tenant), eq(secrets.name, name));

  return named<SecretStore>('secrets', {
    async find(tenant, name) {
      const [found] = await db.select().from(secrets).where(one(tenant, name));
      return found ?? null;
    },

    async list(tenant) {
      return db.select().from(secrets).where(eq(secrets.tenant, tenant)).orderBy(asc(secrets.name));
    },

    async put(tenant, name, sealed) {
      const [stored] = await db
        .insert(secrets)
        .values({ tenant, name, sealed })
        .onConflictDoUpdate({ target: [secrets.tenant, secrets.name], set: { sealed, updated: new Date() } })
        .returning();
      return stored!;
    },

    async remove(tenant, name) {
      const gone = await db.delete(secrets).where(one(tenant, name)).returning({ name: secrets.name });
      return gone.length > 0;
    },
  });
}
