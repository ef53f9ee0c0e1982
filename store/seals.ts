import { eq } from 'drizzle-orm';
import type { Database } from './database.ts';
import { connections, secrets, signingKeys } from './schema.ts';

/** Everything that master keys have sealed, of all tenants. */
export type SealStore = ReturnType<typeof createSealStore>;

/** Makes the store over an open database. */
export function createSealStore(db: Database) {
  return {
    /** All seals. */
    async all(): Promise<string[]> {
      const rows = await Promise.all(
        [connections, secrets, signingKeys].map((table) => db.select({ sealed: table.sealed }).from(table)),
      );
      return rows.flat().flatMap(({ sealed }) => sealed ?? []);
    },

    /** Puts one seal in the place of another; what has been stored anew in the meantime stays. */
    async replace(old: string, sealed: string): Promise<void> {
      for (const table of [connections, secrets, signingKeys])
        await db.update(table).set({ sealed }).where(eq(table.sealed, old));
    },
  };
}
