import { and, asc, eq, isNull, ne, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { signingKeys } from './schema.ts';

/** A key that signs statements; `sealed`: the private key, null where the table does not hold it. */
export type SigningKeyRow = typeof signingKeys.$inferSelect;

/** Keys that sign statements, of all tenants. */
export type SigningKeyStore = ReturnType<typeof createSigningKeyStore>;

/** Creates the store over an open database. */
export function createSigningKeyStore(db: Database) {
  return {
    /** Returns all keys that have ever signed, the oldest first. */
    list(): Promise<SigningKeyRow[]> {
      return db.select().from(signingKeys).orderBy(asc(signingKeys.created), asc(signingKeys.kid));
    },

    /**
     * Stores the key that `create` returns; null stores nothing. Processes that start together do this one after another, so that
     * each is told what the one before it has stored.
     */
    async ensure(
      create: (known: SigningKeyRow[]) => Promise<Pick<SigningKeyRow, 'kid' | 'x' | 'sealed'> | null>,
    ): Promise<void> {
      await db.transaction(async (transaction) => {
        await transaction.execute(sql`select pg_advisory_xact_lock(hashtextextended('fermata signing keys', 0))`);
        const key = await create(await createSigningKeyStore(transaction).list());
        if (key !== null) await transaction.insert(signingKeys).values(key).onConflictDoNothing();
      });
    },

    /** Notes that a key was revoked; the first time counts. False where there is no such key. */
    async revoke(kid: string): Promise<boolean> {
      const revoked = sql`coalesce(${signingKeys.revoked}, now())`;
      const found = await db.update(signingKeys).set({ revoked }).where(eq(signingKeys.kid, kid)).returning();
      return found.length > 0;
    },

    /** Retires all keys but one: they no longer sign for new runs. */
    async retireOthers(kid: string): Promise<void> {
      const others = and(ne(signingKeys.kid, kid), isNull(signingKeys.retired));
      await db.update(signingKeys).set({ retired: new Date() }).where(others);
    },
  };
}
